// What the pipeline does when it is clicked, typed at and dropped on; pipeline_paint.cpp draws it.
#include "widgets/views/pipeline_view.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHelpEvent>
#include <QMenu>
#include <QMimeData>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/models/part_list.h"
#include "widgets/views/figure.h"

namespace palimpsest {
namespace {
QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }
}  // namespace

PipelineView::PipelineView(PipelineModel& model, QWidget* parent) : QWidget(parent), model_(model) {
  setObjectName(QStringLiteral("pipeline"));
  setAccessibleName(tr("Pipeline"));
  setFocusPolicy(Qt::StrongFocus);
  setAcceptDrops(true);
  QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  connect(&model, &PipelineModel::changed, this, &PipelineView::refresh);
  refresh();
}

int PipelineView::heightForWidth(int width) const { return std::max(minimumSizeHint().height(), int(std::ceil(layoutFor(width).height()))); }
QSize PipelineView::sizeHint() const { return {760, heightForWidth(760)}; }

void PipelineView::refresh() {
  if (const PipelinePlace* place = model_.find(selected_); !place || place->path != selected_) selected_ = place ? place->path : QString();
  setMinimumHeight(heightForWidth(std::max(width(), minimumSizeHint().width())));
  const PipelinePlace* place = model_.find(selected_);
  QString said = model_.summary();
  if (place && !selected_.isEmpty())
    said += QStringLiteral(". ") + tr("Selected: %1, %2. %3").arg(place->role, place->vacant ? tr("empty") : place->title, place->issue);
  if (said != accessibleDescription()) setAccessibleDescription(said);
  update();
}

void PipelineView::resizeEvent(QResizeEvent*) { setMinimumHeight(heightForWidth(width())); }

void PipelineView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::FontChange) refresh();
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::EnabledChange) update();
}

void PipelineView::select(const QString& path) {
  const PipelinePlace* place = path.isEmpty() ? nullptr : model_.find(path);
  selected_ = place ? place->path : QString();
  refresh();
}

void PipelineView::choose(const QString& path) {
  select(path);
  Q_EMIT partSelected(selected_);
}

QRect PipelineView::rectOf(const QString& path) const {
  const PipelineLayout layout = layoutFor(width());
  for (std::size_t i = 0; i < layout.cards().size(); ++i)
    for (std::size_t k = 0; k < layout.cards()[i].places.size(); ++k)
      if (model_.stages()[i].places[k].path == path) return layout.cards()[i].places[k].toRect();
  return {};
}

// On a place: that place. Beside the places of a stage: the first one there that takes it. Elsewhere: where it belongs.
QString PipelineView::targetAt(const PartInfo& part, const QPoint& position) const {
  const auto spot = layoutFor(width()).at(position);
  if (spot.stage < 0) return model_.document().placeFor(part);
  const auto& places = model_.stages()[std::size_t(spot.stage)].places;
  if (spot.place >= 0) return places[std::size_t(spot.place)].path;
  for (const bool vacant : {true, false})
    for (const PipelinePlace& place : places)
      if (place.vacant == vacant && model_.document().whyNot(place.path, part).isEmpty()) return place.path;
  return places.empty() ? QString() : places.front().path;
}

QString PipelineView::whyNotAt(const PartInfo& part, const QPoint& position) const { return model_.document().whyNot(targetAt(part, position), part); }

bool PipelineView::add(const PartInfo& part, const QString& path) {
  const QString target = path.isEmpty() ? model_.document().placeFor(part) : path;
  const QString why = model_.document().put(target, part);
  act(tr("%1 stands at %2 now.").arg(text(part.title), target), why);
  if (why.isEmpty()) choose(target);
  return why.isEmpty();
}

void PipelineView::act(const QString& done, const QString& why) { Q_EMIT said(why.isEmpty() ? done : why, !why.isEmpty()); }

void PipelineView::removeSelected() {
  const QString path = selected_;
  if (path.startsWith(QLatin1String("--"))) return act({}, tr("Options of the run always have a value: change it in the inspector."));
  act(tr("%1 was removed; undo brings it back.").arg(path), model_.document().remove(path));
  if (selected_.isEmpty()) select(entryOf(path).isEmpty() ? path : path.section(QLatin1Char('.'), 0, 0));
}

void PipelineView::moveSelected(int by) {
  const QString path = selected_, entry = entryOf(path);
  const QString why = model_.document().move(path, by);
  act(by < 0 ? tr("%1 comes earlier now.").arg(entry) : tr("%1 comes later now.").arg(entry), why);
  if (!why.isEmpty()) return;
  const QString list = entry.section(QLatin1Char('.'), 0, 0), rest = path.mid(entry.size());
  choose(list + QLatin1Char('.') + QString::number(entry.section(QLatin1Char('.'), 1).toInt() + by) + rest);
}

void PipelineView::step(int by) {
  const QStringList paths = model_.paths();
  if (paths.isEmpty()) return;
  const auto here = paths.indexOf(selected_);
  choose(paths[here < 0 ? 0 : std::clamp<qsizetype>(here + by, 0, paths.size() - 1)]);
}

void PipelineView::stepStage(int by) {
  const auto& stages = model_.stages();
  int here = -1;
  for (std::size_t i = 0; i < stages.size(); ++i)
    for (const PipelinePlace& place : stages[i].places)
      if (place.path == selected_) here = int(i);
  if (here < 0) return step(0);
  for (int next = here + by; next >= 0 && next < int(stages.size()); next += by)
    if (!stages[std::size_t(next)].places.empty()) return choose(stages[std::size_t(next)].places.front().path);
}

