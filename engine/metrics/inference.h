// What one pass over test images tells of a classifier: top-k, per-class and per-task counts, and class-incremental
// accuracy taken apart into task-id inference and prediction within the task (Kim et al. 2022). Counts are integers, so
// the order and the batches of the images cannot change a figure. std only, pure; one thread at a time. Shares are
// 0..1; nullopt where there is no image to measure on. Distances are given with their sign turned.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace palimpsest {

// K: classes seen, T: tasks, one more than the largest in the map. Rows of confusions are true, columns predicted.
struct Inference {
  Inference() = default;
  // task_of_class: [K] the task of each class, 0..K-1. Throws Error "internal" for others.
  explicit Inference(std::vector<int> task_of_class);

  // logits: [n, K] row-major over all classes seen, any scale; labels: [n] in [0, K). Scores are ordered downwards,
  // ties by the lower class, the same on every device; NaN counts as minus infinity. Throws Error "internal" for other
  // shapes or labels, and has then counted nothing.
  void add(std::span<const float> logits, std::span<const int> labels);

  int classes() const { return static_cast<int>(task_of_class.size()); }
  int tasks() const { return static_cast<int>(task_images.size()); }

  std::vector<int> task_of_class;  // [K]
  std::int64_t images = 0;
  std::vector<std::int64_t> ranks;           // [K] images whose own class came r-th, from 0; sums to images
  std::vector<std::int64_t> confusion;       // [K, K]
  std::vector<std::int64_t> class_images;    // [K]
  std::vector<std::int64_t> class_hits;      // [K] the diagonal of confusion
  std::vector<std::int64_t> task_confusion;  // [T, T] task of the image by task of the predicted class
  std::vector<std::int64_t> task_images;     // [T]
  std::vector<std::int64_t> task_hits;       // [T] the class is right among all classes (CIL)
  std::vector<std::int64_t> task_top5;       // [T] the class is among the first min(5, K)
  std::vector<std::int64_t> til_hits;        // [T] the class is right with other tasks' logits at minus infinity (TIL)

 private:
  void addImage(std::span<const float> scores, int label);
};

// ---- Over all images.

// Top-1 among all classes seen: TII * P(class right | task right), so at most min(TII, WTP).
std::optional<double> cil(const Inference& counts);
std::optional<double> taskIdInference(const Inference& counts);  // TII: task of the arg-max is the image's; 1 for T = 1
// WTP: the arg-max among the classes of the image's own task is right. Logits of 0 instead would give a lower bound.
std::optional<double> withinTaskPrediction(const Inference& counts);
std::optional<double> topK(const Inference& counts, int k);  // monotone in k >= 1; 1 for k >= K
std::optional<double> top5(const Inference& counts);         // topK with k = min(5, K), PILOT's "top5"
// Mean over the classes that have images of their accuracy; for imbalanced test sets.
std::optional<double> classBalanced(const Inference& counts);

// ---- By class and by task.

std::vector<std::optional<double>> classAccuracies(const Inference& counts);  // [K]
std::vector<std::optional<double>> cilByTask(const Inference& counts);        // [T] R[i][j] of the accuracy matrix
std::vector<std::optional<double>> tilByTask(const Inference& counts);        // [T] at least cilByTask
// [T] share of all images that is predicted into task j; zeros without images. Recency bias: the newest task gets more
// than its share of the test set.
std::vector<double> predictedShare(const Inference& counts);
// [T] the same as if every class had as many test images as every other.
std::vector<double> predictedShareBalanced(const Inference& counts);
// PILOT's split: accuracy on labels < known_classes and >= known_classes, known_classes = K_(t-1), classes known before
// the newest task. nullopt at the first task, where PILOT prints 0.
struct OldNew {
  std::optional<double> old_classes, new_classes;
};
OldNew oldNew(const Inference& counts, int known_classes);

}  // namespace palimpsest
