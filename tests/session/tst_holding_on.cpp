// What holds on to earlier tasks: penalties, memories, rules on gradients, aligned heads and banks of adaptations. Their
// invariants (representation-and-classics, sections A4, A6, A7, B2 to B8), and SLCA's loss against its recording.
#include <QTemporaryDir>
#include <QTest>
#include <spdlog/spdlog.h>

#include <cmath>
#include <numeric>

#include "engine/parts/head/mahalanobis.h"
#include "engine/parts/head/subspaces.h"
#include "engine/parts/penalty/penalties.h"
#include "engine/parts/phase/consolidate.h"
#include "engine/record/run_folder.h"
#include "engine/session/checkpoints.h"
#include "engine/session/prepare.h"
#include "engine/session/session.h"
#include "engine/weights/tensors.h"
#include "tests/session/tiny_prompts.h"

using namespace palimpsest;
namespace fs = std::filesystem;

namespace {

const fs::path kShared = fs::path(PALIMPSEST_SOURCE_DIR) / ".." / "shared";

RunPlan planOf(const std::string& recipe) {
  RunPlan plan;
  plan.recipe = loadRecipe(recipe);
  plan.options.data = "shapes:classes=4,train=20,test=6,side=16,seed=3";
  plan.options.scenario = "cil:init=2,increment=2,order=1993";
  plan.options.backbone = "new:image=16,patch=8,width=32,depth=2,heads=2,seed=1";
  plan.options.threads = 1;
  plan.options.device = "cpu";
  plan.options.epochs = 2;
  return plan;
}

std::vector<double> lossesOf(const fs::path& folder, int task = -1) {
  std::vector<double> losses;
  for (const Event& event : record::effectiveEvents(folder))
    if (const auto* step = std::get_if<StepMeasured>(&event.what); step && (task < 0 || step->task == task)) losses.push_back(step->cross_entropy);
  return losses;
}

TensorMap endOf(const fs::path& folder) { return readTensorFile(checkpointsOf(folder).front()).tensors; }

std::unique_ptr<Session> sessionOf(const RunPlan& plan) {
  Issues issues;
  auto session = prepare(plan, {}, false, issues);
  for (const Issue& issue : issues) qWarning("%s: %s", issue.path.c_str(), issue.message.c_str());
  return session;
}

StepView viewOf(const Inputs& in, const Tensor& feature, const Tensor& logits, const Tensor& labels, const Tensor& teacher, const NamedParameters& trained, const TaskScope& scope = kSecond) {
  static const Tensor kNone;
  return {in, feature, logits, labels, teacher, kNone, scope, trained};
}

const Inputs kNoInputs;
const NamedParameters kNothing;

}  // namespace

