#include "engine/memory/exemplar_memory.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

// Streams of Purpose::Selection that belong to the memory.
constexpr int kPlaces = 1000, kDraws = 1001;

std::size_t areaOf(const Image& image) {
  return static_cast<std::size_t>(image.height) * static_cast<std::size_t>(image.width) *
         static_cast<std::size_t>(image.channels);
}

void expectSound(const Exemplar& exemplar) {
  PALIMPSEST_EXPECT(exemplar.label >= 0 && exemplar.task >= 0 && exemplar.index >= 0,
                    "[exemplar-memory] labels, tasks and indices count from 0");
  const Image& image = exemplar.image;
  PALIMPSEST_EXPECT(image.width > 0 && image.height > 0 && (image.channels == 1 || image.channels == 3) &&
                        image.pixels.size() == areaOf(image),
                    "[exemplar-memory] an image has height x width x channels bytes");
}

}  // namespace

ExemplarMemory::ExemplarMemory(std::int64_t capacity, ExemplarPolicy policy, std::uint64_t seed)
    : capacity_(capacity), policy_(policy), seed_(seed) {
  PALIMPSEST_EXPECT(capacity >= 0, "[exemplar-memory] a capacity is a number of images");
}

std::optional<std::size_t> ExemplarMemory::offer(Exemplar exemplar) {
  PALIMPSEST_EXPECT(policy_ != ExemplarPolicy::Herding, "[exemplar-memory] herded lists are set, not offered");
  expectSound(exemplar);
  const auto label = static_cast<std::size_t>(exemplar.label);
  exemplar.insertion = offered_++;
  if (policy_ == ExemplarPolicy::ClassBalanced) {
    offered_by_label_.resize(std::max(offered_by_label_.size(), label + 1));
    ++offered_by_label_[label];
  }
  const auto place = placeFor(exemplar.label);
  if (place) add(std::move(exemplar), *place);
  return place;
}

// offered_ already counts the newcomer: it is n, from 1. Drawing from n + 1 numbers instead, as some released code
// does, favours old images.
std::optional<std::size_t> ExemplarMemory::placeFor(int label) const {
  if (static_cast<std::int64_t>(entries_.size()) < capacity_) return entries_.size();
  Rng rng = rngOf(seed_, Purpose::Selection, kPlaces, offered_);
  if (policy_ == ExemplarPolicy::ClassBalanced) return balancedPlace(label, rng);
  const std::uint64_t drawn = rng.below(static_cast<std::uint64_t>(offered_));
  if (drawn < static_cast<std::uint64_t>(capacity_)) return drawn;
  return std::nullopt;
}

// Once the memory is full its largest class never grows. So a class that has lost or turned away an image stays within
// one of the largest and is a reservoir of its own from then on; one further below has everything it was offered. Both,
// and random evictions, leave a uniform sample of every class.
std::optional<std::size_t> ExemplarMemory::balancedPlace(int label, Rng& rng) const {
  std::vector<std::int64_t> held = heldByLabel();
  held.resize(offered_by_label_.size());
  const std::int64_t own = held[static_cast<std::size_t>(label)];
  const auto largest = std::max_element(held.begin(), held.end());
  if (*largest > own + 1)
    return entryOf(static_cast<int>(largest - held.begin()), rng.below(static_cast<std::uint64_t>(*largest)));
  const auto seen = static_cast<std::uint64_t>(offered_by_label_[static_cast<std::size_t>(label)]);
  if (const std::uint64_t drawn = rng.below(seen); drawn < static_cast<std::uint64_t>(own))
    return entryOf(label, drawn);
  return std::nullopt;
}

std::size_t ExemplarMemory::entryOf(int label, std::uint64_t number) const {
  for (std::size_t entry = 0; entry < entries_.size(); ++entry)
    if (entries_[entry].label == label && number-- == 0) return entry;
  PALIMPSEST_EXPECT(false, "[exemplar-memory] a class has fewer entries than were counted");
  return 0;
}

void ExemplarMemory::add(Exemplar exemplar, std::size_t place) {
  if (place == entries_.size()) entries_.push_back(std::move(exemplar));
  else entries_[place] = std::move(exemplar);
}

std::size_t ExemplarMemory::setClass(int label, std::vector<Exemplar> ordered) {
  PALIMPSEST_EXPECT(policy_ == ExemplarPolicy::Herding, "[exemplar-memory] only herded lists are set");
  for (const Exemplar& exemplar : ordered) {
    expectSound(exemplar);
    PALIMPSEST_EXPECT(exemplar.label == label, "[exemplar-memory] a list is of one class");
  }
  std::erase_if(entries_, [&](const Exemplar& held) { return held.label == label; });
  const std::size_t room = static_cast<std::size_t>(capacity_) - entries_.size();
  ordered.resize(std::min(ordered.size(), room));
  for (Exemplar& exemplar : ordered) {
    exemplar.insertion = offered_++;
    add(std::move(exemplar), entries_.size());
  }
  return ordered.size();
}

void ExemplarMemory::shrink(int quota) { shrinkEach(std::vector<int>(heldByLabel().size(), quota)); }

void ExemplarMemory::shrinkEach(const std::vector<int>& quota_by_label) {
  PALIMPSEST_EXPECT(policy_ == ExemplarPolicy::Herding, "[exemplar-memory] only herded lists are shortened");
  std::vector<std::int64_t> left(quota_by_label.begin(), quota_by_label.end());
  PALIMPSEST_EXPECT(left.size() >= heldByLabel().size(), "[exemplar-memory] every class held has a quota");
  std::erase_if(entries_, [&](const Exemplar& held) { return left[static_cast<std::size_t>(held.label)]-- <= 0; });
}

ExemplarMemory::Draw ExemplarMemory::draw(int count, std::uint64_t draw_key) const {
  const std::size_t held = entries_.size(), wanted = held ? static_cast<std::size_t>(std::max(count, 0)) : 0;
  Draw out{{}, wanted > held};
  Rng rng = rngOf(seed_, Purpose::Selection, kDraws, draw_key);
  if (out.repeated) {
    for (std::size_t i = 0; i < wanted; ++i) out.entries.push_back(rng.below(held));
    return out;
  }
  std::vector<std::size_t> all(held);  // the first steps of a Fisher-Yates shuffle
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (std::size_t i = 0; i < wanted; ++i) std::swap(all[i], all[i + rng.below(held - i)]);
  all.resize(wanted);
  out.entries = std::move(all);
  return out;
}

std::vector<std::int64_t> ExemplarMemory::heldByLabel() const {
  std::vector<std::int64_t> held;
  for (const Exemplar& exemplar : entries_) {
    const auto label = static_cast<std::size_t>(exemplar.label);
    held.resize(std::max(held.size(), label + 1));
    ++held[label];
  }
  return held;
}

std::int64_t ExemplarMemory::imageBytes() const {
  std::int64_t bytes = 0;
  for (const Exemplar& exemplar : entries_) bytes += static_cast<std::int64_t>(exemplar.image.pixels.size());
  return bytes;
}

std::int64_t ExemplarMemory::logitBytes() const {
  std::int64_t bytes = 0;
  for (const Exemplar& exemplar : entries_) bytes += static_cast<std::int64_t>(exemplar.logits.size() * sizeof(float));
  return bytes;
}

}  // namespace palimpsest
