// Random projections and ridge regression: the solver, the sums, and RanPAC against its recording.
#include <QTest>
#include <cmath>
#include <filesystem>

#include "engine/parts/head/random_ridge.h"
#include "engine/protocol/error.h"
#include "engine/weights/tensors.h"

using namespace palimpsest;

namespace {

const std::filesystem::path kRecorded = std::filesystem::path(PALIMPSEST_SOURCE_DIR) / ".." / "shared/fixtures/d_ranpac_M2000.safetensors";
constexpr int kWidth = 10, kClasses = 4, kEach = 30;

Tensor noise(at::IntArrayRef shape, std::uint64_t seed) { return torch::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), torch::kDouble); }

double apart(const Tensor& a, const Tensor& b) { return (a.to(torch::kDouble) - b.to(torch::kDouble)).abs().max().item<double>(); }
double relative(const Tensor& a, const Tensor& b) { return apart(a, b) / b.to(torch::kDouble).abs().max().item<double>(); }

Setting setting() {
  Setting s;
  s.shape.width = kWidth;
  s.classes = kClasses;
  s.seed = 3;
  return s;
}

Tensor featuresOf(int label, std::uint64_t seed, int each = kEach) { return (noise({each, kWidth}, seed + static_cast<std::uint64_t>(label)) + noise({kWidth}, 70 + static_cast<std::uint64_t>(label)) * 2).to(torch::kFloat); }

RandomRidgeHeadParams small() {
  RandomRidgeHeadParams params;
  params.projection = 80;
  params.rule = "fixed";
  params.ridge = 5;
  return params;
}

void learn(RandomRidgeHead& head, const TaskScope& scope, const std::vector<int>& classes, int each = kEach) {
  head.beginTask(scope);
  for (const int label : classes) head.observe(featuresOf(label, 1, each), torch::full({each}, label, torch::kLong));
  head.solve();
}

struct Take final : State {
  void tensor(const std::string& name, Tensor& tensor, bool) override { all[name] = tensor.clone(); }
  TensorMap all;
};

TensorMap stateOf(RandomRidgeHead& head) {
  Take take;
  head.visit(take);
  return take.all;
}

}  // namespace

