// How good frozen features are, without training anything on them by gradient descent.
#include <chrono>

#include "engine/data/loader.h"
#include "engine/device/device.h"
#include "engine/device/process.h"
#include "engine/engine.h"
#include "engine/parts/random_tensors.h"
#include "engine/protocol/error.h"
#include "engine/session/input.h"
#include "engine/weights/backbone.h"

namespace palimpsest {
namespace {

using torch::Tensor;

constexpr int kOneIn = 6;            // of the training split, where the test split must not be looked at
constexpr std::int64_t kChunk = 4096;

struct Labelled {
  Tensor features, labels;  // [N, D] float32, [N] int64, on the CPU
};

Labelled featuresOf(LoadedBackbone& backbone, std::shared_ptr<const Split> split, std::vector<std::int64_t> order, const Transform& transform,
                    const torch::Device& device, int batch_size, const AssessProgress& progress) {
  Loader::Plan plan;
  plan.split = std::move(split);
  plan.batch = batch_size;
  plan.order = std::move(order);
  const auto all = static_cast<std::int64_t>(plan.order.size());
  Loader loader(plan, transform);
  std::vector<Tensor> features;
  std::vector<std::int64_t> labels;
  Batch batch;
  while (loader.next(batch)) {
    const int side = transform.spec().side;
    const Tensor images = torch::from_blob(batch.pixels.data(), {batch.count, 3, side, side}).to(device);
    features.push_back(backbone.vit->forward(images, vit::noHooks(), vit::Read::Front).cls().cpu());
    labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
    if (progress && !progress(static_cast<std::int64_t>(labels.size()), all)) throw Error("stopped", "Stopped.");
  }
  return {torch::cat(features), torch::tensor(labels, torch::kLong)};
}

double percentRight(const Tensor& logits, const Tensor& labels) {
  return 100.0 * static_cast<double>(logits.argmax(1).eq(labels).sum().item<std::int64_t>()) / static_cast<double>(labels.size(0));
}

// SimpleCIL's classifier: means of the raw features, compared by cosine.
double nearestMean(const Labelled& train, const Labelled& test, int classes) {
  Tensor means = torch::zeros({classes, train.features.size(1)}, torch::kDouble);
  means.index_add_(0, train.labels, train.features.to(torch::kDouble));
  means = means / means.norm(2, 1, true).clamp_min(1e-12);  // a sum points where the mean does
  return percentRight(test.features.matmul(means.to(torch::kFloat).t()), test.labels);
}

// Ridge regression onto one-hot labels over ReLU(f W) with W fixed and normal: RanPAC's classifier (McDonnell et al.,
// NeurIPS 2023) without its first session. Its penalty is the best of ten powers of ten on a fifth of the training images.
class RandomRidge {
 public:
  RandomRidge(std::int64_t width, int features, int classes)
      : projection_(torch::randn({width, features}, generatorOf(seedOf(0, Purpose::Initialisation, width, features)))), classes_(classes) {}

  double percent(const Labelled& train, const Labelled& test) const {
    std::vector<std::int64_t> fit, held;
    for (std::int64_t i = 0; i < train.labels.size(0); ++i) (i % 5 == 4 ? held : fit).push_back(i);
    const Sums fitted = sumsOf(pick(train, fit)), rest = sumsOf(pick(train, held));
    const double penalty = bestPenalty(fitted, pick(train, held));
    const Tensor gram = fitted.gram + rest.gram;
    const Tensor weights = torch::linalg_solve(gram + penalty * torch::eye(gram.size(0), torch::kDouble), fitted.targets + rest.targets, true);
    return percentRight(logits(test.features, weights), test.labels);
  }

