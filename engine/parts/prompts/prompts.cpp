#include "engine/parts/prompts/prompts.h"

#include "engine/parts/random_tensors.h"
#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

class TokenHooks final : public vit::Hooks {
 public:
  TokenHooks(Tensor rows, vit::Stage stage, int prefix) : rows_(std::move(rows)), stage_(stage), prefix_(prefix) {}

  Tensor tokens(vit::Stage stage, int, Tensor x) override {
    if (stage != stage_) return x;
    PALIMPSEST_EXPECT(rows_.size(0) == x.size(0), "[tokens] one row of prompts for each image");
    return torch::cat({x.slice(1, 0, prefix_), rows_, x.slice(1, prefix_)}, 1);
  }
  bool touches(vit::Stage stage, int) const override { return stage == stage_; }
  bool touches(vit::Site, int) const override { return false; }
  bool touchesMap(int) const override { return false; }

 private:
  const Tensor rows_;  // [B, N * p, D]
  const vit::Stage stage_;
  const int prefix_;  // the network's own tokens in front
};

Tensor unit(const Tensor& rows) { return torch::nn::functional::normalize(rows, torch::nn::functional::NormalizeFuncOptions().dim(-1)); }

}  // namespace

FlatPool::FlatPool(const Params& params, const Setting& setting) : params_(params) {
  const bool wide = params.init == "uniform-1";
  const double low = wide ? -1.0 : 0.0, high = wide ? 1.0 : 0.01;
  prompts_ = uniformTensor({params.size, params.length, setting.shape.width}, low, high, seedOf(setting.seed, Purpose::Initialisation, 101)).to(setting.device);
  keys_ = uniformTensor({params.size, setting.shape.width}, low, high, seedOf(setting.seed, Purpose::Initialisation, 102)).to(setting.device);
}

Tensor FlatPool::rows(const Choice& choice) const {
  const auto batch = choice.indices.size(0);
  const Tensor chosen = prompts_.flatten(1).index_select(0, choice.indices.flatten());
  return chosen.reshape({batch, choice.indices.size(1) * params_.length, prompts_.size(2)});
}

void FlatPool::visit(State& state) {
  state.tensor("prompts", prompts_, true);
  state.tensor("keys", keys_, true);
}

// Two stable sorts would cost more than they are worth for a pool of ten: the index breaks ties through a stable
// descending sort, which keeps lower indices in front.
Choice TopKCosine::choose(const Tensor& query, const Pool& pool, bool train) const {
  const Tensor similarity = unit(query.to(torch::kFloat)).matmul(unit(pool.keys()).t());  // [B, M]
  const auto count = std::min<std::int64_t>(params_.top_k, pool.size());
  Choice choice;
  choice.indices = std::get<1>(similarity.detach().sort(/*stable=*/true, 1, /*descending=*/true)).slice(1, 0, count).contiguous();
  choice.scores = similarity.gather(1, choice.indices);
  if (train && params_.pull > 0) choice.penalty = choice.scores.sum() * (-params_.pull / static_cast<double>(query.size(0)));
  return choice;
}

std::unique_ptr<vit::Hooks> TokenInjector::bind(const Tensor& rows) const {
  return std::make_unique<TokenHooks>(rows, params_.positions == "extended" ? vit::Stage::Patches : vit::Stage::Embedded, prefix_);
}

}  // namespace palimpsest
