// An exemplar memory as columns and back. What comes back was in a file: everything is checked before anything is used.
#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <string>

#include "engine/memory/exemplar_memory.h"
#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

constexpr const char* kHint = "The checkpoint is damaged or of another run; an earlier one may be whole.";
constexpr int kMostSide = 1 << 20;       // so that the bytes of an image cannot overflow
constexpr int kMostClasses = 1'000'000;  // so that counting by class cannot take any memory; scenarios have no more

std::string number(std::int64_t value) { return std::to_string(value); }

class Check {
 public:
  Check(const ExemplarState& state, std::int64_t capacity, ExemplarPolicy policy)
      : state_(state), held_(static_cast<std::int64_t>(state.labels.size())), capacity_(capacity), policy_(policy) {}

  Issues problems() {
    lengths();
    counters();
    pixels();
    logits();
    if (policy_ == ExemplarPolicy::ClassBalanced) classCounters();
    else expect(state_.offered_by_label.empty(), "offered_by_label", "is of a class-balanced memory");
    return std::move(issues_);
  }

 private:
  void expect(bool condition, const char* column, const std::string& message) {
    if (!condition) issues_.push_back(error(std::string("memory.") + column, message, kHint));
  }
  template <typename T>
  bool lengthIs(const std::vector<T>& values, std::int64_t wanted, const char* column) {
    const bool right = static_cast<std::int64_t>(values.size()) == wanted;
    expect(right, column,
           "has " + number(static_cast<std::int64_t>(values.size())) + " values instead of " + number(wanted));
    return right;
  }
  template <typename T>
  void notNegative(const std::vector<T>& values, const char* column) {
    expect(std::none_of(values.begin(), values.end(), [](T value) { return value < 0; }), column,
           "has a value below 0");
  }

  void lengths() {
    expect(held_ <= capacity_, "labels", number(held_) + " exemplars are more than the capacity " + number(capacity_));
    lengthIs(state_.tasks, held_, "tasks");
    lengthIs(state_.indices, held_, "indices");
    notNegative(state_.labels, "labels");
    expect(std::all_of(state_.labels.begin(), state_.labels.end(), [](int label) { return label < kMostClasses; }),
           "labels", "has a class from " + number(kMostClasses) + " on");
    notNegative(state_.tasks, "tasks");
    notNegative(state_.indices, "indices");
  }

  void counters() {
    lengthIs(state_.insertions, held_, "insertions");
    notNegative(state_.insertions, "insertions");
    const std::set<std::int64_t> different(state_.insertions.begin(), state_.insertions.end());
    expect(different.size() == state_.insertions.size(), "insertions", "has a number twice");
    expect(different.empty() || *different.rbegin() < state_.offered, "insertions",
           "has a number that is not below the " + number(state_.offered) + " offered");
    expect(state_.offered >= 0, "offered", number(state_.offered) + " is below 0");
    const std::int64_t wanted = std::min(capacity_, state_.offered);
    expect(policy_ == ExemplarPolicy::Herding || held_ == wanted, "labels",
           number(held_) + " exemplars of " + number(state_.offered) + " offered to a memory of " + number(capacity_) +
               " are not " + number(wanted));
  }

  void pixels() {
    if (!lengthIs(state_.sizes, 3 * held_, "sizes")) return;
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < state_.sizes.size(); i += 3) {
      const int height = state_.sizes[i], width = state_.sizes[i + 1], channels = state_.sizes[i + 2];
      const bool possible =
          height > 0 && height <= kMostSide && width > 0 && width <= kMostSide && (channels == 1 || channels == 3);
      if (!possible)
        return expect(false, "sizes",
                      number(height) + " x " + number(width) + " x " + number(channels) + " is no image");
      bytes += static_cast<std::int64_t>(height) * width * channels;
      if (bytes > std::numeric_limits<std::int64_t>::max() / 2) return expect(false, "sizes", "is beyond any memory");
    }
    lengthIs(state_.pixels, bytes, "pixels");
  }

  void logits() {
    notNegative(state_.logit_counts, "logit_counts");
    if (lengthIs(state_.logit_counts, held_, "logit_counts"))
      lengthIs(state_.logits, std::accumulate(state_.logit_counts.begin(), state_.logit_counts.end(), std::int64_t{0}),
               "logits");
  }

  void classCounters() {
    const auto& offered = state_.offered_by_label;
    notNegative(offered, "offered_by_label");
    std::vector<std::int64_t> held(offered.size());
    std::int64_t left = state_.offered;
    bool enough = true;
    for (const int label : state_.labels) {
      if (label < 0) continue;  // said already
      enough = enough && static_cast<std::size_t>(label) < held.size();
      if (enough) ++held[static_cast<std::size_t>(label)];
    }
    for (std::size_t label = 0; label < offered.size(); ++label) {
      enough = enough && held[label] <= offered[label] && offered[label] <= left;
      left -= enough ? offered[label] : 0;
    }
    expect(enough && left == 0, "offered_by_label", "does not add up to what is held and was offered");
  }

  const ExemplarState& state_;
  std::int64_t held_, capacity_;
  ExemplarPolicy policy_;
  Issues issues_;
};

}  // namespace

ExemplarState ExemplarMemory::state() const {
  ExemplarState out{.offered = offered_, .offered_by_label = offered_by_label_};
  out.pixels.reserve(static_cast<std::size_t>(imageBytes()));
  for (const Exemplar& one : entries_) {
    out.sizes.insert(out.sizes.end(), {one.image.height, one.image.width, one.image.channels});
    out.pixels.insert(out.pixels.end(), one.image.pixels.begin(), one.image.pixels.end());
    out.labels.push_back(one.label);
    out.tasks.push_back(one.task);
    out.indices.push_back(one.index);
    out.insertions.push_back(one.insertion);
    out.logit_counts.push_back(static_cast<int>(one.logits.size()));
    out.logits.insert(out.logits.end(), one.logits.begin(), one.logits.end());
  }
  return out;
}

void ExemplarMemory::restore(const ExemplarState& state) {
  if (Issues problems = Check(state, capacity_, policy_).problems(); !problems.empty())
    throw BadInput(std::move(problems));
  std::vector<Exemplar> entries;
  auto pixel = state.pixels.begin();
  auto logit = state.logits.begin();
  for (std::size_t i = 0; i < state.labels.size(); ++i) {
    Image image{.width = state.sizes[3 * i + 1], .height = state.sizes[3 * i], .channels = state.sizes[3 * i + 2]};
    const auto pixels_end = pixel + static_cast<std::int64_t>(image.height) * image.width * image.channels;
    image.pixels.assign(pixel, pixels_end);
    pixel = pixels_end;
    const auto logits_end = logit + state.logit_counts[i];
    entries.push_back({std::move(image),
                       state.labels[i],
                       state.tasks[i],
                       state.indices[i],
                       {logit, logits_end},
                       state.insertions[i]});
    logit = logits_end;
  }
  auto offered_by_label = state.offered_by_label;
  entries_ = std::move(entries);
  offered_by_label_ = std::move(offered_by_label);
  offered_ = state.offered;
}

}  // namespace palimpsest