class TestHoldingOn : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() {
    spdlog::set_level(spdlog::level::warn);
    at::set_num_threads(2);
  }

  // ---- Distillation

  void aStudentThatAgreesIsLeftAlone() {
    const Distillation distillation({.weight = 3, .temperature = 2}, settingFor({}));
    Tensor student = noise({5, 4}).requires_grad_(true);
    const Tensor teacher = student.detach().slice(1, 0, 2).clone();
    const Tensor cost = distillation.cost(viewOf(kNoInputs, student, student, {}, teacher, kNothing));
    cost.backward();
    QVERIFY(student.grad().abs().max().item<double>() < 1e-6);
    // Its value is then the teacher's entropy, and more for every other student.
    const Tensor soft = torch::softmax(teacher / 2, 1);
    const double entropy = -3 * (soft * soft.log()).sum(1).mean().item<double>();
    QVERIFY(std::abs(cost.item<double>() - entropy) < 1e-5);
    const Tensor other = noise({5, 4}, 3);
    QVERIFY(distillation.cost(viewOf(kNoInputs, other, other, {}, teacher, kNothing)).item<double>() > entropy);
  }

  void onlyOldClassesAreHeld() {
    const Distillation distillation({}, settingFor({}));
    Tensor student = noise({5, 4}).requires_grad_(true);
    distillation.cost(viewOf(kNoInputs, student, student, {}, noise({5, 2}, 9), kNothing)).backward();
    QVERIFY(student.grad().slice(1, 0, 2).abs().max().item<double>() > 1e-4);
    QCOMPARE(student.grad().slice(1, 2).abs().max().item<double>(), 0.0);
    QVERIFY(!distillation.cost(viewOf(kNoInputs, student, student, {}, {}, kNothing)).defined());
  }

  void theTeacherIsTheModelAsItWas() {
    const Made model = modelOf(recipeOf("lwf.adapter"));
    begin(*model.model, kFirst);
    const Inputs in = inputsOf(noise({4, 3, 16, 16}), 0);
    QVERIFY(!model->teacherLogits(in).defined());
    train(*model.model, kFirst, 2);
    Tensor before;
    {
      const torch::NoGradGuard no_graph;
      before = model->forward(in, false).logits.clone();
    }
    model->endTask(kFirst);
    begin(*model.model, kSecond);
    train(*model.model, kSecond, 2);
    const auto own = copyOf(Collect(*model.model).trained);
    QVERIFY(apart(model->teacherLogits(in), before) < 1e-6);
    for (const auto& [name, tensor] : Collect(*model.model).trained) QVERIFY2(torch::equal(tensor, own.at(name)), name.c_str());
    const torch::NoGradGuard no_graph;
    QVERIFY(apart(model->forward(in, false).logits.slice(1, 0, 2), before) > 1e-5);
  }

  // ---- Elastic weight consolidation

  // One weighted mean of weights stands for a penalty of every task.
  void consolidatedTheGradientIsTheSum() {
    QuadraticPenalty penalty({.weight = 2, .form = "separate", .scale = "none"}, settingFor({}));
    Tensor weights = noise({6}).requires_grad_(true);
    std::vector<Tensor> importance, anchors;
    for (std::uint64_t task = 0; task < 3; ++task) {
      {
        const torch::NoGradGuard no_graph;
        weights.copy_(noise({6}, 20 + task));
      }
      importance.push_back(noise({6}, 30 + task).abs());
      anchors.push_back(weights.detach().clone());
      penalty.weigh({{"w", weights}}, {importance.back()});
    }
    {
      const torch::NoGradGuard no_graph;
      weights.copy_(noise({6}, 50));
    }
    const NamedParameters trained{{"w", weights}};
    penalty.cost(viewOf(kNoInputs, weights, weights, {}, {}, trained)).backward();
    Tensor by_hand = torch::zeros({6});
    for (int task = 0; task < 3; ++task) by_hand += 2 * importance[static_cast<std::size_t>(task)] * (weights.detach() - anchors[static_cast<std::size_t>(task)]);
    QVERIFY(apart(weights.grad(), by_hand) < 1e-5);
  }

  void atTheAnchorThereIsNoPenalty() {
    for (const char* form : {"separate", "online"}) {
      QuadraticPenalty penalty({.form = form}, settingFor({}));
      Tensor weights = noise({4, 3}).requires_grad_(true);
      NamedParameters trained{{"w", weights}};
      QVERIFY(!penalty.cost(viewOf(kNoInputs, weights, weights, {}, {}, trained)).defined());
      penalty.weigh(trained, {torch::ones({4, 3})});
      const Tensor cost = penalty.cost(viewOf(kNoInputs, weights, weights, {}, {}, trained));
      cost.backward();
      QCOMPARE(cost.item<double>(), 0.0);
      QCOMPARE(weights.grad().abs().max().item<double>(), 0.0);
      // A head that has grown: its new rows are free.
      Tensor grown = torch::cat({weights.detach() + 1, noise({2, 3}, 4)}).requires_grad_(true);
      trained = {{"w", grown}};
      penalty.cost(viewOf(kNoInputs, grown, grown, {}, {}, trained)).backward();
      QVERIFY(grown.grad().slice(0, 0, 4).abs().min().item<double>() > 0);
      QCOMPARE(grown.grad().slice(0, 4).abs().max().item<double>(), 0.0);
      penalty.weigh(trained, {torch::ones({6, 3})});
      QVERIFY(penalty.cost(viewOf(kNoInputs, grown, grown, {}, {}, trained)).defined());
    }
  }

  void importanceIsCappedAtSoManyMeans() {
    QuadraticPenalty penalty({.weight = 2, .cap = 2, .scale = "mean-one"}, settingFor({}));
    const Tensor weights = torch::zeros({4});
    penalty.weigh({{"w", weights}}, {torch::tensor({1.0F, 1.0F, 1.0F, 5.0F})});  // mean 2, so 0.5, 0.5, 0.5, 2.5
    const Tensor now = torch::ones({4});
    const NamedParameters trained{{"w", now}};
    QVERIFY(std::abs(penalty.cost(viewOf(kNoInputs, now, now, {}, {}, trained)).item<double>() - 3.5) < 1e-6);
  }

  // F of a linear softmax layer has a closed form: 1/N sum p (1 - p) f^2.
  void exactFisherOfAHeadIsItsClosedForm() {
    RunPlan plan = planOf("ewc");
    (*plan.recipe.at("backbone"))["train"] = "nothing";
    (*plan.recipe.at("penalties.0"))["scale"] = "none";
    (*plan.recipe.at("phases.1"))["labels"] = "exact";
    const auto session = sessionOf(plan);
    QVERIFY(session);
    session->model.beginTask(session->scope());
    Collect state(session->model);
    {
      const torch::NoGradGuard no_graph;
      state.trained.at("head.weight").copy_(noise({2, 32}) * 0.2);
    }
    session->phases[1]->run(*session);
    std::vector<Tensor> images;
    for (const auto index : session->trainIndices(0)) {
      Rng rng(0);
      Tensor one = torch::empty({1, 3, 16, 16});
      session->test_transform(session->data.train->image(index), rng, one.data_ptr<float>());
      images.push_back(one);
    }
    const Tensor features = session->model.frozenFeatures(torch::cat(images)), p = torch::softmax(session->model.head().logits(features), 1).detach();
    const Tensor spread = p * (1 - p), by_hand = spread.t().matmul(features.square()) / static_cast<double>(features.size(0));
    const Tensor found = Collect(session->model).all.at("penalties.0.importance.0");
    QVERIFY2(apart(found, by_hand) < 1e-4 * by_hand.abs().max().item<double>(), qPrintable(QString::number(apart(found, by_hand))));
    QVERIFY(apart(Collect(session->model).all.at("penalties.0.importance.1"), spread.mean(0)) < 1e-5);
  }

  void whatCountsForNothingIsFineTuning_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : {"lwf", "ewc", "ewc-online"}) QTest::newRow(name) << name;
  }

  void whatCountsForNothingIsFineTuning() {
    QFETCH(QString, recipe);
    const QTemporaryDir dir;
    const fs::path base(dir.path().toStdString());
    RunPlan plan = planOf(recipe.toStdString()), plain = planOf("finetune.classes-of-task");
    plan.options.epochs = plain.options.epochs = 4;  // in the first step of a task everything still stands at its anchor
    (*plan.recipe.at("penalties.0"))["weight"] = 0.0;
    QCOMPARE(QString::fromStdString(Run::start(plan, base / "with", {})->wait().state), QStringLiteral("done"));
    Run::start(plain, base / "without", {})->wait();
    QCOMPARE(lossesOf(base / "with"), lossesOf(base / "without"));
    (*plan.recipe.at("penalties.0"))["weight"] = 1e3;
    Run::start(plan, base / "strong", {})->wait();
    QCOMPARE(lossesOf(base / "strong", 0), lossesOf(base / "without", 0));
    QVERIFY(lossesOf(base / "strong", 1) != lossesOf(base / "without", 1));
  }

  // ---- Rules on gradients

  void projectionsBeginWithTheSecondTask_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : {"gem", "a-gem", "gem.adapter", "gem.whole-memory"}) QTest::newRow(name) << name;
  }

  void projectionsBeginWithTheSecondTask() {
    QFETCH(QString, recipe);
    const QTemporaryDir dir;
    const fs::path base(dir.path().toStdString());
    const RunPlan plan = planOf(recipe.toStdString());
    RunPlan plain = plan;
    plain.recipe.erase("gradient");
    QCOMPARE(QString::fromStdString(Run::start(plan, base / "with", {})->wait().state), QStringLiteral("done"));
    QCOMPARE(QString::fromStdString(Run::start(plain, base / "without", {})->wait().state), QStringLiteral("done"));
    QCOMPARE(lossesOf(base / "with", 0), lossesOf(base / "without", 0));
    if (recipe != QLatin1String("a-gem")) QVERIFY(lossesOf(base / "with", 1) != lossesOf(base / "without", 1));
  }

  // Followed all the way in one inner step, Reptile is a step of experience replay.
  void oneInnerStepFollowedWhollyIsReplay() {
    const QTemporaryDir dir;
    const fs::path base(dir.path().toStdString());
    RunPlan mer = planOf("mer"), replay = planOf("mer"), still = planOf("mer");
    for (const char* key : {"within", "across"}) (*mer.recipe.at("gradient.0"))[key] = 1.0;
    (*mer.recipe.at("gradient.0"))["micro_batch"] = 1000;
    replay.recipe.erase("gradient");
    (*still.recipe.at("gradient.0"))["across"] = 0.0;
    for (auto [plan, name] : {std::pair{&mer, "mer"}, {&replay, "replay"}, {&still, "still"}})
      QCOMPARE(QString::fromStdString(Run::start(*plan, base / name, {})->wait().state), QStringLiteral("done"));
    const TensorMap a = endOf(base / "mer"), b = endOf(base / "replay"), c = endOf(base / "still");
    int compared = 0;
    for (const auto& [name, tensor] : a)
      if (name.starts_with("model.backbone.") || name.starts_with("model.head.weight")) {
        QVERIFY2(apart(tensor, b.at(name)) < 1e-5, qPrintable(QString::fromStdString(name) + QString::number(apart(tensor, b.at(name)))));
        ++compared;
      }
    QVERIFY(compared > 10);
    const LoadedBackbone start = loadBackbone(mer.options.backbone, 0, "");
    for (const auto& item : start.vit->named_parameters()) QVERIFY2(torch::equal(c.at("model.backbone." + item.key()), item.value()), item.key().c_str());
  }

  // ---- Memories

  void memoriesFillAndComeBack_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : {"replay", "replay.class-balanced", "replay.herding", "der", "der-plus-plus", "icarl", "icarl.adapter"}) QTest::newRow(name) << name;
  }

  void memoriesFillAndComeBack() {
    QFETCH(QString, recipe);
    const QTemporaryDir dir;
    const fs::path folder = fs::path(dir.path().toStdString()) / "run";
    RunPlan plan = planOf(recipe.toStdString());
    (*plan.recipe.at("memory"))["capacity"] = 12;
    QCOMPARE(QString::fromStdString(Run::start(plan, folder, {})->wait().state), QStringLiteral("done"));
    const TensorMap end = endOf(folder);
    const Tensor labels = end.at("model.memory.labels");
    QCOMPARE(labels.numel(), std::int64_t{12});
    QCOMPARE(end.at("model.memory.pixels").numel(), std::int64_t{12} * 16 * 16 * 3);
    const Tensor counts = torch::bincount(labels.to(torch::kLong), {}, 4);
    if (recipe == QLatin1String("icarl") || recipe.contains(QStringLiteral("herding")) || recipe.contains(QStringLiteral("balanced"))) QCOMPARE(counts.min().item<std::int64_t>(), std::int64_t{3});
    if (recipe.startsWith(QStringLiteral("der"))) QVERIFY(end.at("model.memory.logits").numel() >= 12 * 2);
  }

  // A memory that could hold everything: nearest mean of exemplars is nearest mean.
  void allImagesAsExemplarsAreTheClassMeans() {
    RunPlan plan = planOf("icarl");
    (*plan.recipe.at("memory"))["capacity"] = 1000;
    const auto session = sessionOf(plan);
    QVERIFY(session);
    session->trains_in.assign(2, true);
    session->model.beginTask(session->scope());
    session->phases[1]->run(*session);
    const Tensor means = *session->model.head().prototypes();
    for (int label = 0; label < 2; ++label) {
      std::vector<Tensor> rows;
      for (const auto index : session->trainIndices(0)) {
        if (session->scenario.label_of[static_cast<std::size_t>(session->data.train->label(index))] != label) continue;
        Rng rng(0);
        Tensor one = torch::empty({1, 3, 16, 16});
        session->test_transform(session->data.train->image(index), rng, one.data_ptr<float>());
        const torch::NoGradGuard no_graph;
        const Tensor feature = session->model.backbone()->forward(one).cls();
        rows.push_back(feature / feature.norm());
      }
      QVERIFY(apart(means[label], torch::cat(rows).mean(0)) < 1e-5);
    }
  }

  // ---- Alignment

  void dividingByLengthsForgetsTheScale() {
    const Tensor logits = noise({7, 6}), labels = torch::arange(7, torch::kLong).remainder(6);
    const double one = alignmentLoss(logits, labels, {0, 2, 4}, 0.1).item<double>();
    QVERIFY(std::abs(alignmentLoss(logits * 17, labels, {0, 2, 4}, 0.1).item<double>() - one) < 1e-4);
    QVERIFY(std::abs(alignmentLoss(logits * 17, labels, {0, 2, 4}, 0).item<double>() - alignmentLoss(logits, labels, {0, 2, 4}, 0).item<double>()) > 0.1);
  }

  void theRecordedAlignmentLossComesOut() {
    const auto path = kShared / "fixtures/e_slca.safetensors";
    if (!fs::exists(path)) QSKIP("The recorded reference tensors are not on this machine");
    TensorMap e = readTensorFile(path).tensors;
    Tensor weight = torch::cat({e.at("fc.head0.0.weight"), e.at("fc.head1.0.weight")}).requires_grad_(true);
    Tensor bias = torch::cat({e.at("fc.head0.0.bias"), e.at("fc.head1.0.bias")}).requires_grad_(true);
    const Tensor logits = torch::linear(e.at("samples"), weight, bias);
    QVERIFY(apart(logits.detach(), e.at("logits")) < 1e-4 * e.at("logits").abs().max().item<double>());
    const Tensor loss = alignmentLoss(logits, e.at("sample_labels"), {0, 4}, 0.1);
    QVERIFY(std::abs(loss.item<double>() - e.at("loss").item<double>()) < 1e-4 * std::abs(e.at("loss").item<double>()));
    loss.backward();
    const Tensor expected = torch::cat({e.at("grad.fc.head0.0.weight"), e.at("grad.fc.head1.0.weight")});
    QVERIFY(apart(weight.grad(), expected) < 1e-4 * expected.abs().max().item<double>());
  }

  void drawnFeaturesAreThoseOfTheirClass() {
    Setting setting;
    setting.shape.width = 6;
    GaussianStatistics statistics({.ridge = 1e-4}, setting);
    statistics.beginTask({0, 0, 2});
    const Tensor mix = noise({6, 6}, 4), rows = noise({500, 6}, 5).matmul(mix) + 2;
    statistics.observe(rows, torch::zeros({500}, torch::kLong));
    statistics.observe(rows.slice(0, 0, 1), torch::ones({1}, torch::kLong));
    const Tensor many = statistics.drawn(0, 100000, 0.9, 3), off = many - many.mean(0);
    const Tensor covariance = off.t().matmul(off) / 99999;
    const Tensor centred = rows - rows.mean(0), expected = centred.t().matmul(centred) / 499;
    QVERIFY(apart(many.mean(0), 0.9 * rows.mean(0)) < 5 * std::sqrt(expected.diagonal().max().item<double>() / 1e5));
    QVERIFY(apart(covariance, expected) < 5 * expected.diagonal().max().item<double>() * std::sqrt(2 / 1e5));
    QVERIFY(torch::equal(statistics.drawn(0, 5, 1, 3), statistics.drawn(0, 5, 1, 3)));
    // A single image varies by the ridge alone.
    QVERIFY(apart(statistics.drawn(1, 100, 1, 4), rows.slice(0, 0, 1).expand({100, 6})) < 0.06);
  }

  void slcaGoesOnFromTheHeadBeforeAlignment() {
    RunPlan plan = planOf("slca");
    const auto session = sessionOf(plan);
    QVERIFY(session);
    Model& model = session->model;
    model.beginTask(session->scope());
    session->phases[1]->run(*session);
    session->clock.task = 1;
    session->clock.phase = 2;
    session->clock.epoch = session->clock.step = 0;
    model.beginTask(session->scope());
    const Tensor old = Collect(model).trained.at("head.weight").detach().slice(0, 0, 2).clone();
    {
      const torch::NoGradGuard no_graph;  // as weight decay does, whatever the loss looks at
      Collect(model).trained.at("head.weight").mul_(0.5);
    }
    model.stepped();
    QVERIFY(torch::equal(Collect(model).trained.at("head.weight").slice(0, 0, 2), old));
    QVERIFY(Collect(model).trained.at("head.weight").slice(0, 2).abs().sum().item<double>() > 0);
    session->clock.task = 1;
    session->clock.epoch = session->clock.step = 0;
    session->phases[1]->run(*session);
    const Tensor before = Collect(model).trained.at("head.weight").detach().clone();
    session->clock.phase = 2;
    session->clock.epoch = session->clock.step = 0;
    session->phases[2]->run(*session);
    QVERIFY(apart(Collect(model).trained.at("head.weight").detach(), before) > 1e-5);
    model.beginTask({1, 2, 4});
    QVERIFY(torch::equal(Collect(model).trained.at("head.weight").detach(), before));
  }

  // ---- Banks

  void earlierAdaptationsStayAsTheyAre_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : {"ease", "mos", "progressive"}) QTest::newRow(name) << name;
  }

  void earlierAdaptationsStayAsTheyAre() {
    QFETCH(QString, recipe);
    const Made model = modelOf(recipeOf(recipe.toStdString()));
    begin(*model.model, kFirst);
    train(*model.model, kFirst, 2);
    solveHead(*model.model, kFirst);
    model->endTask(kFirst);
    const Tensor images = noise({3, 3, 16, 16});
    const Tensor before = model->memberFeatures(images, 0);
    const auto first = copyOf(Collect(*model.model).trained);
    begin(*model.model, kSecond);
    QCOMPARE(model->members(), 2);
    Tensor shown;
    if (recipe == QLatin1String("progressive")) shown = model->forward(inputsOf(images, 0), false).logits.slice(1, 0, 2).detach().clone();
    train(*model.model, kSecond, 2);
    QVERIFY(torch::equal(model->memberFeatures(images, 0), before));
    for (const auto& [name, tensor] : Collect(*model.model).all)
      if (name.starts_with("bank.0.")) QVERIFY2(torch::equal(tensor, first.at(name)), name.c_str());
    const torch::NoGradGuard no_graph;
    QVERIFY(apart(model->memberFeatures(images, 1), before) > 1e-5);
    const Forward pass = model->forward(inputsOf(images, 0), false);
    QCOMPARE(pass.feature.size(1), std::int64_t{64});
    QCOMPARE(pass.logits.size(1), std::int64_t{4});
    if (recipe == QLatin1String("progressive")) {
      model->stepped();  // rows of the first task's layer are frozen
      QVERIFY(apart(model->forward(inputsOf(images, 0), false).logits.slice(1, 0, 2), shown) < 1e-6);
    }
  }

  void cachedMembersSayTheSame() {
    const Made model = modelOf(recipeOf("ease"));
    for (const TaskScope& scope : {kFirst, kSecond}) {
      begin(*model.model, scope);
      train(*model.model, scope, 1);
      solveHead(*model.model, scope);
      model->endTask(scope);
    }
    const torch::NoGradGuard no_graph;
    Inputs in = inputsOf(noise({3, 3, 16, 16}), 0);
    const Tensor whole = model->forward(in, false).logits;
    in.members = torch::stack({model->memberFeatures(in.images, 0)}, 1);
    QVERIFY(apart(model->forward(in, false).logits, whole) < 1e-6);
    in.members = torch::stack({model->memberFeatures(in.images, 0), model->memberFeatures(in.images, 1)}, 1);
    in.images = Tensor();
    QVERIFY(apart(model->forward(in, false).logits, whole) < 1e-6);
  }

  // Weights of old classes' prototypes in a newer subspace are shares, so they lie between the newer ones.
  void synthesisedPrototypesLieBetweenTrueOnes() {
    Setting setting = settingFor({});
    setting.shape.width = 5;
    SubspaceHead head({.alpha = 0.1}, setting);
    head.beginTask(kFirst);
    head.observe(noise({20, 5}, 2), torch::arange(20, torch::kLong).remainder(2));
    head.solve();
    head.beginTask(kSecond);
    const Tensor rows = noise({20, 10}, 3);
    head.observe(rows, torch::arange(20, torch::kLong).remainder(2) + 2);
    head.solve();
    const Tensor all = head.prototypes()->view({4, 2, 5}), low = std::get<0>(all.slice(0, 2).select(1, 1).min(0)), high = std::get<0>(all.slice(0, 2).select(1, 1).max(0));
    for (int old = 0; old < 2; ++old) {
      QVERIFY((all[old][1] >= low - 1e-6).all().item<bool>());
      QVERIFY((all[old][1] <= high + 1e-6).all().item<bool>());
    }
    // Without weight on others, a class is told by its own subspace alone.
    SubspaceHead own({.alpha = 0}, setting);
    own.beginTask(kFirst);
    own.observe(noise({20, 5}, 2), torch::arange(20, torch::kLong).remainder(2));
    own.beginTask(kSecond);
    own.observe(rows, torch::arange(20, torch::kLong).remainder(2) + 2);
    own.solve();
    const Tensor test = noise({6, 10}, 8);
    QVERIFY(apart(own.logits(test).slice(1, 0, 2), cosines(test.slice(1, 0, 5), all.slice(0, 0, 2).select(1, 0))) < 1e-5);
    QVERIFY(apart(own.logits(test).slice(1, 2), cosines(test.slice(1, 5), all.slice(0, 2).select(1, 1))) < 1e-5);
  }

  void mergingGoesToTheMeanOfEarlierOnes_data() {
    QTest::addColumn<double>("merge");
    for (const double m : {0.0, 0.5, 1.0}) QTest::newRow(qPrintable(QString::number(m))) << m;
  }

  void mergingGoesToTheMeanOfEarlierOnes() {
    QFETCH(double, merge);
    const Made model = modelOf(recipeOf("mos", {{"bank.merge", Value(merge)}}));
    begin(*model.model, kFirst);
    train(*model.model, kFirst, 2);
    model->stepped();  // the first has nothing to go to
    const auto first = copyOf(Collect(*model.model).trained);
    begin(*model.model, kSecond);
    for (const auto& [name, tensor] : Collect(*model.model).trained)  // it starts from the last one
      if (name.starts_with("bank.1.")) QVERIFY(torch::equal(tensor, first.at("bank.0." + name.substr(7))));
    train(*model.model, kSecond, 2);
    const auto before = copyOf(Collect(*model.model).trained);
    model->stepped();
    for (const auto& [name, tensor] : Collect(*model.model).trained)
      if (name.starts_with("bank.1.")) {
        const Tensor expected = before.at(name) * (1 - merge) + first.at("bank.0." + name.substr(7)) * merge;
        QVERIFY2(apart(tensor, expected) < 1e-6, name.c_str());
      }
  }

  // One adaptation: whatever an image looks like, it is retrieved, and evaluating changes nothing.
  void withOneTaskRetrievalIsTheLayer() {
    const Made model = modelOf(recipeOf("mos", {{"head.ensemble", Value(false)}}));
    begin(*model.model, kFirst);
    train(*model.model, kFirst, 2);
    solveHead(*model.model, kFirst);
    const auto before = copyOf(Collect(*model.model).all);
    const torch::NoGradGuard no_graph;
    const Inputs in = inputsOf(noise({5, 3, 16, 16}), 0);
    const Forward pass = model->forward(in, false);
    QVERIFY(apart(pass.logits, torch::softmax(model->head().trainingLogits(pass.own), 1)) < 1e-6);
    for (const auto& [name, tensor] : Collect(*model.model).all) QVERIFY2(torch::equal(tensor, before.at(name)), name.c_str());
  }
};

QTEST_GUILESS_MAIN(TestHoldingOn)
#include "tst_holding_on.moc"
