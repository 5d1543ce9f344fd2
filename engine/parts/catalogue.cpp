#include "engine/parts/catalogue.h"

#include <algorithm>
#include <set>

#include "engine/engine.h"
#include "engine/parts/adaptation/adaptations.h"
#include "engine/parts/gradient/rules.h"
#include "engine/parts/head/heads.h"
#include "engine/parts/head/mahalanobis.h"
#include "engine/parts/head/random_ridge.h"
#include "engine/parts/head/subspaces.h"
#include "engine/parts/memory/exemplars.h"
#include "engine/parts/penalty/descriptor_distillation.h"
#include "engine/parts/penalty/penalties.h"
#include "engine/parts/phase/consolidate.h"
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
  c.adaptations.add<AdapterAdaptation>().add<ScaleShiftAdaptation>().add<LowRankAdaptation>().add<LearnedPrefixAdaptation>();
  c.banks.add<TaskBank>();
  c.features.add<ClsFeature>().add<InjectedMeanFeature>().add<BothClsFeature>().add<MembersFeature>().add<LateralFeature>();
  c.heads.add<LinearHead>().add<CosineHead>().add<PrototypeHead>().add<MahalanobisHead>().add<RandomRidgeHead>().add<SubspaceHead>().add<RetrievalHead>().add<ColumnHead>();
  c.statistics.add<GaussianStatistics>();
  c.memories.add<Exemplars>();
  c.penalties.add<Distillation>().add<QuadraticPenalty>().add<FeatureOrthogonality>().add<DescriptorDistillation>();
  c.gradients.add<GradientProjection>().add<AverageProjection>().add<Reptile>();
  c.phases.add<SgdPhase>().add<ObservePhase>().add<AlignPhase>().add<FisherPhase>().add<WarmStartPhase>();
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

// Prompts named by number: there, and not all of them masked.
void namedPrompts(const Value& entry, const std::string& path, std::int64_t size, Issues& issues) {
  for (const char* what : {"mask", "force"}) {
    const Value* named = entry.at(std::string("select.") + what);
    if (!named || size <= 0) continue;
    std::set<std::int64_t> there;
    for (const Value& prompt : named->asArray()) {
      if (prompt.asInt() < size) there.insert(prompt.asInt());
      else issues.push_back(error(path + ".select." + what, "there is no prompt " + std::to_string(prompt.asInt()) + ": the pool holds " + std::to_string(size) + ", counted from 0"));
    }
    if (std::string(what) == "mask" && static_cast<std::int64_t>(there.size()) == size)
      issues.push_back(error(path + ".select.mask", "every prompt is masked: there is none left to choose", "leave one"));
  }
}

