#include "engine/parts/memory/exemplars.h"

#include <algorithm>

namespace palimpsest {
namespace {

ExemplarPolicy policyOf(const std::string& name) {
  if (name == "reservoir") return ExemplarPolicy::Reservoir;
  return name == "herding" ? ExemplarPolicy::Herding : ExemplarPolicy::ClassBalanced;
}

// A column of a state through a tensor: read back as it may have been replaced.
template <typename T, typename Stored>
void exchange(State& state, const std::string& name, std::vector<T>& values, torch::ScalarType type) {
  Tensor tensor = torch::empty({static_cast<std::int64_t>(values.size())}, type);
  std::copy(values.begin(), values.end(), tensor.data_ptr<Stored>());
  state.tensor(name, tensor, false);
  const Tensor now = tensor.cpu().contiguous();
  values.assign(now.data_ptr<Stored>(), now.data_ptr<Stored>() + now.numel());
}

}  // namespace

std::optional<std::string> ExemplarsParams::conflict() const {
  if ((policy == "herding") != (fill == "task-end") && policy == "herding") return "[exemplars] herding needs whole classes: set fill to \"task-end\"";
  if (replay == "apart" && logits_weight == 0 && labels_weight == 0) return "[exemplars] replay \"apart\" needs a logits_weight or a labels_weight";
  if (replay == "apart" && logits_weight > 0 && fill != "stream") return "[exemplars] logits are those of the step in which an image comes in: set fill to \"stream\"";
  return std::nullopt;
}

Exemplars::Exemplars(const Params& params, const Setting& setting)
    : params_(params), held_(params.per_class > 0 ? std::int64_t{params.per_class} * setting.classes : params.capacity, policyOf(params.policy), setting.seed) {}

int Exemplars::quota(int classes) const { return params_.per_class > 0 ? params_.per_class : params_.capacity / std::max(1, classes); }

std::vector<Figure> Exemplars::figures() const {
  Figure held{"memory", "images", {}, {}};
  const std::vector<std::int64_t> counts = held_.heldByLabel();
  for (std::size_t label = 0; label < counts.size(); ++label) {
    held.labels.push_back(std::to_string(label));
    held.values.push_back(static_cast<double>(counts[label]));
  }
  return {held};
}

void Exemplars::visit(State& state) {
  if (state.trainedOnly()) return;
  ExemplarState now = held_.state();
  const ExemplarState before = now;
  exchange<int, int>(state, "sizes", now.sizes, torch::kInt);
  exchange<std::uint8_t, std::uint8_t>(state, "pixels", now.pixels, torch::kByte);
  exchange<int, int>(state, "labels", now.labels, torch::kInt);
  exchange<int, int>(state, "tasks", now.tasks, torch::kInt);
  exchange<std::int64_t, std::int64_t>(state, "indices", now.indices, torch::kLong);
  exchange<std::int64_t, std::int64_t>(state, "insertions", now.insertions, torch::kLong);
  exchange<int, int>(state, "logit_counts", now.logit_counts, torch::kInt);
  exchange<float, float>(state, "logits", now.logits, torch::kFloat);
  exchange<std::int64_t, std::int64_t>(state, "offered_by_label", now.offered_by_label, torch::kLong);
  std::vector<std::int64_t> offered{now.offered};
  exchange<std::int64_t, std::int64_t>(state, "offered", offered, torch::kLong);
  now.offered = offered.front();
  if (now != before) held_.restore(now);
}

}  // namespace palimpsest
