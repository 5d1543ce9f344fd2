// The view exactly as it was left: every part of the window registers how it is kept and put back. Window's thread.
#pragma once

#include <QByteArray>
#include <QString>
#include <QVariantMap>
#include <functional>
#include <map>
#include <vector>

class QAbstractButton;
class QComboBox;
class QMainWindow;
class QSettings;
class QSplitter;
class QTabWidget;

namespace palimpsest {

class Cursor;
class LivePlot;
class Selection;

class ViewState {
 public:
  // Numbers, texts, booleans, lists and maps of these; what is not a finite number is not kept.
  using Save = std::function<QVariantMap()>;
  // Gets what Save returned, or whatever a damaged file made of it: ignores what it cannot use.
  using Restore = std::function<void(const QVariantMap&)>;

  void add(const QString& name, Save save, Restore restore);  // in the order in which they are to be put back; an equal name replaces
  void add(const QString& name, QSplitter& splitter);  // as it was last seen: pages never opened keep what they had
  void add(const QString& name, QComboBox& chooser);   // by what the choice is (its data, or its words), not by its place in the list
  void add(const QString& name, QAbstractButton& box);  // checkable
  void add(const QString& name, QTabWidget& tabs);
  void add(const QString& name, LivePlot& plot);
  void add(const QString& name, Selection& selection);  // and its slices
  // All of them under one key, so that a reader sees all or nothing. Parts kept earlier whose owner is not here (a page that was
  // never opened) stay kept.
  void save(QSettings& settings) const;
  void resetSizes();  // every splitter as it was when it registered
  // The parts that were put back. Another version, damage and unknown parts are passed over.
  QStringList restore(const QSettings& settings) const;
  // The same, for one part that registers after the others: true when there was something.
  bool restore(const QSettings& settings, const QString& name) const;

  static constexpr int kVersion = 1;

 private:
  struct Part {
    QString name;
    Save save;
    Restore restore;
  };
  std::vector<Part> parts_;
  std::vector<std::function<void()>> resets_;
};

// One layout of the docks for each perspective. The owner says when it leaves one and enters another.
class DockLayouts {
 public:
  explicit DockLayouts(QMainWindow& window, int version) : window_(window), version_(version) {}
  void leave(const QString& perspective);  // remembers the present layout under this name
  bool enter(const QString& perspective);  // false: none remembered, or it did not fit: the caller arranges
  void forget() { kept_.clear(); }         // "Reset layout"
  QVariantMap save() const;
  void restore(const QVariantMap& kept);

 private:
  QMainWindow& window_;
  const int version_;
  std::map<QString, QByteArray> kept_;
};

}  // namespace palimpsest
