// What each part promises, on a network of width 32 and depth 2.
#include <QTest>
#include <cmath>

#include "engine/parts/catalogue.h"
#include "engine/data/dataset.h"
#include "engine/parts/head/heads.h"
#include "engine/parts/penalty/descriptor_distillation.h"
#include "engine/parts/phase/optimizer.h"
#include "engine/parts/phase/phases.h"
#include "engine/parts/prompts/injectors.h"
#include "engine/parts/prompts/pools.h"
#include "engine/parts/prompts/selectors.h"
#include "engine/engine.h"
#include "engine/session/model.h"
#include "engine/vit/warm_start.h"
#include "engine/weights/backbone.h"

using namespace palimpsest;

namespace {

constexpr const char* kTiny = "new:image=16,patch=8,width=32,depth=2,heads=2,seed=1";

Setting setting() {
  Setting s;
  s.shape.image = 16;
  s.shape.patch = 8;
  s.shape.width = 32;
  s.classes = 6;
  s.seed = 5;
  return s;
}

Tensor noise(at::IntArrayRef shape, std::uint64_t seed = 7) {
  return torch::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed));
}

std::unique_ptr<Model> modelOf(const char* recipe) {
  const Resolved resolved = resolve(loadRecipe(recipe), catalogue());
  LoadedBackbone backbone = loadBackbone(kTiny, 0, "");
  Setting s = setting();
  s.shape = backbone.shape;
  return std::make_unique<Model>(resolved.recipe, std::move(backbone), s);
}

Inputs imagesOf(const Tensor& images) {
  Inputs in;
  in.images = images;
  return in;
}

class Collect final : public State {
 public:
  void tensor(const std::string& name, Tensor& tensor, bool trained) override {
    all[name] = tensor;
    if (trained) this->trained[name] = tensor;
  }
  std::map<std::string, Tensor> all, trained;
};

const TaskScope kFirst{0, 0, 2}, kSecond{1, 2, 4};

struct Drawn {
  Tensor images, labels;  // [N, 3, S, S] in 0..1, [N]
};
Drawn drawn(int classes, int each, int side = 28) {
  const Dataset data = openDataset("world:classes=" + std::to_string(classes) + ",train=" + std::to_string(each) + ",test=1,side=" + std::to_string(side));
  std::vector<Tensor> images;
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < data.train->size(); ++i) {
    Image image = data.train->image(i);
    images.push_back(torch::from_blob(image.pixels.data(), {side, side, 3}, torch::kByte).permute({2, 0, 1}).to(torch::kFloat) / 255);
    labels.push_back(data.train->label(i));
  }
  return {torch::stack(images), torch::tensor(labels, torch::kLong)};
}

std::unique_ptr<DescriptorDistillation> taught(const Drawn& data, int classes, double weight = 1) {
  Setting s = setting();
  s.shape.image = 28;
  s.classes = classes;
  auto made = std::make_unique<DescriptorDistillation>(DescriptorDistillationParams{.weight = weight, .shrinkage = 1e-6}, s);
  const std::int64_t half = data.labels.size(0) / 2;  // in two batches: how they are cut must not matter
  made->study(data.images.slice(0, 0, half), data.labels.slice(0, 0, half));
  made->study(data.images.slice(0, half), data.labels.slice(0, half));
  made->studied();
  return made;
}

}  // namespace

