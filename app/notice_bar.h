// Short messages above the plots: what happened, what is safe, what to do, with the remedies as buttons. Never a
// dialog: nothing that runs is in the way of being seen.
#pragma once

#include <QFrame>
#include <QWidget>
#include <functional>
#include <map>
#include <utility>
#include <vector>

class QVBoxLayout;

namespace palimpsest {

struct Notice {
  enum class Kind { Good, Note, Warning, Failure };
  Kind kind = Kind::Note;
  QString text;
  std::vector<std::pair<QString, std::function<void()>>> remedies;  // a click also closes the notice
  bool closable = true;
};

// Notices by key: a newer one under the same key takes the older one's place.
class NoticeArea : public QWidget {
  Q_OBJECT
 public:
  explicit NoticeArea(QWidget* parent = nullptr);
  void show(const QString& key, Notice notice);
  void close(const QString& key);
  bool shows(const QString& key) const { return bars_.contains(key); }
  QString text(const QString& key) const;

 private:
  std::map<QString, QFrame*> bars_;
  QVBoxLayout* layout_;
};

}  // namespace palimpsest