void PipelineView::mousePressEvent(QMouseEvent* event) {
  const auto spot = layoutFor(width()).at(event->position());
  if (spot.place >= 0) choose(model_.stages()[std::size_t(spot.stage)].places[std::size_t(spot.place)].path);
  else select({});
}

void PipelineView::mouseDoubleClickEvent(QMouseEvent*) { Q_EMIT wholeRequested(); }

void PipelineView::keyPressEvent(QKeyEvent* event) {
  const bool alt = event->modifiers() & Qt::AltModifier;
  const PipelinePlace* place = selected_.isEmpty() ? nullptr : model_.find(selected_);
  switch (event->key()) {
    case Qt::Key_Down: return alt ? moveSelected(1) : step(1);
    case Qt::Key_Up: return alt ? moveSelected(-1) : step(-1);
    case Qt::Key_Right: return stepStage(1);
    case Qt::Key_Left: return stepStage(-1);
    case Qt::Key_Home: return step(-1000);
    case Qt::Key_End: return step(1000);
    case Qt::Key_Escape: return select({});
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (place && place->vacant) Q_EMIT addRequested(selected_);
      else if (place) Q_EMIT partSelected(selected_);
      return;
    case Qt::Key_Delete:
    case Qt::Key_Backspace:
      if (place) removeSelected();
      return;
    default: break;
  }
  const QString text = event->text();
  if (!text.isEmpty() && text[0].isLetterOrNumber() && !(event->modifiers() & (Qt::ControlModifier | Qt::AltModifier))) Q_EMIT typed(text);
  else QWidget::keyPressEvent(event);
}

void PipelineView::contextMenuEvent(QContextMenuEvent* event) {
  if (event->reason() == QContextMenuEvent::Mouse)
    if (const auto spot = layoutFor(width()).at(event->pos()); spot.place >= 0) choose(model_.stages()[std::size_t(spot.stage)].places[std::size_t(spot.place)].path);
  const PipelinePlace* place = selected_.isEmpty() ? nullptr : model_.find(selected_);
  QMenu menu;
  const auto add = [&](const QString& name, bool enabled, auto what) {
    QAction* action = menu.addAction(name, this, what);
    action->setEnabled(enabled);
  };
  const bool filled = place && !place->vacant && !place->slot.isEmpty(), listed = filled && !entryOf(place->path).isEmpty();
  add(tr("Remove\tDel"), filled, [this] { removeSelected(); });
  add(tr("Move earlier\tAlt+Up"), listed, [this] { moveSelected(-1); });
  add(tr("Move later\tAlt+Down"), listed, [this] { moveSelected(1); });
  menu.addSeparator();
  add(tr("Whole recipe..."), !model_.document().empty(), [this] { Q_EMIT wholeRequested(); });
  add(tr("Copy as Markdown"), !model_.document().empty(), [this] { QApplication::clipboard()->setText(model_.toMarkdown()); });
  add(tr("Save picture..."), !model_.document().empty(), [this] { savePicture(); });
  menu.exec(event->globalPos());
}

void PipelineView::savePicture() {
  const QString file = QFileDialog::getSaveFileName(this, tr("Save the pipeline"), QString(), figureFilter());
  if (file.isEmpty()) return;
  const QSize size(width(), heightForWidth(width()));
  const auto wrong = writeFigure(file, size, model_.document().title(), [&](QPaintDevice& device, bool) {
    QPainter painter(&device);
    paint(painter, size.width(), false);
  });
  if (wrong) Q_EMIT problem(*wrong);
}

void PipelineView::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasFormat(QLatin1String(kPartMime))) event->acceptProposedAction();
}

void PipelineView::dragMoveEvent(QDragMoveEvent* event) {
  const PartInfo* part = partIn(*event->mimeData(), model_.document());
  if (!part) return event->ignore();
  hovered_ = targetAt(*part, event->position().toPoint());
  const QString why = model_.document().whyNot(hovered_, *part);
  refusing_ = !why.isEmpty();
  act(tr("Drop %1 at %2.").arg(text(part->title), hovered_), why);
  if (refusing_) event->ignore();
  else event->acceptProposedAction();
  update();
}

void PipelineView::dragLeaveEvent(QDragLeaveEvent*) {
  hovered_.clear();
  update();
}

void PipelineView::dropEvent(QDropEvent* event) {
  hovered_.clear();
  const PartInfo* part = partIn(*event->mimeData(), model_.document());
  if (part && add(*part, targetAt(*part, event->position().toPoint()))) event->acceptProposedAction();
  else event->ignore();
  update();
}

QString PipelineView::toolTipAt(const QPoint& position) const {
  const auto spot = layoutFor(width()).at(position);
  if (spot.place < 0) return {};
  const PipelinePlace& place = model_.stages()[std::size_t(spot.stage)].places[std::size_t(spot.place)];
  QStringList lines{place.path + (place.title.isEmpty() ? QString() : QStringLiteral(": ") + place.title)};
  if (const PartInfo* part = model_.document().partAt(place.path)) lines << text(part->doc);
  if (place.vacant) lines << tr("Empty. Drag a part for \"%1\" here, or press Return to choose one.").arg(place.slot);
  if (!place.settings.isEmpty()) lines << place.settings.join(QStringLiteral(", "));
  if (place.changed) lines << tr("Differs from the recipe's own values.");
  if (!place.issue.isEmpty()) lines << place.issue;
  return QStringLiteral("<p>%1</p>").arg(lines.join(QLatin1Char('\n')).toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>")));
}

bool PipelineView::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  if (const QString tip = toolTipAt(help->pos()); !tip.isEmpty()) QToolTip::showText(help->globalPos(), tip, this);
  else QToolTip::hideText();
  return true;
}

}  // namespace palimpsest