class TestParts : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void growingKeepsOldLogits() {
    for (const char* init : {"trunc-normal", "normal", "zeros", "kaiming"}) {
      LinearHeadParams params;
      params.init = init;
      LinearHead head(params, setting());
      head.beginTask(kFirst);
      const Tensor x = noise({5, 32});
      const Tensor before = head.logits(x);
      head.beginTask(kSecond);
      const Tensor after = head.logits(x);
      QCOMPARE(after.size(1), std::int64_t{4});
      QVERIFY(torch::allclose(before, after.slice(1, 0, 2), 1e-6, 1e-6));  // a wider product may add in another order
    }
  }

  void theClassesOfTheTaskAloneGetAGradient() {
    auto model = modelOf("no-prompt");
    model->beginTask(kFirst);
    model->beginTask(kSecond);
    const int masked = model->head().maskedBelow(kSecond);
    QCOMPARE(masked, 2);
    Collect state;
    model->visit(state);
    const Forward pass = model->forward(imagesOf(noise({6, 3, 16, 16})), true);
    const Tensor labels = torch::tensor({2, 3, 2, 3, 3, 2}, torch::kLong);
    const Tensor loss = torch::cross_entropy_loss(pass.logits.slice(1, masked), labels - masked);
    // the same as minus infinity in front of the softmax
    const Tensor all = pass.logits.detach().clone();
    all.slice(1, 0, 2).fill_(-INFINITY);
    QVERIFY(torch::allclose(loss.detach(), torch::cross_entropy_loss(all, labels), 1e-6, 1e-6));
    loss.backward();
    const Tensor gradient = state.trained.at("head.weight").grad();
    QVERIFY(gradient.slice(0, 0, 2).eq(0).all().item<bool>());
    QVERIFY(gradient.slice(0, 2).abs().sum().item<double>() > 0);
    QCOMPARE(state.trained.size(), std::size_t{2});  // head.weight, head.bias: the network is frozen
  }

  void promptsStandBehindEveryTokenThatTheNetworkHasInFront() {
    Setting s = setting();
    s.shape.registers = 4;
    const Tensor rows = noise({2, 1, 3, 32}), x = noise({2, 9, 32}, 8);
    const auto hooks = TokenInjector({"none"}, s).bind({rows});
    const Tensor expected = torch::cat({x.slice(1, 0, 5), rows.flatten(1, 2), x.slice(1, 5)}, 1);
    QVERIFY(torch::equal(hooks->tokens(vit::Stage::Embedded, -1, x), expected));
  }

  void tiesGoToTheLowerIndex() {
    FlatPoolParams params;
    params.size = 6;
    FlatPool pool(params, setting());
    Collect state;
    pool.visit(state);
    const torch::NoGradGuard no_graph;
    state.all.at("keys").fill_(1.0);
    TopKCosineParams three;
    three.top_k = 3;
    const TopKCosine select(three, setting());
    const Inputs nothing;
    QVERIFY(torch::equal(select.choose({noise({4, 32}), nothing}, pool).indices, torch::tensor({0, 1, 2}, torch::kLong).expand({4, 3})));
  }

  void classMeansDoNotDependOnTheBatches() {
    const Tensor features = noise({40, 32}), labels = torch::arange(40, torch::kLong).remainder(4);
    PrototypeHead whole({}, setting()), parts({}, setting());
    for (PrototypeHead* head : {&whole, &parts}) {
      head->beginTask(kFirst);
      head->beginTask(kSecond);
    }
    whole.observe(features, labels);
    for (int i = 0; i < 40; i += 7) parts.observe(features.slice(0, i, std::min(i + 7, 40)), labels.slice(0, i, std::min(i + 7, 40)));
    whole.solve();
    parts.solve();
    QVERIFY(torch::allclose(*whole.prototypes(), *parts.prototypes(), 1e-6, 1e-7));
    QVERIFY(torch::allclose((*whole.prototypes())[1], features.index({labels.eq(1)}).mean(0), 1e-5, 1e-6));
    // scale-free, and one image a class is classified rightly
    QVERIFY(torch::equal(whole.logits(features).argmax(1), whole.logits(features * 3).argmax(1)));
    PrototypeHead single({}, setting());
    single.beginTask({0, 0, 5});
    single.observe(features.slice(0, 0, 5), torch::arange(5, torch::kLong));
    single.solve();
    QVERIFY(torch::equal(single.logits(features.slice(0, 0, 5)).argmax(1), torch::arange(5, torch::kLong)));
  }

  void anOptimiserGoesOnWhereItWasSaved_data() {
    QTest::addColumn<QString>("kind");
    for (const char* kind : {"sgd", "adam", "adamw"}) QTest::newRow(kind) << QString::fromUtf8(kind);
  }

  void anOptimiserGoesOnWhereItWasSaved() {
    QFETCH(QString, kind);
    const auto fresh = [&](const Tensor& start) {
      Tensor parameter = start.clone().set_requires_grad(true);
      return std::pair{parameter, Optimizer({kind.toStdString(), 0.05, 0.9, 0.01}, {{"w", parameter}})};
    };
    const auto steps = [](Optimizer& optimizer, Tensor& parameter, int from, int to) {
      for (int i = from; i < to; ++i) {
        optimizer.zeroGradients();
        (parameter * noise({4}, static_cast<std::uint64_t>(i))).sum().backward();
        optimizer.clipped(1.0);
        optimizer.step();
      }
    };
    const Tensor start = noise({4}, 99);
    auto [whole, all] = fresh(start);
    steps(all, whole, 0, 6);
    auto [first, before] = fresh(start);
    steps(before, first, 0, 3);
    Collect saved;
    before.visit(saved);
    auto [second, after] = fresh(first.detach());
    class Put final : public State {
     public:
      explicit Put(const std::map<std::string, Tensor>& from) : from_(from) {}
      void tensor(const std::string& name, Tensor& tensor, bool) override { tensor.copy_(from_.at(name)); }
      const std::map<std::string, Tensor>& from_;
    } put(saved.all);
    {
      const torch::NoGradGuard no_graph;
      after.visit(put);
    }
    steps(after, second, 3, 6);
    QVERIFY(torch::equal(whole.detach(), second.detach()));
  }

  void clippingBoundsTheGlobalNorm() {
    Tensor a = torch::zeros({3}).set_requires_grad(true), b = torch::zeros({4}).set_requires_grad(true);
    Optimizer optimizer({"sgd", 0.1, 0, 0}, {{"a", a}, {"b", b}});
    (a * 3).sum().backward();
    (b * 4).sum().backward();
    const double norm = std::sqrt(3 * 9.0 + 4 * 16.0);
    QVERIFY(std::abs(optimizer.clipped(1.0) - norm) < 1e-5);
    const double now = std::sqrt(a.grad().square().sum().item<double>() + b.grad().square().sum().item<double>());
    QVERIFY(std::abs(now - 1.0) < 1e-4);
  }

  // Fisher's discriminants: unit variance inside classes in every direction, and the widest spread of class means first.
  void theTeacherTellsClassesApart() {
    const Drawn data = drawn(40, 60);
    const Tensor z = taught(data, 40)->teacher(data.images).to(torch::kDouble);
    QCOMPARE(z.size(1), std::int64_t{32});
    Tensor means = torch::zeros({40, 32}, torch::kDouble).index_add(0, data.labels, z) / 60;
    const Tensor inside = z - means.index_select(0, data.labels);
    const Tensor within = inside.t().mm(inside) / z.size(0);
    QVERIFY((within - torch::eye(32, torch::kDouble)).abs().max().item<double>() < 0.02);
    means = means - means.mean(0, true);
    const Tensor between = means.t().mm(means) / 39;
    const Tensor spread = between.diagonal();
    QVERIFY((between - torch::diag(spread)).abs().max().item<double>() < 0.02 * spread.max().item<double>());
    QVERIFY((spread.slice(0, 0, 31) - spread.slice(0, 1, 32)).min().item<double>() > -0.02);
    QVERIFY(z.mean(0).abs().max().item<double>() < 0.01);
  }

  void aFeatureThatSaysWhatTheTeacherSaysCostsNothing() {
    const Drawn data = drawn(40, 20);
    const auto penalty = taught(data, 40, 3.0);
    const Tensor z = penalty->teacher(data.images), other = noise(z.sizes());
    const auto costOf = [&](const Tensor& feature) {
      Inputs in;
      in.images = data.images;
      const Tensor none;
      const NamedParameters nothing;
      const TaskScope scope;
      return penalty->cost({in, feature, none, none, none, none, scope, nothing}).item<double>();
    };
    QVERIFY(std::abs(costOf(5 * z)) < 1e-5);
    QVERIFY(std::abs(costOf(-z) - 6) < 1e-4);
    const Tensor by_hand = 3 * (1 - ((z * other).sum(1) / (z.norm(2, 1) * other.norm(2, 1))).mean());
    QVERIFY(std::abs(costOf(other) - by_hand.item<double>()) < 1e-5);
  }

  void aTeacherIsSavedWithTheRun() {
    const Drawn data = drawn(40, 20);
    const auto penalty = taught(data, 40);
    Collect saved;
    penalty->visit(saved);
    Setting s = setting();
    s.shape.image = 28;
    s.classes = 40;
    DescriptorDistillation other({}, s);
    class From final : public State {
     public:
      explicit From(const std::map<std::string, Tensor>& from) : from_(from) {}
      void tensor(const std::string& name, Tensor& tensor, bool) override { tensor.copy_(from_.at(name)); }

     private:
      const std::map<std::string, Tensor>& from_;
    } from(saved.all);
    other.visit(from);
    QVERIFY(torch::equal(other.teacher(data.images), penalty->teacher(data.images)));
  }

  void aTeacherNeedsMoreClassesThanTheNetworkIsWide() {
    const Drawn data = drawn(32, 4);
    QVERIFY_THROWS_EXCEPTION(Error, taught(data, 32));
  }

  void whitenedPatchesHaveEqualVariances() {
    const Drawn data = drawn(20, 30, 16);
    LoadedBackbone net = loadBackbone(kTiny, 0, "");
    vit::PatchWhitening whitening(net.shape);
    whitening.add(data.images);
    whitening.apply(net.vit, 5);
    const Tensor patches = data.images.view({-1, 3, 2, 8, 2, 8}).permute({0, 2, 4, 1, 3, 5}).reshape({-1, 3 * 8 * 8});
    const auto parameters = net.vit->named_parameters();
    const Tensor tokens = torch::linear(patches, parameters["patch_embed.proj.weight"].view({32, -1}), parameters["patch_embed.proj.bias"]).to(torch::kDouble);
    QVERIFY(tokens.mean(0).abs().max().item<double>() < 1e-3);
    const Tensor covariance = tokens.t().mm(tokens) / tokens.size(0), variances = covariance.diagonal();
    QVERIFY((covariance - torch::diag(variances)).abs().max().item<double>() < 1e-3);
    QVERIFY(variances.max().item<double>() < 0.2501);  // of deviation a half, less what the shrinkage takes
    QVERIFY(variances[0].item<double>() > 0.24);
    LoadedBackbone again = loadBackbone(kTiny, 0, "");
    whitening.apply(again.vit, 5);
    QVERIFY(torch::equal(again.vit->positions(), net.vit->positions()));
  }

  void layersAreScaledToTheirInputs() {
    LoadedBackbone net = loadBackbone(kTiny, 0, "");
    vit::rescaleToFanIn(net.vit);
    const auto spread = [&](vit::Site site) { return net.vit->linear(site, 1)->weight.std().item<double>(); };
    QVERIFY(std::abs(spread(vit::Site::Qkv) - 1 / std::sqrt(32.0)) < 1e-4);
    QVERIFY(std::abs(spread(vit::Site::Proj) - 1 / std::sqrt(32.0 * 4)) < 1e-4);
    QVERIFY(std::abs(spread(vit::Site::Fc2) - 1 / std::sqrt(128.0 * 4)) < 1e-4);
  }

  void whatATeacherNeedsIsAskedForAtTheStart() {
    Value recipe = resolve(loadRecipe(std::string(PALIMPSEST_SOURCE_DIR) + "/resources/pretraining/distilled.json"), catalogue()).recipe;
    QVERIFY(contradictions(recipe).empty());
    Value frozen = recipe, untaught = recipe, aimless = recipe;
    frozen.at("backbone")->operator[]("train") = "nothing";
    QCOMPARE(contradictions(frozen).size(), std::size_t{1});
    untaught["phases"] = Value(Value::Array{recipe.at("phases")->asArray()[1], recipe.at("phases")->asArray()[2]});
    QCOMPARE(contradictions(untaught).size(), std::size_t{1});
    aimless.erase("penalties");
    QCOMPARE(contradictions(aimless).size(), std::size_t{1});
  }

  void everyContradictionIsReported() {
    Value recipe = resolve(loadRecipe("l2p"), catalogue()).recipe;
    QVERIFY(contradictions(recipe).empty());
    recipe.at("prompts.0.select")->operator[]("top_k") = 11;
    recipe.erase("query");
    recipe.at("phases.0")->operator[]("schedule") = "multi-step";
    const Issues issues = contradictions(recipe);
    QCOMPARE(issues.size(), std::size_t{3});
    QVERIFY(issues[1].message.find("top_k 11 is larger than the pool (size 10)") != std::string::npos ||
            issues[0].message.find("top_k 11 is larger than the pool (size 10)") != std::string::npos);
  }

  void l2pHasAsManyParametersAsThePaperSays() {
    auto model = modelOf("l2p");
    model->beginTask({0, 0, 6});
    Collect state;
    model->visit(state);
    std::int64_t count = 0;
    for (const auto& [name, tensor] : state.trained) count += tensor.numel();
    QCOMPARE(count, std::int64_t{10 * 5 * 32 + 10 * 32 + 6 * 32 + 6});  // M p D + M D + D C + C
  }
};

QTEST_GUILESS_MAIN(TestParts)
#include "tst_parts.moc"
