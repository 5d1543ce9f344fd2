#include "engine/scenario/stream.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

using Indices = std::vector<std::int64_t>;

Indices inDomain(const Split& split, const Indices& images, int domain) {
  Indices out;
  std::copy_if(images.begin(), images.end(), std::back_inserter(out),
               [&](auto index) { return split.domain(index) == domain; });
  return out;
}

// Images by new label: [training, test].
using Counts = std::map<int, std::pair<std::int64_t, std::int64_t>>;

Counts countsOf(const Scenario& scenario, const Stream& stream, const Dataset& data, std::size_t task) {
  Counts counts;
  const auto labelOf = [&](const Split& split, std::int64_t index) {
    return scenario.label_of[static_cast<std::size_t>(split.label(index))];
  };
  for (const auto index : stream.train[task]) ++counts[labelOf(*data.train, index)].first;
  for (const auto index : stream.test[task]) ++counts[labelOf(*data.test, index)].second;
  return counts;
}

}  // namespace

Stream streamOf(const Scenario& scenario, const Dataset& data) {
  PALIMPSEST_EXPECT(scenario.label_of.size() == data.class_names.size(), "[scenario] made for another data set");
  Stream stream{scenario.drawn, {}};
  for (std::size_t t = 0; t < scenario.tasks.size(); ++t) {
    Indices test = indicesOf(*data.test, scenario.tasks[t].classes);
    Indices train = scenario.drawn.empty() ? indicesOf(*data.train, scenario.tasks[t].classes) : Indices();
    if (!scenario.domain_order.empty()) {
      train = inDomain(*data.train, train, scenario.domain_order[t]);
      test = inDomain(*data.test, test, scenario.domain_order[t]);
    }
    if (scenario.drawn.empty()) stream.train.push_back(std::move(train));
    stream.test.push_back(std::move(test));
  }
  return stream;
}

Value realised(const Scenario& scenario, const Stream& stream, const Dataset& data) {
  Value::Array tasks;
  for (std::size_t task = 0; task < stream.train.size(); ++task) {
    Value::Array classes, train, test;
    for (const auto& [label, images] : countsOf(scenario, stream, data, task)) {
      classes.emplace_back(scenario.class_order[static_cast<std::size_t>(label)]);
      train.emplace_back(images.first);
      test.emplace_back(images.second);
    }
    Value one{Value::Object{}};
    if (!scenario.domain_order.empty())
      one["domain"] = data.domain_names[static_cast<std::size_t>(scenario.domain_order[task])];
    one["classes"] = std::move(classes);
    one["train"] = std::move(train);
    one["test"] = std::move(test);
    tasks.push_back(std::move(one));
  }
  return tasks;
}

}  // namespace palimpsest
