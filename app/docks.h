// The panels at the sides of the window, and how each perspective arranges them. A person's own arrangement of a
// perspective is kept, also over restarts.
#pragma once

#include <QByteArray>
#include <QDockWidget>
#include <QMainWindow>
#include <QSettings>
#include <array>
#include <vector>

#include "app/perspective.h"

namespace palimpsest {

enum class Panel { Runs, Queue, Inspector, Backbones, Images, Timeline, Log, Issues };

class Docks : public QObject {
  Q_OBJECT
 public:
  explicit Docks(QMainWindow& window);

  void add(Panel panel, const char* name, const QString& title, QWidget* content);
  void settle();  // after all have been added: places them as they are the first time
  QDockWidget* operator[](Panel panel) const { return docks_[std::size_t(panel)]; }
  std::vector<QDockWidget*> listed() const;  // those that a person may show and hide
  void reveal(Panel panel);
  void setPerspective(Perspective perspective);
  void reset();    // the present perspective as it was the first time
  void arrange();  // widths at the sides; they only hold once the window is shown
  void save(QSettings& settings);
  void restore(const QSettings& settings);

 private:
  void showDefault(Perspective perspective);
  QMainWindow& window_;
  std::array<QDockWidget*, 8> docks_{};
  QByteArray first_;
  std::array<QByteArray, kPerspectives> layouts_;  // empty: not arranged by anybody
  Perspective perspective_ = Perspective::Run;
};

}  // namespace palimpsest
