// Which prompts an image gets, by its query: always the same ones (VPT, DualPrompt's G), the nearest keys (L2P, E of
// DualPrompt, DAP), or a weighted sum (CODA-Prompt, SAPC). Selection runs in float32 whatever the network runs in.
#pragma once

#include "engine/parts/prompts/slots.h"
#include "engine/parts/prompts/normalisers.h"
#include "engine/parts/prompts/query_statistics.h"

namespace palimpsest {

// Query q(x): the unprompted frozen network's [CLS] after the final norm (prompt pools all use it).
class ClsFrozenQuery final : public Part {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "cls-frozen";
  static constexpr std::string_view kTitle = "Frozen [CLS]";
  static constexpr std::string_view kDoc =
      "The query of an image is the [CLS] feature of the frozen network without prompts, after the final norm. It never "
      "carries a gradient and is computed once per image where the transform is deterministic.";
  ClsFrozenQuery(const Params&, const Setting&) {}
};

class ConstantSelector final : public Selector {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "constant";
  static constexpr std::string_view kTitle = "The same for all";
  static constexpr std::string_view kDoc = "Every image gets every prompt of the pool: prompt tuning, DualPrompt's G-Prompt, and the control that tells what choosing is worth.";
  ConstantSelector(const Params&, const Setting&) {}
  Choice choose(const Query& query, const Pool& pool) const override;
  bool queries() const override { return false; }
};

inline constexpr std::string_view kRules = "instance|vote|task|nearest-mean|random|all";

struct TopKCosineParams {
  int top_k = 5;
  double pull = 0.1;
  std::string train = "instance", test = "instance";
  int vote_batch = 0;
  bool frequency_penalty = false, balance_pull = false, centre = false, confine = false, keys_from_queries = false;
  double reset_dead = 0;
  std::vector<int> mask, force;
  static auto fields() {
    using P = TopKCosineParams;
    return std::tuple{
        Field{"top_k", &P::top_k, {.min = 1, .max = 1000, .unit = "prompts", .doc = "Prompts given to each image (N).", .level = Level::Learn}},
        Field{"pull", &P::pull,
              {.min = 0, .max = 10, .doc = "Weight of the pull of the chosen keys towards the query: the loss loses pull times the sum over the N chosen keys of their cosine, averaged over the batch.",
               .source = "L2P: 0.1 in PILOT and the first JAX release, 1.0 in the second. DualPrompt: 1.0, 0.1 in PILOT."}},
        Field{"train", &P::train,
              {.choices = kRules,
               .doc = "Who chooses in training: instance, each image's own query; vote, the batch together; task, only prompts that the task owns; nearest-mean, those of the task whose class mean is nearest; random; all, every available prompt.",
               .source = "L2P: vote in all released code, task for five data sets. DualPrompt, DAP: task."}},
        Field{"test", &P::test,
              {.choices = kRules, .doc = "Who chooses at test, as in training; task is an oracle that is told the task of each image.",
               .source = "Released code of L2P, DualPrompt and DAP votes over test batches that hold one task or class: an image's prediction then depends on its neighbours, and the task leaks.", .level = Level::Learn}},
        Field{"vote_batch", &P::vote_batch, {.min = 0, .max = 65536, .unit = "images", .doc = "Images that vote together at test, in test order; 0: the whole batch of the evaluation.", .level = Level::Expert}},
        Field{"frequency_penalty", &P::frequency_penalty,
              {.doc = "In training, ranks by distance times the share of past use in earlier tasks, so that other prompts get their turn.", .source = "In the L2P paper, in no released code."}},
        Field{"balance_pull", &P::balance_pull, {.doc = "Whether the pull of a key is divided by how much more than evenly it is used in the batch.", .level = Level::Expert}},
        Field{"centre", &P::centre, {.doc = "Whether the mean query of the first task is taken off every query before the cosine: queries of a pre-trained network share a large common direction.", .level = Level::Expert}},
        Field{"keys_from_queries", &P::keys_from_queries, {.doc = "Whether the keys start at the centres of clusters (k-means) of the first task's queries.", .level = Level::Expert}},
        Field{"reset_dead", &P::reset_dead, {.min = 0, .max = 1, .doc = "At a boundary, keys that were chosen less often than this share of an even use move to queries of the new task, as in vector quantisation; 0: never.", .level = Level::Expert}},
        Field{"mask", &P::mask, {.min = 0, .max = 99999, .doc = "Prompts that are never chosen, counted from 0: as if they were not there. For finding out what they do, and for going on without the winners of a collapse.", .level = Level::Expert}},
        Field{"force", &P::force, {.min = 0, .max = 99999, .doc = "Prompts that every image gets, counted from 0, whatever its query.", .level = Level::Expert}},
        Field{"confine", &P::confine,
              {.doc = "Whether only classes of the task that the choice points to may be predicted at test.", .source = "DAP's code for ImageNet-R; with the vote it turns the evaluation into a task-incremental one.", .level = Level::Expert}}};
  }
};

// Ties go to the lower index.
class TopKCosine final : public Selector {
 public:
  using Params = TopKCosineParams;
  static constexpr std::string_view kName = "top-k-cosine";
  static constexpr std::string_view kTitle = "Nearest keys";
  static constexpr std::string_view kDoc =
      "Each image gets the N prompts whose keys have the largest cosine to its query. Instance-wise by default: released code lets a "
      "whole test batch vote, which leaks the task where batches are sorted by class.";
  TopKCosine(const Params& params, const Setting& setting);
  Choice choose(const Query& query, const Pool& pool) const override;
  void beginTask(const TaskScope& scope) override;
  void used(const Choice& choice) override;
  // All queries of a task are looked at only for rules that need them: they cost a pass over its images.
  bool studies() const override { return params_.train == "nearest-mean" || params_.test == "nearest-mean" || params_.centre || params_.keys_from_queries || params_.reset_dead > 0; }
  void study(const Tensor& queries, const Tensor& labels, const TaskScope& scope, Pool& pool) override;
  void visit(State& state) override;
  int votes() const override { return params_.test == "vote" ? std::max(1, params_.vote_batch) : 0; }
  const Adjustments* standing() const override { return params_.mask.empty() && params_.force.empty() ? nullptr : &standing_; }
  const Params& params() const { return params_; }

