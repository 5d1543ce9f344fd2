#include "widgets/views/compare_page.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QEvent>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabWidget>
#include <algorithm>

#include "widgets/style/swatch.h"
#include "widgets/views/difference_map.h"
#include "widgets/views/fairness_bar.h"
#include "widgets/views/group_plot.h"
#include "widgets/views/heat_map.h"
#include "widgets/views/parallel_view.h"
#include "widgets/views/results_view.h"
#include "widgets/views/settings_view.h"

namespace palimpsest {

namespace {
constexpr int kGatherMs = 100;
}

void ComparePage::connectAll() {
  later_.setSingleShot(true);
  later_.setInterval(kGatherMs);
  connect(&later_, &QTimer::timeout, this, &ComparePage::reread);
  connect(&headers_, &RunHeaders::changed, this, &ComparePage::markDirty);
  connect(&lab_.runs, &RunListModel::visibleRunsChanged, this, &ComparePage::markDirty);
  connect(&lab_.runs, &RunListModel::runChanged, this, &ComparePage::markDirty);
  connect(&lab_.runs, &QAbstractItemModel::rowsRemoved, this, &ComparePage::markDirty);
  connect(&lab_.runs, &QAbstractItemModel::rowsAboutToBeRemoved, this, [this](const QModelIndex&, int first, int last) {
    for (int row = first; row <= last; ++row) known_.erase(lab_.runs.at(row));
  });
  connect(&lab_.cursor, &Cursor::runChanged, this, &ComparePage::markDirty);
  connect(&lab_.cursor, &Cursor::otherChanged, this, &ComparePage::markDirty);
  connect(&lab_.cursor, &Cursor::moved, plot_, &LivePlot::setCursor);
  connect(queue_, &QPushButton::clicked, this, &ComparePage::compareWithRequested);
  connect(bar_, &FairnessBar::accepted, this, &ComparePage::accept);
  connect(bar_, &FairnessBar::compareAnyway, this, [this] {
    for (const Unfairness& u : fairness_.found)
      if (u.blocks) accepted_.insert(u.path);
    if (!fairness_.unknown.isEmpty()) accepted_.insert(QStringLiteral("unknown"));
    regroup();
  });
  connect(bar_, &FairnessBar::align, this, &ComparePage::alignNow);
  connect(parallel_, &ParallelView::brushed, this, &ComparePage::regroup);
  connect(show_all_, &QPushButton::clicked, parallel_, &ParallelView::clearBrushes);
  connect(a_, &QComboBox::activated, this, [this](int at) { lab_.cursor.setRun(lab_.runs.find(a_->itemData(at).toString())); });
  connect(b_, &QComboBox::activated, this, [this](int at) { lab_.cursor.setOther(lab_.runs.find(b_->itemData(at).toString())); });
  connect(offer_, &QPushButton::clicked, this, [this] {
    if (const RunFigures* other = offered()) lab_.cursor.setOther(lab_.runs.find(other->id));
  });
  connect(difference_, &HeatMap::activated, this, [this](int row) { lab_.cursor.setTask(row); });
  connect(plot_, &LivePlot::problem, this, &ComparePage::problem);
  connect(difference_, &HeatMap::problem, this, &ComparePage::problem);
  connect(parallel_, &ParallelView::problem, this, &ComparePage::problem);
}

void ComparePage::markDirty() {
  dirty_ = true;
  if (isVisible() && !later_.isActive()) later_.start();
}

void ComparePage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (dirty_) reread();
}

void ComparePage::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::PaletteChange && event->type() != QEvent::ApplicationPaletteChange) return;
  settings_of_.clear();  // swatches and colours of cells
  markDirty();
}

// A matrix of a hundred tasks takes milliseconds: only read again when it has changed.
const RunFigures& ComparePage::figuresFor(const RunData& run) {
  Known& known = known_[&run];
  const auto header = headers_.of(&run);
  const std::uint64_t revision = run.accuracySoFar().revision();
  if (known.revision != revision || known.state != run.state() || known.figures.id != run.id() || known.figures.header != header) known = {figuresOf(run, header), revision, run.state()};
  if (run.secondsRun() > 0) known.figures.seconds = run.secondsRun();
  return known.figures;
}

void ComparePage::reread() {
  later_.stop();
  dirty_ = false;
  figures_.clear();
  QStringList settings_of;
  for (const RunData* run : lab_.runs.visibleRuns()) {
    if (!run->started()) continue;
    figures_.push_back(figuresFor(*run));
    settings_of << (figures_.back().header ? run->id() : run->id() + QLatin1Char('?'));
  }
  if (settings_of != settings_of_) settings_->setRuns(figures_);
  settings_of_ = settings_of;
  const QSignalBlocker block(parallel_);  // what passes is read below
  parallel_->setRuns(figures_);
  regroup();
  updateChoosers();
  updateDifference();
  RunData* in_time = lab_.cursor.run();  // whose tasks are named along the curves
  for (RunData* run : lab_.runs.visibleRuns())
    if (run->started() && (!in_time || !in_time->started())) in_time = run;
  plot_->setRun(in_time);
  updateEmpty();
}

