#include "widgets/views/prompts_page.h"

#include <QComboBox>
#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QSplitter>
#include <QTabWidget>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/record/run_folder.h"
#include "widgets/style/palette.h"
#include "widgets/views/heat_map.h"
#include "widgets/views/key_map_view.h"
#include "widgets/views/prompt_bars.h"
#include "widgets/views/prompt_plot.h"
#include "widgets/views/prompt_use_view.h"
#include "widgets/views/what_if_panel.h"

namespace palimpsest {

PromptsPage::PromptsPage(Lab& lab, QWidget* parent)
    : QWidget(parent), lab_(lab), chip_(new QPushButton(this)), layer_box_(new QComboBox(this)), layer_label_(new QLabel(tr("&Layer"), this)),
      use_(new PromptUseView(lab, this)), tabs_(new QTabWidget(this)), what_if_(new WhatIfPanel(lab, this)), key_map_(new KeyMapView(this)),
      cosines_(new HeatMap(this)) {
  setObjectName(QStringLiteral("promptsPage"));
  setAccessibleName(tr("Prompts"));
  pool_.setMaxThreadCount(1);
  auto* left = new QSplitter(Qt::Vertical);
  left->setObjectName(QStringLiteral("promptsLeft"));
  left->addWidget(use_);
  left->addWidget(buildPlots());
  left->setStretchFactor(0, 3);
  left->setStretchFactor(1, 2);
  buildRight(*tabs_);
  auto* whole = new QSplitter(Qt::Horizontal);
  whole->setObjectName(QStringLiteral("promptsSplitter"));
  whole->addWidget(left);
  whole->addWidget(tabs_);
  whole->setStretchFactor(0, 3);
  whole->setStretchFactor(1, 2);
  whole->setSizes({840, 460});
  for (QSplitter* splitter : {left, whole}) splitter->setChildrenCollapsible(false);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 8, 8, 8);
  column->addWidget(buildTop());
  column->addWidget(whole, 1);
  connect(&lab.cursor, &Cursor::runChanged, this, &PromptsPage::watch);
  connect(&lab.cursor, &Cursor::otherChanged, this, [this](RunData* other) {
    for (PromptPlot* plot : plots_) plot->setOther(other);
  });
  connect(&lab.cursor, &Cursor::moved, this, [this](double step) {
    for (PromptPlot* plot : plots_) plot->setCursor(step);
    markDirty(true);
  });
  connect(&lab.cursor, &Cursor::taskChanged, this, [this] { markDirty(true); });
  connect(&lab.selection, &Selection::changed, this, [this] { markDirty(true); });
  connect(&lab.blobs, &BlobStore::loaded, this, [this] { markDirty(true); });
  watch(lab.cursor.run());
}

PromptsPage::~PromptsPage() {
  lab_.frames.forget(this);
  if (stop_keys_) *stop_keys_ = true;
  pool_.waitForDone();
}

QWidget* PromptsPage::buildTop() {
  auto* top = new QWidget;
  auto* row = new QHBoxLayout(top);
  row->setContentsMargins(0, 0, 0, 0);
  chip_->setObjectName(QStringLiteral("promptChip"));
  chip_->setCursor(Qt::PointingHandCursor);
  chip_->hide();  // until there is something to say
  layer_box_->setObjectName(QStringLiteral("promptLayer"));
  layer_box_->setToolTip(tr("What chooses for itself: an entry of the recipe's prompts, or one block of it"));
  layer_box_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  layer_label_->setBuddy(layer_box_);
  row->addWidget(chip_);
  row->addStretch(1);
  row->addWidget(layer_label_);
  row->addWidget(layer_box_);
  connect(chip_, &QPushButton::clicked, this, &PromptsPage::openCause);
  connect(layer_box_, &QComboBox::activated, this, [this] {
    chosen_layer_ = layer_box_->currentData().toInt();
    markDirty(true);
  });
  return top;
}

QWidget* PromptsPage::buildPlots() {
  auto* grid = new QWidget;
  auto* cells = new QGridLayout(grid);
  cells->setContentsMargins(0, 4, 0, 0);
  cells->setSpacing(6);
  constexpr PromptFigure kFigures[] = {PromptFigure::Effective, PromptFigure::Evenness, PromptFigure::Dead, PromptFigure::Retrieval, PromptFigure::WinnersCosine, PromptFigure::KeyDrift};
  for (std::size_t i = 0; i < plots_.size(); ++i) {
    PromptPlot* plot = plots_[i] = new PromptPlot(kFigures[i], lab_.frames);
    cells->addWidget(plot, int(i / 3), int(i % 3));
    connect(plot, &LivePlot::problem, this, &PromptsPage::problem);
    connect(plot, &LivePlot::hovered, this, [this, plot](double step) {  // a shared crosshair; the cursor itself stays
      for (PromptPlot* other : plots_)
        if (other != plot) other->setCursor(std::isnan(step) ? lab_.cursor.step() : step);
    });
  }
  return grid;
}