 private:
  Tensor similarities(const Query& query, const Pool& pool) const;  // [B, available]
  Tensor allowed(const Query& query, const Tensor& similarity) const;  // -inf where masked, above every cosine where forced
  std::int64_t countOf(const Query& query, const Tensor& similarity) const;
  Tensor ranked(const Query& query, const Tensor& similarity, const Pool& pool, const std::string& rule) const;
  Tensor pulled(const Choice& choice, const Tensor& similarity) const;
  const Params params_;
  const Adjustments standing_;
  const Setting setting_;
  QueryMeans means_;
  Tensor past_, counts_;  // [M] how often each prompt was used in earlier tasks, and in this one too
};

struct GatedCosineParams {
  std::string normaliser = "dense";
  double temperature = 1;
  std::string learn_temperature = "never";
  double support = 0;
  int top_k = 5;
  bool match_gain = false, warm_start = false, guaranteed_share = false;
  double balance = 0;
  double intrusion = 0, intrusion_margin = 0.1;
  std::string train = "all", test = "all";
  bool shuffle = false, centre = false;
  std::vector<int> mask;
  static auto fields() {
    using P = GatedCosineParams;
    return std::tuple{
        Field{"normaliser", &P::normaliser,
              {.choices = kNormalisers,
               .doc = "From cosines to weights: dense, the cosine itself; topk-raw, only the top_k largest by size; softmax; topk-softmax; entmax15 and sparsemax, which give exact zeros; signed-entmax, entmax15 of the size with the cosine's sign; uniform, the same for all.",
               .source = "dense is CODA-Prompt.", .level = Level::Learn}},
        Field{"temperature", &P::temperature, {.min = 1e-6, .max = 1e3, .scale = Scale::Log, .doc = "Cosines are divided by it before the normaliser."}},
        Field{"learn_temperature", &P::learn_temperature,
              {.choices = "never|first-task|always",
               .doc = "Whether the logarithm of each block's temperature is trained: never, in the first task, or in all of them. Another temperature later changes what old images get.", .level = Level::Expert}},
        Field{"support", &P::support, {.min = 0, .max = 1000, .unit = "components", .doc = "Mean count of components with weight that the temperature of each block is set to on the first task's queries; it stays afterwards. 0: temperature as given. Sparse normalisers only.", .level = Level::Learn}},
        Field{"top_k", &P::top_k, {.min = 1, .max = 1000, .unit = "components", .doc = "Components with weight, for topk-raw and topk-softmax."}},
        Field{"match_gain", &P::match_gain, {.doc = "Whether weights are scaled, once, so that the first task's prompts have the mean norm that dense weights would give."}},
        Field{"warm_start", &P::warm_start, {.doc = "Whether a task's new keys start at the mean of its gated queries: trained old keys would otherwise push new ones out of the support, and they would never learn."}},
        Field{"guaranteed_share", &P::guaranteed_share, {.doc = "Whether in a task's first epoch the new components also get a share of their own, falling from all to nothing."}},
        Field{"balance", &P::balance, {.min = 0, .max = 100, .doc = "Weight of the divergence of the batch's mean weights on the task's own components from even ones."}},
        Field{"intrusion", &P::intrusion, {.min = 0, .max = 100, .doc = "Weight of a penalty on new components that come near the threshold of old images: on queries drawn from each old class's mean and variance, so that no image is kept. Sparse normalisers only."}},
        Field{"intrusion_margin", &P::intrusion_margin, {.min = 0, .max = 2, .doc = "How far below the threshold a new component's cosine has to stay to cost nothing.", .level = Level::Expert}},
        Field{"train", &P::train, {.choices = "all|task|nearest-mean", .doc = "Components that may get weight in training: all of them, the task's own, or those of the task whose class mean is nearest."}},
        Field{"test", &P::test, {.choices = "all|task|nearest-mean", .doc = "The same at test; task is an oracle that is told the task of each image."}},
        Field{"mask", &P::mask, {.min = 0, .max = 99999, .doc = "Components that are never chosen, counted from 0: as if they were not there. For finding out what they do, and for going on without the winners of a collapse.", .level = Level::Expert}},
        Field{"shuffle", &P::shuffle, {.doc = "Whether an image's weights are dealt to components at random: the control that keeps support and norm and drops the choice.", .level = Level::Expert}},
        Field{"centre", &P::centre, {.doc = "Whether the mean query of the first task is taken off every query first.", .level = Level::Expert}}};
  }
};

// w_m = N(cos(q * A_m, K_m)), from two products instead of a [B, M, D] tensor.
class GatedCosine final : public Selector {
 public:
  using Params = GatedCosineParams;
  static constexpr std::string_view kName = "gated-cosine";
  static constexpr std::string_view kTitle = "Weighted components";
  static constexpr std::string_view kDoc =
      "Each component has a weight: the cosine between its key and the query times its attention vector (CODA-Prompt), through a normaliser (SAPC). "
      "With a sparse one, a component below the threshold changes nothing: what old images get stays exactly as it was when the pool grows.";
  GatedCosine(const Params& params, const Setting& setting);
  Choice choose(const Query& query, const Pool& pool) const override;
  bool studies() const override {
    return params_.support > 0 || params_.match_gain || params_.warm_start || params_.intrusion > 0 || params_.centre || params_.train == "nearest-mean" || params_.test == "nearest-mean";
  }
  void study(const Tensor& queries, const Tensor& labels, const TaskScope& scope, Pool& pool) override;
  void beginTask(const TaskScope& scope) override;
  const Adjustments* standing() const override { return params_.mask.empty() ? nullptr : &standing_; }
  void visit(State& state) override;
  void check(Issues& issues) const override;
  const Params& params() const { return params_; }

 private:
  Tensor tempered(const Tensor& scores, int place) const;  // divided by the temperature, with its graph where it learns
  Tensor intrusionOf(const Query& query, const Pool& pool) const;
  Tensor weightsOf(const Tensor& scores, int place, const Query& query, const Pool& pool) const;
  const Params params_;
  const Adjustments standing_;
  const Setting setting_;
  QueryMeans means_;
  QueryMoments moments_;
  Tensor temperatures_, gains_;  // [places] float64; temperatures count where none is learned
  Tensor log_temperatures_;      // [places] float32, where they are
  Tensor learning_;              // [1] int64: whether they still are
};

// cos(q * A_m, K_m) for queries [B, D], gates and keys [M, D] -> [B, M]; 0 where a row is all zero.
Tensor gatedCosine(const Tensor& query, const Tensor& gates, const Tensor& keys);

}  // namespace palimpsest
