#include "engine/protocol/control.h"

#include <algorithm>
#include <optional>

#include "engine/protocol/param.h"

namespace palimpsest {
namespace {

// What a recipe that leaves them out gets from the parts in engine/parts/prompts.
constexpr std::int64_t kFlatLength = 5, kComponentLength = 8, kTopK = 5;

struct Refusal {
  std::string message, hint;
};
using Outcome = std::optional<Refusal>;  // nullopt: done

const Value& memberOf(const Value& object, std::string_view key) {
  static const Value kNothing;
  const Value* found = object.find(key);
  return found ? *found : kNothing;
}
const std::string& useOf(const Value& part) { return memberOf(part, "use").asString(); }
bool nearestKeys(const Value& entry) { return useOf(memberOf(entry, "select")) == "top-k-cosine"; }
bool weighted(const Value& entry) { return useOf(memberOf(entry, "select")) == "gated-cosine"; }
bool generated(const Value& entry) { return useOf(memberOf(entry, "inject")) == "generated"; }
std::int64_t topKOf(const Value& entry) { return memberOf(memberOf(entry, "select"), "top_k").asInt(kTopK); }
std::int64_t perTaskOf(const Value& entry) { return memberOf(memberOf(entry, "pool"), "per_task").asInt(0); }

void setBoth(Value& entry, const char* rule) {
  entry["select"]["train"] = rule;
  entry["select"]["test"] = rule;
}

// An image of the control gets as many rows as one of the recipe: otherwise more tokens would pass for a better choice.
std::int64_t rowsOf(const Value& entry) {
  const Value& pool = memberOf(entry, "pool");
  if (weighted(entry)) return memberOf(pool, "length").asInt(kComponentLength);
  const std::string& rule = memberOf(memberOf(entry, "select"), "test").asString();
  const std::int64_t own = perTaskOf(entry);
  const bool sliced = own > 0 && (rule == "task" || rule == "nearest-mean");
  return memberOf(pool, "length").asInt(kFlatLength) * (sliced ? std::min(topKOf(entry), own) : topKOf(entry));
}

Outcome share(Value& entry) {
  if (generated(entry))
    return Refusal{
        "its prompts are generated from the code of a task, and one code for all would not be a shared prompt",
        "compare with vpt-deep.sequential"};
  Value pool = Value::Object{{"use", "flat"}, {"size", 1}, {"length", rowsOf(entry)}};
  const Value& old = memberOf(entry, "pool");
  if (const Value* init = old.find("init"); init && useOf(old) == "flat") pool["init"] = *init;
  entry["pool"] = std::move(pool);
  entry["select"] = Value::Object{{"use", "constant"}};
  return std::nullopt;
}

// Where nobody owns prompts there is nothing that a task could be told: then each task gets a slice of its own.
void goByTask(Value& entry, const char* rule) {
  entry["select"]["test"] = rule;
  if (weighted(entry) || perTaskOf(entry) > 0) return;
  entry["pool"]["per_task"] = topKOf(entry);
  entry["pool"]["size"] = 0;
  entry["select"]["train"] = "task";
}
Outcome tellTask(Value& entry) { return goByTask(entry, "task"), std::nullopt; }
Outcome nearestMean(Value& entry) { return goByTask(entry, "nearest-mean"), std::nullopt; }

Outcome deal(Value& entry) {
  if (weighted(entry)) entry["select"]["shuffle"] = true;
  else setBoth(entry, "random");
  return std::nullopt;
}

Outcome giveAll(Value& entry) {
  if (generated(entry))
    return Refusal{"its prompts are generated from the code of one task, and an image cannot have the codes of all",
                   "\"random\" and \"oracle-task\" are controls that it can have"};
  if (weighted(entry)) {
    entry["select"]["normaliser"] = "uniform";
    entry["select"]["support"] = 0;
  } else {
    setBoth(entry, "all");
  }
  return std::nullopt;
}

struct Control {
  std::string_view name, doc;
  Outcome (*change)(Value& entry);  // of an entry of "prompts" that has a choice; none: the prompts go altogether
};
constexpr Control kControls[] = {
    {"no-prompt",
     "The same frozen network, head and training without prompts: what the recipe gains over it is what its prompts "
     "do.",
     nullptr},
    {"shared-prompt",
     "One prompt for all images, with as many rows as an image was given: what the recipe gains over it is what having "
     "a pool does.",
     share},
    {"oracle-task",
     "At test each image is given prompts of its own task, as if it were known: what perfect matching would add. "
     "Where no task owns prompts, each gets top_k of its own, which are trained on it alone.",
     tellTask},
    {"random", "Prompts, or the weights of components, are dealt to images at random: what choosing by the image does.",
     deal},
    {"whole-pool",
     "Every image is given every prompt, or all components with the same weight: what leaving some out does.", giveAll},
    {"nearest-mean",
     "At test each image is given prompts of the task whose class mean is nearest to its query: what learned keys add "
     "to "
     "that. Where no task owns prompts, each gets top_k of its own, which are trained on it alone.",
     nearestMean},
};

const Control* controlNamed(std::string_view name) {
  for (const Control& control : kControls)
    if (control.name == name) return &control;
  return nullptr;
}

Outcome dropPrompts(Value& recipe) {
  if (recipe.find("proxy"))
    return Refusal{
        "its head is trained on the first task's prompted features, and without prompts only class means are left",
        "that is the recipe simplecil"};
  recipe.erase("prompts");
  recipe.erase("query");
  recipe["feature"] = Value::Object{{"use", "cls"}};
  return std::nullopt;
}

// Does nothing where something still asks for the query.
void dropUnusedQuery(Value& recipe) {
  if (useOf(memberOf(recipe, "feature")) == "cls-both") return;
  for (const Value& entry : memberOf(recipe, "prompts").asArray())
    if (useOf(memberOf(entry, "select")) != "constant") return;
  recipe.erase("query");
}

Outcome changeChoices(Value& recipe, const Control& control) {
  Value::Array entries = memberOf(recipe, "prompts").asArray();
  bool chosen = false;
  for (Value& entry : entries) {
    if (!nearestKeys(entry) && !weighted(entry)) continue;
    chosen = true;
    if (Outcome refusal = control.change(entry)) return refusal;
  }
  if (!chosen)
    return Refusal{control.change == share ? "it has no pool to do without"
                                           : "it chooses nothing: every image gets the same prompts",
                   "compare with its control \"no-prompt\", or with the recipe simplecil"};
  recipe["prompts"] = std::move(entries);
  dropUnusedQuery(recipe);
  return std::nullopt;
}

std::string knownControls() {
  std::string text = "known: ";
  for (const std::string& name : controlNames()) text += (text.ends_with(' ') ? "" : ", ") + name;
  return text;
}

}  // namespace

std::vector<std::string> controlNames() {
  std::vector<std::string> names;
  for (const Control& control : kControls) names.emplace_back(control.name);
  return names;
}

std::string controlDoc(std::string_view name) {
  const Control* control = controlNamed(name);
  return control ? std::string(control->doc) : "";
}

Value controlled(const Value& recipe, const std::string& name, Issues& issues) {
  const Control* control = controlNamed(name);
  if (!control) {
    const auto near = nearest(name, controlNames());
    issues.push_back(error("control", "there is no control named \"" + name + "\"",
                           near ? "did you mean \"" + *near + "\"?" : knownControls()));
    return {};
  }
  Value changed = recipe;
  Outcome refusal = Refusal{"the recipe has no prompts, so there is nothing to control", "name a recipe with prompts"};
  if (!memberOf(recipe, "prompts").asArray().empty())
    refusal = control->change ? changeChoices(changed, *control) : dropPrompts(changed);
  const std::string whole = memberOf(recipe, "name").asString() + "+" + name;
  if (refusal) {
    issues.push_back(error(whole, refusal->message, refusal->hint));
    return {};
  }
  const std::string title = memberOf(recipe, "title").asString(), doc = memberOf(recipe, "doc").asString();
  changed["name"] = whole;
  if (!title.empty()) changed["title"] = title + ", " + name;
  changed["doc"] = doc + (doc.empty() ? "" : " ") + "Control: " + std::string(control->doc);
  return changed;
}

}  // namespace palimpsest
