// The one list of all parts. Explicit, in the order in which people see it; no static registration.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/parts/prompts/slots.h"
#include "engine/protocol/error.h"

namespace palimpsest {

class Exemplars;

// Parts of one slot: add<P>() reads P::kName, kTitle, kDoc and P::Params and keeps a factory.
template <typename Base>
class Shelf {
 public:
  explicit Shelf(std::string slot) : slot_(std::move(slot)) {}

  template <typename P>
  Shelf& add() {
    using Params = typename P::Params;
    rows_.push_back({PartInfo{slot_, std::string(P::kName), std::string(P::kTitle), std::string(P::kDoc), specsOf<Params>()},
                     [](const Value& spec, const Setting& setting) -> std::unique_ptr<Base> {
                       Issues issues;
                       const auto params = readParams<Params>(spec, std::string(P::kName), issues, {"use"});
                       if (hasErrors(issues)) throw BadInput(std::move(issues));
                       return std::make_unique<P>(params, setting);
                     },
                     [](const Value& spec, const std::string& path, Issues& issues) {
                       readParams<Params>(spec, path, issues, {"use"});
                     }});
    return *this;
  }

  // `spec` is a resolved {"use": name, ...}.
  std::unique_ptr<Base> make(const Value& spec, const Setting& setting) const { return row(spec).make(spec, setting); }
  // Rules that span the parameters of one part (Params::conflict).
  void conflicts(const Value& spec, const std::string& path, Issues& issues) const { row(spec).check(spec, path, issues); }
  void describe(std::vector<PartInfo>& out) const {
    for (const Row& row : rows_) out.push_back(row.info);
  }

 private:
  struct Row {
    PartInfo info;
    std::function<std::unique_ptr<Base>(const Value&, const Setting&)> make;
    std::function<void(const Value&, const std::string&, Issues&)> check;
  };
  const Row& row(const Value& spec) const {
    const Value* use = spec.find("use");
    for (const Row& candidate : rows_)
      if (use && candidate.info.name == use->asString()) return candidate;
    throw Error("internal", "no " + slot_ + " named \"" + (use ? use->asString() : "") + "\" in the catalogue");
  }
  std::string slot_;
  std::vector<Row> rows_;
};

// The network itself is no part, but a recipe says what of it is trained.
struct BackboneParams {
  std::string train = "nothing";
  static auto fields() {
    return std::tuple{Field{"train", &BackboneParams::train,
                            {.choices = "nothing|all", .doc = "Which weights of the network are trained."}}};
  }
};

struct Catalogue {
  Shelf<Part> queries{"query"};
  Shelf<Pool> pools{"pool"};
  Shelf<Selector> selectors{"select"};
  Shelf<Injector> injectors{"inject"};
  Shelf<Adaptation> adaptations{"adapt"};
  Shelf<Part> banks{"bank"};
  Shelf<Feature> features{"feature"};
  Shelf<Head> heads{"head"};
  Shelf<Statistics> statistics{"statistics"};
  Shelf<Exemplars> memories{"memory"};
  Shelf<Penalty> penalties{"penalty"};
  Shelf<GradientRule> gradients{"gradient"};
  Shelf<Phase> phases{"phase"};
  std::vector<PartInfo> describe() const;
};
const Catalogue& parts();

// Rules of a resolved recipe that no single declaration can say: which slots need each other, what fits together.
Issues contradictions(const Value& recipe);

}  // namespace palimpsest
