#include "widgets/views/what_if_panel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>
#include <algorithm>
#include <numeric>

#include "widgets/style/format.h"
#include "widgets/views/difference_delegate.h"

namespace palimpsest {

namespace {

QLineEdit* line(const char* name, const QString& label, const QString& hint, const QString& tip, QFormLayout& form) {
  auto* edit = new QLineEdit;
  edit->setObjectName(QLatin1String(name));
  edit->setPlaceholderText(hint);
  edit->setToolTip(tip);
  edit->setAccessibleName(QString(label).remove(QLatin1Char('&')));
  form.addRow(label, edit);
  return edit;
}

QTableView* tableOf(const char* name, const QString& title, QAbstractItemModel& model) {
  auto* view = new QTableView;
  view->setObjectName(QLatin1String(name));
  view->setAccessibleName(title);
  view->setModel(&model);
  view->verticalHeader()->hide();
  view->setSelectionBehavior(QAbstractItemView::SelectRows);
  view->setSelectionMode(QAbstractItemView::SingleSelection);
  view->setEditTriggers(QAbstractItemView::NoEditTriggers);
  view->setAlternatingRowColors(true);
  view->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  view->verticalHeader()->setDefaultSectionSize(view->fontMetrics().height() + 6);
  view->setMinimumHeight(90);
  return view;
}

QPushButton* button(const char* name, const QString& text) {
  auto* out = new QPushButton(text);
  out->setObjectName(QLatin1String(name));
  return out;
}

void enable(QPushButton* button, const QString& refusal, const QString& tip) {
  button->setEnabled(refusal.isEmpty());
  button->setToolTip(refusal.isEmpty() ? tip : refusal);
}

}  // namespace

WhatIfPanel::WhatIfPanel(Lab& lab, QWidget* parent) : QWidget(parent), lab_(lab) {
  setObjectName(QStringLiteral("whatIfPanel"));
  setAccessibleName(tr("What if prompts were chosen otherwise"));
  auto* body = new QWidget;
  auto* column = new QVBoxLayout(body);
  auto* form = new QFormLayout;
  form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
  buildForm(*form);
  column->addLayout(form);
  for (QLabel** label : {&problem_, &estimate_, &result_}) {
    *label = new QLabel;
    (*label)->setWordWrap(true);
    (*label)->setTextInteractionFlags(Qt::TextSelectableByMouse);
  }
  problem_->setObjectName(QStringLiteral("whatIfProblem"));
  estimate_->setObjectName(QStringLiteral("whatIfEstimate"));
  result_->setObjectName(QStringLiteral("whatIfResult"));
  column->addWidget(problem_);
  column->addWidget(estimate_);
  column->addWidget(buildButtons());
  column->addWidget(result_);
  buildTables();
  column->addWidget(task_table_, 2);
  column->addWidget(trial_table_, 1);
  auto* scroll = new QScrollArea;
  scroll->setAccessibleName(tr("What if"));
  scroll->setWidget(body);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->addWidget(scroll);
  connect(&job_, &InspectionJob::progressed, this, [this](int done, int of) {
    progress_->setRange(0, std::max(1, of));
    progress_->setValue(done);
  });
  connect(&job_, &InspectionJob::answered, this, &WhatIfPanel::answer);
  connect(&job_, &InspectionJob::failed, this, [this](const QString& why) { end(tr("It could not be tried: %1").arg(why)); });
  connect(&job_, &InspectionJob::cancelled, this, [this] { end(asked_ ? tr("Cancelled. Nothing was changed.") : tr("The run was removed, so the question was dropped.")); });
  fillChoosers();
  check();
}

void WhatIfPanel::buildForm(QFormLayout& form) {
  mask_ = line("whatIfMask", tr("&Mask"), tr("3, 7"), tr("Prompts that are never chosen, counted from 0"), form);
  force_ = line("whatIfForce", tr("&Force"), tr("0"), tr("Prompts that every image is given; only where prompts are chosen, not weighed"), form);
  swap_ = line("whatIfSwap", tr("S&wap"), tr("0:1"), tr("Pairs of prompts that exchange what they hold; their keys stay"), form);
  reinitialise_ = line("whatIfReinitialise", tr("Re-&initialise"), tr("3"), tr("Prompts that are drawn anew, as at the start"), form);
  freeze_ = line("whatIfFreeze", tr("Free&ze"), tr("3:1 (prompt 3 as after T1)"), tr("Prompts, with their keys, as they were after a task"), form);
  top_k_ = new QSpinBox;
  top_k_->setObjectName(QStringLiteral("whatIfTopK"));
  top_k_->setRange(0, 1000);
  top_k_->setSpecialValueText(tr("as it is"));
  top_k_->setToolTip(tr("Prompts for each image"));
  form.addRow(tr("Top-&k"), top_k_);
  temperature_ = new QDoubleSpinBox;
  temperature_->setObjectName(QStringLiteral("whatIfTemperature"));
  temperature_->setRange(0, 1000);
  temperature_->setDecimals(4);
  temperature_->setSingleStep(0.1);
  temperature_->setSpecialValueText(tr("as it is"));
  temperature_->setToolTip(tr("Of the weights; low: one prompt takes all. Only where prompts are weighed"));
  form.addRow(tr("Te&mperature"), temperature_);
  centre_ = new QCheckBox(tr("&Centre queries"));
  centre_->setObjectName(QStringLiteral("whatIfCentre"));
  centre_->setToolTip(tr("Take the first task's mean query off every query"));
  form.addRow(QString(), centre_);
  layer_ = new QComboBox;
  layer_->setObjectName(QStringLiteral("whatIfLayer"));
  layer_->setToolTip(tr("Which choice is changed"));
  form.addRow(tr("&Layer"), layer_);
  after_ = new QComboBox;
  after_->setObjectName(QStringLiteral("whatIfAfterTask"));
  after_->setToolTip(tr("The model as it was after this task"));
  form.addRow(tr("&Model"), after_);
  images_ = new QSpinBox;
  images_->setObjectName(QStringLiteral("whatIfImages"));
  images_->setRange(1, 1000);
  images_->setValue(10);
  images_->setToolTip(tr("Test images of each class that are tried; more is slower and surer"));
  form.addRow(tr("Images of &each class"), images_);
  for (QLineEdit* edit : {mask_, force_, swap_, reinitialise_, freeze_}) connect(edit, &QLineEdit::textChanged, this, &WhatIfPanel::check);
  for (QSpinBox* box : {top_k_, images_}) connect(box, &QSpinBox::valueChanged, this, &WhatIfPanel::check);
  connect(temperature_, &QDoubleSpinBox::valueChanged, this, &WhatIfPanel::check);
  connect(centre_, &QCheckBox::toggled, this, &WhatIfPanel::check);
  for (QComboBox* box : {layer_, after_}) connect(box, &QComboBox::currentIndexChanged, this, &WhatIfPanel::check);
}

QWidget* WhatIfPanel::buildButtons() {
  try_ = button("whatIfTry", tr("&Try it"));
  keep_ = button("whatIfKeep", tr("Keep as &new run…"));
  invariance_ = button("checkInvariance", tr("Check &batch invariance"));
  cancel_ = button("whatIfCancel", tr("Cancel"));
  affected_button_ = button("selectAffected", tr("Select the affected images"));
  progress_ = new QProgressBar;
  progress_->setObjectName(QStringLiteral("whatIfProgress"));
  progress_->setAccessibleName(tr("Progress of the question"));
  auto* whole = new QWidget;
  auto* rows = new QVBoxLayout(whole);
  rows->setContentsMargins(0, 0, 0, 0);
  auto* first = new QHBoxLayout;
  first->addWidget(try_);
  first->addWidget(keep_);
  first->addStretch(1);
  auto* second = new QHBoxLayout;
  second->addWidget(invariance_);
  second->addWidget(affected_button_);
  second->addStretch(1);
  auto* third = new QHBoxLayout;
  third->addWidget(progress_, 1);
  third->addWidget(cancel_);
  for (QHBoxLayout* row : {first, second, third}) rows->addLayout(row);
  for (QWidget* widget : {static_cast<QWidget*>(progress_), static_cast<QWidget*>(cancel_), static_cast<QWidget*>(affected_button_)}) widget->hide();
  connect(try_, &QPushButton::clicked, this, &WhatIfPanel::tryIt);
  connect(invariance_, &QPushButton::clicked, this, &WhatIfPanel::checkInvariance);
  connect(cancel_, &QPushButton::clicked, &job_, &InspectionJob::cancel);
  connect(affected_button_, &QPushButton::clicked, this, [this] { lab_.selection.select(affected_, tr("predictions that depend on the batch")); });
  connect(keep_, &QPushButton::clicked, this, [this] {
    const ReadWhatIf read = readWhatIf(fields(), limits());
    if (lab_.cursor.run() && read.problems.isEmpty()) Q_EMIT forkRequested(lab_.cursor.run(), read.change);
  });
  return whole;
}

void WhatIfPanel::buildTables() {
  task_table_ = tableOf("whatIfTasks", tr("Accuracy by task before and after"), tasks_);
  task_table_->setItemDelegateForColumn(TrialTasksModel::Difference, new DifferenceDelegate(TrialListModel::FigureRole, task_table_));
  trial_table_ = tableOf("whatIfTrials", tr("What was tried"), trials_);
  trial_table_->setItemDelegateForColumn(TrialListModel::Difference, new DifferenceDelegate(TrialListModel::FigureRole, trial_table_));
  for (const int column : {TrialListModel::Before, TrialListModel::After}) trial_table_->hideColumn(column);  // the table above has them
  connect(trial_table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& now) {
    if (!now.isValid()) return;
    const Trial& trial = trials_.at(now.row());
    tasks_.set(trial);
    result_->setText(trialSentence(trial));
  });
  // Entering a row (double-click or Return) takes it up again.
  connect(trial_table_, &QTableView::activated, this, [this](const QModelIndex& now) { propose(fieldsOf(trials_.at(now.row()).change)); });
}

