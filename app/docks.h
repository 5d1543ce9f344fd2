// The panels at the sides of the window, and how each perspective arranges them. A person's own arrangement of a
// perspective is kept, also over restarts.
#pragma once

#include <QDockWidget>
#include <QMainWindow>
#include <array>
#include <vector>

#include "app/perspective.h"
#include "app/view_state.h"

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
  QVariantMap save();
  void restore(const QVariantMap& kept);  // takes effect with the next setPerspective()

 private:
  void showDefault(Perspective perspective);
  QMainWindow& window_;
  std::array<QDockWidget*, 8> docks_{};
  QByteArray first_;
  DockLayouts layouts_;
  Perspective perspective_ = Perspective::Run;
};

}  // namespace palimpsest