class TestRandomRidge : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void bothSidesGiveTheSameErrors() {
    const Tensor rows = noise({40, 60}, 1), targets = noise({40, 3}, 2), held = noise({15, 60}, 3), wanted = noise({15, 3}, 4);
    const auto dual = ridgeErrors(rows, targets, held, wanted, {0.01, 1, 100});
    for (std::size_t i = 0; i < 3; ++i) {
      const double ridge = std::pow(10.0, 2.0 * static_cast<double>(i) - 2);
      const Tensor direct = held.matmul(torch::inverse(rows.t().matmul(rows) + ridge * torch::eye(60, torch::kDouble)).matmul(rows.t().matmul(targets)));
      QVERIFY(std::abs(dual[i] - (direct - wanted).square().mean().item<double>()) < 1e-6);
    }
    // fewer columns than rows: the other side
    const Tensor tall = rows.slice(1, 0, 12), tall_held = held.slice(1, 0, 12);
    const auto primal = ridgeErrors(tall, targets, tall_held, wanted, {1});
    const Tensor direct = tall_held.matmul(torch::inverse(tall.t().matmul(tall) + torch::eye(12, torch::kDouble)).matmul(tall.t().matmul(targets)));
    QVERIFY(std::abs(primal[0] - (direct - wanted).square().mean().item<double>()) < 1e-9);
  }

  void theSolutionSolves() {
    const Tensor rows = noise({200, 50}, 5), gram = rows.t().matmul(rows), moments = noise({50, 4}, 6);
    double ridge = 0.5;
    const Tensor found = ridgeSolution(gram, moments, ridge);
    QCOMPARE(ridge, 0.5);
    QVERIFY(((gram + 0.5 * torch::eye(50, torch::kDouble)).matmul(found) - moments).norm().item<double>() / moments.norm().item<double>() < 1e-10);
  }

  void aSingularSumGetsALargerRidge() {
    const Tensor one = noise({1, 30}, 7) * 1e6, gram = one.t().matmul(one) - 1e-3 * torch::eye(30, torch::kDouble);
    double ridge = 1e-8;
    const Tensor found = ridgeSolution(gram, noise({30, 2}, 8), ridge);
    QVERIFY(ridge > 1e-4);
    QVERIFY(torch::isfinite(found).all().item<bool>());
  }

  void theOrderOfTasksDoesNotMatter() {
    RandomRidgeHead once(small(), setting()), steps(small(), setting());
    learn(once, {0, 0, 4}, {0, 1, 2, 3});
    learn(steps, {0, 0, 2}, {1, 0});
    learn(steps, {1, 2, 4}, {3, 2});
    const TensorMap a = stateOf(once), b = stateOf(steps);
    for (const char* name : {"gram", "moments"}) QVERIFY2(relative(b.at(name), a.at(name)) < 1e-5, name);
    QVERIFY(relative(b.at("weight"), a.at("weight")) < 1e-3);
    const Tensor test = featuresOf(2, 40);
    QVERIFY(torch::equal(once.logits(test).argmax(1), steps.logits(test).argmax(1)));
    QVERIFY(once.logits(test).argmax(1).eq(2).to(torch::kDouble).mean().item<double>() > 0.9);
  }

  // Few images are solved for from their own features, many from sums; both are what the regression says.
  void fewImagesAreNotSummedYet() {
    RandomRidgeHead head(small(), setting());
    std::vector<Tensor> features, labels;
    const auto task = [&](const TaskScope& scope, const std::vector<int>& classes, int each) {
      learn(head, scope, classes, each);
      for (const int label : classes) {
        features.push_back(featuresOf(label, 1, each));
        labels.push_back(torch::full({each}, label, torch::kLong));
      }
      const Tensor rows = head.projected(torch::cat(features)).to(torch::kDouble);
      const Tensor targets = torch::zeros({rows.size(0), scope.seen}, torch::kDouble).scatter_(1, torch::cat(labels).unsqueeze(1), 1.0);
      double ridge = 5;
      return relative(stateOf(head).at("weight"), ridgeSolution(rows.t().matmul(rows), rows.t().matmul(targets), ridge));
    };
    QVERIFY(task({0, 0, 2}, {0, 1}, 10) < 1e-5);
    QVERIFY(task({1, 2, 3}, {2}, 10) < 1e-5);
    QCOMPARE(stateOf(head).at("gram").numel(), 0);
    QCOMPARE(stateOf(head).at("waiting").size(0), 30);
    QVERIFY(task({2, 3, 4}, {3}, 30) < 1e-4);  // float32 sums
    QCOMPARE(stateOf(head).at("gram").size(0), 80);
    QCOMPARE(stateOf(head).at("waiting").size(0), 0);
  }

  // A ridge beyond all sums leaves the class sums themselves.
  void anEndlessRidgeLeavesClassSums() {
    RandomRidgeHeadParams params = small();
    params.ridge = 1e12;
    RandomRidgeHead head(params, setting());
    learn(head, {0, 0, 4}, {0, 1, 2, 3});
    const TensorMap state = stateOf(head);
    QVERIFY(relative(state.at("weight") * 1e12, state.at("moments")) < 1e-5);
  }

  void theRidgeIsChosenOnHeldOutImages() {
    RandomRidgeHeadParams params = small();
    params.rule = "task";
    RandomRidgeHead head(params, setting()), scaled([&] { params.rule = "scaled"; return params; }(), setting());
    for (RandomRidgeHead* one : {&head, &scaled}) {
      learn(*one, {0, 0, 2}, {0, 1});
      learn(*one, {1, 2, 4}, {2, 3});
    }
    const auto ladder = ridgeLadder();
    QVERIFY(std::find(ladder.begin(), ladder.end(), head.ridge()) != ladder.end());
    QCOMPARE(scaled.ridge(), 2 * head.ridge());
  }

  void oneImageOfAClassIsEnough() {
    RandomRidgeHeadParams params = small();
    params.rule = "task";
    RandomRidgeHead head(params, setting());
    learn(head, {0, 0, 1}, {0}, 1);
    QVERIFY(torch::isfinite(head.logits(featuresOf(0, 1, 1))).all().item<bool>());
  }

  void aTaskHalfSeenGoesOn() {
    RandomRidgeHead whole(small(), setting()), cut(small(), setting());
    learn(whole, {0, 0, 2}, {0, 1});
    cut.beginTask({0, 0, 2});
    cut.observe(featuresOf(0, 1), torch::full({kEach}, 0, torch::kLong));
    TensorMap saved = stateOf(cut);
    struct Give final : State {
      explicit Give(TensorMap& from) : from_(from) {}
      void tensor(const std::string& name, Tensor& tensor, bool) override { tensor = from_.at(name).clone(); }
      TensorMap& from_;
    } give(saved);
    RandomRidgeHead resumed(small(), setting());
    resumed.visit(give);
    resumed.observe(featuresOf(1, 1), torch::full({kEach}, 1, torch::kLong));
    resumed.solve();
    QVERIFY(torch::equal(resumed.logits(featuresOf(1, 9)), whole.logits(featuresOf(1, 9))));
  }

  void whatDoesNotFitMemoryIsRefused() {
    RandomRidgeHeadParams params;
    params.projection = 20000;
    Issues issues;
    RandomRidgeHead({20000}, setting()).check(issues);  // 8 GB: fits or not, as the machine has it
    for (const Issue& issue : issues) QVERIFY(QString::fromStdString(issue.message).contains(QLatin1String("GB")));
    Setting wide = setting();
    wide.shape.width = 2'000'000;
    issues.clear();
    RandomRidgeHead({0}, wide).check(issues);
    QCOMPARE(issues.size(), std::size_t{1});
    QVERIFY(QString::fromStdString(issues[0].message).contains(QLatin1String("80000 GB")));
  }

  void ranpacIsReproduced() {
    if (!std::filesystem::exists(kRecorded)) QSKIP("The recorded reference tensors are not on this machine");
    TensorMap e = readTensors(kRecorded);
    const auto named = [&](const char* name, int task) { return e.at(name + std::to_string(task)); };
    Tensor gram = torch::zeros({2000, 2000}), moments = torch::zeros({2000, 20});
    for (int task = 0; task < 5; ++task) {
      const Tensor features = named("train_features_t", task), labels = named("train_labels_t", task), order = named("order_t", task);
      const Tensor rows = features.matmul(e.at("W_rand")).relu();
      gram += rows.t().matmul(rows);
      moments.index_add_(1, labels, rows.t().contiguous());
      const Tensor mixed = rows.index_select(0, order).to(torch::kDouble), own = labels.index_select(0, order);
      const Tensor targets = torch::zeros({400, 20}, torch::kDouble).scatter_(1, own.unsqueeze(1), 1.0);
      const auto errors = ridgeErrors(mixed.slice(0, 0, 320), targets.slice(0, 0, 320), mixed.slice(0, 320), targets.slice(0, 320), ridgeLadder());
      const auto best = std::min_element(errors.begin(), errors.end()) - errors.begin();
      QCOMPARE(best, 14);  // 10^6, in every task
      const double recorded = named("ridge_val_losses_t", task)[14].item<double>();
      QVERIFY2(std::abs(errors[14] - recorded) < 1e-4 * recorded, qPrintable(QStringLiteral("%1 %2").arg(errors[14]).arg(recorded)));
      double ridge = 1e6;
      const Tensor weight = ridgeSolution(gram, moments.slice(1, 0, 4 * (task + 1)), ridge);
      QVERIFY2(relative(weight.t(), named("W_out_t", task)) < 1e-4, qPrintable(QString::number(relative(weight.t(), named("W_out_t", task)))));
      const Tensor test = e.at("test_features").matmul(e.at("W_rand")).relu().to(torch::kDouble);
      const Tensor unit_rows = test / test.norm(2, 1, true), unit_columns = weight / weight.norm(2, 0, true);
      const Tensor wanted = named("test_logits_t", task);
      QVERIFY(relative(unit_rows.matmul(unit_columns).slice(0, 0, wanted.size(0)), wanted) < 1e-4);
      if (task == 4) QVERIFY(relative(test.matmul(weight), e.at("test_logits_linear_t4")) < 1e-4);
    }
    QVERIFY(relative(gram, e.at("G_t4")) < 1e-5);
    QVERIFY(relative(moments, e.at("Q_t4")) < 1e-5);
  }
};

QTEST_GUILESS_MAIN(TestRandomRidge)
#include "tst_random_ridge.moc"