void ComparePage::regroup() {
  const QStringList pass = parallel_->passingRuns();
  const bool filtered = !parallel_->brushes().isEmpty() && std::size_t(pass.size()) < figures_.size();
  std::vector<RunFigures> kept;
  for (const RunFigures& run : figures_)
    if (!filtered || pass.contains(run.id)) kept.push_back(run);
  groups_ = groupRuns(kept);
  fairness_ = fairnessOf(groups_, accepted_);
  table_.setGroups(groups_, fairness_.mayRank() ? QString() : fairness_.reason());
  plot_->setGroups(groups_);
  bar_->set(fairness_, alignment());
  filter_text_->setText(filtered ? tr("%1 of %2 runs pass the brushes").arg(pass.size()).arg(figures_.size()) : QString());
  filter_text_->setVisible(filtered);
  show_all_->setVisible(filtered);
}

void ComparePage::updateEmpty() {
  pages_->setCurrentIndex(figures_.size() < 2 ? 0 : 1);
  if (figures_.size() >= 2) return;
  empty_title_->setText(figures_.empty() ? tr("Nothing to compare yet") : tr("%1 is alone here").arg(figures_.front().title));
  empty_text_->setText(figures_.empty() ? tr("Tick two runs in the list of runs, or start one.") : tr("Pick a second run in the list, or queue the same set-up with another method."));
  queue_->setVisible(!figures_.empty());
}

void ComparePage::updateChoosers() {
  const auto fill = [this](QComboBox& box, const RunData* chosen) {
    if (box.view()->isVisible()) return;  // somebody is choosing
    const QSignalBlocker block(&box);
    box.clear();
    box.addItem(tr("(none)"));
    for (int row = 0; row < lab_.runs.rowCount(); ++row) {
      const RunData& run = *lab_.runs.at(row);
      if (!run.started()) continue;
      box.addItem(style::swatch(run.colour_slot), run.title() == run.id() ? run.id() : tr("%1 (%2)").arg(run.title(), run.id()), run.id());
    }
    box.setCurrentIndex(chosen ? std::max(0, box.findData(chosen->id())) : 0);
  };
  fill(*a_, lab_.cursor.run());
  fill(*b_, lab_.cursor.other());
}

void ComparePage::updateDifference() {
  difference_->set(differenceOf(lab_.cursor.run(), lab_.cursor.other()));
  const RunFigures* other = offered();
  offer_->setVisible(other);
  if (other) offer_->setText(tr("Show A minus %1").arg(QString(other->title).replace(QLatin1Char('&'), QLatin1String("&&"))));
}

const RunFigures* ComparePage::offered() const {
  const RunData* run = lab_.cursor.run();
  if (!run || !run->started() || lab_.cursor.other()) return nullptr;
  const RunFigures* best = nullptr;
  for (const RunFigures& figures : figures_)
    if (figures.id != run->id() && (!best || figures.last.value_or(-1) > best->last.value_or(-1))) best = &figures;
  return best;
}

void ComparePage::accept(const QString& path, bool accepted) {
  if (accepted) accepted_.insert(path);
  else accepted_.remove(path);
  QMetaObject::invokeMethod(this, &ComparePage::regroup, Qt::QueuedConnection);  // the menu that said so is still open
}

FairPlan ComparePage::alignment() const {
  const auto pinned = std::find_if(groups_.begin(), groups_.end(), [this](const RunGroup& group) { return group.name == table_.pinned(); });
  return alignmentTo(groups_, pinned == groups_.end() ? 0 : std::size_t(pinned - groups_.begin()), accepted_);
}

void ComparePage::alignNow() {
  const FairPlan wish = alignment();
  if (!wish.runs.isEmpty()) Q_EMIT alignRequested(wish.runs, wish.options);
}

QVariantMap ComparePage::state() const {
  QVariantMap brushes;
  for (auto at = parallel_->brushes().begin(); at != parallel_->brushes().end(); ++at) brushes[at.key()] = QVariantList{at->low, at->high};
  return {{QStringLiteral("band"), int(plot_->band())},
          {QStringLiteral("pinned"), table_.pinned()},
          {QStringLiteral("accepted"), QStringList(accepted_.begin(), accepted_.end())},
          {QStringLiteral("brushes"), brushes},
          {QStringLiteral("only_differences"), settings_->filter().onlyDifferences()},
          {QStringLiteral("tab"), tabs_->currentIndex()}};
}

void ComparePage::restore(const QVariantMap& state) {
  plot_->setBand(GroupPlot::Band(std::clamp(state.value(QStringLiteral("band")).toInt(), 0, 2)));
  table_.setPinned(state.value(QStringLiteral("pinned")).toString());
  const QStringList accepted = state.value(QStringLiteral("accepted")).toStringList();
  accepted_ = QSet<QString>(accepted.begin(), accepted.end());
  const QVariantMap brushes = state.value(QStringLiteral("brushes")).toMap();
  for (auto at = brushes.begin(); at != brushes.end(); ++at)
    if (const QVariantList range = at->toList(); range.size() == 2) parallel_->brush(at.key(), Brush{range[0].toDouble(), range[1].toDouble()});
  settings_->setOnlyDifferences(state.value(QStringLiteral("only_differences"), true).toBool());
  tabs_->setCurrentIndex(state.value(QStringLiteral("tab")).toInt());
  markDirty();
}

}  // namespace palimpsest
