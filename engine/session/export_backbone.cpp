// Takes the trained network out of a run's last checkpoint.
#include "engine/engine.h"
#include "engine/parts/catalogue.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/run_header.h"
#include "engine/session/checkpoints.h"
#include "engine/weights/backbone.h"
#include "engine/weights/tensors.h"

namespace palimpsest {

namespace {

// Tensors of a checkpoint into those of a part, by name.
class Put final : public State {
 public:
  Put(std::string prefix, const TensorMap& from, Issues& issues) : prefix_(std::move(prefix)), from_(from), issues_(issues) {}
  void tensor(const std::string& name, Tensor& tensor, bool) override {
    const auto found = from_.find(prefix_ + name);
    if (found == from_.end()) issues_.push_back(error(prefix_ + name, "the checkpoint has no such tensor"));
    else tensor = found->second.clone();
  }

 private:
  const std::string prefix_;
  const TensorMap& from_;
  Issues& issues_;
};

// The trained network's weights; those of a frozen one with its adaptations folded in.
Issues takeOver(const Value& recipe, const TensorMap& tensors, LoadedBackbone& backbone) {
  Issues issues;
  const Value* adapt = recipe.find("adapt");
  if (!adapt || recipe.find("bank")) {
    for (auto& item : backbone.vit->named_parameters()) {
      const auto found = tensors.find("model.backbone." + item.key());
      if (found == tensors.end()) issues.push_back(error(item.key(), "the checkpoint has no such tensor"));
      else item.value().copy_(found->second);
    }
    if (!issues.empty()) issues = {error("backbone.train", "this run has trained no network that could stand alone", "its recipe must say \"backbone\": {\"train\": \"all\"}, or adapt with ssf or lora")};
    return issues;
  }
  Setting setting;
  setting.shape = backbone.shape;
  int place = 0;
  for (const Value& entry : adapt->asArray()) {
    const std::string path = "adapt." + std::to_string(place++);
    const auto adaptation = parts().adaptations.make(entry, setting);
    Put put("model." + path + ".", tensors, issues);
    adaptation->visit(put);
    if (!adaptation->fold(backbone.vit))
      issues.push_back(error(path, "[" + entry.find("use")->asString() + "] it is a function of its own and cannot be made part of the weights", "adapt with ssf or lora, or train the network"));
  }
  return issues;
}

}  // namespace

void exportBackbone(const std::filesystem::path& run_folder, const std::filesystem::path& out,
                    const std::map<std::string, std::string>& card, bool half) {
  const auto checkpoints = checkpointsOf(run_folder);
  if (checkpoints.empty()) throw BadInput({error(run_folder.string(), "the run has no checkpoint yet", "let it finish a task")});
  const record::RunHeader header = record::runHeader(record::readJsonFile(record::Paths(run_folder).run()));
  RunOptions options;
  if (const Value* written = header.options.find("backbone")) options.backbone = written->asString();
  if (const Value* written = header.options.find("image_size")) options.image_size = static_cast<int>(written->asInt());
  if (const Value* written = header.options.find("position_resize")) options.position_resize = written->asString();
  LoadedBackbone backbone = loadBackbone(options.backbone, options.image_size, resourceFolder().string(), positionResizeNamed(options.position_resize));
  const TensorMap tensors = readTensors(checkpoints.front());
  const torch::NoGradGuard no_graph;
  if (Issues issues = takeOver(header.recipe, tensors, backbone); hasErrors(issues)) throw BadInput(std::move(issues));
  Metadata metadata(card.begin(), card.end());
  const Value* range = header.options.find("input_range");
  metadata["input_range"] = range && range->asString() != "default" ? range->asString() : backbone.input_range;
  metadata["heads"] = std::to_string(backbone.shape.heads);
  saveBackbone(out, backbone.vit, metadata, half);
}

}  // namespace palimpsest
