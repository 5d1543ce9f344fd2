// What tells the pre-norm families apart (DeiT, DINOv2, CLIP, query-key norm, ...), each against the same network
// written out once more below, in double precision and from the names in a file.
#include <torch/torch.h>

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "engine/device/process.h"
#include "engine/protocol/error.h"
#include "engine/vit/vit.h"
#include "engine/weights/backbone.h"
#include "engine/weights/layer_scale.h"
#include "engine/weights/tensors.h"

using namespace palimpsest;
using vit::Activation, vit::Hooks, vit::KeyValue, vit::Read, vit::Shape, vit::Site, vit::Stage, torch::Tensor;

namespace {

const Shape kPlain{16, 4, 3, 32, 2, 2, 64};  // head width 16: the fused attention takes it

Shape with(const std::function<void(Shape&)>& change, Shape shape = kPlain) {
  change(shape);
  return shape;
}

const Shape kEverything = with([](Shape& s) {
  s.distilled = s.norm_pre = s.qk_norm = true;
  s.registers = 3;
  s.patch_bias = false;
  s.activation = Activation::QuickGelu;
  s.eps = 1e-5;
});
const Shape kOdd = with([](Shape& s) { s.width = 20, s.mlp = 24; }, kEverything);  // head width 10: not fused

double distance(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  return (a.to(torch::kDouble) - b.to(torch::kDouble)).abs().max().item<double>();
}

#define COMPARE_NEAR(a, b, tolerance)                                                                             \
  do {                                                                                                            \
    const double apart = distance(a, b);                                                                          \
    QVERIFY2(apart <= (tolerance), qPrintable(QStringLiteral("%1 apart, %2 allowed").arg(apart).arg(tolerance))); \
  } while (false)

Tensor noise(at::IntArrayRef sizes, std::uint64_t seed) {
  return torch::randn(sizes, at::make_generator<at::CPUGeneratorImpl>(seed));
}

Tensor someImages(const Shape& shape, int count) {
  return noise({count, shape.channels, shape.image, shape.image}, 11);
}

// A file's tensors, named here and not by the network. Everything is random, so that every term is felt.
TensorMap tensorsOf(const Shape& s, bool layer_scale) {
  TensorMap all;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> sizes, double size = 0.3, double middle = 0) {
    all[name] = middle + size * noise(sizes, 100 + all.size());
  };
  const auto norm = [&](const std::string& name, int width) {
    add(name + ".weight", {width}, 0.2, 1);
    add(name + ".bias", {width});
  };
  const auto linear = [&](const std::string& name, int out, int in) {
    add(name + ".weight", {out, in}, 1 / std::sqrt(in));
    add(name + ".bias", {out});
  };
  if (s.class_token) add("cls_token", {1, 1, s.width});
  if (s.distilled) add("dist_token", {1, 1, s.width});
  if (s.registers > 0) add("reg_token", {1, s.registers, s.width});
  add("pos_embed", {1, s.class_token + s.distilled + s.registers + s.grid() * s.grid(), s.width});
  add("patch_embed.proj.weight", {s.width, s.channels, s.patch, s.patch}, 0.15);
  if (s.patch_bias) add("patch_embed.proj.bias", {s.width});
  if (s.norm_pre) norm("norm_pre", s.width);
  for (int i = 0; i < s.depth; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    norm(block + "norm1", s.width), norm(block + "norm2", s.width);
    linear(block + "attn.qkv", 3 * s.width, s.width), linear(block + "attn.proj", s.width, s.width);
    linear(block + "mlp.fc1", s.mlp, s.width), linear(block + "mlp.fc2", s.width, s.mlp);
    if (s.qk_norm) norm(block + "attn.q_norm", s.width / s.heads), norm(block + "attn.k_norm", s.width / s.heads);
    if (layer_scale) add(block + "ls1.gamma", {s.width}), add(block + "ls2.gamma", {s.width});
  }
  norm("norm", s.width);
  return all;
}

