// Small networks, images and hooks that tests of the network share.
#pragma once

#include <torch/torch.h>

#include <QtTest>
#include <limits>
#include <map>

#include "engine/vit/vit.h"

namespace palimpsest::tests {

using torch::Tensor;
using vit::Hooks, vit::KeyValue, vit::Shape, vit::Site, vit::Stage;

inline const Shape kTiny{16, 4, 3, 32, 3, 2, 64};  // head width 16: the fused attention takes it
inline const Shape kOdd{8, 4, 3, 20, 2, 2, 24};    // head width 10: it does not

inline double distance(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  return a.numel() == 0 ? 0 : (a.to(torch::kDouble) - b.to(torch::kDouble)).abs().max().item<double>();
}

#define COMPARE_NEAR(a, b, tolerance)                                                                             \
  do {                                                                                                            \
    const double apart = distance(a, b);                                                                          \
    QVERIFY2(apart <= (tolerance), qPrintable(QStringLiteral("%1 apart, %2 allowed").arg(apart).arg(tolerance))); \
  } while (false)

inline vit::Vit made(const Shape& shape, std::uint64_t seed = 3) {
  vit::Vit net(shape);
  initialise(net, seed);
  const torch::NoGradGuard plain;  // larger than at initialisation, so that every term is felt
  for (auto& p : net->parameters())
    if (p.dim() > 1) p.mul_(8);
  return net;
}

inline Tensor someImages(const Shape& shape, int count) {
  const Tensor t = torch::arange(count * shape.channels * shape.image * shape.image, torch::kFloat32);
  return torch::sin(t * 0.37).view({count, shape.channels, shape.image, shape.image});
}

// Touches nothing unless told.
struct Quiet : Hooks {
  bool touches(Stage, int) const override { return false; }
  bool touches(Site, int) const override { return false; }
  bool touchesMap(int) const override { return false; }
};

struct AddTokens : Quiet {
  AddTokens(Tensor rows, Stage stage) : rows_(std::move(rows)), stage_(stage) {}
  Tensor tokens(Stage, int, Tensor x) override {
    return torch::cat({x.narrow(1, 0, 1), rows_.expand({x.size(0), -1, -1}), x.slice(1, 1)}, 1);
  }
  bool touches(Stage stage, int) const override { return stage == stage_; }
  Tensor rows_;
  Stage stage_;
};

struct Prefixes : Quiet {
  std::optional<KeyValue> prefix(int block) override {
    const auto found = all.find(block);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  }
  std::map<int, KeyValue> all;
};

}  // namespace palimpsest::tests
