#include "widgets/views/prompt_use_view.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/heat_map.h"
#include "widgets/views/prompt_bars.h"

namespace palimpsest {

namespace {

QComboBox* chooser(const char* name, const QStringList& items, const QString& label, const QString& tip, QHBoxLayout* row) {
  auto* text = new QLabel(label);
  auto* box = new QComboBox;
  box->setObjectName(QLatin1String(name));
  box->addItems(items);
  box->setToolTip(tip);
  box->setAccessibleName(label);
  text->setBuddy(box);
  row->addWidget(text);
  row->addWidget(box);
  return box;
}

}  // namespace

PromptUseView::PromptUseView(Lab& lab, QWidget* parent)
    : QWidget(parent), lab_(lab), note_(new QLabel(this)), bars_(new PromptBars(this)), heat_(new HeatMap(this)), began_(std::nan("")) {
  setObjectName(QStringLiteral("promptUseView"));
  auto* row = new QHBoxLayout;
  row->setContentsMargins(0, 0, 0, 0);
  by_ = chooser("promptsBy", {tr("by task"), tr("by class"), tr("over training")}, tr("&Rows"),
                tr("By task: test images of each task at the last evaluation.\nBy class: the kept test images of each class.\nOver training: each time it was told while training."), row);
  side_ = chooser("promptsSide", {tr("asked for"), tr("applied"), tr("applied - asked for")}, tr("S&how"),
                  tr("Asked for: what each image's own query chose.\nApplied: what it was given, after a vote over the batch or a mask.\nTheir difference: what batch mates or masks changed."), row);
  side_->setCurrentIndex(int(PromptSide::Applied));
  row->addStretch(1);
  note_->setObjectName(QStringLiteral("promptsNote"));
  note_->setWordWrap(true);
  heat_->setObjectName(QStringLiteral("promptHeat"));
  heat_->setAccessibleName(tr("Prompt use"));
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->setSpacing(4);
  whole->addLayout(row);
  whole->addWidget(note_);
  whole->addWidget(bars_);
  whole->addWidget(heat_, 1);
  bars_->alignTo([this](int prompt) {
    const QRect cell = heat_->cellRect(0, prompt);
    return std::pair(double(cell.left()), double(cell.left()) + cell.width());
  });
  connect(by_, &QComboBox::currentIndexChanged, this, &PromptUseView::refresh);
  connect(side_, &QComboBox::currentIndexChanged, this, &PromptUseView::refresh);
  connect(heat_, &HeatMap::activated, this, &PromptUseView::activateCell);
  connect(bars_, &PromptBars::activated, this, [this](int prompt, Qt::KeyboardModifiers keys) { selectImages(prompt, {}, {}, keys); });
}

PromptUseView::By PromptUseView::by() const { return By(by_->currentIndex()); }
PromptSide PromptUseView::side() const { return PromptSide(side_->currentIndex()); }
void PromptUseView::showBy(By by) { by_->setCurrentIndex(int(by)); }

void PromptUseView::setLayer(const std::optional<PromptLayer>& layer, const QString& why) {
  layer_ = layer;
  why_ = why;
}

void PromptUseView::mark(std::vector<int> winners, double began) {
  winners_ = std::move(winners);
  began_ = began;
}

int PromptUseView::featuresTask() const {
  const RunData* run = lab_.cursor.run();
  if (!run) return -1;
  if (const int task = lab_.cursor.task(); task >= 0 && !run->featuresAfter(task).empty()) return task;
  for (const TaskBand& band : run->bands())
    if (band.ended && band.task > lab_.cursor.task() && !run->featuresAfter(band.task).empty()) return band.task;
  return -1;
}

PromptTable PromptUseView::tableByClass(const RunData& run, QString& empty) const {
  const int task = featuresTask();
  if (task < 0) {
    empty = tr("This run kept no features of test images at a task's end, so what each class was given is not known.");
    return {};
  }
  const auto blob = lab_.blobs.get(run.blob(run.featuresAfter(task)));
  if (!blob) empty = tr("Reading what the images of T1 to T%1 were given …").arg(task + 1);
  else if (!blob->problem.isEmpty()) empty = tr("The features after T%1 cannot be read: %2").arg(task + 1).arg(blob->problem);
  else empty = tr("The features after T%1 say nothing of this layer.").arg(task + 1);
  return blob && blob->problem.isEmpty() ? promptsByClass(*blob, layer_->layer, side(), layer_->prompts) : PromptTable{};
}

PromptTable PromptUseView::table(QString& empty) const {
  const RunData* run = lab_.cursor.run();
  empty = why_;
  if (!run || !layer_) return {};
  if (by() == By::Class) return tableByClass(*run, empty);
  if (by() == By::Training) {
    empty = tr("Nothing was told yet while training. It comes after each epoch.");
    return promptsOverTraining(*run, layer_->layer, side(), std::nan(""));
  }
  empty = lab_.cursor.task() < 0 ? tr("The first evaluation comes when T1 ends. \"Over training\" shows what is chosen meanwhile.")
                                 : tr("After T%1 nothing was told of this layer.").arg(lab_.cursor.task() + 1);
  return promptsByTask(*run, lab_.cursor.task(), layer_->layer, side());
}

QString PromptUseView::rowName(const RunData& run, std::int64_t key) const {
  if (by() == By::Task) return tr("T%1").arg(key + 1);
  if (by() == By::Training) return tr("T%1 · %2").arg(std::max(0, taskAt(run, double(key) - 1)) + 1).arg(key);
  const auto& names = run.start().class_names;
  return key >= 0 && std::size_t(key) < names.size() ? QString::fromStdString(names[std::size_t(key)]) : QString::number(key);
}

// Thick lines where another task begins.
std::vector<int> PromptUseView::borders(const RunData& run) const {
  std::vector<int> out;
  const std::vector<int> tasks = by() == By::Class ? taskOfClass(run.start()) : std::vector<int>();
  const auto taskOf = [&](std::int64_t key) {
    if (by() == By::Training) return taskAt(run, double(key) - 1);
    return key >= 0 && std::size_t(key) < tasks.size() ? tasks[std::size_t(key)] : -1;
  };
  for (int row = 1; by() != By::Task && row < shown_.rows(); ++row)
    if (taskOf(shown_.keys[std::size_t(row)]) != taskOf(shown_.keys[std::size_t(row) - 1])) out.push_back(row);
  return out;
}

QString PromptUseView::tipOf(int row, int column) const {
  const RunData* run = lab_.cursor.run();
  if (!run || !layer_ || row >= shown_.rows() || column >= shown_.prompts) return {};
  const double share = shown_.share(row, column), count = shown_.count(row, column);
  const QString who = rowName(*run, shown_.keys[std::size_t(row)]), images = style::integer(std::int64_t(shown_.images[std::size_t(row)]));
  if (std::isnan(share)) return tr("%1: prompt %2 did not exist yet.").arg(who).arg(column);
  if (side() == PromptSide::Difference)
    return tr("%1, prompt %2: applied - asked for = %3 points of the share (%4 of %5 images)")
        .arg(who).arg(column).arg(100 * share, 0, 'f', 1).arg(std::int64_t(std::lround(count))).arg(images);
  const QString what = layer_->kind == PromptKind::Mass ? tr("sum of its weights %1 over %2 images").arg(count, 0, 'f', 1).arg(images)
                       : side() == PromptSide::Asked    ? tr("%1 of %2 images asked for it").arg(std::int64_t(std::lround(count))).arg(images)
                                                        : tr("%1 of %2 images were given it").arg(std::int64_t(std::lround(count))).arg(images);
  return tr("%1, prompt %2: %3; %4").arg(who).arg(column).arg(style::percent(100 * share), what);
}

void PromptUseView::refresh() {
  HeatMapData data;
  shown_ = table(data.empty);
  const RunData* run = lab_.cursor.run();
  const bool difference = side() == PromptSide::Difference;
  data.title = layer_ ? tr("Prompt use: %1").arg(layer_->name) : tr("Prompt use");
  data.row_title = by() == By::Task ? tr("test images of") : by() == By::Class ? tr("true class") : tr("task · step");
  data.column_title = tr("prompt");
  double most = 0;
  for (const double share : shown_.shares) most = std::isnan(share) ? most : std::max(most, std::abs(share));
  if (most <= 0) most = 1;
  for (const std::int64_t key : shown_.keys) data.rows << rowName(*run, key);
  for (int prompt = 0; prompt < shown_.prompts; ++prompt) {
    const bool winner = std::find(winners_.begin(), winners_.end(), prompt) != winners_.end();
    data.columns << (winner ? QStringLiteral("[%1]").arg(prompt) : QString::number(prompt));
  }
  data.values = shown_.shares;
  for (double& value : data.values) value *= 100;
  if (run) data.row_borders = borders(*run);
  data.low = difference ? -100 * most : 0;
  data.high = 100 * most;
  data.colour = [most, difference](double v) { return difference ? style::difference(v, 100 * most) : style::share(v / (100 * most)); };
  data.text = [this](int row, int column) { return QString::number(std::lround(100 * shown_.share(row, column))); };
  data.tool_tip = [this](int row, int column) { return tipOf(row, column); };
  const std::vector<double> usage = difference ? std::vector<double>() : promptUsage(shown_);
  bars_->set(usage, winners_);
  bars_->setVisible(!usage.empty());
  data.summary = usage.empty() ? data.empty : tr("%1 rows by %2 prompts, percent of each row. %3").arg(shown_.rows()).arg(shown_.prompts).arg(bars_->accessibleDescription());
  heat_->set(std::move(data));
  if (by() == By::Training && !std::isnan(began_)) {
    const auto at = std::find_if(shown_.keys.begin(), shown_.keys.end(), [&](std::int64_t key) { return double(key) >= began_; });
    const bool there = at != shown_.keys.end() && !winners_.empty();
    heat_->setCurrent(there ? int(at - shown_.keys.begin()) : -1, there ? winners_.front() : -1);
  }
  side_->setEnabled(layer_ && layer_->kind != PromptKind::Mass);
  note_->setText(run && layer_ ? noteText(*run) : QString());
  note_->setVisible(!note_->text().isEmpty());
}

// What is shown, and what the selected images were given.
QString PromptUseView::noteText(const RunData& run) const {
  QString text = promptKindText(run, layer_->kind);
  const int task = lab_.selection.empty() ? -1 : featuresTask();
  const auto blob = task >= 0 ? lab_.blobs.get(run.blob(run.featuresAfter(task))) : nullptr;
  if (!blob) return text;
  const auto [usage, found] = usageAmong(*blob, layer_->layer, side() == PromptSide::Asked ? PromptSide::Asked : PromptSide::Applied, layer_->prompts, lab_.selection.samples());
  if (found == 0) return text;
  std::vector<int> order(usage.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = int(i);
  std::stable_sort(order.begin(), order.end(), [&usage = usage](int a, int b) { return usage[std::size_t(a)] > usage[std::size_t(b)]; });
  QStringList most;
  for (std::size_t i = 0; i < order.size() && i < 3; ++i) most << tr("%1 (%2)").arg(order[i]).arg(style::percent(100 * usage[std::size_t(order[i])]));
  const QString prompts = most.join(QStringLiteral(", "));
  return text + (found == 1 ? tr("\nThe selected image: mostly prompts %1.").arg(prompts) : tr("\nOf the selection, %1 images: mostly prompts %2.").arg(style::integer(found), prompts));
}

void PromptUseView::activateCell(int row, int column, Qt::KeyboardModifiers keys) {
  const RunData* run = lab_.cursor.run();
  if (!run || row >= shown_.rows()) return;
  const std::int64_t key = shown_.keys[std::size_t(row)];
  if (by() == By::Class) return selectImages(column, std::vector<int>{int(key)}, rowName(*run, key), keys);
  if (by() == By::Training) {  // training images are not in the selection: go there, and take the test images
    lab_.cursor.setStep(double(key));
    return selectImages(column, {}, {}, keys);
  }
  std::vector<int> classes;
  const std::vector<int> tasks = taskOfClass(run->start());
  for (std::size_t cls = 0; cls < tasks.size(); ++cls)
    if (tasks[cls] == int(key)) classes.push_back(int(cls));
  if (tasks.empty()) return selectImages(column, {}, {}, keys);  // classes come in several tasks
  selectImages(column, classes, tr("T%1").arg(key + 1), keys);
}

void PromptUseView::selectImages(int prompt, const std::optional<std::vector<int>>& classes, const QString& who, Qt::KeyboardModifiers keys) {
  const RunData* run = lab_.cursor.run();
  const int task = featuresTask();
  if (!run || !layer_) return;
  const auto blob = task >= 0 ? lab_.blobs.get(run->blob(run->featuresAfter(task))) : nullptr;
  if (!blob || !blob->problem.isEmpty()) {
    note_->setVisible(true);
    note_->setText(task < 0 ? tr("This run kept no features of test images, so the images that were given prompt %1 are not known.").arg(prompt)
                   : blob   ? tr("The features after T%1 cannot be read: %2").arg(task + 1).arg(blob->problem)
                            : tr("Still reading which images were given which prompt; click again in a moment."));
    return;
  }
  const PromptSide of = side() == PromptSide::Asked ? PromptSide::Asked : PromptSide::Applied;
  QString what = layer_->kind == PromptKind::Mass ? tr("prompt %1 above an even share").arg(prompt) : of == PromptSide::Asked ? tr("asked for prompt %1").arg(prompt) : tr("given prompt %1").arg(prompt);
  if (!who.isEmpty()) what += tr(", %1").arg(who);
  what += tr(", after T%1").arg(task + 1);
  lab_.selection.select(imagesGiven(*blob, layer_->layer, of, layer_->prompts, prompt, classes), what, Selection::modeOf(keys));
}

}  // namespace palimpsest
