#include "engine/metrics/inference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

using Counts = std::vector<std::int64_t>;
constexpr int kTop = 5;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

float ordered(float score) { return std::isnan(score) ? -std::numeric_limits<float>::infinity() : score; }

// Place of the label when classes are sorted by (-score, index), from 0.
int rankOf(std::span<const float> scores, int label) {
  const float own = ordered(scores[at(label)]);
  int rank = 0;
  for (int c = 0; c < static_cast<int>(scores.size()); ++c) {
    const float other = ordered(scores[at(c)]);
    rank += other > own || (other == own && c < label);
  }
  return rank;
}

// First class of the largest score, among those of one task only where task >= 0.
int best(std::span<const float> scores, const std::vector<int>& task_of_class, int task) {
  int found = -1;
  for (int c = 0; c < static_cast<int>(scores.size()); ++c) {
    if (task >= 0 && task_of_class[at(c)] != task) continue;
    if (found < 0 || ordered(scores[at(c)]) > ordered(scores[at(found)])) found = c;
  }
  return found;
}

std::optional<double> share(std::int64_t part, std::int64_t of) {
  return of > 0 ? std::optional(static_cast<double>(part) / static_cast<double>(of)) : std::nullopt;
}

std::int64_t sum(const Counts& counts) { return std::accumulate(counts.begin(), counts.end(), std::int64_t{0}); }

std::vector<std::optional<double>> shares(const Counts& parts, const Counts& of) {
  std::vector<std::optional<double>> out;
  for (std::size_t i = 0; i < parts.size(); ++i) out.push_back(share(parts[i], of[i]));
  return out;
}

}  // namespace

Inference::Inference(std::vector<int> map) : task_of_class(std::move(map)) {
  const std::size_t k = task_of_class.size();
  int tasks = 0;
  for (const int task : task_of_class) {
    PALIMPSEST_EXPECT(task >= 0 && at(task) < k, "a class belongs to a task that cannot be");
    tasks = std::max(tasks, task + 1);
  }
  ranks = class_images = class_hits = Counts(k);
  confusion = Counts(k * k);
  task_images = task_hits = task_top5 = til_hits = Counts(at(tasks));
  task_confusion = Counts(at(tasks) * at(tasks));
}

void Inference::add(std::span<const float> logits, std::span<const int> labels) {
  const std::size_t k = task_of_class.size();
  PALIMPSEST_EXPECT(logits.size() == labels.size() * k, "logits must be [images, classes]");
  for (const int label : labels) PALIMPSEST_EXPECT(label >= 0 && at(label) < k, "a label is no class seen so far");
  for (std::size_t i = 0; i < labels.size(); ++i) addImage(logits.subspan(i * k, k), labels[i]);
}

void Inference::addImage(std::span<const float> scores, int label) {
  const int task = task_of_class[at(label)], predicted = best(scores, task_of_class, -1);
  const int rank = rankOf(scores, label);
  const bool hit = rank == 0;
  ++images;
  ++ranks[at(rank)];
  ++confusion[at(label) * scores.size() + at(predicted)];
  ++class_images[at(label)];
  class_hits[at(label)] += hit;
  ++task_confusion[at(task) * task_images.size() + at(task_of_class[at(predicted)])];
  ++task_images[at(task)];
  task_hits[at(task)] += hit;
  task_top5[at(task)] += rank < kTop;
  til_hits[at(task)] += best(scores, task_of_class, task) == label;
}

std::optional<double> cil(const Inference& counts) { return share(sum(counts.task_hits), counts.images); }

std::optional<double> taskIdInference(const Inference& counts) {
  std::int64_t right = 0;
  for (int t = 0; t < counts.tasks(); ++t) right += counts.task_confusion[at(t) * at(counts.tasks()) + at(t)];
  return share(right, counts.images);
}

std::optional<double> withinTaskPrediction(const Inference& counts) {
  return share(sum(counts.til_hits), counts.images);
}

std::optional<double> topK(const Inference& counts, int k) {
  const auto places = static_cast<std::ptrdiff_t>(std::clamp(k, 0, counts.classes()));
  return share(std::accumulate(counts.ranks.begin(), counts.ranks.begin() + places, std::int64_t{0}), counts.images);
}

std::optional<double> top5(const Inference& counts) { return topK(counts, kTop); }

std::optional<double> classBalanced(const Inference& counts) {
  double total = 0;
  int classes = 0;
  for (const auto& accuracy : classAccuracies(counts)) {
    total += accuracy.value_or(0);
    classes += accuracy.has_value();
  }
  return classes > 0 ? std::optional(total / classes) : std::nullopt;
}

std::vector<std::optional<double>> classAccuracies(const Inference& counts) {
  return shares(counts.class_hits, counts.class_images);
}
std::vector<std::optional<double>> cilByTask(const Inference& counts) {
  return shares(counts.task_hits, counts.task_images);
}
std::vector<std::optional<double>> tilByTask(const Inference& counts) {
  return shares(counts.til_hits, counts.task_images);
}

std::vector<double> predictedShare(const Inference& counts) {
  const std::size_t tasks = counts.task_images.size();
  Counts into(tasks);
  for (std::size_t cell = 0; cell < counts.task_confusion.size(); ++cell)
    into[cell % tasks] += counts.task_confusion[cell];
  std::vector<double> out;
  for (const std::int64_t part : into) out.push_back(share(part, counts.images).value_or(0));
  return out;
}

std::vector<double> predictedShareBalanced(const Inference& counts) {
  std::vector<double> out(counts.task_images.size());
  const std::size_t k = counts.task_of_class.size();
  const auto absent = static_cast<std::size_t>(std::count(counts.class_images.begin(), counts.class_images.end(), 0));
  for (std::size_t cell = 0; cell < counts.confusion.size(); ++cell) {
    const double of = static_cast<double>(counts.class_images[cell / k]) * static_cast<double>(k - absent);
    if (counts.confusion[cell] > 0)
      out[at(counts.task_of_class[cell % k])] += static_cast<double>(counts.confusion[cell]) / of;
  }
  return out;
}

OldNew oldNew(const Inference& counts, int known_classes) {
  const auto known = static_cast<std::ptrdiff_t>(std::clamp(known_classes, 0, counts.classes()));
  const auto before = [known](const Counts& values) {
    return std::accumulate(values.begin(), values.begin() + known, std::int64_t{0});
  };
  const std::int64_t hits = before(counts.class_hits), images = before(counts.class_images);
  return {share(hits, images), share(sum(counts.class_hits) - hits, counts.images - images)};
}

}  // namespace palimpsest
