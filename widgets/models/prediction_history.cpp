#include "widgets/models/prediction_history.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace palimpsest {

namespace {
constexpr std::int64_t kMostSamples = std::int64_t(1) << 26;
constexpr int kMostClasses = 1 << 20;

template <typename T>
std::map<T, std::size_t> placesOf(const std::vector<T>& keys) {
  std::map<T, std::size_t> places;
  for (std::size_t i = 0; i < keys.size(); ++i) places.emplace(keys[i], i);
  return places;
}

// First by task, then as the run says, then by number.
std::vector<int> inLearningOrder(const std::map<int, int>& task_of, const std::vector<int>& order) {
  const auto place = placesOf(order);
  const auto rank = [&](int cls) {
    const auto found = place.find(cls);
    return std::tuple(task_of.at(cls), found == place.end() ? order.size() : found->second, cls);
  };
  std::vector<int> classes;
  for (const auto& [cls, task] : task_of) classes.push_back(cls);
  std::sort(classes.begin(), classes.end(), [&](int a, int b) { return rank(a) < rank(b); });
  return classes;
}
}  // namespace

std::int64_t Confusion::rowSum(std::size_t row) const {
  const auto begin = counts.begin() + std::ptrdiff_t(row * size());
  return std::accumulate(begin, begin + std::ptrdiff_t(size()), std::int64_t(0));
}

std::vector<int> Confusion::borders() const {
  std::vector<int> out;
  for (std::size_t i = 1; i < tasks.size(); ++i)
    if (tasks[i] != tasks[i - 1]) out.push_back(int(i));
  return out;
}

Confusion difference(const Confusion& a, const Confusion& b) {
  const auto in_b = placesOf(b.keys);
  Confusion out;
  std::vector<std::pair<std::size_t, std::size_t>> both;  // places in a and b
  for (std::size_t i = 0; i < a.size(); ++i)
    if (const auto found = in_b.find(a.keys[i]); found != in_b.end()) {
      both.emplace_back(i, found->second);
      out.keys.push_back(a.keys[i]);
      out.tasks.push_back(a.tasks[i]);
    }
  out.counts.reserve(both.size() * both.size());
  for (const auto& row : both)
    for (const auto& column : both) out.counts.push_back(a.at(row.first, column.first) - b.at(row.second, column.second));
  return out;
}

Confusion byTask(const Confusion& classes) {
  Confusion out;
  out.keys = classes.tasks;
  std::sort(out.keys.begin(), out.keys.end());
  out.keys.erase(std::unique(out.keys.begin(), out.keys.end()), out.keys.end());
  out.tasks = out.keys;
  out.counts.assign(out.size() * out.size(), 0);
  const auto place = placesOf(out.keys);
  for (std::size_t row = 0; row < classes.size(); ++row)
    for (std::size_t column = 0; column < classes.size(); ++column)
      out.counts[place.at(classes.tasks[row]) * out.size() + place.at(classes.tasks[column])] += classes.at(row, column);
  return out;
}

bool PredictionHistory::add(int task, const Stage& stage) {
  const std::size_t count = stage.samples.size();
  if (task < 0 || stage.labels.size() != count || stage.predictions.size() != count) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (stage.samples[i] < 0 || stage.samples[i] >= kMostSamples) return false;
    if (std::max(stage.labels[i], stage.predictions[i]) >= kMostClasses || stage.labels[i] < 0) return false;
    const int row = rowOf(stage.samples[i]);
    if (row >= 0 && labels_[std::size_t(row)] != stage.labels[i]) return false;
  }
  auto predictions = std::make_shared<std::vector<int>>(samples_.size(), -1);
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = std::size_t(stage.samples[i]);
    if (at >= row_of_.size()) row_of_.resize(std::max(at + 1, row_of_.size() * 2), -1);
    if (row_of_[at] < 0) {
      row_of_[at] = int(samples_.size());
      samples_.push_back(stage.samples[i]);
      labels_.push_back(stage.labels[i]);
      first_.push_back(task);
      predictions->push_back(-1);
    }
    (*predictions)[std::size_t(row_of_[at])] = stage.predictions[i];
  }
  const bool again = stages_.contains(task);
  stages_[task] = predictions;
  if (again) {
    refreshFirst();
  } else {
    for (std::size_t row = 0; row < predictions->size(); ++row)
      if ((*predictions)[row] >= 0) first_[row] = std::min(first_[row], task);
  }
  return true;
}

