// How the Compare perspective is laid out.
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabWidget>
#include <QVBoxLayout>

#include "widgets/views/compare_page.h"
#include "widgets/views/fairness_bar.h"
#include "widgets/views/group_plot.h"
#include "widgets/views/heat_map.h"
#include "widgets/views/parallel_view.h"
#include "widgets/views/results_view.h"
#include "widgets/views/settings_view.h"

namespace palimpsest {

ComparePage::ComparePage(Lab& lab, QWidget* parent)
    : QWidget(parent), lab_(lab), headers_(lab.runs), pages_(new QStackedWidget), empty_title_(new QLabel), empty_text_(new QLabel), filter_text_(new QLabel),
      queue_(new QPushButton(tr("Queue with another method…"))), show_all_(new QPushButton(tr("Show all runs"))), offer_(new QPushButton), a_(new QComboBox), b_(new QComboBox),
      bar_(new FairnessBar(this)), plot_(new GroupPlot(lab.frames)), difference_(new HeatMap), results_(new ResultsView(table_)), settings_(new SettingsView),
      parallel_(new ParallelView), tabs_(new QTabWidget), columns_(new QSplitter(Qt::Horizontal)), left_(new QSplitter(Qt::Vertical)), right_(new QSplitter(Qt::Vertical)) {
  setObjectName(QStringLiteral("comparePage"));
  columns_->setObjectName(QStringLiteral("compareColumns"));
  left_->setObjectName(QStringLiteral("compareLeft"));
  right_->setObjectName(QStringLiteral("compareRight"));
  setAccessibleName(tr("Compare"));
  pages_->addWidget(makeEmptyState());
  pages_->addWidget(makeContent());
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->setSpacing(0);
  whole->addWidget(pages_, 1);
  connectAll();
  reread();
}

QWidget* ComparePage::makeEmptyState() {
  auto* page = new QWidget;
  QFont large = font();
  large.setPointSizeF(large.pointSizeF() * 1.4);
  empty_title_->setFont(large);
  empty_title_->setObjectName(QStringLiteral("emptyTitle"));
  empty_text_->setObjectName(QStringLiteral("emptyText"));
  empty_text_->setWordWrap(true);
  queue_->setObjectName(QStringLiteral("compareWith"));
  queue_->setToolTip(tr("The same data, order, seeds and epochs, with methods that you choose"));
  auto* column = new QVBoxLayout(page);
  column->addStretch(2);
  for (QLabel* label : {empty_title_, empty_text_}) {
    label->setAlignment(Qt::AlignCenter);
    column->addWidget(label);
  }
  column->addSpacing(8);
  column->addWidget(queue_, 0, Qt::AlignHCenter);
  column->addStretch(3);
  return page;
}

QWidget* ComparePage::makeContent() {
  filter_text_->setObjectName(QStringLiteral("filterText"));
  show_all_->setObjectName(QStringLiteral("showAllRuns"));
  show_all_->setFlat(true);
  auto* lower = new QWidget;
  auto* lower_column = new QVBoxLayout(lower);
  lower_column->setContentsMargins(0, 0, 0, 0);
  lower_column->setSpacing(2);
  auto* row = new QHBoxLayout;
  row->setContentsMargins(6, 0, 6, 0);
  row->addWidget(filter_text_);
  row->addWidget(show_all_);
  row->addStretch(1);
  lower_column->addLayout(row);
  lower_column->addWidget(results_, 1);
  tabs_->setObjectName(QStringLiteral("compareTabs"));
  tabs_->setDocumentMode(true);
  tabs_->addTab(settings_, tr("Settings"));
  auto* scrolled = new QScrollArea;
  scrolled->setObjectName(QStringLiteral("parallelScroll"));
  scrolled->setFrameShape(QFrame::NoFrame);
  scrolled->setWidgetResizable(true);
  scrolled->setWidget(parallel_);
  tabs_->addTab(scrolled, tr("Parallel coordinates"));
  left_->addWidget(plot_);
  left_->addWidget(lower);
  right_->addWidget(makeDifference());
  right_->addWidget(tabs_);
  columns_->addWidget(left_);
  columns_->addWidget(right_);
  left_->setSizes({360, 200});
  right_->setSizes({300, 260});
  columns_->setSizes({620, 480});
  for (QSplitter* splitter : {columns_, left_, right_}) splitter->setChildrenCollapsible(false);
  auto* page = new QWidget;
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(bar_);
  column->addWidget(columns_, 1);
  return page;
}

QWidget* ComparePage::makeDifference() {
  difference_->setObjectName(QStringLiteral("differenceMap"));
  a_->setObjectName(QStringLiteral("chooseA"));
  b_->setObjectName(QStringLiteral("chooseB"));
  a_->setAccessibleName(tr("A: the run in focus"));
  b_->setAccessibleName(tr("B: the run it is compared with"));
  auto* row = new QHBoxLayout;
  row->setContentsMargins(8, 4, 6, 2);
  row->setSpacing(8);
  for (const auto& [name, box] : {std::pair{tr("&A"), a_}, std::pair{tr("minus &B"), b_}}) {
    auto* label = new QLabel(name);
    label->setBuddy(box);
    box->setToolTip(box->accessibleName());
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(10);
    row->addWidget(label);
    row->addWidget(box, 1);
  }
  offer_->setObjectName(QStringLiteral("offerB"));
  auto* over = new QVBoxLayout(difference_);  // below the words of an empty map
  over->addStretch(5);
  over->addWidget(offer_, 0, Qt::AlignHCenter);
  over->addStretch(2);
  auto* part = new QWidget;
  auto* column = new QVBoxLayout(part);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addLayout(row);
  column->addWidget(difference_, 1);
  return part;
}

}  // namespace palimpsest
