#include "engine/session/instruments.h"

#include <algorithm>
#include <cmath>

#include "engine/parts/layers.h"
#include "engine/session/batches.h"

namespace palimpsest {

Movement::Movement(const NamedParameters& parameters) {
  for (const auto& [name, tensor] : parameters) before_.push_back(tensor.detach().clone());
}

void Movement::tell(Session& session, const NamedParameters& parameters) const {
  std::vector<std::string> layers;
  std::vector<double> moved, length;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string layer = layerOf(parameters[i].first);
    const auto found = std::ranges::find(layers, layer);
    const auto at = static_cast<std::size_t>(found - layers.begin());
    if (found == layers.end()) {
      layers.push_back(layer);
      moved.push_back(0);
      length.push_back(0);
    }
    moved[at] += (parameters[i].second.detach() - before_[i]).square().sum(torch::kDouble).item<double>();
    length[at] += before_[i].square().sum(torch::kDouble).item<double>();
  }
  for (std::size_t i = 0; i < layers.size(); ++i) moved[i] = length[i] > 0 ? std::sqrt(moved[i] / length[i]) : std::sqrt(moved[i]);
  session.bus.emit(Measured{session.clock.task, "movement", "", layers, moved});
}

namespace {

constexpr int kAxes = 8;  // of each class: what a plane shows of it is mostly these

// Class means and their spread; "prototypes" is missing where the method has none.
NamedTensors classShapes(Session& session) {
  const Head& head = session.model.head();
  auto means = head.prototypes(), axes = head.axes(kAxes);
  if (const Statistics* statistics = session.model.statistics(); !means && statistics) {
    means = statistics->means();
    axes = statistics->axes(kAxes);
  }
  if (!means) return {};
  const std::vector<std::int64_t> labels(session.scenario.class_order.begin(), session.scenario.class_order.begin() + means->size(0));
  NamedTensors all{{"prototypes", means->detach()}, {"labels", torch::tensor(labels, torch::kLong)}};
  if (axes) all.emplace_back("axes", *axes);
  return all;
}

}  // namespace

void tellSnapshots(Session& session) {
  const std::string suffix = "-task-" + std::to_string(session.clock.task) + ".safetensors";
  const auto blobs = record::Paths(session.folder).blobs();
  if (const NamedTensors shapes = session.record ? classShapes(session) : NamedTensors{}; !shapes.empty()) {
    writeTensors(blobs / ("prototypes" + suffix), shapes);
    session.bus.emit(Prototypes{session.clock.task, "prototypes" + suffix});
  }
  const auto selections = session.model.selections();
  for (std::size_t i = 0; i < selections.size() && session.record; ++i) {
    const Pool& pool = session.model.pool(selections[i].entry);
    if (!session.model.selector(selections[i].entry).queries()) continue;  // nothing goes by its keys
    const std::string name = "keys-" + std::to_string(i) + suffix;
    writeTensors(blobs / name, {{"keys", pool.keys(selections[i].choice).detach()}});
    session.bus.emit(Keys{session.clock.task, static_cast<int>(i), name});
  }
}

namespace {

// Linear CKA (Kornblith et al., ICML 2019) between what the network said when it came and what it says now, on a few
// test images of the task.
void tellLikeness(Session& session) {
  constexpr std::size_t kImages = 64;
  if (session.model.featuresAreFrozen() || session.model.members() > 0 || !session.trains_in[static_cast<std::size_t>(session.clock.task)]) return;
  std::vector<std::int64_t> images = session.testIndices(session.clock.task);
  rngOf(session.seed(), Purpose::Probe, session.clock.task).shuffle(images);
  images.resize(std::min(images.size(), kImages));
  BatchPlan plan;
  plan.split = session.data.test.get();
  plan.order = images;
  plan.batch = static_cast<int>(kImages);
  plan.transform = &session.test_transform;
  Batches stream(session, plan);
  Samples samples;
  const torch::NoGradGuard no_graph;
  if (!stream.next(samples)) return;
  const auto centred = [](const Tensor& x) { return x.to(torch::kDouble) - x.to(torch::kDouble).mean(0, true); };
  const Tensor came = centred(session.model.frozenFeatures(samples.images)), now = centred(session.model.forward(samples, false).own);
  const double both = now.t().matmul(came).square().sum().item<double>();
  const double alone = came.t().matmul(came).norm().item<double>() * now.t().matmul(now).norm().item<double>();
  session.bus.emit(Measured{session.clock.task, "cka", "", {"as it came, as it is"}, {alone > 0 ? both / alone : 0}});
}

}  // namespace

void tellFigures(Session& session) {
  tellLikeness(session);

  for (const Figure& figure : session.model.figures()) session.bus.emit(Measured{session.clock.task, figure.name, figure.unit, figure.labels, figure.values});
}

}  // namespace palimpsest
