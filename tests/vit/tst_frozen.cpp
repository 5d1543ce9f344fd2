// Frozen blocks as one operation, whole and by halves, and an adapter's bottleneck: against plain ATen in double precision.
#include "engine/device/process.h"
#include "engine/vit/bottleneck.h"
#include "tests/vit/networks.h"

using namespace palimpsest;
using namespace palimpsest::tests;
using vit::Read;

namespace {

// Adds a function of what a branch was fed to what it returned, at one place.
struct BesideABranch : Quiet {
  BesideABranch(Site site, Tensor row) : site_(site), row_(std::move(row)) {}
  Tensor output(Site, int, const Tensor& in, Tensor out) override { return out + in * row_; }
  bool touches(Site site, int) const override { return site == site_; }
  const Site site_;
  const Tensor row_;
};

// A bottleneck beside a branch, with a dropout of its own.
struct Beside : Quiet {
  Beside(const std::vector<Tensor>& all, Tensor kept_of) : layers(all), kept(std::move(kept_of)) {}
  Tensor output(Site, int, const Tensor& in, Tensor out) override {
    return vit::throughBottleneck(in, {layers[0], layers[1], layers[2], layers[3], kept, 0.3}, out);
  }
  bool touches(Site site, int) const override { return site == Site::MlpBranch; }
  const std::vector<Tensor> layers;
  const Tensor kept;
};

}  // namespace

