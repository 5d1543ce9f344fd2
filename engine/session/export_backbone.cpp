// Takes the trained network out of a run's last checkpoint.
#include "engine/engine.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/run_header.h"
#include "engine/session/checkpoints.h"
#include "engine/weights/backbone.h"
#include "engine/weights/tensors.h"

namespace palimpsest {

void exportBackbone(const std::filesystem::path& run_folder, const std::filesystem::path& out,
                    const std::map<std::string, std::string>& card, bool half) {
  const auto checkpoints = checkpointsOf(run_folder);
  if (checkpoints.empty()) throw BadInput({error(run_folder.string(), "the run has no checkpoint yet", "let it finish a task")});
  const record::RunHeader header = record::runHeader(record::readJsonFile(record::Paths(run_folder).run()));
  RunOptions options;
  if (const Value* written = header.options.find("backbone")) options.backbone = written->asString();
  if (const Value* written = header.options.find("image_size")) options.image_size = static_cast<int>(written->asInt());
  LoadedBackbone backbone = loadBackbone(options.backbone, options.image_size, resourceFolder().string(), positionResizeNamed(options.position_resize));
  const TensorMap tensors = readTensors(checkpoints.front());
  Issues issues;
  const torch::NoGradGuard no_graph;
  for (auto& item : backbone.vit->named_parameters()) {
    const auto found = tensors.find("model.backbone." + item.key());
    if (found == tensors.end()) issues.push_back(error(item.key(), "the checkpoint has no such tensor"));
    else item.value().copy_(found->second);
  }
  if (hasErrors(issues)) throw BadInput({error(run_folder.string(), "this run has trained no network", "its recipe must say \"backbone\": {\"train\": \"all\"}")});
  Metadata metadata(card.begin(), card.end());
  const Value* range = header.options.find("input_range");
  metadata["input_range"] = range && range->asString() != "default" ? range->asString() : backbone.input_range;
  metadata["heads"] = std::to_string(backbone.shape.heads);
  saveBackbone(out, backbone.vit, metadata, half);
}

}  // namespace palimpsest
