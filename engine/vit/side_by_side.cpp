#include "engine/vit/side_by_side.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "engine/device/blas.h"
#include "engine/vit/products.h"

namespace palimpsest::vit {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

std::int64_t partsOf(const Tensor& x) { return onFastPath(x) ? std::max<std::int64_t>(1, std::min<std::int64_t>(at::get_num_threads(), x.size(0))) : 1; }

Tensor part(const Tensor& x, std::int64_t i, std::int64_t parts) {
  const std::int64_t first = x.size(0) * i / parts, last = x.size(0) * (i + 1) / parts;
  return x.slice(0, first, last);
}

std::vector<Tensor> part(const std::vector<Tensor>& all, std::int64_t i, std::int64_t parts) {
  std::vector<Tensor> some;
  for (const Tensor& x : all) some.push_back(part(x, i, parts));
  return some;
}

// One part for each thread; `graph` says whether what runs inside is recorded.
template <typename Body>
void sideBySide(std::int64_t parts, bool graph, const Body& body) {
  const SerialBlas serial;
  const auto run = [&](std::int64_t first, std::int64_t last) {
    const torch::AutoGradMode mode(graph);
    for (std::int64_t i = first; i < last; ++i) body(i);
  };
  if (parts == 1) run(0, 1);
  else at::parallel_for(0, parts, 1, run);
}

struct Pass {
  Vit vit;
  Bind bind;
  int block = -1;
  Read read = Read::All;

  Features operator()(const Tensor& x, const std::vector<Tensor>& rows) {
    const auto hooks = bind ? bind(rows) : nullptr;
    Hooks& asked = hooks ? *hooks : noHooks();
    return block < 0 ? vit->forward(x, asked, read) : vit->rest(x, block, asked, read);
  }
};

// What a backward pass needs of the parts: what each began with and ended with.
struct Recorded : torch::CustomClassHolder {
  std::vector<std::vector<Tensor>> rows;
  std::vector<Tensor> tokens;
};

struct PassFunction : torch::autograd::Function<PassFunction> {
  static Tensor forward(AutogradContext* ctx, const std::vector<Tensor>& rows, const Tensor& x, Pass* pass, Features* features) {
    const std::int64_t parts = partsOf(x);
    auto recorded = c10::make_intrusive<Recorded>();
    recorded->rows.resize(static_cast<std::size_t>(parts));
    recorded->tokens.resize(static_cast<std::size_t>(parts));
    std::vector<Features> all(static_cast<std::size_t>(parts));
    sideBySide(parts, true, [&](std::int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      for (const Tensor& own : part(rows, i, parts)) recorded->rows[at].push_back(own.detach().set_requires_grad(true));
      all[at] = (*pass)(part(x, i, parts), recorded->rows[at]);
      recorded->tokens[at] = all[at].tokens;
    });
    *features = all.front();
    std::vector<Tensor> plain;
    for (const Tensor& tokens : recorded->tokens) plain.push_back(tokens.detach());
    ctx->saved_data["parts"] = c10::IValue::make_capsule(recorded);
    return torch::cat(plain);
  }

  static tensor_list backward(AutogradContext* ctx, tensor_list slopes) {
    const auto recorded = c10::static_intrusive_pointer_cast<Recorded>(ctx->saved_data["parts"].toCapsule());
    const auto parts = static_cast<std::int64_t>(recorded->tokens.size());
    std::vector<tensor_list> found(recorded->tokens.size());
    sideBySide(parts, false, [&](std::int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      found[at] = torch::autograd::grad({recorded->tokens[at]}, recorded->rows[at], {part(slopes[0], i, parts)}, /*retain_graph=*/false, /*create_graph=*/false, /*allow_unused=*/true);
    });
    tensor_list out;
    for (std::size_t row = 0; row < found.front().size(); ++row) {
      tensor_list pieces;
      for (std::size_t at = 0; at < found.size(); ++at) pieces.push_back(found[at][row].defined() ? found[at][row] : torch::zeros_like(recorded->rows[at][row]));
      out.push_back(torch::cat(pieces));
    }
    recorded->rows.clear();
    recorded->tokens.clear();
    out.insert(out.end(), 3, Tensor());  // images, pass, features
    return out;
  }
};

bool wantGradient(const std::vector<Tensor>& rows) {
  return torch::GradMode::is_enabled() && std::ranges::any_of(rows, [](const Tensor& x) { return x.requires_grad(); });
}

}  // namespace

Features passInParts(Vit& vit, const Start& start, const std::vector<Tensor>& rows, const Bind& bind, Read read) {
  Pass pass{vit, bind, start.block, read};
  const std::int64_t parts = partsOf(start.x);
  if (parts == 1) return pass(start.x, rows);
  Features features;
  if (wantGradient(rows)) {
    const Tensor tokens = PassFunction::apply(rows, start.x, &pass, &features);
    features.tokens = tokens;
    return features;
  }
  std::vector<Features> all(static_cast<std::size_t>(parts));
  sideBySide(parts, false, [&](std::int64_t i) { all[static_cast<std::size_t>(i)] = pass(part(start.x, i, parts), part(rows, i, parts)); });
  std::vector<Tensor> tokens;
  for (const Features& one : all) tokens.push_back(one.tokens);
  features = all.front();
  features.tokens = torch::cat(tokens);
  return features;
}

Start lowerBlocks(Vit& vit, const Tensor& images, int block) {
  const std::int64_t parts = partsOf(images);
  std::vector<Tensor> states(static_cast<std::size_t>(parts));
  sideBySide(parts, false, [&](std::int64_t i) { states[static_cast<std::size_t>(i)] = vit->blocks(vit->embed(part(images, i, parts)), 0, block); });
  return {parts == 1 ? states.front() : torch::cat(states), block};
}

}  // namespace palimpsest::vit
