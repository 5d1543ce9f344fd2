// What a method keeps of earlier tasks: training images as decoded, without augmentation, which replay applies anew
// (experience replay, DER, iCaRL, GEM). std only. One thread at a time. There is no generator to save: the n-th offer
// and each draw have a stream of their own (protocol/random.h), so that a restored memory goes on as if never stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/data/image.h"
#include "engine/protocol/random.h"

namespace palimpsest {

struct Exemplar {
  Image image;                 // images of one memory may differ in size
  int label = 0;               // new label, in the order of the scenario; >= 0
  int task = 0;                // >= 0
  std::int64_t index = 0;      // in the training split; >= 0
  std::vector<float> logits;   // of the network when it came in (DER): classes known then; empty: none are kept
  std::int64_t insertion = 0;  // set by the memory: how many came before it, those turned away included
};

enum class ExemplarPolicy {
  // Every image offered so far is held with probability capacity / offered (Vitter 1985, algorithm R).
  Reservoir,
  // Each of K classes has at least floor(capacity / K) images, or all that were offered of it; those that have more
  // differ by at most one. A newcomer takes the place of a random image of the largest class, or of its own if that is
  // as large. What is held of a class is a uniform sample of what was offered of it. With more classes than room the
  // later ones stay out.
  ClassBalanced,
  // Lists in order of priority (herding.h), set class by class and shortened from their ends (Rebuffi et al. 2017).
  Herding
};

// A memory as flat columns, a row for each of n exemplars, for a checkpoint.
struct ExemplarState {
  std::vector<int> sizes;                      // [n, 3]: height, width, channels
  std::vector<std::uint8_t> pixels;            // images behind each other; [n, H, W, C] where all have one size
  std::vector<int> labels, tasks;              // [n]
  std::vector<std::int64_t> indices;           // [n]
  std::vector<std::int64_t> insertions;        // [n]
  std::vector<int> logit_counts;               // [n]
  std::vector<float> logits;                   // behind each other
  std::int64_t offered = 0;                    // the counter that streams are keyed by
  std::vector<std::int64_t> offered_by_label;  // ClassBalanced alone
  friend bool operator==(const ExemplarState&, const ExemplarState&) = default;
};

class ExemplarMemory {
 public:
  // capacity: images, >= 0; 0 stays empty. A fixed number for each class is a capacity of that number times all
  // classes, and lists of that length. The seed is the run's.
  ExemplarMemory(std::int64_t capacity, ExemplarPolicy policy, std::uint64_t seed);

  // The next image of the stream (Reservoir, ClassBalanced): the entry it became, or nullopt where it was turned away.
  std::optional<std::size_t> offer(Exemplar exemplar);

  // Herding: this list instead of what was held of the class, best first. What does not fit into the capacity is left
  // off its end, so shrink() first. Returns how many were kept.
  std::size_t setClass(int label, std::vector<Exemplar> ordered);
  // Herding: keeps the first of each class, as many as its quota; every label held needs one (quotas() in herding.h).
  void shrinkEach(const std::vector<int>& quota_by_label);
  void shrink(int quota);  // the same one for each class

  struct Draw {
    std::vector<std::size_t> entries;  // numbers of entries; none from an empty memory
    bool repeated = false;             // drawn with replacement, because more was asked for than is held
  };
  // `count` entries, uniformly; without replacement as long as they suffice. A function of what is held, the seed and
  // the key: draws that are to be independent (DER++'s two in a step) need keys of their own.
  Draw draw(int count, std::uint64_t draw_key) const;

  const std::vector<Exemplar>& entries() const { return entries_; }  // Herding: in order of priority inside a class
  std::vector<std::int64_t> heldByLabel() const;                     // [largest label held + 1]
  std::int64_t capacity() const { return capacity_; }
  std::int64_t offered() const { return offered_; }
  std::int64_t imageBytes() const;  // of pixels
  std::int64_t logitBytes() const;  // 4 for each logit

  ExemplarState state() const;
  // Into a memory of the same capacity, policy and seed. Throws BadInput with every problem, and then nothing changes.
  void restore(const ExemplarState& state);

 private:
  std::optional<std::size_t> placeFor(int label) const;
  std::optional<std::size_t> balancedPlace(int label, Rng& rng) const;
  std::size_t entryOf(int label, std::uint64_t number) const;
  void add(Exemplar exemplar, std::size_t place);

  std::int64_t capacity_;
  ExemplarPolicy policy_;
  std::uint64_t seed_;
  std::int64_t offered_ = 0;
  std::vector<std::int64_t> offered_by_label_;
  std::vector<Exemplar> entries_;
};

}  // namespace palimpsest
