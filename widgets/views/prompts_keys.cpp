// The keys on the page of prompts: their map, their similarity and how far they drift.
#include <QTabWidget>
#include <algorithm>
#include <cmath>

#include "widgets/style/palette.h"
#include "widgets/views/heat_map.h"
#include "widgets/views/key_map_view.h"
#include "widgets/views/prompt_plot.h"
#include "widgets/views/prompts_page.h"

namespace palimpsest {

namespace {

std::vector<int> deadIn(const RunData& run, int task, int layer) {
  const std::vector<double> usage = promptUsage(promptsByTask(run, task, layer, PromptSide::Applied));
  std::vector<int> out;
  for (std::size_t m = 0; m < usage.size(); ++m)
    if (usage[m] < 0.01 / double(usage.size())) out.push_back(int(m));
  return out;
}

QString whyNoKeys(const RunData* run, const PromptLayer* layer) {
  if (!run) return PromptsPage::tr("No run is in focus. Choose one in the list of runs.");
  if (!layer || layer->kind == PromptKind::Shared) return promptKindText(*run, layer ? layer->kind : PromptKind::None);
  if (run->lastEndedTask() < 0) return PromptsPage::tr("Keys are kept when a task ends: the first come after T1.");
  return PromptsPage::tr("This run kept no keys of this layer.");
}

}  // namespace

void PromptsPage::refreshKeys() {
  RunData* run = lab_.cursor.run();
  const PromptLayer* one = layer();
  const auto keys = run && one ? keysOf(*run, one->layer) : std::vector<KeysAfter>();
  showCosines(keys);
  key_map_->setTask(lab_.cursor.task());
  if (keys.empty()) {
    key_map_->setEmpty(whyNoKeys(run, one));
    key_map_->set({});
    key_job_ = {};
    plots_[std::size_t(PromptFigure::KeyDrift)]->setMeasured({});
    return;
  }
  key_map_->setMarks(deadIn(*run, lab_.cursor.task(), one->layer), verdict_.layer == one->layer && verdict_.task >= 0 ? verdict_.winners : std::vector<int>());
  key_map_->setQueryTasks(taskOfClass(run->start()), run->start().tasks);
  KeyJob job{run, one->layer, keys.size(), {}};
  const std::string features = run->featuresAfter(run->lastEndedTask());
  if (!features.empty()) job.features = run->blob(features);
  if (job == key_job_) return;
  std::vector<std::pair<KeysAfter, std::shared_ptr<const Blob>>> read;
  bool all = true;
  for (const KeysAfter& after : keys) {
    read.emplace_back(after, lab_.blobs.get(after.file));
    all = all && read.back().second;
  }
  const auto queries = job.features.empty() ? nullptr : lab_.blobs.get(job.features);
  if (!all || (!job.features.empty() && !queries)) return key_map_->setEmpty(tr("Reading keys and queries …"));
  key_job_ = job;
  computeKeys(job, std::move(read), queries);
}

void PromptsPage::computeKeys(const KeyJob& job, std::vector<std::pair<KeysAfter, std::shared_ptr<const Blob>>> keys, std::shared_ptr<const Blob> features) {
  if (stop_keys_) *stop_keys_ = true;
  stop_keys_ = std::make_shared<std::atomic<bool>>(false);
  key_map_->setEmpty(tr("Laying keys and queries out on a plane …"));
  pool_.start([this, job, keys = std::move(keys), features = std::move(features), stop = stop_keys_] {
    Series drift;
    std::vector<std::pair<int, std::shared_ptr<const Blob>>> by_task;
    QString problem;
    for (std::size_t i = 0; i < keys.size() && !*stop; ++i) {
      by_task.emplace_back(keys[i].first.task, keys[i].second);
      if (!keys[i].second->problem.isEmpty()) problem = keys[i].second->problem;
      if (i > 0) drift.append(keys[i].first.step, keyDrift(*keys[i - 1].second, *keys[i].second));
    }
    const KeyMap map = keyMap(by_task, features, stop.get());
    QMetaObject::invokeMethod(this, [this, job, drift, map, problem, stop] {
      if (*stop || !(job == key_job_)) return;
      key_map_->setEmpty(problem.isEmpty() ? tr("The blobs of this layer hold no keys.") : tr("The keys cannot be read: %1").arg(problem));
      key_map_->set(map);
      plots_[std::size_t(PromptFigure::KeyDrift)]->setMeasured({{job.layer, drift}});
    }, Qt::QueuedConnection);
  });
}

void PromptsPage::showCosines(const std::vector<KeysAfter>& keys) {
  const RunData* run = lab_.cursor.run();
  const KeysAfter* at = nullptr;
  for (const KeysAfter& after : keys)
    if (after.task <= lab_.cursor.task()) at = &after;
  if (!at && !keys.empty()) at = &keys.front();
  const auto blob = at ? lab_.blobs.get(at->file) : nullptr;
  HeatMapData data;
  data.title = at ? tr("Cosine between keys after T%1").arg(at->task + 1) : tr("Cosine between keys");
  data.row_title = data.column_title = tr("prompt");
  data.empty = at && !blob ? tr("Reading keys …") : blob && !blob->problem.isEmpty() ? tr("The keys cannot be read: %1").arg(blob->problem) : whyNoKeys(run, layer());
  if (blob) data.values = keyCosineTable(*blob);
  const int count = int(std::lround(std::sqrt(double(data.values.size()))));
  double sum = 0, most = -1;
  for (int a = 0; a < count; ++a) {
    data.rows << QString::number(a);
    for (int b = 0; b < a; ++b) {
      const double cosine = data.values[std::size_t(a) * std::size_t(count) + std::size_t(b)];
      sum += std::isnan(cosine) ? 0 : cosine;
      most = std::isnan(cosine) ? most : std::max(most, cosine);
    }
  }
  data.columns = data.rows;
  data.low = -1;
  data.colour = [](double v) { return style::difference(v, 1); };
  data.text = [values = data.values, count](int row, int column) { return QString::number(values[std::size_t(row) * std::size_t(count) + std::size_t(column)], 'f', 2); };
  data.summary = count > 1 ? tr("%1 keys; mean cosine %2, largest %3.").arg(count).arg(sum / (0.5 * count * (count - 1)), 0, 'f', 2).arg(most, 0, 'f', 2) : data.empty;
  cosines_->set(std::move(data));
}

}  // namespace palimpsest