class TestFrozen : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { setThreads(2); }

  // Where nothing of a block trains it is one operation; against plain ATen in double precision, front and whole.
  void frozenBlocksAreThoseOfThePlainNetwork_data() {
    QTest::addColumn<bool>("front");
    QTest::newRow("whole") << false;
    QTest::newRow("front") << true;
  }
  void frozenBlocksAreThoseOfThePlainNetwork() {
    QFETCH(bool, front);
    vit::Vit net = made(kTiny), wide = copyOf(net);
    wide->to(torch::kDouble);
    setTrainable(net, false);
    setTrainable(wide, false);
    const Tensor images = someImages(kTiny, 5), prompt = torch::randn({1, 3, kTiny.width}),
                 rows = torch::randn({2, 5, kTiny.heads, 5, kTiny.headWidth()});
    const auto run = [&](vit::Vit& which, torch::ScalarType type) {
      const Tensor p = prompt.to(type).detach().clone().requires_grad_(true), r = rows.to(type).detach().clone().requires_grad_(true);
      AddTokens tokens(p, Stage::Patches);
      Prefixes prefix;
      prefix.all[1] = {r[0], r[1]};
      vit::HookChain both({&tokens, &prefix});
      const Tensor out = which->forward(images.to(type), both, front ? Read::Front : Read::All).tokens;
      out.pow(3).sum().backward();
      return std::vector<Tensor>{out.detach(), p.grad(), r.grad()};
    };
    const std::vector<Tensor> fast = run(net, torch::kFloat32), exact = run(wide, torch::kDouble);
    for (std::size_t i = 0; i < exact.size(); ++i) COMPARE_NEAR(fast[i], exact[i], 2e-4 * exact[i].abs().max().item<double>());
  }

  // What touches one branch leaves the other half one operation.
  void halvesOfFrozenBlocksAreThoseOfThePlainNetwork_data() {
    QTest::addColumn<int>("site");
    QTest::addColumn<bool>("front");
    for (const bool front : {false, true}) {
      QTest::addRow("the MLP's branch%s", front ? ", front" : "") << int(Site::MlpBranch) << front;
      QTest::addRow("the attention's branch%s", front ? ", front" : "") << int(Site::Attention) << front;
      QTest::addRow("inside the MLP%s", front ? ", front" : "") << int(Site::Fc2) << front;
    }
  }
  void halvesOfFrozenBlocksAreThoseOfThePlainNetwork() {
    QFETCH(int, site);
    QFETCH(bool, front);
    vit::Vit net = made(kTiny), wide = copyOf(net);
    wide->to(torch::kDouble);
    setTrainable(net, false);
    setTrainable(wide, false);
    const Tensor images = someImages(kTiny, 5), row = torch::randn({site == int(Site::Fc2) ? 1 : kTiny.width}), prompt = torch::randn({1, 3, kTiny.width});
    const auto run = [&](vit::Vit& which, torch::ScalarType type) {
      const Tensor r = row.to(type).detach().clone().requires_grad_(true), p = prompt.to(type).detach().clone().requires_grad_(true);
      AddTokens tokens(p, Stage::Patches);
      struct OnFc2 : Quiet {  // what it is fed is wider than what it returns
        explicit OnFc2(Tensor by) : row(std::move(by)) {}
        Tensor output(Site, int, const Tensor&, Tensor out) override { return out * row; }
        bool touches(Site at, int) const override { return at == Site::Fc2; }
        const Tensor row;
      } inside(r);
      BesideABranch beside(Site(site), r);
      vit::HookChain both({&tokens, site == int(Site::Fc2) ? static_cast<Hooks*>(&inside) : &beside});
      const Tensor out = which->forward(images.to(type), both, front ? Read::Front : Read::All).tokens;
      out.pow(3).sum().backward();
      return std::vector<Tensor>{out.detach(), p.grad(), r.grad()};
    };
    const std::vector<Tensor> fast = run(net, torch::kFloat32), exact = run(wide, torch::kDouble);
    for (std::size_t i = 0; i < exact.size(); ++i) COMPARE_NEAR(fast[i], exact[i], 2e-4 * exact[i].abs().max().item<double>());
  }

  void aBottleneckIsItsLayers_data() {
    QTest::addColumn<bool>("dropout");
    QTest::newRow("plain") << false;
    QTest::newRow("with dropout") << true;
  }
  void aBottleneckIsItsLayers() {
    QFETCH(bool, dropout);
    vit::Vit net = made(kTiny), wide = copyOf(net);
    wide->to(torch::kDouble);
    setTrainable(net, false);
    setTrainable(wide, false);
    const int w = kTiny.width, r = 16;
    const Tensor images = someImages(kTiny, 5);
    const std::vector<Tensor> layers{torch::randn({r, w}) * 0.3, torch::randn({r}), torch::randn({w, r}) * 0.3, torch::randn({w})};
    const Tensor kept = dropout ? torch::rand({5, kTiny.tokens(), r}).gt(0.3).to(torch::kFloat32) / 0.7 : Tensor();
    const auto run = [&](vit::Vit& which, torch::ScalarType type) {
      std::vector<Tensor> own;
      for (const Tensor& t : layers) own.push_back(t.to(type).detach().clone().requires_grad_(true));
      Beside hooks(own, kept.defined() ? kept.to(type) : kept);
      const Tensor out = which->forward(images.to(type), hooks).tokens;
      out.pow(3).sum().backward();
      std::vector<Tensor> all{out.detach()};
      for (const Tensor& t : own) all.push_back(t.grad());
      return all;
    };
    const std::vector<Tensor> fast = run(net, torch::kFloat32), exact = run(wide, torch::kDouble);
    for (std::size_t i = 0; i < exact.size(); ++i) COMPARE_NEAR(fast[i], exact[i], 2e-4 * exact[i].abs().max().item<double>());
  }

  void anImageLeavesTheBlocksTheSameWhateverStandsBesideIt() {
    vit::Vit net = made(kTiny);
    setTrainable(net, false);
    const Tensor x = net->embed(someImages(kTiny, 13)), all = net->blocks(x, 0, kTiny.depth);
    for (int i = 0; i < 13; ++i) QVERIFY(torch::equal(net->blocks(x.narrow(0, i, 1), 0, kTiny.depth), all.narrow(0, i, 1)));
    QVERIFY(torch::equal(net->blocks(x.flip(0), 0, kTiny.depth), all.flip(0)));
  }

  void frozenWeightsThatChangeAreSeen() {
    vit::Vit net = made(kTiny), other = made(kTiny, 4);
    setTrainable(net, false);
    setTrainable(other, false);
    const Tensor images = someImages(kTiny, 2), before = net->forward(images).tokens, expected = other->forward(images).tokens;
    const auto theirs = other->named_parameters();
    {
      const torch::NoGradGuard plain;
      for (auto& p : net->named_parameters()) p.value().copy_(theirs[p.key()]);
    }
    QVERIFY(torch::equal(net->forward(images).tokens, expected));
    const vit::Vit third = made(kTiny);
    const auto first = third->named_parameters();
    for (auto& p : net->named_parameters()) p.value().set_data(first[p.key()].detach().clone());
    QVERIFY(torch::equal(net->forward(images).tokens, before));
  }

  void whatIsFrozenGetsNoGradientAndBuildsNoGraph() {
    vit::Vit net = made(kTiny);
    setTrainable(net, false);
    const Tensor images = someImages(kTiny, 2);
    QVERIFY(!net->forward(images).tokens.requires_grad());
    const Tensor prompt = torch::randn({1, 2, kTiny.width}).requires_grad_(true);
    AddTokens hooks(prompt, Stage::Embedded);
    net->forward(images, hooks, Read::Front).injectedMean().pow(3).sum().backward();
    QVERIFY(prompt.grad().abs().sum().item<float>() > 0);
    for (const Tensor& p : net->parameters()) QVERIFY(!p.grad().defined());
  }
};

QTEST_GUILESS_MAIN(TestFrozen)
#include "tst_frozen.moc"