void WhatIfPanel::fillChoosers() {
  const auto fill = [](QComboBox* box, const std::vector<std::pair<QString, int>>& items) {
    const QVariant was = box->currentData();
    const QSignalBlocker quiet(box);
    box->clear();
    for (const auto& [text, value] : items) box->addItem(text, value);
    box->setCurrentIndex(std::max(0, box->findData(was)));
  };
  std::vector<std::pair<QString, int>> layers{{tr("all layers"), -1}}, tasks{{tr("as it is now"), -1}};
  for (const PromptLayer& layer : layers_)
    if (layer.kind != PromptKind::Shared) layers.emplace_back(layer.name, layer.layer);
  if (const RunData* run = lab_.cursor.run())
    for (const TaskBand& band : run->bands())
      if (band.ended) tasks.emplace_back(tr("after T%1").arg(band.task + 1), band.task);
  if (layers.size() != std::size_t(layer_->count()) || layers.back().first != layer_->itemText(layer_->count() - 1)) fill(layer_, layers);
  if (tasks.size() != std::size_t(after_->count())) fill(after_, tasks);
}

void WhatIfPanel::setRun(const std::vector<PromptLayer>& layers, const QString& refusal) {
  layers_ = layers;
  refusal_ = refusal;
  fillChoosers();
  check();
}

