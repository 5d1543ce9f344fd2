#include "engine/vit/side_by_side.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

#include "engine/device/blas.h"
#include "engine/vit/products.h"

namespace palimpsest::vit {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// Several for each thread: whoever is done takes the next, so that a core that is held up does not hold up the others.
std::int64_t partsOf(const Tensor& x) {
  constexpr std::int64_t kTurns = 4;
  const std::int64_t threads = at::get_num_threads();
  return threads > 1 && onFastPath(x) ? std::clamp<std::int64_t>(kTurns * threads, 1, std::max<std::int64_t>(1, x.size(0))) : 1;
}

Tensor part(const Tensor& x, std::int64_t i, std::int64_t parts) {
  const std::int64_t first = x.size(0) * i / parts, last = x.size(0) * (i + 1) / parts;
  return x.slice(0, first, last);
}

std::vector<Tensor> part(const std::vector<Tensor>& all, std::int64_t i, std::int64_t parts) {
  std::vector<Tensor> some;
  for (const Tensor& x : all) some.push_back(part(x, i, parts));
  return some;
}

// Rows of all places side by side, [B, sum of their floats]: a function of autograd takes tensors, not lists of them.
Tensor packed(const std::vector<Tensor>& rows) {
  std::vector<Tensor> flat;
  for (const Tensor& x : rows) flat.push_back(x.flatten(1));
  return torch::cat(flat, 1);
}

using Shapes = std::vector<std::vector<std::int64_t>>;

std::vector<Tensor> unpacked(const Tensor& all, const Shapes& shapes) {
  std::vector<Tensor> rows;
  std::int64_t first = 0;
  for (std::vector<std::int64_t> shape : shapes) {
    shape.front() = all.size(0);
    std::int64_t floats = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) floats *= shape[i];
    rows.push_back(all.narrow(1, first, floats).reshape(shape));
    first += floats;
  }
  return rows;
}

// Each part once, on any thread: what it computes may not depend on which. `graph` says whether it is recorded.
template <typename Body>
void sideBySide(std::int64_t parts, bool graph, const Body& body) {
  const SerialBlas serial;
  std::atomic<std::int64_t> next = 0;
  const auto run = [&](std::int64_t, std::int64_t) {
    const torch::AutoGradMode mode(graph);
    for (std::int64_t i = next++; i < parts; i = next++) body(i);
  };
  if (parts == 1) run(0, 1);
  else at::parallel_for(0, at::get_num_threads(), 1, run);
}

struct Pass {
  Vit vit;
  Bind bind;
  int block = -1;
  Read read = Read::All;
  Shapes shapes = {};  // of the rows

  Features operator()(const Tensor& x, const std::vector<Tensor>& rows) {
    const auto hooks = bind ? bind(rows) : nullptr;
    Hooks& asked = hooks ? *hooks : noHooks();
    return block < 0 ? vit->forward(x, asked, read) : vit->rest(x, block, asked, read);
  }
};

// What a backward pass needs of the parts: what each began with and ended with.
struct Recorded : torch::CustomClassHolder {
  std::vector<Tensor> rows, tokens;
};

struct PassFunction : torch::autograd::Function<PassFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& rows, const Tensor& x, Pass* pass, Features* features) {
    const std::int64_t parts = partsOf(x);
    auto recorded = c10::make_intrusive<Recorded>();
    recorded->rows.resize(static_cast<std::size_t>(parts));
    recorded->tokens.resize(static_cast<std::size_t>(parts));
    std::vector<Features> all(static_cast<std::size_t>(parts));
    sideBySide(parts, true, [&](std::int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      recorded->rows[at] = part(rows, i, parts).detach().set_requires_grad(true);
      all[at] = (*pass)(part(x, i, parts), unpacked(recorded->rows[at], pass->shapes));
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
    tensor_list found(recorded->tokens.size());
    sideBySide(parts, false, [&](std::int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      found[at] = torch::autograd::grad({recorded->tokens[at]}, {recorded->rows[at]}, {part(slopes[0], i, parts)}).front();
    });
    recorded->rows.clear();
    recorded->tokens.clear();
    return {torch::cat(found), Tensor(), Tensor(), Tensor()};
  }
};

bool wantGradient(const std::vector<Tensor>& rows) {
  return torch::GradMode::is_enabled() && std::ranges::any_of(rows, [](const Tensor& x) { return x.requires_grad(); });
}

}  // namespace

Features passInParts(Vit& vit, const Start& start, const std::vector<Tensor>& rows, const Bind& bind, Read read) {
  Pass pass{vit, bind, start.block, read};
  for (const Tensor& x : rows) pass.shapes.push_back(x.sizes().vec());
  const std::int64_t parts = partsOf(start.x);
  if (parts == 1) return pass(start.x, rows);
  Features features;
  if (wantGradient(rows)) {
    const Tensor tokens = PassFunction::apply(packed(rows), start.x, &pass, &features);
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
