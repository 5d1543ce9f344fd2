#include "app/tool_row.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

#include "app/actions.h"
#include "widgets/views/transport_bar.h"

namespace palimpsest {

ToolRow::ToolRow(Actions& actions, TransportBar& transport, QWidget* parent)
    : QToolBar(tr("Transport"), parent), waiting_(new QLabel), compare_(new QPushButton) {
  setObjectName(QStringLiteral("tool_row"));
  setMovable(false);
  setToolButtonStyle(Qt::ToolButtonTextOnly);
  for (const Act act : {Act::PipelineView, Act::Learn, Act::RunView, Act::AccuracyView, Act::PromptsView, Act::EmbeddingView, Act::CompareRuns, Act::PresentView})
    addAction(actions[act]);
  addSeparator();
  transport.setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Preferred);
  addWidget(&transport);
  auto* rest = new QWidget(this);
  auto* row = new QHBoxLayout(rest);
  row->setContentsMargins(8, 2, 8, 2);
  waiting_->setObjectName(QStringLiteral("waiting"));
  waiting_->setForegroundRole(QPalette::PlaceholderText);
  row->addWidget(waiting_);
  row->addStretch();
  auto* with = new QPushButton(tr("Compare with…"));
  with->setObjectName(QStringLiteral("compare_with_button"));
  with->setToolTip(actions[Act::CompareWith]->toolTip());
  connect(with, &QPushButton::clicked, actions[Act::CompareWith], &QAction::trigger);
  row->addWidget(with);
  QAction* compare = actions[Act::Compare];
  compare_->setObjectName(QStringLiteral("compare_button"));
  compare_->setText(compare->text().remove(QLatin1Char('&')));
  compare_->setToolTip(compare->toolTip());
  connect(compare_, &QPushButton::clicked, compare, &QAction::trigger);
  row->addWidget(compare_);
  addWidget(rest);
}

void ToolRow::setWaiting(std::size_t runs, bool held) {
  QString text;
  if (runs == 1) text = held ? tr("1 run is held") : tr("1 run waits");
  else if (runs > 1) text = (held ? tr("%1 runs are held") : tr("%1 runs wait")).arg(runs);
  waiting_->setText(text);
}

void ToolRow::setCompareVisible(bool visible) { compare_->setVisible(visible); }

}  // namespace palimpsest
