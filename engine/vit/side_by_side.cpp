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

// Where parts begin, and where the last ends. Whoever is done takes the next: large parts first and single images last,
// so that all end together, even when a core is held up. One part for each thread where every part would hold a gradient
// of many shared floats.
using Cuts = std::vector<std::int64_t>;

Cuts cutsOf(const Tensor& x, std::int64_t shared = 0) {
  constexpr std::int64_t kMany = 1 << 24;
  const std::int64_t batch = x.size(0), threads = at::get_num_threads();
  Cuts cuts{0};
  if (threads <= 1 || batch <= 1 || !onFastPath(x)) return {0, batch};
  while (cuts.back() < batch) {
    const std::int64_t left = batch - cuts.back(), among = shared > kMany ? threads - static_cast<std::int64_t>(cuts.size()) + 1 : 2 * threads;
    cuts.push_back(cuts.back() + (left + among - 1) / among);
  }
  return cuts;
}

std::int64_t partsIn(const Cuts& cuts) { return static_cast<std::int64_t>(cuts.size()) - 1; }

std::int64_t floatsIn(const std::vector<Tensor>& all) {
  std::int64_t floats = 0;
  for (const Tensor& x : all) floats += x.numel();
  return floats;
}

Tensor part(const Tensor& x, std::int64_t i, const Cuts& cuts) {
  const auto at = static_cast<std::size_t>(i);
  return x.slice(0, cuts[at], cuts[at + 1]);
}

std::vector<Tensor> part(const std::vector<Tensor>& all, std::int64_t i, const Cuts& cuts) {
  std::vector<Tensor> some;
  for (const Tensor& x : all) some.push_back(part(x, i, cuts));
  return some;
}

// Rows of all places side by side, [B, sum of their floats]: a function of autograd takes tensors, not lists of them.
Tensor packed(const std::vector<Tensor>& rows, std::int64_t batch) {
  std::vector<Tensor> flat;
  for (const Tensor& x : rows) flat.push_back(x.flatten(1));
  return flat.empty() ? torch::empty({batch, 0}) : torch::cat(flat, 1);
}

// Shared tensors behind each other, for the same reason: the gradient goes back to each through this.
Tensor joined(const std::vector<Tensor>& shared) {
  std::vector<Tensor> flat;
  for (const Tensor& x : shared) flat.push_back(x.flatten());
  return flat.empty() ? torch::empty({0}) : torch::cat(flat);
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
  Tensor keys = {};
  std::vector<Tensor> shared = {};
  Shapes shapes = {};  // of the rows

  Features operator()(const Tensor& x, const std::vector<Tensor>& rows, const Tensor& keys_of_rows) {
    const auto hooks = bind ? bind(rows, keys_of_rows) : nullptr;
    Hooks& asked = hooks ? *hooks : noHooks();
    return block < 0 ? vit->forward(x, asked, read) : vit->rest(x, block, asked, read);
  }
  Tensor keysOf(std::int64_t i, const Cuts& cuts) const { return keys.defined() ? part(keys, i, cuts) : keys; }
};

// What a backward pass needs of the parts: what each began with and ended with.
struct Recorded : torch::CustomClassHolder {
  std::vector<Tensor> rows, tokens, shared;
  Cuts cuts;
};

// What each part found, as one: rows side by side, shared tensors summed in the order of the parts.
Tensor sharedSlope(const std::vector<tensor_list>& found, const std::vector<Tensor>& shared, std::size_t first) {
  std::vector<Tensor> flat;
  for (std::size_t k = 0; k < shared.size(); ++k) {
    Tensor sum;
    for (const tensor_list& of_part : found) {
      const Tensor& slope = of_part[first + k];
      if (!slope.defined()) continue;
      if (sum.defined()) sum.add_(slope);
      else sum = slope.clone();
    }
    flat.push_back(sum.defined() ? sum.flatten() : torch::zeros({shared[k].numel()}));
  }
  return torch::cat(flat);
}

