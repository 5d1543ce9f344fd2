// Class order and task sizes as LAMDA-PILOT draws them (methods: metrics and protocols, section 3).
#include "engine/scenario/scenario.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "engine/data/dataset.h"
#include "engine/data/spec_options.h"
#include "engine/protocol/error.h"
#include "engine/protocol/param.h"
#include "engine/scenario/drawn_stream.h"

namespace palimpsest {
namespace {

constexpr const char* kOption = "--scenario";

using Kind = Scenario::Kind;
constexpr std::int64_t kMostSeed = 0xffffffffLL;

// In the order of the enumeration.
const std::vector<std::string>& kindNames() {
  static const std::vector<std::string> names{"cil", "til", "dil", "blurry", "drift"};
  return names;
}

std::vector<int> natural(int n) {
  std::vector<int> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<int> inverse(const std::vector<int>& order) {
  std::vector<int> out(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) out[static_cast<std::size_t>(order[k])] = static_cast<int>(k);
  return out;
}

std::vector<int> orderFrom(const std::string& text, int n, Issues& issues) {
  if (text == "natural") return natural(n);
  std::int64_t seed = 0;
  if (parseInteger(text, seed) && seed >= 0 && seed <= kMostSeed)
    return pilotClassOrder(n, static_cast<std::uint32_t>(seed));
  issues.push_back(error(kOption, "order=" + text + " is neither natural nor a seed from 0 to 4294967295"));
  return natural(n);
}

std::string counted(std::size_t n, const std::string& one, const std::string& many) {
  return std::to_string(n) + ' ' + (n == 1 ? one : many);
}

// "has no test image of 2 classes: cat, dog": a line for each place, since a domain may lack hundreds.
void reportMissing(const std::string& where, const std::string& split, const std::vector<std::string>& names,
                   Issues& issues) {
  constexpr std::size_t listed = 10;
  if (names.empty()) return;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), listed); ++i) list += (i ? ", " : ": ") + names[i];
  if (names.size() > listed) list += " and " + std::to_string(names.size() - listed) + " more";
  issues.push_back(error("--data",
                         where + " has no " + split + " image of " + counted(names.size(), "class", "classes") + list,
                         "Add images, or leave the class out everywhere."));
}

// Images that are missing where the scenario needs some: of each class in both splits; with domains, in each of them.
void checkImages(const Dataset& data, bool by_domain, Issues& issues) {
  const std::size_t domains = by_domain ? data.domain_names.size() : 1, classes = data.class_names.size();
  for (const auto& [name, split] : {std::pair("training", data.train.get()), std::pair("test", data.test.get())}) {
    std::vector<bool> there(domains * classes);
    for (std::int64_t i = 0; i < split->size(); ++i) {
      const auto domain = static_cast<std::size_t>(by_domain ? split->domain(i) : 0),
                 label = static_cast<std::size_t>(split->label(i));
      PALIMPSEST_EXPECT(domain < domains && label < classes, "[scenario] an image of a domain or class without a name");
      there[domain * classes + label] = true;
    }
    for (std::size_t domain = 0; domain < domains; ++domain) {
      std::vector<std::string> missing;
      for (std::size_t label = 0; label < classes; ++label)
        if (!there[domain * classes + label]) missing.push_back(data.class_names[label]);
      reportMissing(by_domain ? "domain " + data.domain_names[domain] : "the data set", name, missing, issues);
    }
  }
}