// The network again, with a convolution, one head at a time and gammas where the papers have them.
struct Reference {
  Reference(const Shape& shape, const TensorMap& tensors, bool gradients = false) : s(shape) {
    for (const auto& [name, tensor] : tensors)
      w[name] = tensor.to(torch::kDouble).detach().clone().requires_grad_(gradients);
  }

  Tensor tokens(const Tensor& images) const {
    Tensor patches = torch::conv2d(images.to(torch::kDouble), w.at("patch_embed.proj.weight"),
                                   s.patch_bias ? w.at("patch_embed.proj.bias") : Tensor(), s.patch)
                         .flatten(2)
                         .transpose(1, 2);
    const Tensor& table = w.at("pos_embed");
    std::vector<Tensor> parts;
    std::int64_t row = 0;
    for (const char* name : {"cls_token", "dist_token", "reg_token"}) {
      if (!w.contains(name)) continue;
      parts.push_back((w.at(name) + table.narrow(1, row, w.at(name).size(1))).expand({images.size(0), -1, -1}));
      row += w.at(name).size(1);
    }
    if (rows.defined())
      parts.push_back((extended ? rows + table.narrow(1, 0, 1) : rows).expand({images.size(0), -1, -1}));
    parts.push_back(patches + table.slice(1, row));
    Tensor x = torch::cat(parts, 1);
    if (s.norm_pre) x = norm(x, "norm_pre");
    for (int i = 0; i < s.depth; ++i) {
      const std::string block = "blocks." + std::to_string(i) + ".";
      x = x + scaled(affine(heads(norm(x, block + "norm1"), i), block + "attn.proj"), block + "ls1.gamma");
      x = x + scaled(affine(active(affine(norm(x, block + "norm2"), block + "mlp.fc1")), block + "mlp.fc2"),
                     block + "ls2.gamma");
    }
    return norm(x, "norm");
  }

  Tensor heads(const Tensor& x, int i) const {
    const std::string attn = "blocks." + std::to_string(i) + ".attn.";
    const Tensor qkv = affine(x, attn + "qkv");
    const std::int64_t d = s.width / s.heads;
    std::vector<Tensor> out;
    for (int h = 0; h < s.heads; ++h) {
      Tensor q = qkv.narrow(2, h * d, d), k = qkv.narrow(2, s.width + h * d, d);
      Tensor v = qkv.narrow(2, 2 * s.width + h * d, d);
      if (s.qk_norm) q = norm(q, attn + "q_norm"), k = norm(k, attn + "k_norm");
      if (const auto found = extra.find(i); found != extra.end()) {
        k = torch::cat({found->second.key.select(1, h).expand({x.size(0), -1, -1}), k}, 1);
        v = torch::cat({found->second.value.select(1, h).expand({x.size(0), -1, -1}), v}, 1);
      }
      out.push_back(torch::softmax(q.matmul(k.transpose(1, 2)) / std::sqrt(double(d)), -1).matmul(v));
    }
    return torch::cat(out, 2);
  }

  Tensor norm(const Tensor& x, const std::string& name) const {
    const Tensor centred = x - x.mean(-1, true);
    return centred / (centred.pow(2).mean(-1, true) + s.eps).sqrt() * w.at(name + ".weight") + w.at(name + ".bias");
  }
  Tensor affine(const Tensor& x, const std::string& name) const {
    return x.matmul(w.at(name + ".weight").t()) + w.at(name + ".bias");
  }
  Tensor scaled(const Tensor& x, const std::string& gamma) const { return w.contains(gamma) ? x * w.at(gamma) : x; }
  Tensor active(const Tensor& x) const {
    return s.activation == Activation::QuickGelu ? x / (1 + torch::exp(-1.702 * x))
                                                 : 0.5 * x * (1 + torch::erf(x / std::sqrt(2.0)));
  }

  Shape s;
  TensorMap w;
  Tensor rows;            // injected tokens [1, n, W], in front of the patches
  bool extended = false;  // whether they get the position of [CLS]
  std::map<int, KeyValue> extra;
};

