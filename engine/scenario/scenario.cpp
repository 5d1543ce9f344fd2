// Class order and task sizes as LAMDA-PILOT draws them (methods: metrics and protocols, section 3).
#include "engine/scenario/scenario.h"

#include <numeric>
#include <random>

#include "engine/data/spec_options.h"
#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

constexpr const char* kOption = "--scenario";

std::vector<int> orderFrom(const std::string& text, int classes, Issues& issues) {
  std::vector<int> order(classes);
  std::iota(order.begin(), order.end(), 0);
  if (text == "natural") return order;
  std::int64_t seed = 0;
  if (parseInteger(text, seed) && seed >= 0 && seed <= 0xffffffffLL)
    return pilotClassOrder(classes, static_cast<std::uint32_t>(seed));
  issues.push_back(error(kOption, "order=" + text + " is neither natural nor a seed from 0 to 4294967295"));
  return order;
}

}  // namespace

std::vector<int> pilotClassOrder(int classes, std::uint32_t seed) {
  // NumPy's legacy generator is MT19937, and its shuffle draws masked words until one fits; the standard library's
  // shuffle and distributions are implementation-defined and would give another order.
  std::mt19937 generator(seed);
  std::vector<int> order(classes);
  std::iota(order.begin(), order.end(), 0);
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

Scenario makeScenario(const std::string& text, int classes) {
  PALIMPSEST_EXPECT(classes >= 1, "[scenario] a data set has at least one class");
  const Spec spec = splitSpec(text);
  Issues issues;
  if (spec.kind != "cil")
    throw BadInput({error(kOption, "there is no scenario \"" + spec.kind + "\"",
                          "Write cil:init=A,increment=B,order=SEED or order=natural.")});
  SpecOptions options(spec.rest, kOption, issues);
  constexpr std::int64_t most = 1'000'000;
  if (!options.has("init") && !options.has("increment"))
    issues.push_back(error(kOption, "the size of the tasks is missing",
                           "Write cil:init=A,increment=B; one of them alone stands for both."));
  const bool one_task = options.text("init", "") == "all";
  std::int64_t increment = options.integer("increment", 0, 1, most);
  const std::int64_t init = one_task ? classes : options.integer("init", increment, 1, most);
  if (increment == 0) increment = init;
  Scenario scenario{.spec = text};
  scenario.class_order = orderFrom(options.text("order", "1993"), classes, issues);
  options.finish();
  if (init > classes)
    issues.push_back(error(kOption,
                           "the first task would have " + std::to_string(init) + " classes, but the data set has " +
                               std::to_string(classes),
                           "Choose init from 1 to " + std::to_string(classes) + "."));
  if (!issues.empty()) throw BadInput(std::move(issues));

  scenario.label_of.resize(classes);
  for (int label = 0; label < classes; ++label) scenario.label_of[scenario.class_order[label]] = label;
  int first = 0;
  for (const int size : taskSizes(classes, static_cast<int>(init), static_cast<int>(increment))) {
    const auto begin = scenario.class_order.begin() + first;
    scenario.tasks.push_back({{begin, begin + size}, first});
    first += size;
  }
  return scenario;
}

int Scenario::taskOf(int label) const {
  int task = 0;
  while (task + 1 < static_cast<int>(tasks.size()) && tasks[static_cast<std::size_t>(task) + 1].first_label <= label) ++task;
  return task;
}

}  // namespace palimpsest