void WhatIfPanel::propose(const WhatIfFields& fields) {
  mask_->setText(fields.mask);
  force_->setText(fields.force);
  swap_->setText(fields.swap);
  reinitialise_->setText(fields.reinitialise);
  freeze_->setText(fields.freeze);
  top_k_->setValue(fields.top_k);
  temperature_->setValue(fields.temperature);
  centre_->setChecked(fields.centre);
  layer_->setCurrentIndex(std::max(0, layer_->findData(fields.layer)));
  after_->setCurrentIndex(std::max(0, after_->findData(fields.after_task)));
}

WhatIfFields WhatIfPanel::fields() const {
  return {mask_->text(), force_->text(), swap_->text(), reinitialise_->text(), freeze_->text(), top_k_->value(), temperature_->value(), centre_->isChecked(), layer_->currentData().toInt(), after_->currentData().toInt()};
}

WhatIfLimits WhatIfPanel::limits() const {
  WhatIfLimits out;
  const int layer = layer_->currentData().toInt();
  for (const PromptLayer& one : layers_) {
    if (one.kind == PromptKind::Shared || (layer >= 0 && one.layer != layer)) continue;
    out.prompts = std::max(out.prompts, one.prompts);
    out.soft = out.soft || one.kind == PromptKind::Mass;
  }
  if (const RunData* run = lab_.cursor.run()) out.last_task = run->lastEndedTask();
  return out;
}

QString WhatIfPanel::estimate(const ReadWhatIf& read) const {
  const RunData* run = lab_.cursor.run();
  if (!run) return {};
  const int last = read.change.after_task >= 0 ? read.change.after_task : run->lastEndedTask();
  std::int64_t images = 0;
  for (std::size_t task = 0; task < run->start().task_sizes.size() && int(task) <= last; ++task) images += std::int64_t(run->start().task_sizes[task]) * images_->value();
  if (images == 0) return {};
  const auto about = [](double seconds) { return seconds < 1 ? tr("Less than a second") : tr("About %1").arg(style::duration(seconds)); };
  for (int row = 0; row < trials_.rowCount(); ++row)
    if (const Trial& trial = trials_.at(row); trial.run == run->title() && trial.images > 0 && trial.seconds > 0)
      return tr("%1 on %2 images, going by the last one.").arg(about(trial.seconds * double(images) / double(trial.images)), style::integer(images));
  // Two passes over the images and one for their queries; a training step costs about as much as three passes.
  if (const double rate = run->progress().images_per_second; rate > 0)
    return tr("%1 on %2 images, guessed from the speed of training.").arg(about(double(images) / rate), style::integer(images));
  return tr("On %1 images. How long it takes is known after the first try.").arg(style::integer(images));
}