// Adds tokens at a stage and prefixes in block 1; asks everywhere if told to, which takes the slow path.
struct Injection : Hooks {
  Tensor tokens(Stage at, int, Tensor x) override {
    if (at != stage || !rows.defined()) return x;
    return torch::cat({x.slice(1, 0, front), rows.expand({x.size(0), -1, -1}), x.slice(1, front)}, 1);
  }
  std::optional<KeyValue> prefix(int block) override {
    return block == 1 && pair.defined() ? std::optional(KeyValue{pair[0], pair[1]}) : std::nullopt;
  }
  bool touches(Stage at, int) const override { return everywhere || at == stage; }
  bool touches(Site, int) const override { return everywhere; }
  bool touchesMap(int) const override { return everywhere; }
  Stage stage = Stage::Embedded;
  int front = 1;
  bool everywhere = false;
  Tensor rows, pair;  // [1, n, W], [2, 1, heads, n, head width]
};

NamedTensors listOf(const TensorMap& tensors) { return {tensors.begin(), tensors.end()}; }

Metadata metadataOf(const Shape& s) {
  Metadata all{{"heads", std::to_string(s.heads)}, {"eps", QByteArray::number(s.eps).toStdString()}};
  all["activation"] = s.activation == Activation::QuickGelu ? "quick_gelu" : "gelu";
  return all;
}

}  // namespace

Q_DECLARE_METATYPE(vit::Shape)

