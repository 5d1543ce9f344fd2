#include "widgets/views/fairness_bar.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QStyle>
#include <QToolButton>
#include <algorithm>
#include <iterator>
#include <vector>

#include "widgets/style/palette.h"

namespace palimpsest {

namespace {

constexpr int kSentences = 3;  // more would push the comparison off the screen; the tool tip has all

QString inShort(const QStringList& sentences) {
  const QString shown = sentences.mid(0, kSentences).join(QLatin1Char(' '));
  return sentences.size() <= kSentences ? shown : FairnessBar::tr("%1 And %2 more.").arg(shown).arg(sentences.size() - kSentences);
}

}  // namespace

FairnessBar::FairnessBar(QWidget* parent)
    : QFrame(parent), icon_(new QLabel), label_(new QLabel), compared_(new QToolButton), anyway_(new QPushButton(tr("Compare anyway"))),
      align_(new QPushButton(tr("Align and re-run"))) {
  setObjectName(QStringLiteral("fairnessBar"));
  setAccessibleName(tr("Fairness of the comparison"));
  setFrameShape(QFrame::NoFrame);
  setAutoFillBackground(true);
  label_->setObjectName(QStringLiteral("fairnessText"));
  label_->setWordWrap(true);
  label_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  compared_->setObjectName(QStringLiteral("comparedButton"));
  compared_->setText(tr("That is compared"));
  compared_->setToolTip(tr("Tick the differences that are what this comparison is about; they no longer stand in the way of a ranking"));
  compared_->setPopupMode(QToolButton::InstantPopup);
  compared_->setMenu(new QMenu(compared_));
  compared_->menu()->setObjectName(QStringLiteral("comparedMenu"));
  anyway_->setObjectName(QStringLiteral("compareAnyway"));
  anyway_->setToolTip(tr("Rank the methods although these settings differ"));
  align_->setObjectName(QStringLiteral("alignAndRerun"));
  icon_->setAlignment(Qt::AlignTop);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(10, 6, 8, 6);
  row->addWidget(icon_);
  row->addWidget(label_, 1);
  for (QWidget* button : {static_cast<QWidget*>(compared_), static_cast<QWidget*>(anyway_), static_cast<QWidget*>(align_)}) row->addWidget(button);
  connect(anyway_, &QPushButton::clicked, this, &FairnessBar::compareAnyway);
  connect(align_, &QPushButton::clicked, this, &FairnessBar::align);
  restyle();
  hide();
}

QString FairnessBar::text() const { return label_->text(); }

void FairnessBar::set(const Fairness& fairness, const FairPlan& alignment) {
  QStringList blocking, said;
  for (const Unfairness& u : fairness.found) (u.blocks && !u.accepted ? blocking : said) << u.sentence;
  if (!fairness.unknown.isEmpty()) blocking << fairness.unknown;
  blocks_ = !blocking.isEmpty();
  QString text = blocks_ ? tr("Not ranked: %1").arg(inShort(blocking)) : QString();
  if (!said.isEmpty()) text += (blocks_ ? QStringLiteral("\n") : QString()) + tr("Also different: %1").arg(inShort(said));
  if (text != label_->text()) label_->setText(text);
  setAccessibleDescription((blocking + said).join(QLatin1Char(' ')));
  label_->setToolTip((blocking + said).join(QLatin1Char('\n')));
  anyway_->setVisible(blocks_);
  align_->setVisible(blocks_ && !alignment.runs.isEmpty());
  QString tip = tr("Queue again with %1: %2").arg(alignment.sentences.join(tr(", ")), alignment.runs.join(tr(", ")));
  if (!alignment.beyond.isEmpty()) tip += QLatin1Char('\n') + tr("No option aligns: %1").arg(alignment.beyond.join(tr(", ")));
  align_->setToolTip(tip);
  fillMenu(fairness);
  restyle();
  setVisible(!text.isEmpty());
}

// Only filled anew when it says something else: it may be open.
void FairnessBar::fillMenu(const Fairness& fairness) {
  QMenu& menu = *compared_->menu();
  std::vector<Unfairness> wanted;
  std::copy_if(fairness.found.begin(), fairness.found.end(), std::back_inserter(wanted), [](const Unfairness& u) { return u.blocks; });
  const QList<QAction*> now = menu.actions();
  bool same = std::size_t(now.size()) == wanted.size();
  for (std::size_t i = 0; same && i < wanted.size(); ++i)
    same = now[qsizetype(i)]->data().toString() == wanted[i].path && now[qsizetype(i)]->isChecked() == wanted[i].accepted &&
           now[qsizetype(i)]->toolTip() == wanted[i].sentence;
  compared_->setVisible(!wanted.empty());
  if (same) return;
  menu.clear();
  menu.setToolTipsVisible(true);
  for (const Unfairness& u : wanted) {
    QAction* action = menu.addAction(u.path.section(QLatin1Char('.'), -1).replace(QLatin1Char('_'), QLatin1Char(' ')));
    action->setData(u.path);
    action->setToolTip(u.sentence);
    action->setCheckable(true);
    action->setChecked(u.accepted);
    connect(action, &QAction::toggled, this, [this, path = u.path](bool on) { Q_EMIT accepted(path, on); });
  }
}

void FairnessBar::restyle() {
  QPalette own = parentWidget() ? parentWidget()->palette() : QPalette();
  QColor back = style::plotBackground();
  const QColor warn = blocks_ ? style::warning() : style::muted();
  const double share = 0.16;
  back = QColor::fromRgbF(float(back.redF() * (1 - share) + warn.redF() * share), float(back.greenF() * (1 - share) + warn.greenF() * share),
                          float(back.blueF() * (1 - share) + warn.blueF() * share));
  own.setColor(QPalette::Window, back);
  if (own.color(QPalette::Window) != palette().color(QPalette::Window)) setPalette(own);
  QPalette text = own;
  text.setColor(QPalette::WindowText, QPalette().color(QPalette::WindowText));
  label_->setPalette(text);
  icon_->setPixmap(style()->standardIcon(blocks_ ? QStyle::SP_MessageBoxWarning : QStyle::SP_MessageBoxInformation).pixmap(18, 18));
}

void FairnessBar::changeEvent(QEvent* event) {
  QFrame::changeEvent(event);
  if (event->type() == QEvent::StyleChange || event->type() == QEvent::ApplicationPaletteChange) restyle();
}

}  // namespace palimpsest