void PromptsPage::buildRight(QTabWidget& tabs) {
  tabs.setObjectName(QStringLiteral("promptsTabs"));
  cosines_->setObjectName(QStringLiteral("keyCosines"));
  cosines_->setAccessibleName(tr("Cosine between keys"));
  tabs.addTab(what_if_, tr("&What if"));
  tabs.addTab(key_map_, tr("&Key map"));
  tabs.addTab(cosines_, tr("Key s&imilarity"));
  connect(what_if_, &WhatIfPanel::forkRequested, this, &PromptsPage::forkRequested);
  connect(key_map_, &KeyMapView::problem, this, &PromptsPage::problem);
  connect(key_map_, &KeyMapView::activated, &use_->bars(), &PromptBars::activated);
  connect(cosines_, &HeatMap::problem, this, &PromptsPage::problem);
  connect(&use_->heat(), &HeatMap::problem, this, &PromptsPage::problem);
}

void PromptsPage::markDirty(bool everything) {
  dirty_ = true;
  everything_ = everything_ || everything;
  if (isVisible()) lab_.frames.request(this);
}

bool PromptsPage::wantsFrame() const { return dirty_ && isVisible() && !window()->isMinimized(); }

void PromptsPage::paintFrame() {
  dirty_ = false;
  refresh();
}

void PromptsPage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  markDirty(true);
}

void PromptsPage::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::ApplicationPaletteChange) markDirty(true);
  QWidget::changeEvent(event);
}

void PromptsPage::watch(RunData* run) {
  if (watched_) watched_->disconnect(this);
  watched_ = run;
  if (run) {
    connect(run, &RunData::changed, this, [this] { markDirty(false); });
    connect(run, &QObject::destroyed, this, [this] { watch(nullptr); });
  }
  for (PromptPlot* plot : plots_) {
    plot->setRun(run);
    plot->setMeasured({});
    plot->setOther(lab_.cursor.other());
    plot->setCursor(lab_.cursor.step());
  }
  if (stop_keys_) *stop_keys_ = true;
  key_job_ = {};
  key_map_->set({});
  chosen_layer_ = -1;
  facts_.reset();
  facts_of_ = -1;
  ++facts_asked_;
  markDirty(true);
}

PromptsPage::Stamp PromptsPage::stampOf(const RunData& run) const {
  return {run.promptUse().size(), run.promptHealth().size(), run.collapses().size(), run.endedTasks().size(),
          run.promptUse().empty() ? 0 : run.promptUse().back().global_step, run.promptHealth().empty() ? 0 : run.promptHealth().back().global_step, run.hasCheckpoint()};
}

const PromptLayer* PromptsPage::layer() const {
  for (const PromptLayer& one : layers_)
    if (one.layer == chosen_layer_) return &one;
  return firstChoosing(layers_);
}

// run.json names the blocks of each layer; checkpoints are what the engine can be asked about.
void PromptsPage::readFacts() {
  RunData* run = lab_.cursor.run();
  if (!run || run->source().empty()) return;
  const int now = run->lastEndedTask() + 1 + (run->hasCheckpoint() ? 1 : 0);
  if (std::exchange(facts_of_, now) == now) return;
  pool_.start([this, asked = ++facts_asked_, folder = run->source()] {
    Facts facts;
    try {
      const record::Reader reader(folder);
      if (const Value* recipe = reader.run().find("recipe")) facts.recipe = *recipe;
    } catch (const std::exception&) {  // no names of blocks, then
    }
    std::error_code none;
    for (const auto& file : std::filesystem::directory_iterator(record::Paths(folder).checkpoints(), none)) facts.checkpoints = facts.checkpoints || file.path().extension() == ".safetensors";
    QMetaObject::invokeMethod(this, [this, asked, facts] {
      if (asked != facts_asked_) return;
      facts_ = facts;
      markDirty(true);
    }, Qt::QueuedConnection);
  });
}

