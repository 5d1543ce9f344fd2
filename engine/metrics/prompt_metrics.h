// How prompts are chosen, and what becomes of the choice: collapse, forgetting by matching or by prompts, mismatch
// between training and testing. The choice of L2P (Wang et al. 2022) and of its successors is hard (N prompts an image)
// or soft (weights). std only, pure. Shares are 0..1, entropies in nats; nullopt where a figure is not defined, above
// all where there is no image to measure on. Matrices are row-major.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/metrics/prompt_geometry.h"

namespace palimpsest {

// What prompts a set of images was given at one prompted place.
struct Selections {
  int prompts = 0;              // M: prompts that could be chosen
  int per_image = 0;            // N of a hard top-N selection; 0 where weights are soft
  std::vector<double> weights;  // [images, M] w = |weight| / sum |weight|; every row sums to 1; hard: 1/N on the chosen
  std::vector<int> tasks;       // [images] the task that each image belongs to, from 0; -1: not known
  std::size_t images() const;
};
// chosen: [images] the prompts of each; what is no prompt, or named twice, is left out. An image that chose nothing
// gets every prompt alike, and images that chose different counts make it soft: N is then no property of the place.
Selections hardSelections(int prompts, const std::vector<std::vector<int>>& chosen, std::vector<int> tasks);
// signed_weights: [images, M]. A row of zeros, or one that is not finite, becomes uniform.
Selections softSelections(int prompts, const std::vector<float>& signed_weights, std::vector<int> tasks);
Selections ofTask(const Selections& s, int task);  // the images of one task, in their order

// ---- Use of the prompts, and collapse onto few of them. u is usage, H an entropy, H(u) = -sum_m u_m ln u_m.

std::vector<double> usage(const Selections& s);  // [M] u_m = mean of w_m over images; zeros without images
std::vector<double> usageOf(const Selections& s, int task);
// Soft: H(u) / ln M. Hard: (H(u) - ln N) / (ln M - ln N). 1 even, 0 collapsed; nullopt for M <= N or M = 1, where there
// is nothing to choose. Never read alone: one constant even mixture has 1 too, see inputDependence.
std::optional<double> evenness(const Selections& s);
struct EffectivePrompts {
  double n1 = 0;  // exp H(u)
  double n2 = 0;  // 1 / sum u^2, at most n1; both lie in [N, M], 0 without images
};
EffectivePrompts effectivePrompts(const Selections& s);
// Mutual information of image and prompt, H(u) - mean of H(w) over images, in [0, H(u)]. 0: every image gets the same.
std::optional<double> inputDependence(const Selections& s);
struct SetDiversity {
  int sets = 0;          // distinct sets of prompts with weight > 0
  double effective = 0;  // exp of the entropy of how often each occurs, in [1, sets]; 1: one set for all images
};
SetDiversity setDiversity(const Selections& s);
double coverage(const Selections& s, int k);  // C_k: sum of the k largest u; hard: C_N = 1 means only one set
int k90(const Selections& s);                 // smallest k with C_k >= 0.9; 0 without images
struct DeadPrompts {
  int dead = 0;            // u_m < 0.01 / M
  int never_selected = 0;  // of these, u_m = 0
};
DeadPrompts deadPrompts(const Selections& s);     // zeros without images
std::optional<double> gini(const Selections& s);  // sum_ij |u_i - u_j| / (2 M): 0 even, at most 1 - 1/M

// ---- Two choices for the same images in the same order: before and after, or training's and testing's rule. Prompts
// that only one of them has are prompts of weight 0 in the other. Each is a mean over images; nullopt for other counts.

std::optional<double> jaccard(const Selections& a, const Selections& b);  // |A and B| / |A or B| of those with w > 0
std::optional<double> softJaccard(const Selections& a, const Selections& b);  // sum_m min / sum_m max
double chanceJaccard(int prompts, int per_image);  // of two random N-sets: E[h / (2N - h)], h ~ Hypergeometric(M, N, N)
std::optional<double> totalVariation(const Selections& a, const Selections& b);  // sum_m |a_m - b_m| / 2, 0..1
std::optional<double> jensenShannon(const Selections& a, const Selections& b);   // 0..ln 2
std::optional<double> mismatch(const Selections& a, const Selections& b);        // 1 - jaccard

// ---- Is the prompt found that the image's own task has trained? owner: [M] the task that trained each prompt, -1:
// nobody. Prompts of equal largest weight (all N of a hard choice) share their image. Only images of known task count.

struct Retrieval {
  double accuracy = 0;     // share of images with owner(argmax_m w_m) = task; chance 1/T, an oracle has 1
  double own_mass = 0;     // mean of the weight on the image's own task's prompts
  SquareMatrix confusion;  // [T, T] images of task (row) by owner (column); images that fell to nobody are in none
};
std::optional<Retrieval> retrieval(const Selections& s, const std::vector<int>& owner);
std::optional<double> forwardTheft(const Selections& s, const std::vector<int>& owner);   // share with owner > task
std::optional<double> backwardTheft(const Selections& s, const std::vector<int>& owner);  // share with owner < task
SquareMatrix usageOverlap(const Selections& s);  // [T, T] O_ij = sum_m min(u_m of task i, u_m of task j)

// ---- What forgetting is due to.

// sum_m u_m d_m of one old task's usage and promptDrift, both [M]: foretells what the task forgets.
double usageWeighted(const std::vector<double>& u, const std::vector<double>& drift);

// Accuracies of one task with parts restored from when it was learned. Index: 1 matching + 2 prompts + 4 head.
struct Swap {
  std::array<double, 8> value{};
};
struct Attribution {
  double matching = 0, prompts = 0, head = 0;  // Shapley values: mean gain over the orders of restoring
  double total = 0;                            // value[7] - value[0], their sum
};
Attribution attribution(const Swap& swap);
double classExpansion(double learned, const Swap& swap);  // learned - value[7]: lost to new classes alone

// ---- Pools that grow, and batches.

struct Intrusion {
  double rate = 0;       // share of old images with any weight on new prompts; 1 by construction for a softmax
  double mass = 0;       // mean of that weight
  double invariant = 1;  // 1 - rate: images that the growth left exactly as they were
};
// Old images: tasks 0 to before_task - 1. New prompts: first_new_prompt and above.
std::optional<Intrusion> intrusion(const Selections& s, int before_task, int first_new_prompt);
// Share of weight on prompts that are not trained yet; trained: [M], what it lacks is not. Must be 0.
std::optional<double> premature(const Selections& s, const std::vector<bool>& trained);
struct ChangedPredictions {
  std::int64_t count = 0;
  double share = 0;
};
// The same images predicted in two compositions of batches; must be 0 where a prediction is a function of its image.
std::optional<ChangedPredictions> changedPredictions(const std::vector<int>& a, const std::vector<int>& b);
// Mean over consecutive batches, the last may be short, of the largest share of one task; [images] in their order.
std::optional<double> batchPurity(const std::vector<int>& tasks, int batch);

// ---- The alarm.

struct CollapseThresholds {
  double evenness = 0.2;
  double dependence = 0.05;  // of ln M
  double winner_cosine = 0.95;
  double usefulness = 0.3;  // percentage points of accuracy
};
struct CollapseFinding {
  bool collapsed = false;
  std::vector<std::string> reasons;  // a sentence, with figures, for every criterion that holds
};
// winners_cosine: mean of keyCosines over the prompts in use. useful_points: accuracy with the chosen prompts minus
// accuracy with the most used set for all images, in points. What is not given is not judged.
CollapseFinding collapse(const Selections& s, std::optional<double> winners_cosine, std::optional<double> useful_points,
                         const CollapseThresholds& thresholds = {});

}  // namespace palimpsest