class TestFamilies : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { setThreads(2); }
  void init() { folder_ = std::make_unique<QTemporaryDir>(); }

  void everyFamilyIsReadAndComputed_data() {
    QTest::addColumn<Shape>("shape");
    QTest::addColumn<bool>("layer_scale");
    QTest::newRow("plain") << kPlain << false;
    QTest::newRow("LayerScale") << kPlain << true;
    QTest::newRow("no [CLS]") << with([](Shape& s) { s.class_token = false; }) << false;
    QTest::newRow("DeiT, distilled") << with([](Shape& s) { s.distilled = true; }) << false;
    QTest::newRow("DINOv2 with registers") << with([](Shape& s) { s.registers = 4; }) << true;
    QTest::newRow("registers, no [CLS]") << with([](Shape& s) { s.registers = 4, s.class_token = false; }) << false;
    QTest::newRow("norm before the blocks") << with([](Shape& s) { s.norm_pre = true; }) << false;
    QTest::newRow("no patch bias") << with([](Shape& s) { s.patch_bias = false; }) << false;
    QTest::newRow("query-key norm") << with([](Shape& s) { s.qk_norm = true; }) << false;
    QTest::newRow("quick GELU") << with([](Shape& s) { s.activation = Activation::QuickGelu; }) << false;
    QTest::newRow("an eps that is felt") << with([](Shape& s) { s.eps = 0.05, s.qk_norm = s.norm_pre = true; })
                                         << false;
    QTest::newRow("everything") << kEverything << true;
    QTest::newRow("everything, head width 10") << kOdd << true;
  }
  void everyFamilyIsReadAndComputed() {
    QFETCH(Shape, shape);
    QFETCH(bool, layer_scale);
    const torch::NoGradGuard plain;
    const TensorMap tensors = tensorsOf(shape, layer_scale);
    writeTensors(path("weights"), listOf(tensors), metadataOf(shape));
    LoadedBackbone loaded = loadBackbone(path("weights"), 0, {});
    QVERIFY(loaded.shape == shape);
    const Tensor images = someImages(shape, 3), expected = Reference(shape, tensors).tokens(images);
    const vit::Features features = loaded.vit->forward(images);
    COMPARE_NEAR(features.tokens, expected, 1e-5);
    COMPARE_NEAR(features.patchTokens(), expected.slice(1, expected.size(1) - 16), 1e-5);
    const auto front = [&] { return loaded.vit->forward(images, vit::noHooks(), Read::Front).tokens; };
    if (shape.prefix() == 0) QVERIFY_THROWS_EXCEPTION(Error, front());
    else COMPARE_NEAR(front(), expected.slice(1, 0, shape.prefix()), 1e-5);
    Injection asked;
    asked.everywhere = true;
    COMPARE_NEAR(loaded.vit->forward(images, asked).tokens, expected, 1e-5);
    COMPARE_NEAR(copyOf(loaded.vit)->forward(images).tokens, expected, 1e-5);
    QCOMPARE(inspectBackbone(path("weights")).parameters, parameterCount(loaded.vit));
    if (!shape.class_token) QVERIFY_THROWS_EXCEPTION(Error, features.cls());
    else if (shape.distilled) COMPARE_NEAR(features.cls(), (expected.select(1, 0) + expected.select(1, 1)) / 2, 1e-5);
    else COMPARE_NEAR(features.cls(), expected.select(1, 0), 1e-5);
  }

  // The order matters too: the streams of initialise() are numbered by it.
  void theDefaultsAreTimmsPlainNetwork() {
    QStringList names;
    for (const auto& item : vit::Vit(with([](Shape& s) { s.depth = 1; }))->named_parameters())
      names << QString::fromStdString(item.key());
    QCOMPARE(names.join(QLatin1Char(' ')),
             QStringLiteral("cls_token pos_embed patch_embed.proj.weight patch_embed.proj.bias "
                            "blocks.0.norm1.weight blocks.0.norm1.bias blocks.0.attn.qkv.weight blocks.0.attn.qkv.bias "
                            "blocks.0.attn.proj.weight blocks.0.attn.proj.bias blocks.0.norm2.weight "
                            "blocks.0.norm2.bias blocks.0.mlp.fc1.weight blocks.0.mlp.fc1.bias blocks.0.mlp.fc2.weight "
                            "blocks.0.mlp.fc2.bias norm.weight norm.bias"));
    QVERIFY(Shape{}.prefix() == 1 && Shape{}.readout() == 1 && Shape{}.tokens() == 197 && Shape{}.eps == 1e-6);
    QCOMPARE(Shape{}.text(), std::string("224 px, patch 16, width 192, depth 12, heads 3"));
    QCOMPARE(kEverything.text(),
             std::string("16 px, patch 4, width 32, depth 2, heads 2, distilled, registers 3, no patch "
                         "bias, norm before the blocks, query-key norm, quick GELU, eps 1e-05"));
  }

  void everythingThatIsSavedComesBack() {
    vit::Vit net(kEverything);
    initialise(net, 3);
    saveBackbone(path("saved"), net);
    const LoadedBackbone back = loadBackbone(path("saved"), 0, {});
    QVERIFY(back.shape == kEverything);
    QCOMPARE(back.metadata.at("eps"), std::string("1e-05"));
    QCOMPARE(back.metadata.at("activation"), std::string("quick_gelu"));
    QCOMPARE(back.vit->named_parameters().size(), net->named_parameters().size());
    for (const auto& item : net->named_parameters())
      QVERIFY(torch::equal(back.vit->named_parameters()[item.key()], item.value()));
    saveBackbone(path("plain"), vit::Vit(kPlain));
    const Metadata plain = loadBackbone(path("plain"), 0, {}).metadata;
    QVERIFY(!plain.contains("eps") && !plain.contains("activation"));
  }

  void theHeadWidthIsReadOffTheNormOfTheQueries() {
    writeTensors(path("weights"), listOf(tensorsOf(with([](Shape& s) { s.qk_norm = true, s.heads = 4; }), false)));
    QCOMPARE(loadBackbone(path("weights"), 0, {}).shape.heads, 4);
  }

  void resizingCopiesThePositionsOfThePrefix() {
    const TensorMap tensors = tensorsOf(kEverything, false);
    writeTensors(path("weights"), listOf(tensors), metadataOf(kEverything));
    LoadedBackbone larger = loadBackbone(path("weights"), 24, {});
    QCOMPARE(larger.vit->positions().size(1), 5 + 36);
    QVERIFY(torch::equal(larger.vit->positions().slice(1, 0, 5), tensors.at("pos_embed").slice(1, 0, 5)));
    QCOMPARE(larger.vit->forward(someImages(larger.shape, 1)).patchTokens().size(1), 36);
  }

  void injectionsStandBetweenThePrefixAndThePatches_data() {
    QTest::addColumn<Shape>("shape");
    QTest::addColumn<bool>("extended");
    QTest::newRow("before the positions") << kEverything << true;
    QTest::newRow("behind the positions") << kEverything << false;
    QTest::newRow("before, head width 10") << kOdd << true;
    QTest::newRow("behind, head width 10") << kOdd << false;
  }
  // Tokens and prefixes forwards, and every gradient against plain autograd through the reference.
  void injectionsStandBetweenThePrefixAndThePatches() {
    QFETCH(Shape, shape);
    QFETCH(bool, extended);
    const TensorMap tensors = tensorsOf(shape, false);
    Reference reference(shape, tensors, true);
    reference.extended = extended;
    reference.rows = noise({1, 4, shape.width}, 1).to(torch::kDouble).requires_grad_(true);
    const Tensor pair = noise({2, 1, shape.heads, 3, shape.headWidth()}, 2).to(torch::kDouble).requires_grad_(true);
    reference.extra[1] = {pair[0], pair[1]};

    vit::Vit net = networkOf(shape, tensors);
    Injection hooks;
    hooks.stage = extended ? Stage::Patches : Stage::Embedded;
    hooks.front = shape.prefix();
    hooks.rows = reference.rows.detach().to(torch::kFloat).requires_grad_(true);
    hooks.pair = pair.detach().to(torch::kFloat).requires_grad_(true);

    const Tensor images = someImages(shape, 3), expected = reference.tokens(images);
    const vit::Features features = net->forward(images, hooks);
    const vit::Features front = net->forward(images, hooks, Read::Front);
    COMPARE_NEAR(features.tokens, expected, 1e-5);
    COMPARE_NEAR(features.injectedTokens(), expected.narrow(1, 5, 4), 1e-5);
    QCOMPARE(front.injected, 4);
    COMPARE_NEAR(front.tokens, expected.narrow(1, 0, 9), 1e-5);
    const Tensor lower = net->blocks(net->embed(images, hooks), 0, 1, hooks);
    COMPARE_NEAR(net->rest(lower, 1, hooks).patchMean(), expected.slice(1, 9).mean(1), 1e-5);

    loss(features.tokens).backward(), loss(expected).backward();
    const auto verify = [](const std::string& name, const Tensor& ours, const Tensor& theirs) {
      const double scale = theirs.abs().max().item<double>(), apart = distance(ours, theirs);
      QVERIFY2(scale > 0 && apart <= 1e-5 * scale + 1e-6,
               qPrintable(QStringLiteral("%1: %2 of %3").arg(QString::fromStdString(name)).arg(apart).arg(scale)));
    };
    verify("rows", hooks.rows.grad(), reference.rows.grad());
    verify("pair", hooks.pair.grad(), pair.grad());
    for (const auto& item : net->named_parameters())
      verify(item.key(), item.value().grad(), reference.w.at(item.key()).grad());
  }

  void whatIsFrozenGetsNoGradientAndBuildsNoGraph() {
    vit::Vit net = networkOf(kEverything, tensorsOf(kEverything, false));
    setTrainable(net, false);
    const Tensor images = someImages(kEverything, 2);
    QVERIFY(!net->forward(images).tokens.requires_grad());
    Injection hooks;
    hooks.rows = noise({1, 2, kEverything.width}, 1).requires_grad_(true);
    hooks.front = kEverything.prefix();
    net->forward(images, hooks, Read::Front).cls().pow(3).sum().backward();
    QVERIFY(hooks.rows.grad().abs().sum().item<float>() > 0);
    for (const Tensor& p : net->parameters()) QVERIFY(!p.grad().defined());
  }

  void aGammaIsFoldedIntoTheLayerInFrontOfIt() {
    QCOMPARE(layerScaleBehind("blocks.3.attn.proj.bias"), std::string("blocks.3.ls1.gamma"));
    QCOMPARE(layerScaleBehind("blocks.11.mlp.fc2.weight"), std::string("blocks.11.ls2.gamma"));
    for (const char* other : {"blocks.3.attn.qkv.weight", "blocks.3.mlp.fc1.bias", "patch_embed.proj.weight", "norm"})
      QVERIFY(layerScaleBehind(other).empty());
    const Tensor gamma = torch::tensor({2.0f, -1.0f}), weight = torch::tensor({{1.0f, 2.0f}, {3.0f, 4.0f}});
    QVERIFY(torch::equal(foldedLayerScale(weight, gamma), torch::tensor({{2.0f, 4.0f}, {-3.0f, -4.0f}})));
    QVERIFY(torch::equal(foldedLayerScale(weight[0], gamma), torch::tensor({2.0f, -2.0f})));
  }

  void faultsOfEveryKindAreListed() {
    TensorMap tensors = tensorsOf(kEverything, true);
    for (const char* name : {"cls_token", "norm_pre.bias", "blocks.1.ls2.gamma", "blocks.1.attn.k_norm.weight"})
      tensors.erase(name);
    tensors["blocks.0.attn.q_norm.bias"] = torch::ones({32});
    tensors["blocks.0.ls1.gamma"] = torch::ones({1});
    tensors["blocks.0.ls3.gamma"] = torch::ones({32});
    tensors["head_dist.weight"] = torch::ones({10, 32});
    writeTensors(path("wrong"), listOf(tensors), metadataOf(kEverything));
    refused({"\"cls_token\" is missing", "\"norm_pre.bias\" is missing", "\"blocks.1.ls2.gamma\" is missing",
             "\"blocks.1.attn.k_norm.weight\" is missing",
             "\"blocks.0.attn.q_norm.bias\" has the shape [32] instead of [16]",
             "\"blocks.0.ls1.gamma\" has the shape [1] instead of [32]", "\"blocks.0.ls3.gamma\" [32] is not part"});
    QVERIFY(!refusal_.contains("head_dist"));
    tensors["reg_token"] = torch::ones({3, 32});
    writeTensors(path("wrong"), listOf(tensors), {{"heads", "2"}, {"eps", "small"}, {"activation", "relu"}});
    refused({"\"reg_token\" has the shape [3, 32] instead of [1, registers, width]", "eps = \"small\"",
             "activation = \"relu\"", "2 of them for learned tokens; the rest is no square grid"});
  }

 private:
  std::string path(const char* name) const { return (folder_->path().toStdString() + "/") + name; }

  static std::int64_t parameterCount(const vit::Vit& net) {
    std::int64_t count = 0;
    for (const Tensor& p : net->parameters()) count += p.numel();
    return count;
  }

  static vit::Vit networkOf(const Shape& shape, const TensorMap& tensors) {
    vit::Vit net(shape);
    const torch::NoGradGuard plain;
    for (auto& item : net->named_parameters()) item.value().copy_(tensors.at(item.key()));
    return net;
  }

  // Feels every token, and no direction that the last normalisation hides.
  static Tensor loss(const Tensor& tokens) { return (tokens.pow(3).mean() + tokens.select(1, 0).sin().sum()); }

  void refused(std::initializer_list<const char*> reasons) {
    refusal_ = "nothing was refused";
    try {
      loadBackbone(path("wrong"), 0, {});
    } catch (const BadInput& e) {
      refusal_ = e.what();
    }
    for (const char* reason : reasons) QVERIFY2(refusal_.contains(reason), refusal_.constData());
  }

  std::unique_ptr<QTemporaryDir> folder_;
  QByteArray refusal_;
};

QTEST_APPLESS_MAIN(TestFamilies)
#include "tst_families.moc"
