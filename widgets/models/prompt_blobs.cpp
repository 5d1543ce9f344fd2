// What the blobs of a run tell about its prompts: the images of a features blob, and keys.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "widgets/models/prompt_model.h"

namespace palimpsest {

namespace {

const Blob::Tensor* labelled(const Blob& features, const char* name) {
  const Blob::Tensor* found = features.find(name);
  return found && !found->integers.empty() ? found : nullptr;
}

std::vector<std::vector<int>> chosenIn(const Blob::Tensor& tensor) {
  std::vector<std::vector<int>> out(std::size_t(std::max<std::int64_t>(0, tensor.size(0))));
  const auto each = std::size_t(tensor.size(1));
  for (std::size_t i = 0; i < out.size() && (i + 1) * each <= tensor.integers.size(); ++i)
    for (std::size_t k = 0; k < each; ++k) out[i].push_back(int(tensor.integers[i * each + k]));
  return out;
}

// What each image was given at a layer; nullopt when the blob says nothing of it.
std::optional<Selections> selectionsIn(const Blob& features, int layer, PromptSide side, int prompts) {
  const std::string suffix = std::string(".").append(std::to_string(layer));
  if (const Blob::Tensor* weights = features.find("weights" + suffix); weights && weights->size(1) > 0 && !weights->values.empty())
    return softSelections(int(weights->size(1)), weights->values, {});
  const Blob::Tensor* chosen = features.find((side == PromptSide::Asked ? "asked" : "applied") + suffix);
  if (!chosen || chosen->integers.empty()) return std::nullopt;
  const auto most = std::max_element(chosen->integers.begin(), chosen->integers.end());
  return hardSelections(std::max(prompts, int(*most) + 1), chosenIn(*chosen), {});
}

}  // namespace

PromptTable promptsByClass(const Blob& features, int layer, PromptSide side, int prompts) {
  if (side == PromptSide::Difference) {
    PromptTable applied = promptsByClass(features, layer, PromptSide::Applied, prompts);
    const PromptTable asked = promptsByClass(features, layer, PromptSide::Asked, applied.prompts);
    if (asked.shares.size() != applied.shares.size()) return {};
    for (std::size_t i = 0; i < applied.shares.size(); ++i) {
      applied.shares[i] -= asked.shares[i];
      applied.counts[i] -= asked.counts[i];
    }
    return applied;
  }
  const Blob::Tensor* labels = labelled(features, "label");
  const auto chosen = selectionsIn(features, layer, side, prompts);
  PromptTable table;
  if (!labels || !chosen || chosen->images() != labels->integers.size()) return table;
  const auto m = std::size_t(chosen->prompts);
  std::map<std::int64_t, std::pair<double, std::vector<double>>> rows;  // by class: images, sums of weight
  for (std::size_t i = 0; i < labels->integers.size(); ++i) {
    auto& [images, sums] = rows[labels->integers[i]];
    sums.resize(m, 0);
    images += 1;
    for (std::size_t p = 0; p < m; ++p) sums[p] += chosen->weights[i * m + p];
  }
  table.prompts = chosen->prompts;
  const double each = std::max(1, chosen->per_image);  // a chosen prompt weighs 1/N: tell images
  for (const auto& [label, row] : rows) {
    table.keys.push_back(label);
    table.images.push_back(row.first);
    for (const double weight : row.second) {
      table.shares.push_back(weight / row.first);
      table.counts.push_back(weight * each);
    }
  }
  return table;
}

std::vector<std::int64_t> imagesGiven(const Blob& features, int layer, PromptSide side, int prompts, int prompt,
                                      const std::optional<std::vector<int>>& classes) {
  const Blob::Tensor *samples = labelled(features, "sample"), *labels = labelled(features, "label");
  const auto chosen = selectionsIn(features, layer, side, prompts);
  if (!samples || !labels || !chosen || prompt < 0 || prompt >= chosen->prompts) return {};
  const double above = chosen->per_image > 0 ? 0 : 1.0 / chosen->prompts;
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < samples->integers.size() && i < labels->integers.size() && i < chosen->images(); ++i) {
    if (classes && std::find(classes->begin(), classes->end(), int(labels->integers[i])) == classes->end()) continue;
    if (chosen->weights[i * std::size_t(chosen->prompts) + std::size_t(prompt)] > above) out.push_back(samples->integers[i]);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::pair<std::vector<double>, int> usageAmong(const Blob& features, int layer, PromptSide side, int prompts, const std::vector<std::int64_t>& samples) {
  const Blob::Tensor* of = labelled(features, "sample");
  const auto chosen = selectionsIn(features, layer, side, prompts);
  if (!of || !chosen) return {};
  std::vector<double> sums(std::size_t(chosen->prompts), 0);
  int found = 0;
  for (std::size_t i = 0; i < of->integers.size() && i < chosen->images(); ++i) {
    if (!std::binary_search(samples.begin(), samples.end(), of->integers[i])) continue;
    ++found;
    for (std::size_t p = 0; p < sums.size(); ++p) sums[p] += chosen->weights[i * sums.size() + p];
  }
  if (found == 0) return {};
  for (double& sum : sums) sum /= found;
  return {sums, found};
}

std::vector<KeysAfter> keysOf(const RunData& run, int layer) {
  std::vector<KeysAfter> out;
  for (const TaskBand& band : run.bands()) {
    const std::string name = band.ended ? run.keysAfter(band.task, layer) : std::string();
    if (!name.empty()) out.push_back({band.task, band.to, run.blob(name)});
  }
  return out;
}

double keyDrift(const Blob& before, const Blob& after) {
  const Blob::Tensor *a = before.find("keys"), *b = after.find("keys");
  if (!a || !b || a->shape.size() != 2 || b->shape.size() != 2 || a->size(1) != b->size(1) || a->size(1) <= 0) return std::nan("");
  const std::vector<double> rows = rowDrift(a->values, b->values, int(a->size(1)));
  return rows.empty() ? std::nan("") : std::accumulate(rows.begin(), rows.end(), 0.0) / double(rows.size());
}

}  // namespace palimpsest
