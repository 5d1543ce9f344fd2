#include "engine/parts/catalogue.h"

#include "engine/engine.h"
#include "engine/parts/head/heads.h"
#include "engine/parts/penalty/descriptor_distillation.h"
#include "engine/parts/phase/phases.h"
#include "engine/parts/prompts/prompts.h"

namespace palimpsest {
namespace {

Catalogue makeCatalogue() {
  Catalogue c;
  c.queries.add<ClsFrozenQuery>();
  c.pools.add<FlatPool>();
  c.selectors.add<TopKCosine>();
  c.injectors.add<TokenInjector>();
  c.features.add<ClsFeature>().add<InjectedMeanFeature>();
  c.heads.add<LinearHead>().add<PrototypeHead>();
  c.penalties.add<DescriptorDistillation>();
  c.phases.add<SgdPhase>().add<ObservePhase>().add<WarmStartPhase>();
  return c;
}

std::string useOf(const Value* spec) {
  const Value* use = spec ? spec->find("use") : nullptr;
  return use ? use->asString() : "";
}

void promptRules(const Value& recipe, Issues& issues) {
  const Value* prompts = recipe.find("prompts");
  const bool prompted = prompts && !prompts->asArray().empty();
  if (prompted && !recipe.find("query"))
    issues.push_back(error("query", "prompts are chosen by a query, and the recipe has none", "add \"query\": {\"use\": \"cls-frozen\"}"));
  if (!prompted && useOf(recipe.find("feature")) == "injected-mean")
    issues.push_back(error("feature.use", "[injected-mean] nothing is injected: the recipe has no prompts", "use \"cls\", or add prompts"));
  if (prompted && recipe.at("backbone.train") && recipe.at("backbone.train")->asString() == "all")
    issues.push_back(error("backbone.train", "a prompt pool needs a frozen network for its query", "set it to \"nothing\""));
  if (!prompted) return;
  int place = 0;
  for (const Value& entry : prompts->asArray()) {
    const std::string path = "prompts." + std::to_string(place++);
    for (const char* slot : {"pool", "select", "inject"})
      if (!entry.find(slot)) issues.push_back(error(path + "." + slot, std::string("a prompt needs a ") + slot));
    const Value* size = entry.at("pool.size");
    const Value* top_k = entry.at("select.top_k");
    if (size && top_k && top_k->asInt() > size->asInt())
      issues.push_back(error(path + ".select.top_k", "[top-k-cosine] top_k " + top_k->text() + " is larger than the pool (size " + size->text() + ")"));
  }
}

void phaseRules(const Value& recipe, Issues& issues) {
  const bool observes = useOf(recipe.find("head")) == "prototypes";
  int place = 0, observed = 0, trained = 0;
  for (const Value& phase : recipe.find("phases") ? recipe.find("phases")->asArray() : Value::Array{}) {
    const std::string path = "phases." + std::to_string(place++);
    observed += useOf(&phase) == "observe";
    const Value* weight = phase.find("cross_entropy");
    const bool by_labels = useOf(&phase) == "sgd" && !(weight && weight->asDouble() == 0);
    trained += by_labels;
    const Value* penalties = recipe.find("penalties");
    if (useOf(&phase) == "sgd" && !by_labels && (!penalties || penalties->asArray().empty()))
      issues.push_back(error(path + ".cross_entropy", "[sgd] without the cross-entropy there is nothing to descend: the recipe has no penalties", "give it a weight, or add a penalty"));
    if (useOf(&phase) == "observe" && !observes)
      issues.push_back(error(path + ".use", "[observe] the head \"" + useOf(recipe.find("head")) + "\" has nothing to observe"));
    if (by_labels && observes)
      issues.push_back(error(path + ".use", "[sgd] class means give no gradient worth following", "train a linear head"));
  }
  if (observes && !observed) issues.push_back(error("phases", "[prototypes] class means need an \"observe\" phase"));
  if (!observes && !trained) issues.push_back(error("phases", "nothing trains the head", "add an \"sgd\" phase"));
}

// What has to be learned of the images before the first step, and what of the network may change then.
void warmStartRules(const Value& recipe, Issues& issues) {
  const Value* train = recipe.at("backbone.train");
  const bool trains = train && train->asString() == "all";
  bool warm = false;
  int place = 0;
  for (const Value& phase : recipe.find("phases") ? recipe.find("phases")->asArray() : Value::Array{}) {
    const std::string path = "phases." + std::to_string(place++);
    if (useOf(&phase) != WarmStartPhase::kName) continue;
    warm = true;
    const Value *whiten = phase.find("whiten_patches"), *fan_in = phase.find("fan_in");
    if (!trains && ((whiten && whiten->asBool()) || (fan_in && fan_in->asBool())))
      issues.push_back(error(path + ".use", "[warm-start] the network is frozen, and its weights would be replaced",
                             "set backbone.train to \"all\", or whiten_patches and fan_in to false"));
  }
  place = 0;
  for (const Value& penalty : recipe.find("penalties") ? recipe.find("penalties")->asArray() : Value::Array{}) {
    const std::string path = "penalties." + std::to_string(place++);
    if (useOf(&penalty) == DescriptorDistillation::kName && !warm)
      issues.push_back(error(path + ".use", "[descriptor-distillation] its teacher is fitted to training images, and no phase shows it any",
                             "put {\"use\": \"warm-start\"} in front of the phases"));
  }
}

}  // namespace

const Catalogue& parts() {
  static const Catalogue catalogue = makeCatalogue();
  return catalogue;
}

std::vector<PartInfo> Catalogue::describe() const {
  std::vector<PartInfo> rows{{"backbone", "vit", "Vision Transformer",
                              "The pre-trained network. Which weights is an option of the run; what of them is trained belongs to the recipe.",
                              specsOf<BackboneParams>()}};
  queries.describe(rows);
  pools.describe(rows);
  selectors.describe(rows);
  injectors.describe(rows);
  features.describe(rows);
  heads.describe(rows);
  penalties.describe(rows);
  phases.describe(rows);
  return rows;
}

const std::vector<PartInfo>& catalogue() {
  static const std::vector<PartInfo> rows = parts().describe();
  return rows;
}

Issues contradictions(const Value& recipe) {
  Issues issues;
  for (const char* slot : {"feature", "head"})
    if (!recipe.find(slot)) issues.push_back(error(slot, std::string("the recipe has no ") + slot));
  promptRules(recipe, issues);
  phaseRules(recipe, issues);
  warmStartRules(recipe, issues);
  int place = 0;
  for (const Value& phase : recipe.find("phases") ? recipe.find("phases")->asArray() : Value::Array{})
    parts().phases.conflicts(phase, "phases." + std::to_string(place++), issues);
  return issues;
}

}  // namespace palimpsest
