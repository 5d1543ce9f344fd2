#include "engine/record/fairness.h"

#include <set>
#include <utility>

#include "engine/record/run_settings.h"

namespace palimpsest::record {
namespace {

using Feature = std::function<std::string(const RunHeader&)>;

Feature option(std::string key) {
  return [key = std::move(key)](const RunHeader& run) {
    const Value* value = run.options.find(key);
    return value ? value->text() : std::string();
  };
}

// Runs from before there was such an option held nothing back.
std::string heldOutOf(const RunHeader& run) {
  const Value* held = run.options.find("held_out");
  return held ? held->text() : "0";
}

// Over the phases that train with steps: "5" or "20 + 5".
Feature inPhases(std::string key) {
  return [key = std::move(key)](const RunHeader& run) {
    std::string out;
    const Value* phases = run.recipe.find("phases");
    if (!phases) return out;
    for (const Value& phase : phases->asArray())
      if (const Value* value = phase.find("epochs") ? phase.find(key) : nullptr)
        out += (out.empty() ? "" : " + ") + value->text();
    return out;
  };
}

std::string streamOf(const RunHeader& run) {
  const Value* scenario = run.options.find("scenario");
  return scenario ? withoutOrder(scenario->asString()) : std::string();
}

std::string orderOf(const RunHeader& run) {
  std::string out;
  for (const int c : run.class_order) out.append(out.empty() ? "" : " ").append(std::to_string(c));
  return out;
}

// Whether a method keeps images at all is what it is; how many makes two of these unlike.
std::string memoryOf(const RunHeader& run) {
  const Value* capacity = run.recipe.at("memory.capacity");
  return capacity ? capacity->text() : std::string();
}

std::vector<Criterion> allCriteria() {
  std::vector<Criterion> out{
      {"data", "the data differ", true, true, [](const RunHeader& r) { return r.data; }},
      {"data_fingerprint", "the images or labels used differ", false, true, [](const RunHeader& r) { return r.data_fingerprint; }},
      {"backbone", "the backbones differ", true, true, [](const RunHeader& r) { return r.backbone; }},
      {"backbone_sha256", "the backbones' weights differ", false, true, [](const RunHeader& r) { return r.backbone_sha256; }},
      {"scenario", "the streams of tasks differ", true, true, streamOf},
      {"class_order", "the classes come in different orders", false, true, orderOf}};
  for (const char* key : {"image_size", "input_range", "train_transform", "test_transform", "precision"})
    out.push_back({std::string("options.") + key, std::string(key) + " differs", true, true, option(key)});
  out.push_back({"options.held_out", "held_out differs", true, true, heldOutOf});
  out.push_back({"epochs", "the epochs differ", true, true, inPhases("epochs")});
  out.push_back({"batch", "the training batches differ", true, false, inPhases("batch")});
  out.push_back({"memory", "the memories' capacities differ", true, true, memoryOf});
  out.push_back({"evaluation", "the evaluation differs", true, true, [](const RunHeader& r) { return r.evaluation; }});
  out.push_back({"seeds", "the seeds differ", true, false, [](const RunHeader& r) { return std::to_string(r.seed); }});
  return out;
}

std::string valueOf(const std::vector<const RunHeader*>& runs, const Feature& feature) {
  std::set<std::string> seen;
  for (const RunHeader* run : runs) seen.insert(feature(*run));
  std::string joined;
  for (const std::string& value : seen) joined += (joined.empty() ? "" : " / ") + value;
  return joined;
}

}  // namespace

const std::vector<Criterion>& fairnessCriteria() {
  static const std::vector<Criterion> kAll = allCriteria();
  return kAll;
}

std::vector<Mismatch> mismatches(const std::vector<std::vector<const RunHeader*>>& methods) {
  std::vector<Mismatch> out;
  for (const Criterion& criterion : fairnessCriteria()) {
    Mismatch found{&criterion, {}};
    std::set<std::string> distinct;
    for (const auto& runs : methods) {
      found.values.push_back(valueOf(runs, criterion.value));
      if (!found.values.back().empty()) distinct.insert(found.values.back());
    }
    if (distinct.size() > 1) out.push_back(std::move(found));
  }
  return out;
}

namespace {

bool isJoint(const RunHeader& run) {
  const Value* name = run.recipe.find("name");
  return name && (name->asString() == "joint" || name->asString().starts_with("joint."));
}

std::string scenarioOf(const RunHeader& run) {
  const Value* scenario = run.options.find("scenario");
  return scenario ? scenario->asString() : std::string();
}

}  // namespace

bool isJointReference(const RunHeader& reference, const RunHeader& run) {
  return isJoint(reference) && !isJoint(run) && scenarioOf(reference) == scenarioOf(run) && reference.class_order == run.class_order &&
         reference.data_fingerprint == run.data_fingerprint && heldOutOf(reference) == heldOutOf(run) && reference.backbone_sha256 == run.backbone_sha256;
}

}  // namespace palimpsest::record