// cil and til.
void splitClasses(Scenario& scenario, int classes, SpecOptions& options, Issues& issues) {
  constexpr std::int64_t most = 1'000'000;
  if (!options.has("init") && !options.has("increment"))
    issues.push_back(error(kOption, "the size of the tasks is missing",
                           "Write " + kindNames()[static_cast<std::size_t>(scenario.kind)] +
                               ":init=A,increment=B; one of them alone stands for both."));
  const bool one_task = options.text("init", "") == "all";
  std::int64_t increment = options.integer("increment", 0, 1, most);
  const std::int64_t init = one_task ? classes : options.integer("init", increment, 1, most);
  if (increment == 0) increment = init;
  const std::vector<int> order = orderFrom(options.text("order", "1993"), classes, issues);
  const bool mammoth = options.choice("semantics", {"pilot", "mammoth"}) == 1;
  options.finish();
  if (init > classes)
    issues.push_back(error(kOption,
                           "the first task would have " + std::to_string(init) + " classes, but the data set has " +
                               std::to_string(classes),
                           "Choose init from 1 to " + std::to_string(classes) + "."));
  if (!issues.empty()) return;

  scenario.class_order = mammoth ? inverse(order) : order;
  scenario.label_of = inverse(scenario.class_order);
  int first = 0;
  for (const int size : taskSizes(classes, static_cast<int>(init), static_cast<int>(increment))) {
    const auto begin = scenario.class_order.begin() + first;
    scenario.task_of.insert(scenario.task_of.end(), static_cast<std::size_t>(size),
                            static_cast<int>(scenario.tasks.size()));
    scenario.tasks.push_back({{begin, begin + size}, first, first + size});
    first += size;
  }
}

// dil. Without a data set only the text is checked.
void splitDomains(Scenario& scenario, const Dataset* data, SpecOptions& options, Issues& issues) {
  const int domains = data ? static_cast<int>(data->domain_names.size()) : 1;
  scenario.domain_order = orderFrom(options.text("order", "natural"), domains, issues);
  options.finish();
  if (data && domains < 2)
    issues.push_back(error("--data", "dil: needs images of two domains or more, and these are all of one",
                           "Choose domains:DIR or shapes:domains=photo+sketch, or another scenario."));
  if (!data || !issues.empty()) return;
  const int classes = static_cast<int>(data->class_names.size());
  scenario.class_order = scenario.label_of = natural(classes);
  scenario.task_of.assign(static_cast<std::size_t>(classes), 0);
  scenario.tasks.assign(static_cast<std::size_t>(domains), {scenario.class_order, 0, classes});
}

// Numbers labels in the order in which their classes appear in what was drawn.
void adopt(Scenario& scenario, DrawnStream stream, const Dataset& data, Issues& issues) {
  scenario.label_of.assign(data.class_names.size(), -1);
  scenario.tasks.resize(stream.train.size());
  for (std::size_t task = 0; task < stream.train.size(); ++task) {
    for (const auto index : stream.train[task]) {
      const int cls = data.train->label(index);
      int& label = scenario.label_of[static_cast<std::size_t>(cls)];
      if (label >= 0) continue;
      label = static_cast<int>(scenario.class_order.size());
      scenario.class_order.push_back(cls);
    }
    scenario.tasks[task].seen = static_cast<int>(scenario.class_order.size());
    if (stream.train[task].empty())
      issues.push_back(error(kOption, "task " + std::to_string(task + 1) + " would have no training image",
                             "Choose fewer tasks, or take more images."));
  }
  for (const int cls : scenario.class_order) {
    scenario.task_of.push_back(stream.major[static_cast<std::size_t>(cls)]);
    scenario.tasks[static_cast<std::size_t>(scenario.task_of.back())].classes.push_back(cls);
  }
  scenario.drawn = std::move(stream.train);
}

// blurry and drift. Without a data set only the text is checked.
void drawTasks(Scenario& scenario, int classes, const Dataset* data, SpecOptions& options, Issues& issues) {
  Blur blur;
  blur.tasks = static_cast<int>(options.integer("tasks", blur.tasks, 2, 1'000'000));
  if (scenario.kind == Kind::Blurry) {
    blur.disjoint = static_cast<int>(options.integer("disjoint", blur.disjoint, 0, 100));
    blur.blurry = static_cast<int>(options.integer("blurry", blur.blurry, 0, 100));
  }
  blur.seed = static_cast<std::uint32_t>(options.integer("order", 1993, 0, kMostSeed));
  options.finish();
  if (blur.tasks > classes)
    issues.push_back(error(kOption,
                           "there would be " + std::to_string(blur.tasks) + " tasks, but the data set has " +
                               std::to_string(classes) + " classes",
                           "Choose tasks from 2 to " + std::to_string(classes) + "."));
  if (const int most = 100 * (blur.tasks - 1) / blur.tasks; scenario.kind == Kind::Blurry && blur.blurry > most)
    issues.push_back(
        error(kOption,
              "blurry=" + std::to_string(blur.blurry) + " would leave a class less in its own task than in each other",
              "With " + std::to_string(blur.tasks) + " tasks choose blurry from 0 to " + std::to_string(most) + "."));
  if (!data || !issues.empty()) return;
  const bool blurry = scenario.kind == Kind::Blurry;
  adopt(scenario,
        blurry ? drawBlurry(*data->train, classes, blur) : drawDrift(*data->train, classes, blur.tasks, blur.seed),
        *data, issues);
}

