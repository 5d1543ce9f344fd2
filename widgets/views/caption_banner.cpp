#include "widgets/views/caption_banner.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>

#include "widgets/style/palette.h"

namespace palimpsest {

CaptionBanner::CaptionBanner(QWidget* parent) : QWidget(parent), caption_(new QLabel), compare_(new QPushButton(tr("Run the default comparison"))), open_(new QPushButton(tr("Open a run folder…"))) {
  setObjectName(QStringLiteral("captionBanner"));
  setAccessibleName(tr("What is playing"));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(14, 6, 6, 6);
  row->setSpacing(8);
  caption_->setObjectName(QStringLiteral("caption"));
  caption_->setWordWrap(true);
  caption_->setTextFormat(Qt::PlainText);
  caption_->setMinimumWidth(160);
  row->addWidget(caption_, 1);
  compare_->setObjectName(QStringLiteral("compare"));
  compare_->setToolTip(tr("Several methods on the same images in the same order, on this machine"));
  compare_->setAutoDefault(true);
  compare_->setDefault(true);
  open_->setObjectName(QStringLiteral("open"));
  row->addWidget(compare_);
  row->addWidget(open_);
  auto* close = new QToolButton;
  close->setObjectName(QStringLiteral("dismiss"));
  close->setText(QStringLiteral("×"));
  close->setAccessibleName(tr("Close this line"));
  close->setAutoRaise(true);
  row->addWidget(close);
  connect(compare_, &QPushButton::clicked, this, &CaptionBanner::compareRequested);
  connect(open_, &QPushButton::clicked, this, &CaptionBanner::openRequested);
  connect(close, &QToolButton::clicked, this, [this] {
    hide();
    Q_EMIT dismissed();
  });
  restyle();
  refresh();
}

void CaptionBanner::setRun(RunData* run) {
  if (run == run_) return;
  if (run_) run_->disconnect(this);
  run_ = run;
  task_ = kUnknown;
  if (run) {
    connect(run, &RunData::changed, this, &CaptionBanner::refresh);
    connect(run, &QObject::destroyed, this, &CaptionBanner::refresh);
  }
  refresh();
}

QString CaptionBanner::caption() const { return caption_->text(); }

void CaptionBanner::setCaption(const QString& caption) {
  caption_->setText(caption);
  setAccessibleDescription(caption);
}

// One sentence a task; between two tasks it stays, so that there is time to read and look.
void CaptionBanner::refresh() {
  if (!run_) return setCaption(tr("A laboratory for continual learning: see what a network forgets while it learns."));
  const int task = run_->bands().empty() ? -1 : run_->bands().back().task;
  const bool over = !run_->bands().empty() && run_->bands().back().ended && task + 1 == run_->start().tasks;
  const int scene = over ? kOver : task;
  if (scene == task_) return;
  task_ = scene;
  const QString what = run_->bands().empty() ? QString() : run_->bands().back().classes;
  if (over) setCaption(tr("A recorded run, %1: all %2 tasks are learned. How much of task 1 is left?").arg(run_->title()).arg(task + 1));
  else if (task < 0) setCaption(tr("A recorded run of %1 is about to play. Nothing is computed.").arg(run_->title()));
  else if (task == 0) setCaption(tr("A recorded run, %1: task 1 is learned first (%2).").arg(run_->title(), what));
  else if (task == 1) setCaption(tr("Task 2 arrives (%1). Its images are all the network sees now: watch task 1.").arg(what));
  else setCaption(tr("Task %1 arrives (%2): watch tasks 1 to %3.").arg(task + 1).arg(what).arg(task));
}

void CaptionBanner::restyle() {
  QPalette colours = compare_->palette();
  colours.setColor(QPalette::Button, style::accent());
  colours.setColor(QPalette::ButtonText, style::textOn(style::accent()));
  compare_->setPalette(colours);
}

void CaptionBanner::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().color(QPalette::Base));
  painter.fillRect(QRect(0, 0, 4, height()), style::accent());
  painter.setPen(style::grid());
  painter.drawLine(0, height() - 1, width(), height() - 1);
}

void CaptionBanner::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) {
    restyle();
    update();
  }
}

}  // namespace palimpsest
