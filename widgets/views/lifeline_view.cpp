#include "widgets/views/lifeline_view.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QContextMenuEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPointer>
#include <QToolButton>
#include <QVBoxLayout>

#include "widgets/style/format.h"

namespace palimpsest {

namespace {
constexpr LifeKind kShown[] = {LifeKind::Forgotten, LifeKind::Relearned, LifeKind::Never, LifeKind::Late, LifeKind::Kept};
constexpr std::size_t kGallery = 200;  // of the first to fall

std::size_t countOf(const LifeOrder& order, LifeKind kind) {
  for (const auto& group : order.groups)
    if (group.kind == kind) return group.count;
  return 0;
}
}  // namespace

QString lifeName(LifeKind kind) {
  switch (kind) {
    case LifeKind::Kept: return LifelineView::tr("kept");
    case LifeKind::Late: return LifelineView::tr("learned late");
    case LifeKind::Relearned: return LifelineView::tr("lost and relearned");
    case LifeKind::Forgotten: return LifelineView::tr("forgotten");
    case LifeKind::Never: return LifelineView::tr("never right");
    case LifeKind::Untested: return LifelineView::tr("not tested");
  }
  return {};
}

QString lifeDefinition(LifeKind kind) {
  switch (kind) {
    case LifeKind::Kept: return LifelineView::tr("Right after every task in which it was tested");
    case LifeKind::Late: return LifelineView::tr("Wrong at first, right since, and never lost");
    case LifeKind::Relearned: return LifelineView::tr("Right, then wrong after some task, and right again now");
    case LifeKind::Forgotten: return LifelineView::tr("Was right after some task and is wrong now");
    case LifeKind::Never: return LifelineView::tr("Wrong after every task in which it was tested: not forgotten, never learned");
    case LifeKind::Untested: return LifelineView::tr("Not tested yet");
  }
  return {};
}

LifelineView::LifelineView(Lab& lab, PredictionLoader& loader, QWidget* parent)
    : QWidget(parent), lab_(lab), loader_(loader), sort_(new QComboBox), first_to_fall_(new QToolButton), strip_(new LifelineStrip(lab, loader)) {
  setObjectName(QStringLiteral("lifelineView"));
  pool_.setMaxThreadCount(1);
  auto* row = new QHBoxLayout;
  row->setContentsMargins(8, 6, 8, 2);
  for (const LifeKind kind : kShown) {
    auto* button = new QToolButton;
    button->setObjectName(QStringLiteral("lifeKind%1").arg(int(kind)));
    button->setToolTip(tr("%1. A click selects these images.").arg(lifeDefinition(kind)));
    connect(button, &QToolButton::clicked, this, [this, kind] { chooseKind(kind); });
    kinds_.emplace_back(kind, button);
    row->addWidget(button);
  }
  first_to_fall_->setObjectName(QStringLiteral("firstToFall"));
  first_to_fall_->setText(tr("First to fall"));
  first_to_fall_->setToolTip(tr("Select the %1 images that were right and went wrong first").arg(kGallery));
  connect(first_to_fall_, &QToolButton::clicked, this, [this] {
    lab_.selection.select(loader_.history()->firstToFall(lab_.cursor.task(), kGallery), tr("first to fall, up to T%1").arg(lab_.cursor.task() + 1), Selection::modeOf(QApplication::keyboardModifiers()));
  });
  row->addWidget(first_to_fall_);
  row->addStretch(1);
  sort_->setObjectName(QStringLiteral("lifeSort"));
  sort_->setAccessibleName(tr("Order within a group"));
  sort_->addItems({tr("by class"), tr("by when they fell")});
  sort_->setToolTip(tr("Order of the lines within a group. Ctrl and the wheel make them thicker."));
  row->addWidget(sort_);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  column->addLayout(row);
  column->addWidget(strip_, 1);
  connect(sort_, &QComboBox::currentIndexChanged, this, &LifelineView::refresh);
  connect(&loader_, &PredictionLoader::changed, this, &LifelineView::refresh);
  connect(&lab_.cursor, &Cursor::taskChanged, this, &LifelineView::refresh);
  refresh();
}

LifelineView::~LifelineView() { pool_.waitForDone(); }

void LifelineView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (stale_) refresh();
}

// Sorted on a thread of its own; the latest question counts.
void LifelineView::refresh() {
  strip_->setEmptyText(loader_.emptyText());
  stale_ = !isVisible();
  const auto history = loader_.history();
  const int upto = history->latest(lab_.cursor.task()), ticket = ++ticket_;
  const auto sort = sort_->currentIndex() == 1 ? LifeOrder::Sort::ByFall : LifeOrder::Sort::ByClass;
  if (upto < 0 || stale_) return take(history, {}, upto, ticket);
  sorting_ = true;
  pool_.clear();
  pool_.start([self = QPointer(this), this, history, upto, sort, ticket] {
    auto order = std::make_shared<LifeOrder>(lifeOrder(*history, upto, sort));
    QMetaObject::invokeMethod(this, [self, history, order, upto, ticket] {
      if (self) self->take(history, std::move(*order), upto, ticket);
    });
  });
}

void LifelineView::take(std::shared_ptr<const PredictionHistory> history, LifeOrder order, int upto, int ticket) {
  if (ticket != ticket_) return;
  sorting_ = false;
  for (const auto& [kind, button] : kinds_) {
    const std::size_t count = countOf(order, kind);
    button->setText(tr("%1 %2").arg(style::integer(std::int64_t(count)), lifeName(kind)));
    button->setEnabled(count > 0);
  }
  first_to_fall_->setEnabled(countOf(order, LifeKind::Forgotten) + countOf(order, LifeKind::Relearned) > 0);
  strip_->set(std::move(history), std::move(order), upto);
}

void LifelineView::chooseKind(LifeKind kind) {
  lab_.selection.select(loader_.history()->ofKind(kind, lab_.cursor.task()), tr("%1 by T%2").arg(lifeName(kind)).arg(lab_.cursor.task() + 1), Selection::modeOf(QApplication::keyboardModifiers()));
}

TextTable LifelineView::text() const {
  TextTable out{{tr("kind"), tr("images"), tr("definition")}, {}};
  for (const LifeKind kind : kShown) out.rows.push_back({lifeName(kind), QString::number(countOf(strip_->order(), kind)), lifeDefinition(kind)});
  return out;
}

void LifelineView::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu;
  const auto copy = [](const QString& text) { QApplication::clipboard()->setText(text); };
  menu.addAction(tr("Copy counts as CSV"), this, [&] { copy(csvOf(text())); });
  menu.addAction(tr("Copy counts as Markdown"), this, [&] { copy(markdownOf(text())); });
  menu.addAction(tr("Copy counts as LaTeX"), this, [&] { copy(latexOf(text())); });
  menu.addSeparator();
  menu.addAction(tr("Copy image"), this, [this] { QApplication::clipboard()->setPixmap(strip_->grab()); });
  menu.exec(event->globalPos());
}

}  // namespace palimpsest
