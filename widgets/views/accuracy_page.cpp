#include "widgets/views/accuracy_page.h"

#include <QLabel>
#include <QSplitter>
#include <QTabWidget>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/style/format.h"
#include "widgets/views/attribution_view.h"
#include "widgets/views/class_table.h"
#include "widgets/views/confusion_view.h"
#include "widgets/views/cost_view.h"
#include "widgets/views/lifeline_view.h"
#include "widgets/views/stability_view.h"
#include "widgets/views/xray_view.h"

namespace palimpsest {

namespace {
const QString kTab = QStringLiteral("tab"), kInside = QStringLiteral("inside");
}  // namespace

AccuracyPage::AccuracyPage(Lab& lab, QWidget* parent)
    : QWidget(parent), lab_(lab), a_(lab.blobs), b_(lab.blobs), headline_(new QLabel), tabs_(new QTabWidget), confusions_(new ConfusionView(lab, a_, b_)),
      classes_(new ClassTable(lab, a_)), lifelines_(new LifelineView(lab, a_)), causes_(new AttributionView(lab, a_)), stability_(new StabilityView(lab)), inside_(new XrayView(lab)), costs_(new CostView(lab)) {
  setObjectName(QStringLiteral("accuracyPage"));
  headline_->setObjectName(QStringLiteral("accuracyHeadline"));
  headline_->setWordWrap(true);
  headline_->setContentsMargins(10, 8, 10, 4);
  headline_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* both = new QSplitter;
  both->setObjectName(QStringLiteral("accuracySplitter"));
  both->setChildrenCollapsible(false);
  both->addWidget(confusions_);
  both->addWidget(classes_);
  both->setStretchFactor(0, 3);
  both->setStretchFactor(1, 2);
  both->setSizes({640, 530});
  tabs_->setObjectName(QStringLiteral("accuracyTabs"));
  tabs_->setDocumentMode(true);
  const auto add = [this](QWidget* view, const QString& title, const QString& tip) { tabs_->setTabToolTip(tabs_->addTab(view, title), tip); };
  add(both, tr("What is confused?"), tr("Confusions by class or task, and every class's accuracy"));
  add(lifelines_, tr("Which images are lost?"), tr("Life-lines: each test image right or wrong after each task"));
  add(causes_, tr("Why was it forgotten?"), tr("Forgetting taken apart into its causes"));
  add(stability_, tr("Does it dip?"), tr("The stability gap: accuracy on earlier tasks right after each task border"));
  add(inside_, tr("What goes on inside?"), tr("X-rays: what the method's own instruments tell after each task"));
  add(costs_, tr("What does it cost?"), tr("Accuracy of all ticked runs against bytes, parameters, time, images"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(headline_);
  column->addWidget(tabs_, 1);
  a_.setRun(lab.cursor.run());
  b_.setRun(lab.cursor.other());
  connect(&lab.cursor, &Cursor::runChanged, &a_, &PredictionLoader::setRun);
  connect(&lab.cursor, &Cursor::otherChanged, &b_, &PredictionLoader::setRun);
  connect(&a_, &PredictionLoader::changed, this, &AccuracyPage::refresh);
  connect(&lab.cursor, &Cursor::taskChanged, this, &AccuracyPage::refresh);
  connect(&lab.cursor, &Cursor::runChanged, this, &AccuracyPage::refresh);
  connect(confusions_, &ConfusionView::problem, this, &AccuracyPage::problem);
  connect(causes_, &AttributionView::problem, this, &AccuracyPage::problem);
  connect(stability_, &LivePlot::problem, this, &AccuracyPage::problem);
  connect(inside_, &LivePlot::problem, this, &AccuracyPage::problem);
  connect(costs_, &CostView::problem, this, &AccuracyPage::problem);
  refresh();
}

AccuracyPage::Tab AccuracyPage::tab() const { return Tab(tabs_->currentIndex()); }
void AccuracyPage::setTab(Tab tab) { tabs_->setCurrentIndex(int(tab)); }
QVariantMap AccuracyPage::state() const { return {{kTab, tabs_->currentIndex()}, {kInside, inside_->wanted()}}; }

void AccuracyPage::restore(const QVariantMap& state) {
  setTab(Tab(std::clamp(state.value(kTab).toInt(), 0, tabs_->count() - 1)));
  inside_->choose(state.value(kInside).toString());
}

QString AccuracyPage::headline() const { return headline_->text(); }

void AccuracyPage::refresh() {
  const auto history = a_.history();
  const int task = history->latest(lab_.cursor.task());
  if (task < 0 || !a_.run()) return headline_->setText(a_.emptyText());
  const auto classes = history->classes(task, a_.run()->start().class_order);
  std::int64_t images = 0, hits = 0;
  const ClassFigures* worst = nullptr;
  const auto lost = [](const ClassFigures& one) {
    return one.learned_images > 0 && one.images > 0 ? double(one.learned_hits) / double(one.learned_images) - double(one.hits) / double(one.images) : 0;
  };
  for (const ClassFigures& one : classes) {
    images += one.images;
    hits += one.hits;
    if (lost(one) > 0 && (!worst || lost(one) > lost(*worst))) worst = &one;
  }
  QString text = tr("<b>%1 after T%2: %3 right</b>, %4 of %5 test images.").arg(a_.run()->title().toHtmlEscaped()).arg(task + 1).arg(style::percent(100.0 * double(hits) / double(std::max<std::int64_t>(1, images))), style::integer(hits), style::integer(images));
  if (worst) {
    text += tr(" Most forgotten: %1 (T%2), from %3 to %4").arg(classNameOf(a_.run(), worst->cls).toHtmlEscaped()).arg(worst->task + 1).arg(style::percent(100.0 * double(worst->learned_hits) / double(worst->learned_images)), style::percent(100.0 * double(worst->hits) / double(worst->images)));
    text += worst->error < 0 ? QStringLiteral(".") : tr(", mostly taken for %1.").arg(classNameOf(a_.run(), worst->error).toHtmlEscaped());
  }
  headline_->setText(text);
}

}  // namespace palimpsest
