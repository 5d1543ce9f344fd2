#include "app/docks.h"

#include <algorithm>
#include <utility>

#include "app/window_state.h"

namespace palimpsest {

namespace {
Qt::DockWidgetArea areaOf(Panel panel) {
  switch (panel) {
    case Panel::Runs: case Panel::Queue: return Qt::LeftDockWidgetArea;
    case Panel::Inspector: case Panel::Backbones: case Panel::Images: return Qt::RightDockWidgetArea;
    default: return Qt::BottomDockWidgetArea;
  }
}

std::vector<Panel> shownIn(Perspective perspective) {
  switch (perspective) {
    case Perspective::Run: return {Panel::Runs, Panel::Queue, Panel::Inspector, Panel::Backbones, Panel::Timeline};
    case Perspective::Pipeline: return {Panel::Inspector, Panel::Backbones};
    case Perspective::Prompts: case Perspective::Embedding: case Perspective::Accuracy: return {Panel::Runs, Panel::Timeline};
    case Perspective::Present: return {};
    default: return {Panel::Runs, Panel::Timeline};
  }
}

QString nameOf(Perspective perspective) { return QString::number(int(perspective)); }
}  // namespace

Docks::Docks(QMainWindow& window) : QObject(&window), window_(window), layouts_(window, kLayoutVersion) {}

void Docks::add(Panel panel, const char* name, const QString& title, QWidget* content) {
  auto* made = new QDockWidget(title, &window_);
  made->setObjectName(QLatin1String(name));
  made->setWidget(content);
  window_.addDockWidget(areaOf(panel), made);
  docks_[std::size_t(panel)] = made;
}

void Docks::settle() {
  const auto& of = *this;
  of[Panel::Timeline]->setTitleBarWidget(new QWidget(of[Panel::Timeline]));  // a spine, not a panel: no title
  of[Panel::Timeline]->setFeatures(QDockWidget::NoDockWidgetFeatures);
  if (of[Panel::Queue]) window_.tabifyDockWidget(of[Panel::Runs], of[Panel::Queue]);
  window_.tabifyDockWidget(of[Panel::Inspector], of[Panel::Backbones]);
  window_.splitDockWidget(of[Panel::Timeline], of[Panel::Log], Qt::Vertical);
  window_.tabifyDockWidget(of[Panel::Log], of[Panel::Issues]);
  window_.setCorner(Qt::BottomLeftCorner, Qt::BottomDockWidgetArea);
  window_.setCorner(Qt::BottomRightCorner, Qt::BottomDockWidgetArea);
  showDefault(perspective_);
  first_ = window_.saveState(kLayoutVersion);
}

std::vector<QDockWidget*> Docks::listed() const {
  std::vector<QDockWidget*> out;
  for (const Panel panel : {Panel::Runs, Panel::Queue, Panel::Inspector, Panel::Backbones, Panel::Images, Panel::Log, Panel::Issues})
    if ((*this)[panel]) out.push_back((*this)[panel]);
  return out;
}

void Docks::reveal(Panel panel) {
  const bool was_there = (*this)[panel]->isVisible();
  (*this)[panel]->show();
  (*this)[panel]->raise();
  if (!was_there) arrange();
}

void Docks::showDefault(Perspective perspective) {
  const std::vector<Panel> shown = shownIn(perspective);
  for (std::size_t panel = 0; panel < docks_.size(); ++panel)
    if (docks_[panel]) docks_[panel]->setVisible(std::find(shown.begin(), shown.end(), Panel(panel)) != shown.end());
  for (const Panel front : {Panel::Runs, Panel::Inspector})
    if ((*this)[front]) (*this)[front]->raise();
}

void Docks::setPerspective(Perspective perspective) {
  if (perspective != perspective_) layouts_.leave(nameOf(perspective_));
  perspective_ = perspective;
  if (!layouts_.enter(nameOf(perspective))) {
    showDefault(perspective);
    arrange();
  }
}

void Docks::reset() {
  layouts_.forget();
  window_.restoreState(first_, kLayoutVersion);
  showDefault(perspective_);
  arrange();
}

// Pages of their own need the room more than the list does.
void Docks::arrange() {
  if (!window_.isVisible()) return;
  const int list = perspective_ == Perspective::Learn || perspective_ == Perspective::Run ? 300 : 220;
  QList<QDockWidget*> sides;
  QList<int> widths;
  for (const auto& [panel, width] : {std::pair{Panel::Runs, list}, {Panel::Inspector, 310}, {Panel::Images, 250}})
    if (QDockWidget* dock = (*this)[panel]; dock && dock->isVisible()) {
      sides << dock;
      widths << width;
    }
  window_.resizeDocks(sides, widths, Qt::Horizontal);
}

QVariantMap Docks::save() {
  layouts_.leave(nameOf(perspective_));
  return layouts_.save();
}

void Docks::restore(const QVariantMap& kept) { layouts_.restore(kept); }

}  // namespace palimpsest
