#include "engine/parts/catalogue.h"

#include "engine/engine.h"
#include "engine/parts/head/heads.h"
#include "engine/parts/head/mahalanobis.h"
#include "engine/parts/head/random_ridge.h"
#include "engine/parts/penalty/descriptor_distillation.h"
#include "engine/parts/phase/phases.h"
#include "engine/parts/prompts/injectors.h"
#include "engine/parts/prompts/pools.h"
#include "engine/parts/prompts/selectors.h"

namespace palimpsest {
namespace {

Catalogue makeCatalogue() {
  Catalogue c;
  c.queries.add<ClsFrozenQuery>();
  c.pools.add<FlatPool>().add<ComponentPool>();
  c.selectors.add<ConstantSelector>().add<TopKCosine>().add<GatedCosine>();
  c.injectors.add<TokenInjector>().add<DeepTokenInjector>().add<PrefixInjector>().add<GeneratedInjector>();
  c.features.add<ClsFeature>().add<InjectedMeanFeature>().add<BothClsFeature>();
  c.heads.add<LinearHead>().add<PrototypeHead>().add<FirstSessionHead>().add<MahalanobisHead>().add<RandomRidgeHead>();
  c.penalties.add<DescriptorDistillation>();
  c.phases.add<SgdPhase>().add<ObservePhase>().add<WarmStartPhase>();
  return c;
}

std::string useOf(const Value* spec) {
  const Value* use = spec ? spec->find("use") : nullptr;
  return use ? use->asString() : "";
}

std::int64_t wholeOr(const Value& entry, const char* path, std::int64_t otherwise) {
  const Value* found = entry.at(path);
  return found ? found->asInt() : otherwise;
}

std::string textOr(const Value& entry, const char* path) {
  const Value* found = entry.at(path);
  return found ? found->asString() : "";
}

bool goesBySlices(const Value& entry) {
  for (const char* rule : {"select.train", "select.test"})
    if (textOr(entry, rule) == "task" || textOr(entry, rule) == "nearest-mean") return true;
  return false;
}

// What pool, selector and injector of one entry ask of each other.
void entryRules(const Value& entry, const std::string& path, Issues& issues) {
  const std::string pool = useOf(entry.find("pool")), select = useOf(entry.find("select")), inject = useOf(entry.find("inject"));
  const std::int64_t size = wholeOr(entry, "pool.size", 0), top_k = wholeOr(entry, "select.top_k", 0), length = wholeOr(entry, "pool.length", 0);
  if (select == TopKCosine::kName && size > 0 && top_k > size)
    issues.push_back(error(path + ".select.top_k", "[top-k-cosine] top_k " + std::to_string(top_k) + " is larger than the pool (size " + std::to_string(size) + ")"));
  if ((pool == ComponentPool::kName) != (select == GatedCosine::kName))
    issues.push_back(error(path + ".select.use", "components are summed by their weights, and nothing else is", "\"components\" and \"gated-cosine\" go together"));
  if (select == TopKCosine::kName && goesBySlices(entry) && wholeOr(entry, "pool.per_task", 0) == 0)
    issues.push_back(error(path + ".pool.per_task", "[flat] the choice goes by the task that owns a prompt, and no task owns any", "say how many each task owns"));
  if (inject == PrefixInjector::kName && length % 2 != 0)
    issues.push_back(error(path + ".pool.length", "[prefix] half of the rows are keys and half are values: " + std::to_string(length) + " is odd"));
  if (inject == GeneratedInjector::kName && length != 1)
    issues.push_back(error(path + ".pool.length", "[generated] the pool holds one code for each task: its length must be 1"));
  if (inject == TokenInjector::kName && pool == ComponentPool::kName)
    issues.push_back(error(path + ".inject.use", "[tokens] components are keys and values", "use \"prefix\""));
}

void promptRules(const Value& recipe, Issues& issues) {
  const Value* prompts = recipe.find("prompts");
  const bool prompted = prompts && !prompts->asArray().empty();
  bool queried = useOf(recipe.find("feature")) == BothClsFeature::kName;
  if (prompted)
    for (const Value& entry : prompts->asArray()) queried = queried || useOf(entry.find("select")) != ConstantSelector::kName;
  if (prompted && queried && !recipe.find("query"))
    issues.push_back(error("query", "prompts are chosen by a query, and the recipe has none", "add \"query\": {\"use\": \"cls-frozen\"}"));
  if (!prompted && useOf(recipe.find("feature")) == "injected-mean")
    issues.push_back(error("feature.use", "[injected-mean] nothing is injected: the recipe has no prompts", "use \"cls\", or add prompts"));
  if (prompted && recipe.at("backbone.train") && recipe.at("backbone.train")->asString() == "all")
    issues.push_back(error("backbone.train", "a prompt pool needs a frozen network for its query", "set it to \"nothing\""));
  if (!prompted) return;
  int place = 0;
  for (const Value& entry : prompts->asArray()) {
    const std::string path = "prompts." + std::to_string(place++);
    const std::size_t before = issues.size();
    for (const char* slot : {"pool", "select", "inject"})
      if (!entry.find(slot)) issues.push_back(error(path + "." + slot, std::string("a prompt needs a ") + slot));
    if (issues.size() == before) entryRules(entry, path, issues);
  }
}

void phaseRules(const Value& recipe, Issues& issues) {
  const std::string head = useOf(recipe.find("head"));
  const bool first_session = head == FirstSessionHead::kName, observes = head == PrototypeHead::kName || head == MahalanobisHead::kName || head == RandomRidgeHead::kName || first_session;
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
    if (by_labels && first_session && (!phase.find("when") || phase.find("when")->asString() != "first-task"))
      issues.push_back(error(path + ".when", "[sgd] the cosine layer is trained in the first task only; afterwards classes are means", "set it to \"first-task\""));
    if (by_labels && observes && !first_session)
      issues.push_back(error(path + ".use", "[sgd] the head \"" + head + "\" is solved from what it has seen and gives no gradient worth following", "train a linear head"));
  }
  if (observes && !observed) issues.push_back(error("phases", "[" + head + "] nobody shows the head any images", "add an \"observe\" phase"));
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
