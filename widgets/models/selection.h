// The one selection of a window: test images, by their index in the test split, which is the same over tasks, runs and
// restarts of one data set. Views hand in sets with a word for what they are; everybody shows the same. Window's thread.
#pragma once

#include <QObject>
#include <QString>
#include <cstdint>
#include <vector>

namespace palimpsest {

class Selection : public QObject {
  Q_OBJECT
 public:
  enum class Mode { Replace, Add, Remove, Intersect };
  struct Slice {  // kept under a name
    QString name;
    std::vector<std::int64_t> samples;
  };
  using QObject::QObject;

  // The way in which a click counts: plain replaces, Shift adds, Ctrl takes away, both keep what is in both.
  static Mode modeOf(Qt::KeyboardModifiers keys);

  const std::vector<std::int64_t>& samples() const { return samples_; }  // ascending, no duplicates
  bool contains(std::int64_t sample) const;
  bool empty() const { return samples_.empty(); }
  const QString& what() const { return what_; }  // "prompt 3 after T2, and class cat"; empty: nothing is selected
  const std::vector<Slice>& slices() const { return slices_; }

  // `what`: in a few words, for people. In any order, duplicates count once.
  void select(std::vector<std::int64_t> samples, const QString& what, Mode mode = Mode::Replace);
  void clear();
  void keep(const QString& name);  // the present images as a slice; an equal name is replaced
  void dropSlice(const QString& name);

 Q_SIGNALS:
  void changed();
  void slicesChanged();

 private:
  std::vector<std::int64_t> samples_;
  QString what_;
  std::vector<Slice> slices_;
};

}  // namespace palimpsest
