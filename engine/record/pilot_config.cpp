#include "engine/record/pilot_config.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace palimpsest::record {
namespace {

struct Method {
  std::string_view theirs, ours;
};
constexpr std::array<Method, 17> kMethods{{{"l2p", "l2p.pilot"},
                                           {"dualprompt", "dualprompt.pilot"},
                                           {"coda_prompt", "coda-prompt.pilot"},
                                           {"simplecil", "simplecil"},
                                           {"aper_finetune", "aper-finetune.pilot"},
                                           {"aper_ssf", "aper-ssf.pilot"},
                                           {"aper_vpt_shallow", "aper-vpt-shallow.pilot"},
                                           {"aper_vpt_deep", "aper-vpt-deep.pilot"},
                                           {"aper_adapter", "aper-adapter.pilot"},
                                           {"aper_aperpter", "aper-adapter.pilot"},
                                           {"ranpac", "ranpac.pilot"},
                                           {"fecam", "fecam.pilot"},
                                           {"slca", "slca.pilot"},
                                           {"ease", "ease.pilot"},
                                           {"mos", "mos.released"},
                                           {"finetune", "finetune.pilot"},
                                           {"icarl", "icarl.pilot"}}};

struct Key {
  std::string_view theirs, ours;
};
// Of older and newer files alike; the later of two with the same path wins.
constexpr std::array<Key, 17> kKeys{{{"tuned_epoch", "phases.0.epochs"},
                                     {"epochs", "phases.0.epochs"},
                                     {"init_lr", "phases.0.lr"},
                                     {"lrate", "phases.0.lr"},
                                     {"batch_size", "phases.0.batch"},
                                     {"weight_decay", "phases.0.weight_decay"},
                                     {"milestones", "phases.0.milestones"},
                                     {"lrate_decay", "phases.0.gamma"},
                                     {"size", "prompts.0.pool.size"},
                                     {"length", "prompts.0.pool.length"},
                                     {"top_k", "prompts.0.select.top_k"},
                                     {"pull_constraint_coeff", "prompts.0.select.pull"},
                                     {"ffn_num", "adapt.0.width"},
                                     {"prompt_token_num", "prompts.0.pool.length"},
                                     {"M", "head.projection"},
                                     {"memory_size", "memory.capacity"},
                                     {"ca_epochs", "phases.2.epochs"}}};

// Say nothing that a recipe would not say itself, or nothing of the method.
constexpr std::array<std::string_view, 18> kSilent{"prefix", "device", "model_name", "init_cls", "increment", "seed", "shuffle", "dataset", "memory_per_class", "fixed_memory",
                                                   "pretrained", "drop", "drop_path", "num_workers", "get_original_backbone", "model_postfix", "reinit_optimizer", "print_forget"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

const Value& firstOf(const Value& value) { return value.isArray() && !value.asArray().empty() ? value.asArray().front() : value; }

void takeMethod(const Value& config, PilotPlan& plan) {
  std::string name = config.find("model_name")->asString();
  if (const Value* projected = config.find("use_RP"); name == "ranpac" && projected && !projected->asBool(true)) {
    plan.recipe = "ranpac.no-projection";
    return;
  }
  for (const Method& method : kMethods)
    if (method.theirs == name) plan.recipe = method.ours;
  if (!plan.recipe.empty()) return;
  if (name == "der")
    plan.issues.push_back(warning("model_name", "PILOT's \"der\" is the dynamically expandable representation, of which there is no recipe; the recipe der is dark experience replay", "choose another method"));
  else
    plan.issues.push_back(warning("model_name", "there is no recipe of PILOT's method \"" + name + "\"", "choose another method; \"list recipes\" shows all"));
}

void takeStream(const Value& config, PilotPlan& plan) {
  const Value* shuffle = config.find("shuffle");
  const Value* seed = config.find("seed");
  const bool natural = shuffle && shuffle->isBool() && !shuffle->asBool();
  const std::int64_t order = seed ? firstOf(*seed).asInt(1993) : 1993;
  plan.options["scenario"] = "cil:init=" + std::to_string(config.find("init_cls")->asInt(1)) + ",increment=" + std::to_string(config.find("increment")->asInt(1)) +
                             ",order=" + (natural ? "natural" : std::to_string(order));
  plan.options["seed"] = std::int64_t{1};
  if (seed && seed->isArray() && seed->asArray().size() > 1)
    plan.issues.push_back(warning("seed", "the file asks for " + std::to_string(seed->asArray().size()) + " class orders; only the first is taken", "queue the others with the scenario's order"));
  const char* transform = plan.recipe.starts_with("coda-prompt") ? "pilot-coda" : "pilot";
  plan.options["train_transform"] = transform;
  plan.options["test_transform"] = transform;
}

void takeData(const Value& config, PilotPlan& plan) {
  const Value* data = config.find("dataset");
  const std::string name = data ? data->asString() : "";
  if (name == "cifar224" || name == "cifar100") plan.options["data"] = "cifar100";
  else if (name == "cifar10") plan.options["data"] = "cifar10";
  else plan.issues.push_back(warning("dataset", "where the images of \"" + name + "\" lie is not in the file", "choose the data: folder:DIR for a folder of images by class"));
  if (const Value* backbone = config.find("backbone_type"))
    plan.issues.push_back(warning("backbone_type", "the network \"" + backbone->asString() + "\" is a file that you have to name", "choose the backbone; vit_base_patch16_224 of timm is what PILOT loads"));
}

}  // namespace

bool isPilotConfig(const Value& config) {
  const Value* method = config.find("model_name");
  return method && method->isString() && config.find("init_cls") && config.find("increment");
}

PilotPlan pilotPlan(const Value& config) {
  PilotPlan plan;
  if (!isPilotConfig(config)) {
    plan.issues.push_back(error("", "this is no configuration of PILOT: it needs model_name, init_cls and increment", "choose another file"));
    return plan;
  }
  takeMethod(config, plan);
  takeStream(config, plan);
  takeData(config, plan);
  std::string left;
  for (const auto& [key, value] : config.asObject()) {
    if (contains(kSilent, key) || key == "backbone_type") continue;
    const auto found = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& k) { return k.theirs == key; });
    if (found != kKeys.end()) plan.settings.emplace_back(found->ours, value);
    else left += (left.empty() ? "" : ", ") + key;
  }
  if (!left.empty() && !plan.recipe.empty())
    plan.issues.push_back(warning("", "settings that the recipe " + plan.recipe + " fixes itself, or that have no counterpart: " + left, "look at the recipe's tree if one of them was changed"));
  return plan;
}

std::vector<std::string> takeSettings(const PilotPlan& plan, Value& resolved) {
  std::vector<std::string> left;
  for (const auto& [path, value] : plan.settings) {
    Value* place = resolved.at(path);
    if (place && value.isArray() == place->isArray()) *place = value;
    else left.push_back(path);
  }
  return left;
}

}  // namespace palimpsest::record
