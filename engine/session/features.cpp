// Frozen features of a data set, as a file.
#include <chrono>

#include "engine/data/loader.h"
#include "engine/device/device.h"
#include "engine/device/process.h"
#include "engine/engine.h"
#include "engine/protocol/error.h"
#include "engine/session/input.h"
#include "engine/weights/backbone.h"
#include "engine/weights/tensors.h"

namespace palimpsest {
namespace {

using torch::Tensor;

// Records [CLS] after each block.
class BlockClasses final : public vit::Hooks {
 public:
  Tensor tokens(vit::Stage stage, int, Tensor x) override {
    if (stage == vit::Stage::BlockOut) seen.push_back(x.select(1, 0).clone());
    return x;
  }
  bool touches(vit::Stage stage, int) const override { return stage == vit::Stage::BlockOut; }
  bool touches(vit::Site, int) const override { return false; }
  bool touchesMap(int) const override { return false; }
  std::vector<Tensor> seen;
};

}  // namespace

FeatureSummary extractFeatures(const FeatureRequest& request) {
  const auto begin = std::chrono::steady_clock::now();
  Issues issues;
  if (request.split != "train" && request.split != "test") issues.push_back(error("--split", "\"" + request.split + "\" is neither train nor test"));
  const torch::Device device = resolveDevice(request.options.device, issues);
  if (hasErrors(issues)) throw BadInput(std::move(issues));
  setThreads(request.options.threads);
  const Dataset data = openDataset(request.options.data, request.options.limit_train, request.options.limit_test);
  LoadedBackbone backbone = loadBackbone(request.options.backbone, request.options.image_size, resourceFolder().string(), positionResizeNamed(request.options.position_resize));
  backbone.vit->to(device);

  Loader::Plan plan;
  plan.split = request.split == "train" ? data.train : data.test;
  plan.batch = request.options.eval_batch;
  for (std::int64_t i = 0; i < plan.split->size(); ++i) plan.order.push_back(i);
  const Transform transform = transformOf(request.options, backbone, false);
  Loader loader(plan, transform);
  std::vector<Tensor> features, classes;
  std::vector<std::int64_t> labels;
  const torch::NoGradGuard no_graph;
  Batch batch;
  while (loader.next(batch)) {
    const int side = transform.spec().side;
    const Tensor images = torch::from_blob(batch.pixels.data(), {batch.count, 3, side, side}).to(device);
    BlockClasses blocks;
    features.push_back(backbone.vit->forward(images, request.blocks ? static_cast<vit::Hooks&>(blocks) : vit::noHooks(), request.blocks ? vit::Read::All : vit::Read::Front).cls().cpu());
    if (request.blocks) classes.push_back(torch::stack(blocks.seen, 1).cpu());
    labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
  }
  NamedTensors tensors{{"features", torch::cat(features)}, {"labels", torch::tensor(labels, torch::kLong)}};
  if (request.blocks) tensors.emplace_back("block_cls", torch::cat(classes));
  writeTensors(request.out, tensors, {{"data", data.spec}, {"split", request.split}, {"backbone", backbone.name}, {"sha256", backbone.sha256}, {"transform", transform.spec().id()}});
  return {plan.split->size(), backbone.shape.width, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()};
}

}  // namespace palimpsest
