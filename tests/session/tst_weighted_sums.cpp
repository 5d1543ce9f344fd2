// Weights of a sum (CODA-Prompt, SAPC): cosines, normalisers, thresholds, and what they do to a pool that grows.
#include <QTest>
#include <algorithm>
#include <cmath>

#include "tests/session/tiny_prompts.h"

using namespace palimpsest;

class TestWeightedSums : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { at::set_num_threads(2); }

  // Section 11, 6.
  void theTwoProductsAreTheCosine() {
    const Tensor q = noise({7, 32}), gates = noise({9, 32}, 2), keys = noise({9, 32}, 3);
    keys[4].zero_();
    gates[5].zero_();
    const Tensor u = q.unsqueeze(1) * gates.unsqueeze(0);
    const Tensor naive = (u * keys).sum(2) / (u.norm(2, 2).clamp_min(1e-12) * keys.norm(2, 1).clamp_min(1e-12));
    const Tensor fast = gatedCosine(q, gates, keys);
    QVERIFY(apart(fast, naive) < 1e-5);
    QVERIFY(fast.select(1, 4).eq(0).all().item<bool>() && fast.select(1, 5).eq(0).all().item<bool>());
    QVERIFY(apart(gatedCosine(q * 3, gates * 0.5, keys * 7), fast) < 1e-5);
    QVERIFY(fast.abs().max().item<double>() <= 1 + 1e-5);
  }

  void normalisersAreWhatTheySay() {
    const Tensor z = noise({20, 12}) * 2;
    for (const auto& weights : {sparsemax(z), entmax15(z), normalised("softmax", z, 1, 0), normalised("topk-softmax", z, 1, 3)}) {
      QVERIFY(weights.min().item<double>() >= 0);
      QVERIFY((weights.sum(1) - 1).abs().max().item<double>() < 1e-5);
    }
    QVERIFY(apart(sparsemax(z + 3), sparsemax(z)) < 1e-5);
    QVERIFY(apart(entmax15(z + 3), entmax15(z)) < 1e-5);
    QVERIFY(torch::equal(normalised("topk-raw", z, 1, 12), z));
    QCOMPARE(normalised("topk-raw", z, 1, 3).ne(0).sum().item<std::int64_t>(), std::int64_t{60});
    QVERIFY(torch::equal(normalised("signed-entmax", z, 0.5, 0).sign(), normalised("signed-entmax", z, 0.5, 0).ne(0) * z.sign()));
    // sparsemax is the projection onto the simplex: no other point of it is nearer
    const Tensor p = sparsemax(z), other = normalised("softmax", noise(z.sizes(), 8), 1, 0);
    QVERIFY(((other - z).square().sum(1) - (p - z).square().sum(1)).min().item<double>() > 0);
    // the threshold equation of entmax-1.5: roots of the weights are (z/2 - theta)+
    const Tensor root = entmax15(z).sqrt(), inside = root > 0;
    const Tensor theta = (z / 2 - root).masked_fill(~inside, 0).sum(1) / inside.sum(1);
    QVERIFY(apart((z / 2 - theta.unsqueeze(1)).clamp_min(0), root) < 1e-5);
  }

  void normalisersHaveTheSlopesOfTheirValues_data() {
    QTest::addColumn<QString>("kind");
    for (const char* kind : {"sparsemax", "entmax15", "signed-entmax", "topk-softmax", "topk-raw"}) QTest::newRow(kind) << QString::fromLatin1(kind);
  }
  void normalisersHaveTheSlopesOfTheirValues() {
    QFETCH(QString, kind);
    const Tensor z = noise({3, 8}), mix = noise({3, 8}, 4);
    Tensor x = z.clone().set_requires_grad(true);
    const auto value = [&](const Tensor& at) { return (normalised(kind.toStdString(), at, 0.7, 3) * mix).sum(); };
    value(x).backward();
    for (int i = 0; i < 3; ++i)
      for (int m = 0; m < 8; ++m) {
        constexpr float h = 2e-3F;
        Tensor up = z.clone(), down = z.clone();
        up[i][m] += h;
        down[i][m] -= h;
        const double slope = (value(up) - value(down)).item<double>() / (2 * h);
        QVERIFY2(std::abs(slope - x.grad()[i][m].item<double>()) < 5e-3, qPrintable(QStringLiteral("%1 %2: %3, %4").arg(i).arg(m).arg(slope).arg(x.grad()[i][m].item<double>())));
      }
  }

  // Section 7.3: a component below the threshold changes nothing.
  void aPoolGrowsWithoutAnOldImageNoticing() {
    const Tensor z = noise({30, 10});
    for (const char* kind : {"sparsemax", "entmax15"}) {
      const Tensor before = normalised(kind, z, 0.5, 0);
      const Tensor low = torch::full({30, 3}, z.min().item<float>() - 5);
      const Tensor after = normalised(kind, torch::cat({z, low}, 1), 0.5, 0);
      QVERIFY(after.slice(1, 10).eq(0).all().item<bool>());
      QVERIFY(apart(after.slice(1, 0, 10), before) < 1e-6);
      // and one above it does
      const Tensor high = torch::full({30, 1}, z.max().item<float>());
      QVERIFY(apart(normalised(kind, torch::cat({z, high}, 1), 0.5, 0).slice(1, 0, 10), before) > 1e-2);
    }
    const Tensor soft = normalised("softmax", z, 0.5, 0);
    QVERIFY(apart(normalised("softmax", torch::cat({z, z.slice(1, 0, 1) - 3}, 1), 0.5, 0).slice(1, 0, 10), soft) > 1e-4);
  }

  // A score just below the threshold changes nothing, one just above it does.
  void thresholdsAreWhereWeightBegins() {
    const Tensor z = noise({30, 10});
    for (const char* kind : {"sparsemax", "entmax15"}) {
      const Tensor limit = thresholdOf(kind, z), before = normalised(kind, z, 1, 0);
      const Tensor below = normalised(kind, torch::cat({z, limit.unsqueeze(1) - 1e-3}, 1), 1, 0), above = normalised(kind, torch::cat({z, limit.unsqueeze(1) + 1e-2}, 1), 1, 0);
      QVERIFY(below.select(1, 10).eq(0).all().item<bool>());
      QVERIFY(apart(below.slice(1, 0, 10), before) < 1e-6);
      QVERIFY(above.select(1, 10).gt(0).all().item<bool>());
    }
  }

  // Old queries are drawn, not kept; what the penalty moves are the new keys and gates alone.
  void newComponentsArePushedBelowOldThresholds() {
    const auto intruding = [](double weight) {
      const Made model = modelOf(recipeOf("sapc", {{"prompts.0.select.intrusion", weight}, {"prompts.0.select.balance", 0.0}}));
      begin(*model.model, kFirst);
      train(*model.model, kFirst, 10, 0.05);
      begin(*model.model, kSecond);
      Collect state(*model.model);
      if (weight > 0) {
        Forward pass;
        lossOf(*model.model, inputsOf(noise({6, 3, 16, 16}), 1), kSecond, &pass);
        if (!(pass.penalty.item<double>() > 0)) return -1.0;
        pass.penalty.backward();
        if (state.trained.at("prompts.0.keys").grad().abs().sum().item<double>() == 0) return -2.0;  // of the new block: old ones do not train
        if (state.trained.at("prompts.0.prompts").grad().defined()) return -3.0;
      }
      train(*model.model, kSecond, 30, 0.02);
      const torch::NoGradGuard no_graph;
      const Tensor weights = model->forward(inputsOf(noise({20, 3, 16, 16}, 40), 0), false).choices[0].weights;  // images of the first task
      return weights.slice(2, 10).abs().sum(2).mean().item<double>();
    };
    const double free = intruding(0), guarded = intruding(3);
    QVERIFY2(guarded >= 0, qPrintable(QString::number(guarded)));
    QVERIFY2(guarded < 0.6 * free, qPrintable(QStringLiteral("%1 with the penalty, %2 without").arg(guarded).arg(free)));
  }

  void aLearnedTemperatureLearnsWhileItMay() {
    for (const char* when : {"first-task", "always"}) {
      const Made model = modelOf(recipeOf("sapc", {{"prompts.0.select.learn_temperature", when}}));
      begin(*model.model, kFirst);
      const Tensor start = Collect(*model.model).all.at("prompts.0.log_temperatures").detach().clone();
      train(*model.model, kFirst, 5);
      const Tensor learned = Collect(*model.model).all.at("prompts.0.log_temperatures").detach().clone();
      QVERIFY(learned.ne(start).all().item<bool>());
      begin(*model.model, kSecond);
      QCOMPARE(Collect(*model.model).trained.contains("prompts.0.log_temperatures"), std::string_view(when) == "always");
      train(*model.model, kSecond, 5);
      QCOMPARE(torch::equal(Collect(*model.model).all.at("prompts.0.log_temperatures"), learned), std::string_view(when) == "first-task");
    }
  }

  void supportShrinksWithTheTemperature() {
    const Tensor z = noise({50, 40}) * 0.036;
    for (const char* kind : {"sparsemax", "entmax15", "signed-entmax"}) {
      Tensor last = torch::full({50}, 41, torch::kLong);
      for (const double temperature : {1.0, 0.3, 0.1, 0.03, 0.01, 0.003}) {
        const Tensor support = normalised(kind, z, temperature, 0).ne(0).sum(1);
        QVERIFY((support <= last).all().item<bool>());
        last = support;
      }
      const double found = temperatureFor(kind, z, 5);
      QVERIFY(std::abs(normalised(kind, z, found, 0).ne(0).sum(1).to(torch::kDouble).mean().item<double>() - 5) < 0.3);
    }
  }

  void componentsOutsideTheSupportHaveNoGradient() {
    const Made model = modelOf(recipeOf("sapc", {{"prompts.0.select.balance", 0.0}}));
    begin(*model.model, kFirst);
    Collect state(*model.model);
    Forward pass;
    lossOf(*model.model, inputsOf(noise({4, 3, 16, 16}), 0), kFirst, &pass).backward();
    const Tensor used = pass.choices[0].weights.detach().ne(0).any(1);  // [places, M]
    QVERIFY(used.any().item<bool>() && !used.all().item<bool>());
    for (const char* name : {"prompts", "keys", "gates"}) {
      const Tensor slope = state.trained.at(std::string("prompts.0.") + name).grad().flatten(2).abs().sum(2);
      QVERIFY(slope.masked_select(~used).eq(0).all().item<bool>());
    }
  }

  void aWarmStartLetsEveryNewComponentLearn() {
    const Made model = modelOf(recipeOf("sapc"));
    begin(*model.model, kFirst);
    train(*model.model, kFirst, 20, 0.05);
    begin(*model.model, kSecond);
    const torch::NoGradGuard no_graph;
    Inputs in = inputsOf(noise({20, 3, 16, 16}, 41), 1);  // the images that the second task was begun with
    in.epochs = 2;                                         // free competition
    const Tensor weights = model->forward(in, true).choices[0].weights;
    const Tensor mass = weights.abs() / weights.abs().sum(2, true);
    QVERIFY(mass.slice(2, 10).sum(2).mean().item<double>() > 0.25);
  }

  void topKWithAllOfThemIsCoda() {
    const Made dense = modelOf(recipeOf("coda-prompt")), top = modelOf(recipeOf("coda-prompt", {{"prompts.0.select.normaliser", "topk-raw"}, {"prompts.0.select.top_k", 10}}));
    begin(*dense.model, kFirst);
    begin(*top.model, kFirst);
    const torch::NoGradGuard no_graph;
    const Inputs in = inputsOf(noise({4, 3, 16, 16}), 0);
    QVERIFY(torch::equal(dense->forward(in, false).logits, top->forward(in, false).logits));
  }
};

QTEST_GUILESS_MAIN(TestWeightedSums)
#include "tst_weighted_sums.moc"