QString PromptsPage::refusal() const {
  const RunData* run = lab_.cursor.run();
  if (!run) return tr("No run is in focus. Choose one in the list of runs.");
  const PromptLayer* one = firstChoosing(layers_);
  if (!one || one->kind == PromptKind::Shared) return promptKindText(*run, one ? one->kind : PromptKind::None);
  if (!lab_.inspectors.whatIf && !lab_.inspectors.invariance) return tr("There is no engine here that could be asked.");
  if (run->source().empty()) return tr("This run has no folder, so there is no model to ask.");
  if (run->lastEndedTask() < 0 && !run->hasCheckpoint()) return tr("The model can be asked from its first checkpoint on: pause the run, or wait for the end of T1.");
  if (!facts_) return tr("Looking for checkpoints …");
  if (facts_->checkpoints) return {};
  return run->recording ? tr("This is a recording without checkpoints: it can be looked at, but its model cannot be asked. Run the recipe yourself to try changes.")
                        : tr("There are no checkpoints in %1, so there is no model to ask.").arg(QString::fromStdString(run->source().string()));
}

void PromptsPage::refresh() {
  RunData* run = lab_.cursor.run();
  readFacts();
  if (run && !everything_ && stampOf(*run) == stamp_) return;
  everything_ = false;
  stamp_ = run ? stampOf(*run) : Stamp();
  layers_ = run ? promptLayers(*run, facts_ ? facts_->recipe : Value()) : std::vector<PromptLayer>();
  verdict_ = run ? promptVerdict(*run, lab_.cursor.step()) : PromptVerdict();
  fillLayers();
  showVerdict();
  const PromptLayer* one = layer();
  const bool alarmed = verdict_.task >= 0 && one && verdict_.layer == one->layer;
  use_->setLayer(one ? std::optional(*one) : std::nullopt, run ? promptKindText(*run, PromptKind::None) : tr("No run is in focus. Choose one in the list of runs."));
  use_->mark(alarmed ? verdict_.winners : std::vector<int>(), alarmed ? verdict_.began : std::nan(""));
  use_->refresh();
  for (PromptPlot* plot : plots_) {
    plot->setVisible(one != nullptr);
    plot->setLayer(one ? one->layer : 0);
  }
  what_if_->setRun(layers_, refusal());
  refreshKeys();
}

void PromptsPage::fillLayers() {
  const PromptLayer* now = layer();
  bool same = layer_box_->count() == int(layers_.size());
  for (int i = 0; same && i < layer_box_->count(); ++i) same = layer_box_->itemText(i) == layers_[std::size_t(i)].name;
  if (!same) {
    layer_box_->clear();
    for (const PromptLayer& one : layers_) layer_box_->addItem(one.name, one.layer);
  }
  layer_box_->setCurrentIndex(now ? layer_box_->findData(now->layer) : -1);
  for (QWidget* widget : {static_cast<QWidget*>(layer_box_), static_cast<QWidget*>(layer_label_)}) widget->setVisible(layers_.size() > 1);
}

void PromptsPage::showVerdict() {
  using Level = PromptVerdict::Level;
  const bool alarm = verdict_.level == Level::Collapsed, doubt = verdict_.level == Level::Doubtful;
  const QColor colour = alarm ? style::error() : doubt ? style::warning() : verdict_.level == Level::Healthy ? style::good() : style::muted();
  QPalette colours = palette();
  colours.setColor(QPalette::Button, colour);
  colours.setColor(QPalette::ButtonText, style::textOn(colour));
  chip_->setPalette(colours);
  chip_->setText((alarm || doubt ? QStringLiteral("⚠ ") : QString()) + verdict_.text);
  chip_->setVisible(!verdict_.text.isEmpty());
  QString tip = verdict_.detail;
  if (verdict_.task >= 0) tip += tr("\n\nClick: go to where it began, mark these prompts and try to mask them.");
  chip_->setToolTip(tip);
  chip_->setAccessibleName(verdict_.text);
  chip_->setAccessibleDescription(tip);
}

void PromptsPage::openCause() {
  if (dirty_) refresh();  // asked for from elsewhere, before the page was painted
  const PromptVerdict verdict = verdict_;  // moving the cursor makes a new one
  RunData* run = lab_.cursor.run();
  if (!run || verdict.layer < 0) return;
  chosen_layer_ = verdict.layer;
  tabs_->setCurrentWidget(what_if_);
  if (verdict.task >= 0) {
    lab_.cursor.setStep(verdict.began);
    use_->showBy(PromptUseView::By::Training);
  }
  everything_ = true;
  refresh();
  if (verdict.level == PromptVerdict::Level::Healthy) return;
  WhatIfFields fields;
  fields.mask = promptList(verdict.winners);
  const auto choosing = std::count_if(layers_.begin(), layers_.end(), [](const PromptLayer& one) { return one.kind != PromptKind::Shared; });
  if (choosing > 1) fields.layer = verdict.layer;
  for (const TaskBand& band : run->bands())
    if (band.task == verdict.task && band.ended) fields.after_task = band.task;
  what_if_->propose(fields);
  use_->bars().setFocus();
}

}  // namespace palimpsest