struct PassFunction : torch::autograd::Function<PassFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& rows, const Tensor& shared, const Tensor& x, Pass* pass, Features* features) {
    const Cuts cuts = cutsOf(x, shared.numel());
    const std::int64_t parts = partsIn(cuts);
    auto recorded = c10::make_intrusive<Recorded>();
    recorded->cuts = cuts;
    recorded->rows.resize(static_cast<std::size_t>(parts));
    recorded->tokens.resize(static_cast<std::size_t>(parts));
    recorded->shared = pass->shared;
    std::vector<Features> all(static_cast<std::size_t>(parts));
    sideBySide(parts, true, [&](std::int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      recorded->rows[at] = part(rows, i, cuts).detach().set_requires_grad(rows.size(1) > 0);
      all[at] = (*pass)(part(x, i, cuts), unpacked(recorded->rows[at], pass->shapes), pass->keysOf(i, cuts));
      recorded->tokens[at] = all[at].tokens;
    });
    *features = all.front();
    std::vector<Tensor> plain;
    for (const Tensor& tokens : recorded->tokens) plain.push_back(tokens.detach());
    ctx->saved_data["parts"] = c10::IValue::make_capsule(recorded);
    return torch::cat(plain);
  }

  // Leaves that all parts share are asked for by name: nothing is added to them behind the caller's back.
  static tensor_list backward(AutogradContext* ctx, tensor_list slopes) {
    const auto recorded = c10::static_intrusive_pointer_cast<Recorded>(ctx->saved_data["parts"].toCapsule());
    const auto parts = static_cast<std::int64_t>(recorded->tokens.size());
    const bool by_rows = recorded->rows.front().size(1) > 0;
    std::vector<tensor_list> found(recorded->tokens.size());
    sideBySide(parts, false, [&](std::int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      tensor_list leaves;
      if (by_rows) leaves.push_back(recorded->rows[at]);
      leaves.insert(leaves.end(), recorded->shared.begin(), recorded->shared.end());
      found[at] = torch::autograd::grad({recorded->tokens[at]}, leaves, {part(slopes[0], i, recorded->cuts)}, /*retain_graph=*/false, /*create_graph=*/false, /*allow_unused=*/true);
    });
    Tensor rows, shared;
    if (by_rows) {
      std::vector<Tensor> each;
      for (std::size_t i = 0; i < found.size(); ++i) each.push_back(found[i].front().defined() ? found[i].front() : torch::zeros_like(recorded->rows[i]));
      rows = torch::cat(each);
    }
    if (!recorded->shared.empty()) shared = sharedSlope(found, recorded->shared, by_rows ? 1 : 0);
    recorded->rows.clear();
    recorded->tokens.clear();
    return {rows, shared, Tensor(), Tensor(), Tensor()};
  }
};

bool wantGradient(const std::vector<Tensor>& tensors) {
  return torch::GradMode::is_enabled() && std::ranges::any_of(tensors, [](const Tensor& x) { return x.requires_grad(); });
}

}  // namespace

Features passInParts(Vit& vit, const Start& start, const Given& given, const Bind& bind, Read read) {
  Pass pass{vit, bind, start.block, read, given.keys};
  for (const Tensor& x : given.rows) pass.shapes.push_back(x.sizes().vec());
  if (wantGradient(given.shared)) pass.shared = given.shared;
  const Cuts cuts = cutsOf(start.x, floatsIn(pass.shared));
  const std::int64_t parts = partsIn(cuts);
  if (parts == 1) return pass(start.x, given.rows, given.keys);
  Features features;
  if (wantGradient(given.rows) || !pass.shared.empty()) {
    const Tensor tokens = PassFunction::apply(packed(given.rows, start.x.size(0)), joined(pass.shared), start.x, &pass, &features);
    features.tokens = tokens;
    return features;
  }
  std::vector<Features> all(static_cast<std::size_t>(parts));
  sideBySide(parts, false, [&](std::int64_t i) { all[static_cast<std::size_t>(i)] = pass(part(start.x, i, cuts), part(given.rows, i, cuts), pass.keysOf(i, cuts)); });
  std::vector<Tensor> tokens;
  for (const Features& one : all) tokens.push_back(one.tokens);
  features = all.front();
  features.tokens = torch::cat(tokens);
  return features;
}

Start lowerBlocks(Vit& vit, const Tensor& images, int block) {
  const Cuts cuts = cutsOf(images);
  const std::int64_t parts = partsIn(cuts);
  std::vector<Tensor> states(static_cast<std::size_t>(parts));
  sideBySide(parts, false, [&](std::int64_t i) { states[static_cast<std::size_t>(i)] = vit->blocks(vit->embed(part(images, i, cuts)), 0, block); });
  return {parts == 1 ? states.front() : torch::cat(states), block};
}

}  // namespace palimpsest::vit