void PredictionHistory::remove(int task) {
  if (stages_.erase(task) == 0) return;
  if (stages_.empty()) *this = {};
  else refreshFirst();
}

// Images that only a removed stage had keep their row, but count as never tested.
void PredictionHistory::refreshFirst() {
  std::fill(first_.begin(), first_.end(), -1);
  for (const auto& [task, predictions] : stages_)
    for (std::size_t row = 0; row < predictions->size(); ++row)
      if (first_[row] < 0 && (*predictions)[row] >= 0) first_[row] = task;
}

std::vector<int> PredictionHistory::tasks() const {
  std::vector<int> out;
  for (const auto& [task, predictions] : stages_) out.push_back(task);
  return out;
}

int PredictionHistory::latest(int upto) const {
  const auto after = stages_.upper_bound(upto);
  return after == stages_.begin() ? -1 : std::prev(after)->first;
}

int PredictionHistory::rowOf(std::int64_t sample) const {
  return sample < 0 || std::size_t(sample) >= row_of_.size() ? -1 : row_of_[std::size_t(sample)];
}

int PredictionHistory::prediction(int task, std::size_t row) const {
  const auto found = stages_.find(task);
  return found == stages_.end() || row >= found->second->size() ? -1 : (*found->second)[row];
}

Life PredictionHistory::life(std::size_t row, int upto) const {
  Life life;
  bool was_right = false, first_right = false;
  for (const auto& [task, predictions] : stages_) {
    if (task > upto) break;
    if (row >= predictions->size() || (*predictions)[row] < 0) continue;
    life.right = (*predictions)[row] == labels_[row];
    if (life.first < 0) {
      life.first = task;
      first_right = life.right;
    }
    if (was_right && !life.right && life.fell < 0) life.fell = task;
    was_right = was_right || life.right;
  }
  if (life.first < 0) return life;
  if (!was_right) life.kind = LifeKind::Never;
  else if (!life.right) life.kind = LifeKind::Forgotten;
  else if (life.fell >= 0) life.kind = LifeKind::Relearned;
  else life.kind = first_right ? LifeKind::Kept : LifeKind::Late;
  return life;
}

// By class: the task after which its first image was tested; -1: none was. Vectors rather than maps, because this goes
// through every image each time the cursor moves.
std::vector<int> PredictionHistory::taskOfClass() const {
  std::vector<int> out;
  for (std::size_t row = 0; row < rows(); ++row) {
    if (first_[row] < 0) continue;
    const auto cls = std::size_t(labels_[row]);
    if (cls >= out.size()) out.resize(cls + 1, -1);
    if (out[cls] < 0 || first_[row] < out[cls]) out[cls] = first_[row];
  }
  return out;
}

// A class that only comes as a prediction is taken for one of the task looked at.
Confusion PredictionHistory::confusion(int task, const std::vector<int>& order) const {
  Confusion out;
  const auto found = stages_.find(task);
  if (found == stages_.end()) return out;
  const std::vector<int>& predictions = *found->second;
  const std::vector<int> learned = taskOfClass();
  std::vector<int> place(learned.size(), -1);  // by class; first whether it is there, then where
  for (std::size_t row = 0; row < predictions.size(); ++row) {
    if (predictions[row] < 0) continue;
    const auto high = std::size_t(std::max(labels_[row], predictions[row]));
    if (high >= place.size()) place.resize(high + 1, -1);
    place[std::size_t(labels_[row])] = place[std::size_t(predictions[row])] = 0;
  }
  std::map<int, int> task_of;
  for (std::size_t cls = 0; cls < place.size(); ++cls)
    if (place[cls] >= 0) task_of[int(cls)] = cls < learned.size() && learned[cls] >= 0 ? learned[cls] : task;
  out.keys = inLearningOrder(task_of, order);
  for (std::size_t i = 0; i < out.keys.size(); ++i) {
    out.tasks.push_back(task_of.at(out.keys[i]));
    place[std::size_t(out.keys[i])] = int(i);
  }
  out.counts.assign(out.size() * out.size(), 0);
  for (std::size_t row = 0; row < predictions.size(); ++row)
    if (predictions[row] >= 0) ++out.counts[std::size_t(place[std::size_t(labels_[row])]) * out.size() + std::size_t(place[std::size_t(predictions[row])])];
  return out;
}