void WhatIfPanel::check() {
  const ReadWhatIf read = readWhatIf(fields(), limits());
  QString refusal = refusal_;
  if (refusal.isEmpty() && job_.running()) refusal = tr("A question is under way; cancel it or wait for its answer.");
  QString no_trial = refusal.isEmpty() && !lab_.inspectors.whatIf ? tr("There is no engine here that could be asked.") : refusal;
  if (no_trial.isEmpty() && !read.problems.isEmpty()) no_trial = read.problems.join(QLatin1Char('\n'));
  if (no_trial.isEmpty() && read.nothing) no_trial = tr("Nothing would change yet: fill in a field, for example which prompts to mask.");
  const QString no_check = refusal.isEmpty() && !lab_.inspectors.invariance ? tr("There is no engine here that could be asked.") : refusal;
  enable(try_, no_trial, tr("Evaluate the changed choice on test images; the run stays as it is"));
  const bool ended = lab_.cursor.run() && lab_.cursor.run()->lastEndedTask() >= 0;
  enable(keep_, no_trial.isEmpty() && !ended ? tr("A run can go on from the end of a task; T1 has not ended yet.") : no_trial, tr("Start a run from this one's checkpoint with this change"));
  enable(invariance_, no_check, tr("Predict the same images alone, sorted and shuffled in batches of 2 to 128: do predictions depend on batch mates?"));
  problem_->setText(no_trial);
  problem_->setVisible(!no_trial.isEmpty());
  estimate_->setText(refusal.isEmpty() ? estimate(read) : QString());
  estimate_->setVisible(!estimate_->text().isEmpty());
  force_->setEnabled(!limits().soft);
  temperature_->setEnabled(limits().soft || layers_.empty());
  progress_->setVisible(job_.running());
  cancel_->setVisible(job_.running());
}

void WhatIfPanel::begin(const QString& what, InspectionJob::Ask ask) {
  follow(lab_.cursor.run());
  affected_.clear();
  affected_button_->hide();
  progress_->setRange(0, 0);
  result_->setText(what);
  InspectOptions options;
  options.images = images_->value();
  job_.start(std::move(ask), options);
  check();
}

void WhatIfPanel::follow(RunData* run) {
  if (asked_) disconnect(asked_, &QObject::destroyed, &job_, nullptr);
  asked_ = run;
  if (run) connect(run, &QObject::destroyed, &job_, &InspectionJob::cancel);
}

void WhatIfPanel::tryIt() {
  const ReadWhatIf read = readWhatIf(fields(), limits());
  RunData* run = lab_.cursor.run();
  if (!run || !read.problems.isEmpty() || read.nothing) return;
  change_ = read.change;
  asked_invariance_ = false;
  begin(tr("Trying: %1 …").arg(whatIfText(change_)), [ask = lab_.inspectors.whatIf, folder = run->source(), change = change_](const InspectOptions& options) { return ask(folder, change, options); });
}

void WhatIfPanel::checkInvariance() {
  RunData* run = lab_.cursor.run();
  if (!run) return;
  asked_invariance_ = true;
  begin(tr("Predicting the same images in other batches …"), [ask = lab_.inspectors.invariance, folder = run->source()](const InspectOptions& options) { return ask(folder, options); });
}

void WhatIfPanel::answer(const Value& answer) {
  if (!asked_invariance_) return answerTrial(answer);
  const InvarianceAnswer told = readInvariance(answer);
  affected_ = told.samples;
  affected_button_->setVisible(!affected_.empty());
  end((told.known && !told.invariant ? tr("⚠ ") : QString()) + told.sentence);
}

void WhatIfPanel::answerTrial(const Value& answer) {
  auto trial = readTrial(answer);
  if (!trial) return end(tr("The engine's answer has no accuracies; nothing was kept of it."));
  trial->run = asked_ ? asked_->title() : QString();
  trial->change = change_;
  tasks_.set(trial);
  trials_.add(*trial);
  trial_table_->selectRow(0);
  end(trialSentence(*trial));
}

void WhatIfPanel::end(const QString& sentence) {
  follow(nullptr);
  result_->setText(sentence);
  check();
}

}  // namespace palimpsest
