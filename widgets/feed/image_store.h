// Test images of runs as small pictures, decoded on threads of its own and kept while there is room. A view asks for what it
// shows; what is not there yet comes with ready(), gathered. Window's thread, but for `Read`.
#pragma once

#include <QImage>
#include <QObject>
#include <QString>
#include <QThreadPool>
#include <QTimer>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace palimpsest {

struct Picture {
  QImage image;     // null when it could not be read
  QString name;     // of the image in its data set, for people
  QString problem;  // why there is none, for people
};

class ImageStore : public QObject {
  Q_OBJECT
 public:
  // `source`: the folder with a run's run.json, which says what its data are; `sample`: index in the test split. At its own
  // size. Any thread, several at once; never throws.
  using Read = std::function<Picture(const std::filesystem::path& source, std::int64_t sample)>;
  explicit ImageStore(Read read, QObject* parent = nullptr);
  ~ImageStore() override;

  // nullptr while it is being read. The latest asked for are read first, because they are what is looked at now.
  const Picture* get(const std::filesystem::path& source, std::int64_t sample);
  void forget();  // everything, so that it is read again

 Q_SIGNALS:
  void ready();  // some of what was asked for; at most 30 times a second

 private:
  using Key = std::pair<std::filesystem::path, std::int64_t>;
  void store(const Key& key, Picture picture);
  const Read read_;
  std::map<Key, std::pair<Picture, std::uint64_t>> kept_;
  std::set<Key> under_way_;
  std::uint64_t clock_ = 0, asked_ = 0;
  QTimer tell_;
  QThreadPool readers_;
};

}  // namespace palimpsest