std::vector<ClassFigures> PredictionHistory::classes(int upto, const std::vector<int>& order) const {
  const int now = latest(upto);
  if (now < 0) return {};
  const Confusion seen = confusion(now, order);
  std::vector<ClassFigures> out(seen.size());
  for (std::size_t row = 0; row < seen.size(); ++row) {
    ClassFigures& one = out[row];
    one.cls = seen.keys[row];
    one.task = seen.tasks[row];
    one.hits = seen.at(row, row);
    one.images = seen.rowSum(row);
    for (std::size_t column = 0; column < seen.size(); ++column)
      if (column != row && seen.at(row, column) > one.error_images) {
        one.error = seen.keys[column];
        one.error_images = seen.at(row, column);
      }
  }
  std::vector<ClassFigures*> by_class;
  for (ClassFigures& one : out) {
    if (std::size_t(one.cls) >= by_class.size()) by_class.resize(std::size_t(one.cls) + 1);
    by_class[std::size_t(one.cls)] = &one;
  }
  for (std::size_t row = 0; row < rows(); ++row) {
    const auto cls = std::size_t(labels_[row]);
    if (cls >= by_class.size() || !by_class[cls]) continue;
    const int then = prediction(by_class[cls]->task, row);
    by_class[cls]->learned_images += then >= 0;
    by_class[cls]->learned_hits += then == labels_[row];
  }
  std::erase_if(out, [](const ClassFigures& one) { return one.images == 0; });
  return out;
}

std::optional<double> PredictionHistory::accuracy(int task, int cls) const {
  std::int64_t hits = 0, images = 0;
  for (std::size_t row = 0; row < rows(); ++row) {
    if (labels_[row] != cls) continue;
    const int said = prediction(task, row);
    images += said >= 0;
    hits += said == cls;
  }
  return images > 0 ? std::optional(double(hits) / double(images)) : std::nullopt;
}

std::vector<std::int64_t> PredictionHistory::where(const std::function<bool(std::size_t)>& holds) const {
  std::vector<std::int64_t> out;
  for (std::size_t row = 0; row < rows(); ++row)
    if (holds(row)) out.push_back(samples_[row]);
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::int64_t> PredictionHistory::behind(int task, int label, int said) const {
  return where([&](std::size_t row) { return labels_[row] == label && prediction(task, row) == said; });
}

std::vector<std::int64_t> PredictionHistory::behindTasks(int task, int true_task, int predicted_task) const {
  const Confusion seen = confusion(task, {});
  std::map<int, int> task_of;
  for (std::size_t i = 0; i < seen.size(); ++i) task_of[seen.keys[i]] = seen.tasks[i];
  return where([&](std::size_t row) {
    const int said = prediction(task, row);
    return said >= 0 && task_of.at(labels_[row]) == true_task && task_of.at(said) == predicted_task;
  });
}

std::vector<std::int64_t> PredictionHistory::ofClass(int cls) const {
  return where([&](std::size_t row) { return labels_[row] == cls && first_[row] >= 0; });
}

std::vector<std::int64_t> PredictionHistory::ofTask(int task) const {
  return where([&](std::size_t row) { return first_[row] == task; });
}

std::vector<std::int64_t> PredictionHistory::ofKind(LifeKind kind, int upto) const {
  return where([&](std::size_t row) { return first_[row] >= 0 && life(row, upto).kind == kind; });
}

std::vector<std::int64_t> PredictionHistory::firstToFall(int upto, std::size_t limit) const {
  std::vector<std::pair<int, std::int64_t>> fallen;
  for (std::size_t row = 0; row < rows(); ++row)
    if (const int fell = life(row, upto).fell; fell >= 0) fallen.emplace_back(fell, samples_[row]);
  std::sort(fallen.begin(), fallen.end());
  std::vector<std::int64_t> out;
  for (const auto& [fell, sample] : fallen)
    if (out.size() < limit) out.push_back(sample);
  return out;
}

}  // namespace palimpsest