// What pool, selector and injector of one entry ask of each other.
void entryRules(const Value& entry, const std::string& path, Issues& issues) {
  const std::string pool = useOf(entry.find("pool")), select = useOf(entry.find("select")), inject = useOf(entry.find("inject"));
  const std::int64_t size = wholeOr(entry, "pool.size", 0), top_k = wholeOr(entry, "select.top_k", 0), length = wholeOr(entry, "pool.length", 0);
  if (select == TopKCosine::kName && size > 0 && top_k > size)
    issues.push_back(error(path + ".select.top_k", "[top-k-cosine] top_k " + std::to_string(top_k) + " is larger than the pool (size " + std::to_string(size) + ")"));
  namedPrompts(entry, path, size, issues);
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
  const bool stay = prompted && std::ranges::any_of(prompts->asArray(), [](const Value& entry) { return useOf(entry.find("inject")) == TokenInjector::kName; });
  if (!stay && useOf(recipe.find("feature")) == "injected-mean")
    issues.push_back(error("feature.use", "[injected-mean] no prompt goes through the network as a token", "use \"cls\", or prompts with \"inject\": {\"use\": \"tokens\"}"));
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

const Value::Array& listOf(const Value& recipe, const char* key) {
  static const Value::Array kNone;
  const Value* found = recipe.find(key);
  return found ? found->asArray() : kNone;
}

int usesOf(const Value& recipe, const char* key, std::string_view name) {
  return static_cast<int>(std::ranges::count_if(listOf(recipe, key), [&](const Value& entry) { return useOf(&entry) == name; }));
}

// Heads that are solved from what they have seen; of these one also has a layer that is trained.
bool solvesItself(const std::string& head) {
  for (const auto name : {PrototypeHead::kName, MahalanobisHead::kName, RandomRidgeHead::kName, SubspaceHead::kName, RetrievalHead::kName})
    if (head == name) return true;
  return false;
}

bool descendsLabels(const Value& phase) {
  const Value* weight = phase.find("cross_entropy");
  return useOf(&phase) == SgdPhase::kName && !(weight && weight->asDouble() == 0);
}

void trainingRules(const Value& recipe, const Value& phase, const std::string& path, Issues& issues) {
  const std::string head = useOf(recipe.find("head"));
  if (!descendsLabels(phase) && listOf(recipe, "penalties").empty())
    issues.push_back(error(path + ".cross_entropy", "[sgd] without the cross-entropy there is nothing to descend: the recipe has no penalties", "give it a weight, or add a penalty"));
  if (descendsLabels(phase) && solvesItself(head) && head != RetrievalHead::kName && !recipe.find("proxy"))
    issues.push_back(error(path + ".use", "[sgd] the head \"" + head + "\" is solved from what it has seen and gives no gradient worth following",
                           "add a \"proxy\" that is trained in its place, such as {\"use\": \"cosine\"}, or take a linear head"));
  const bool anew = std::ranges::any_of(listOf(recipe, "phases"), [](const Value& one) { return textOr(one, "data") == "memory"; });
  if (descendsLabels(phase) && recipe.find("proxy") && solvesItself(head) && !recipe.find("bank") && !anew && textOr(phase, "when") != "first-task")
    issues.push_back(error(path + ".when", "[sgd] what the head has seen of earlier tasks would speak of features that are no more",
                           "set it to \"first-task\", keep an adaptation for each task (\"bank\"), or let the head observe the memory"));
}

void observeRules(const Value& recipe, const Value& phase, const std::string& path, Issues& issues) {
  const std::string head = useOf(recipe.find("head"));
  if (!solvesItself(head) && !recipe.find("statistics"))
    issues.push_back(error(path + ".use", "[observe] the head \"" + head + "\" has nothing to observe, and the recipe keeps no statistics"));
  if (textOr(phase, "data") == "memory" && textOr(recipe, "memory.policy") != "herding")
    issues.push_back(error(path + ".data", "[observe] the memory is looked at where it is filled by herding", "set memory.policy to \"herding\", or data to \"task\""));
}

void phaseRules(const Value& recipe, Issues& issues) {
  const std::string head = useOf(recipe.find("head"));
  int place = 0, trained = 0;
  for (const Value& phase : listOf(recipe, "phases")) {
    const std::string path = "phases." + std::to_string(place++);
    trained += descendsLabels(phase);
    if (useOf(&phase) == SgdPhase::kName) trainingRules(recipe, phase, path, issues);
    if (useOf(&phase) == ObservePhase::kName) observeRules(recipe, phase, path, issues);
    if (useOf(&phase) == AlignPhase::kName && !recipe.find("statistics"))
      issues.push_back(error(path + ".use", "[align] features are drawn from statistics, and the recipe keeps none", "add \"statistics\": {\"use\": \"gaussians\"}"));
    if (useOf(&phase) == AlignPhase::kName && recipe.find("proxy"))
      issues.push_back(error(path + ".use", "[align] there is no head to align: what is trained is a proxy"));
  }
  const bool observed = usesOf(recipe, "phases", ObservePhase::kName) > 0;
  if (solvesItself(head) && !observed) issues.push_back(error("phases", "[" + head + "] nobody shows the head any images", "add an \"observe\" phase"));
  if (recipe.find("statistics") && !observed) issues.push_back(error("phases", "nobody shows the statistics any images", "add an \"observe\" phase"));
  if (!solvesItself(head) && !trained) issues.push_back(error("phases", "nothing trains the head", "add an \"sgd\" phase"));
}

// What adaptations, banks and the parts that read them ask of each other.
void adaptationRules(const Value& recipe, Issues& issues) {
  const std::string feature = useOf(recipe.find("feature")), head = useOf(recipe.find("head"));
  const bool banked = recipe.find("bank") != nullptr, adapted = !listOf(recipe, "adapt").empty();
  const bool reads = feature == MembersFeature::kName || feature == LateralFeature::kName;
  const bool goes_by = head == SubspaceHead::kName || head == RetrievalHead::kName || head == ColumnHead::kName;
  if (banked && !adapted) issues.push_back(error("bank", "every task is to have adaptations of its own, and the recipe has none", "add \"adapt\": [{\"use\": \"adapter\"}]"));
  if (reads && !banked) issues.push_back(error("feature.use", "[" + feature + "] it reads one adaptation for each task, and there is no bank of them", "add \"bank\": {\"use\": \"tasks\"}"));
  if (goes_by != reads) issues.push_back(error("head.use", "[" + head + "] heads that go by tasks and features that read all of them belong together", "\"members\" with \"subspace-prototypes\" or \"retrieval\", \"lateral\" with \"columns\""));
  else if ((feature == LateralFeature::kName) != (head == ColumnHead::kName)) issues.push_back(error("head.use", "[" + head + "] columns with lateral connections have a layer each", "\"lateral\" and \"columns\" go together"));
  if (banked && !listOf(recipe, "prompts").empty()) issues.push_back(error("bank", "prompts are not kept for each task beside adaptations", "take away one of them"));
  if (adapted && recipe.at("backbone.train") && textOr(recipe, "backbone.train") == "all")
    issues.push_back(error("backbone.train", "adaptations change a frozen network", "set it to \"nothing\""));
}

// What holds on to earlier tasks needs, and what it must not be put together with.
void memoryRules(const Value& recipe, Issues& issues) {
  const bool keeps = recipe.find("memory") != nullptr, banked = recipe.find("bank") != nullptr;
  const std::string replay = textOr(recipe, "memory.replay"), learner = recipe.find("proxy") ? "proxy" : "head";
  if ((replay == "joined" || replay == "epoch" || replay == "apart") && textOr(recipe, (learner + ".train_on").c_str()) != "all-seen")
    issues.push_back(error(learner + ".train_on", "images of earlier tasks come back, and the loss looks at the present classes only", "set it to \"all-seen\""));
  if (listOf(recipe, "gradient").size() > 1) issues.push_back(error("gradient", "only one rule can decide on a step"));
  for (const auto name : {GradientProjection::kName, AverageProjection::kName, Reptile::kName})
    if (usesOf(recipe, "gradient", name) > 0 && !keeps)
      issues.push_back(error("memory", "[" + std::string(name) + "] it needs images of earlier tasks, and the recipe keeps none", "add \"memory\": {\"use\": \"exemplars\"}"));
  if (usesOf(recipe, "gradient", Reptile::kName) > 0 && replay == "apart")
    issues.push_back(error("memory.replay", "[reptile] it mixes images of the memory into its own steps", "set it to \"joined\""));
  if (usesOf(recipe, "penalties", QuadraticPenalty::kName) > 0 && usesOf(recipe, "phases", FisherPhase::kName) == 0)
    issues.push_back(error("phases", "[quadratic] nobody measures what has mattered", "add {\"use\": \"fisher\"} behind the training"));
  if (usesOf(recipe, "penalties", QuadraticPenalty::kName) > 0 && banked)
    issues.push_back(error("bank", "[quadratic] every task trains tensors of its own, so that there is nothing to hold on to", "take away the bank or the penalty"));
  if (usesOf(recipe, "penalties", FeatureOrthogonality::kName) > 0 && !recipe.find("statistics"))
    issues.push_back(error("statistics", "[feature-orthogonality] it goes by class means, and the recipe keeps none", "add \"statistics\": {\"use\": \"gaussians\"}"));
  if (keeps) parts().memories.conflicts(*recipe.find("memory"), "memory", issues);
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
  adaptations.describe(rows);
  banks.describe(rows);
  features.describe(rows);
  heads.describe(rows);
  statistics.describe(rows);
  memories.describe(rows);
  penalties.describe(rows);
  gradients.describe(rows);
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
  adaptationRules(recipe, issues);
  phaseRules(recipe, issues);
  memoryRules(recipe, issues);
  warmStartRules(recipe, issues);
  int place = 0;
  for (const Value& phase : recipe.find("phases") ? recipe.find("phases")->asArray() : Value::Array{})
    parts().phases.conflicts(phase, "phases." + std::to_string(place++), issues);
  return issues;
}

}  // namespace palimpsest