Kind kindNamed(const std::string& name) {
  const auto found = std::find(kindNames().begin(), kindNames().end(), name);
  if (found != kindNames().end()) return static_cast<Kind>(found - kindNames().begin());
  const auto meant = nearest(name, kindNames());
  throw BadInput({error(
      kOption, "there is no scenario \"" + name + "\"" + (meant ? "; did you mean " + *meant + "?" : std::string()),
      "Write cil:init=A,increment=B,order=SEED or order=natural; others are til:, dil:, blurry: and drift:.")});
}

Scenario make(const std::string& text, int classes, const Dataset* data) {
  PALIMPSEST_EXPECT(classes >= 1, "[scenario] a data set has at least one class");
  const Spec spec = splitSpec(text);
  Scenario scenario;
  scenario.spec = text;
  scenario.kind = kindNamed(spec.kind);
  const bool by_domain = scenario.kind == Kind::DomainIncremental, by_class = scenario.kind <= Kind::TaskIncremental;
  scenario.task_known = scenario.kind == Kind::TaskIncremental;
  Issues issues;
  SpecOptions options(spec.rest, kOption, issues);
  if (data) checkImages(*data, by_domain && !data->domain_names.empty(), issues);
  if (by_class) splitClasses(scenario, classes, options, issues);
  else if (by_domain) splitDomains(scenario, data, options, issues);
  else drawTasks(scenario, classes, data, options, issues);
  if (!data && !by_class)
    issues.push_back(error(kOption, spec.kind + ": is made from the images of a data set, and none is open",
                           "Choose a data set that can be opened."));
  if (!issues.empty()) throw BadInput(std::move(issues));
  return scenario;
}

}  // namespace

std::vector<int> pilotClassOrder(int classes, std::uint32_t seed) {
  // NumPy's legacy generator is MT19937, and its shuffle draws masked words until one fits; the standard library's
  // shuffle and distributions are implementation-defined and would give another order.
  std::mt19937 generator(seed);
  std::vector<int> order = natural(classes);
  for (int i = classes - 1; i > 0; --i) {
    std::uint32_t mask = static_cast<std::uint32_t>(i);
    for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    std::uint32_t draw = generator() & mask;
    while (draw > static_cast<std::uint32_t>(i)) draw = generator() & mask;
    std::swap(order[i], order[draw]);
  }
  return order;
}

std::vector<int> taskSizes(int classes, int init, int increment) {
  PALIMPSEST_EXPECT(init >= 1 && increment >= 1 && init <= classes, "[scenario] task sizes out of range");
  std::vector<int> sizes{init};
  int sum = init;
  while (sum + increment < classes) {
    sizes.push_back(increment);
    sum += increment;
  }
  if (sum < classes) sizes.push_back(classes - sum);
  return sizes;
}

Scenario makeScenario(const std::string& text, const Dataset& data) {
  return make(text, static_cast<int>(data.class_names.size()), &data);
}

Scenario makeScenario(const std::string& text, int classes) { return make(text, classes, nullptr); }

int Scenario::taskOf(int label) const {
  PALIMPSEST_EXPECT(label >= 0 && label < static_cast<int>(task_of.size()), "[scenario] no such label");
  return task_of[static_cast<std::size_t>(label)];
}

int Scenario::taskOf(const Split& split, std::int64_t index) const {
  if (domain_order.empty()) return taskOf(label_of[static_cast<std::size_t>(split.label(index))]);
  const auto found = std::find(domain_order.begin(), domain_order.end(), split.domain(index));
  PALIMPSEST_EXPECT(found != domain_order.end(), "[scenario] no such domain");
  return static_cast<int>(found - domain_order.begin());
}

}  // namespace palimpsest
