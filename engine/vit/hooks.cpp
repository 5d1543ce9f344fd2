#include "engine/vit/hooks.h"

#include <algorithm>

namespace palimpsest::vit {
namespace {

struct Nothing final : Hooks {
  bool touches(Stage, int) const override { return false; }
  bool touches(Site, int) const override { return false; }
  bool touchesMap(int) const override { return false; }
};

Tensor joined(const Tensor& first, const Tensor& second) {
  const std::int64_t batch = std::max(first.size(0), second.size(0));
  const auto wide = [batch](const Tensor& x) { return x.expand({batch, -1, -1, -1}); };
  return at::cat({wide(first), wide(second)}, 2);
}

}  // namespace

Hooks& noHooks() {
  static Nothing nothing;
  return nothing;
}

Tensor HookChain::tokens(Stage stage, int block, Tensor x) {
  for (Hooks* link : links_) x = link->tokens(stage, block, std::move(x));
  return x;
}

std::int64_t HookChain::passing(int block) const {
  std::int64_t all = 0;
  for (const Hooks* link : links_) all += link->passing(block);
  return all;
}

Tensor HookChain::output(Site site, int block, const Tensor& in, Tensor out) {
  for (Hooks* link : links_) out = link->output(site, block, in, std::move(out));
  return out;
}

std::optional<KeyValue> HookChain::prefix(int block) {
  std::optional<KeyValue> all;
  for (Hooks* link : links_) {
    auto own = link->prefix(block);
    if (own && all) all = KeyValue{joined(all->key, own->key), joined(all->value, own->value)};
    else if (own) all = std::move(own);
  }
  return all;
}

Tensor HookChain::attention(int block, Tensor map) {
  for (Hooks* link : links_) map = link->attention(block, std::move(map));
  return map;
}

bool HookChain::touches(Stage stage, int block) const {
  return std::ranges::any_of(links_, [=](const Hooks* link) { return link->touches(stage, block); });
}

bool HookChain::touches(Site site, int block) const {
  return std::ranges::any_of(links_, [=](const Hooks* link) { return link->touches(site, block); });
}

bool HookChain::touchesMap(int block) const {
  return std::ranges::any_of(links_, [=](const Hooks* link) { return link->touchesMap(block); });
}

}  // namespace palimpsest::vit