 private:
  struct Sums {
    Tensor gram, targets;  // [M, M], [M, K] float64
  };
  static Labelled pick(const Labelled& from, const std::vector<std::int64_t>& rows) {
    const Tensor index = torch::tensor(rows, torch::kLong);
    return {from.features.index_select(0, index), from.labels.index_select(0, index)};
  }
  Tensor projected(const Tensor& features) const { return features.matmul(projection_).relu_(); }
  Sums sumsOf(const Labelled& data) const {
    const std::int64_t width = projection_.size(1);
    Sums sums{torch::zeros({width, width}, torch::kDouble), torch::zeros({width, classes_}, torch::kDouble)};
    for (std::int64_t from = 0; from < data.labels.size(0); from += kChunk) {
      const Tensor h = projected(data.features.slice(0, from, from + kChunk));
      sums.gram.add_(h.t().matmul(h));
      sums.targets.index_add_(1, data.labels.slice(0, from, from + kChunk), h.t().to(torch::kDouble));
    }
    return sums;
  }
  Tensor logits(const Tensor& features, const Tensor& weights) const {
    std::vector<Tensor> rows;
    for (std::int64_t from = 0; from < features.size(0); from += kChunk)
      rows.push_back(projected(features.slice(0, from, from + kChunk)).matmul(weights.to(torch::kFloat)));
    return torch::cat(rows);
  }
  double bestPenalty(const Sums& sums, const Labelled& held) const {
    const auto [values, axes] = torch::linalg_eigh(sums.gram, "L");
    const Tensor turned = axes.t().matmul(sums.targets);
    double best = -1, chosen = 1;
    for (int power = -3; power <= 6; ++power) {
      const double penalty = std::pow(10.0, power);
      const double percent = percentRight(logits(held.features, axes.matmul(turned / (values.clamp_min(0) + penalty).unsqueeze(1))), held.labels);
      if (percent > best) best = percent, chosen = penalty;
    }
    return chosen;
  }
  const Tensor projection_;  // [D, M]
  const int classes_;
};

}  // namespace

Assessment assess(const AssessRequest& request, const AssessProgress& progress) {
  const auto begin = std::chrono::steady_clock::now();
  Issues issues;
  const torch::Device device = resolveDevice(request.options.device, issues);
  if (hasErrors(issues)) throw BadInput(std::move(issues));
  if (request.options.threads > 0) setThreads(request.options.threads);  // else as they stand: a run may be about to set its own
  const Dataset data = openDataset(request.options.data, request.options.limit_train, request.options.limit_test);
  LoadedBackbone backbone = loadBackbone(request.options.backbone, request.options.image_size, resourceFolder().string(), positionResizeNamed(request.options.position_resize));
  backbone.vit->to(device);
  const Transform transform = transformOf(request.options, backbone, false);
  const torch::NoGradGuard no_graph;

  std::vector<std::int64_t> learn, look;
  std::vector<int> number(data.class_names.size());
  for (std::int64_t i = 0; i < data.train->size(); ++i) {
    const bool held = request.training_split_only && number[static_cast<std::size_t>(data.train->label(i))]++ % kOneIn == kOneIn - 1;
    (held ? look : learn).push_back(i);
  }
  if (!request.training_split_only)
    for (std::int64_t i = 0; i < data.test->size(); ++i) look.push_back(i);
  if (look.empty()) throw BadInput({error("--data", "there are too few images to hold some out", "give at least 6 of each class")});

  const auto total = static_cast<std::int64_t>(learn.size() + look.size()), first = static_cast<std::int64_t>(learn.size());
  const auto later = [&](std::int64_t done, std::int64_t) { return !progress || progress(first + done, total); };
  const auto before = [&](std::int64_t done, std::int64_t) { return !progress || progress(done, total); };
  const Labelled train = featuresOf(backbone, data.train, learn, transform, device, request.options.eval_batch, before);
  const Labelled test = featuresOf(backbone, request.training_split_only ? data.train : data.test, look, transform, device, request.options.eval_batch, later);
  const int classes = static_cast<int>(data.class_names.size());
  Assessment out;
  out.train_images = first;
  out.test_images = test.labels.size(0);
  out.classes = classes;
  out.nearest_mean = nearestMean(train, test, classes);
  if (request.random_features > 0) out.ridge = RandomRidge(train.features.size(1), request.random_features, classes).percent(train, test);
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return out;
}

}  // namespace palimpsest
