#include "engine/session/sample_map.h"

#include <algorithm>
#include <map>

namespace palimpsest {

SampleMap::SampleMap(const Session& session) : session_(session) {
  if (!session.record) return;
  for (int task = 0; task <= session.clock.task; ++task) {
    std::map<int, int> taken;
    for (const auto index : session.testIndices(task))
      if (taken[session.data.test->label(index)]++ < session.plan.options.map_images) wanted_.insert(index);
  }
}

void SampleMap::keep(const std::string& name, const Tensor& rows, const Tensor& which) {
  const Tensor some = rows.detach().index_select(0, which.to(rows.device())).cpu();
  const auto found = std::ranges::find(rows_, name, [](const auto& entry) { return entry.first; });
  if (found == rows_.end()) rows_.push_back({name, {some}});
  else found->second.push_back(some);
}

void SampleMap::add(const Samples& samples, const Forward& pass, const std::vector<int>& predictions) {
  std::vector<std::int64_t> which;
  for (std::size_t i = 0; i < samples.indices.size(); ++i) {
    if (!wanted_.contains(samples.indices[i])) continue;
    which.push_back(static_cast<std::int64_t>(i));
    samples_.push_back(samples.indices[i]);
    labels_.push_back(session_.data.test->label(samples.indices[i]));
    predictions_.push_back(predictions[i]);
  }
  if (which.empty()) return;
  const Tensor places = torch::tensor(which, torch::kLong);
  keep("features", session_.model.head().compared(pass.feature).to(torch::kFloat), places);
  // Of choices that go by queries; where all images get the same there is nothing to map.
  bool queried = false;
  const auto selections = session_.model.selections();
  for (std::size_t i = 0; i < selections.size() && !pass.choices.empty(); ++i) {
    if (!session_.model.selector(selections[i].entry).queries()) continue;
    queried = true;
    const Choice& choice = pass.choices[static_cast<std::size_t>(selections[i].entry)];
    const std::string suffix = std::string(".").append(std::to_string(i));
    if (choice.weights.defined()) {
      keep("weights" + suffix, choice.weights[selections[i].choice].to(torch::kFloat), places);
    } else if (choice.indices.defined()) {
      keep("applied" + suffix, choice.indices, places);
      keep("asked" + suffix, choice.asked.defined() ? choice.asked : choice.indices, places);
    }
  }
  if (queried && pass.query.defined()) keep("queries", pass.query.to(torch::kFloat), places);
}

void SampleMap::tell(Session& session) const {
  if (samples_.empty()) return;
  const std::string name = "features-task-" + std::to_string(session.clock.task) + ".safetensors";
  std::vector<std::pair<std::string, Tensor>> out = {{"sample", torch::tensor(samples_, torch::kLong)},
                                                     {"label", torch::tensor(labels_, torch::kLong)},
                                                     {"prediction", torch::tensor(predictions_, torch::kLong)}};
  for (const auto& [tensor, rows] : rows_) {
    const Tensor all = torch::cat(rows);
    if (all.size(0) == static_cast<std::int64_t>(samples_.size())) out.emplace_back(tensor, all.contiguous());
  }
  writeTensors(record::Paths(session.folder).blobs() / name, {out.begin(), out.end()});
  session.bus.emit(Features{session.clock.task, name});
}

}  // namespace palimpsest
