// What prompt methods promise on a small network: injection, gradients, growth.
#include <QTest>
#include <algorithm>
#include <cmath>

#include "tests/session/tiny_prompts.h"

using namespace palimpsest;

class TestPrompts : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { at::set_num_threads(2); }  // batches are cut in two

  void everyVariantFitsTheCatalogue() {
    for (const NamedRecipe& recipe : bundledRecipes()) {
      const Resolved resolved = resolve(recipe.recipe, catalogue());
      QVERIFY2(resolved.issues.empty(), (recipe.name + ": " + (resolved.issues.empty() ? "" : resolved.issues[0].path + " " + resolved.issues[0].message)).c_str());
      const Issues clashes = contradictions(resolved.recipe);
      QVERIFY2(clashes.empty(), (recipe.name + ": " + (clashes.empty() ? "" : clashes[0].message)).c_str());
    }
  }

  // Parts of a batch on threads of their own: the same features, and the same gradients.
  void partsOfABatchAddUp_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : kPrompted) QTest::newRow(name) << QString::fromLatin1(name);
  }
  void partsOfABatchAddUp() {
    QFETCH(QString, recipe);
    std::vector<std::map<std::string, Tensor>> slopes;
    std::vector<Tensor> logits;
    for (const int threads : {1, 2, 3}) {
      at::set_num_threads(threads);
      const Made model = modelOf(recipeOf(recipe.toStdString()));
      begin(*model.model, kFirst);
      Forward pass;
      lossOf(*model.model, inputsOf(noise({7, 3, 16, 16}), 0), kFirst, &pass).backward();
      logits.push_back(pass.logits.detach());
      slopes.emplace_back();
      for (const auto& [name, tensor] : Collect(*model.model).trained) slopes.back()[name] = tensor.grad().defined() ? tensor.grad().clone() : torch::zeros_like(tensor);
    }
    at::set_num_threads(2);
    const std::string prompts = recipe == QLatin1String("dap") ? "prompts.0.film" : "prompts.0.prompts";
    QVERIFY(slopes[0].at(prompts).abs().max().item<double>() > 0);
    for (std::size_t i : {std::size_t{1}, std::size_t{2}}) {
      QVERIFY(apart(logits[i], logits[0]) < 1e-4);
      for (const auto& [name, slope] : slopes[0]) QVERIFY2(apart(slopes[i].at(name), slope) < 1e-4 * slope.abs().max().item<double>() + 1e-6, name.c_str());
    }
  }

  // Section 11, 1.
  void whatAnImageGetsDoesNotDependOnItsBatch_data() {
    QTest::addColumn<QString>("recipe");
    QTest::addColumn<bool>("sound");
    for (const char* name : kPrompted) QTest::newRow(name) << QString::fromLatin1(name) << true;
    for (const char* name : {"l2p.pilot", "dap.official"}) QTest::newRow(name) << QString::fromLatin1(name) << false;
    QTest::newRow("dualprompt.pilot") << QStringLiteral("dualprompt.pilot") << false;
  }
  void whatAnImageGetsDoesNotDependOnItsBatch() {
    QFETCH(QString, recipe);
    QFETCH(bool, sound);
    const Made model = modelOf(recipeOf(recipe.toStdString()));
    for (const TaskScope& scope : {kFirst, kSecond}) {
      begin(*model.model, scope);
      train(*model.model, scope, scope.task == 0 || !model->head().observes() ? 3 : 0);
      solveHead(*model.model, scope);
    }
    const torch::NoGradGuard no_graph;
    const Inputs all = inputsOf(noise({16, 3, 16, 16}), 1);
    const Tensor whole = model->forward(all, false).logits;
    double worst = 0;
    for (const int size : {1, 2, 3, 16})
      for (std::int64_t at = 0; at + size <= 16; at += size)
        worst = std::max(worst, apart(model->forward(slice(all, at, at + size), false).logits, whole.slice(0, at, at + size)));
    if (sound) QVERIFY2(worst < 2e-5, qPrintable(QString::number(worst)));
    else QVERIFY2(worst > 1e-3, qPrintable(QString::number(worst)));
  }

  // Section 11, 2.
  void promptsThatNobodyGotHaveNoGradient() {
    const Made model = modelOf(recipeOf("l2p"));
    begin(*model.model, kFirst);
    Collect state(*model.model);
    Forward pass;
    lossOf(*model.model, inputsOf(noise({3, 3, 16, 16}), 0), kFirst, &pass).backward();
    const auto chosen = chosenIn(pass.choices[0].indices, 10);
    QVERIFY(std::count(chosen.begin(), chosen.end(), 0) > 0);
    for (int m = 0; m < 10; ++m) {
      const Tensor key = state.trained.at("prompts.0.keys").grad()[m];
      QCOMPARE(key.abs().sum().item<double>() > 0, chosen[static_cast<std::size_t>(m)] > 0);
      QCOMPARE(state.trained.at("prompts.0.prompts").grad()[0][m].abs().sum().item<double>() > 0, chosen[static_cast<std::size_t>(m)] > 0);
    }
  }

  void oldPromptsStayBitForBit_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : {"dualprompt", "l2p.task-mask", "vpt-deep.per-task", "coda-prompt", "sapc", "dap"}) QTest::newRow(name) << QString::fromLatin1(name);
  }
  void oldPromptsStayBitForBit() {
    QFETCH(QString, recipe);
    const Made model = modelOf(recipeOf(recipe.toStdString()));
    begin(*model.model, kFirst);
    train(*model.model, kFirst, 4);
    begin(*model.model, kSecond);
    const int entry = recipe == QLatin1String("dualprompt") ? 1 : 0;
    const Pool& pool = model->pool(entry);
    const auto state = Collect(*model.model).all;
    const auto before = copyOf(state);
    train(*model.model, kSecond, 10);
    const std::string prefix = "prompts." + std::to_string(entry) + ".";
    const auto after = Collect(*model.model).all;
    if (pool.choices() > 1) {  // components: the old block as a whole
      for (const char* name : {"old.prompts", "old.keys", "old.gates"}) QVERIFY(torch::equal(before.at(prefix + name), after.at(prefix + name)));
      QVERIFY(before.at(prefix + "old.prompts").size(1) == 10);
      QVERIFY(!torch::equal(before.at(prefix + "prompts"), after.at(prefix + "prompts")));
    } else {
      const int n = pool.perTask();
      QVERIFY(torch::equal(before.at(prefix + "prompts").slice(1, 0, n), after.at(prefix + "prompts").slice(1, 0, n)));
      QVERIFY(torch::equal(before.at(prefix + "keys").slice(0, 0, n), after.at(prefix + "keys").slice(0, 0, n)));
      QVERIFY(!torch::equal(before.at(prefix + "prompts").slice(1, n), after.at(prefix + "prompts").slice(1, n)));
    }
    if (recipe == QLatin1String("dap")) {
      QVERIFY(torch::equal(before.at(prefix + "down"), after.at(prefix + "down")));
      QVERIFY(!torch::equal(before.at(prefix + "film"), after.at(prefix + "film")));
    }
  }

  // Section 11, 3.
  void theOrderOfRowsInsideABlockDoesNotMatter_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : {"vpt-shallow.sequential", "vpt-deep.sequential", "l2p"}) QTest::newRow(name) << QString::fromLatin1(name);
  }
  void theOrderOfRowsInsideABlockDoesNotMatter() {
    QFETCH(QString, recipe);
    const Made model = modelOf(recipeOf(recipe.toStdString()));
    begin(*model.model, kFirst);
    const torch::NoGradGuard no_graph;
    const Inputs in = inputsOf(noise({3, 3, 16, 16}), 0);
    const Tensor before = model->forward(in, false).logits;
    Collect state(*model.model);
    Tensor& prompts = state.all.at("prompts.0.prompts");
    prompts.copy_(prompts.flip(2).clone());
    QVERIFY(apart(model->forward(in, false).logits, before) < 1e-5);
    prompts.add_(noise(prompts.sizes(), 9));
    QVERIFY(apart(model->forward(in, false).logits, before) > 1e-3);
  }

  void rowsThatStartAlikeStayAlike() {
    const Made model = modelOf(recipeOf("vpt-deep.pilot"));
    begin(*model.model, kFirst);
    Collect state(*model.model);
    lossOf(*model.model, inputsOf(noise({4, 3, 16, 16}), 0), kFirst).backward();
    const Tensor slope = state.trained.at("prompts.0.prompts").grad();  // [blocks, 1, rows, D]
    QVERIFY(slope.abs().max().item<double>() > 0);
    QVERIFY(apart(slope, slope.slice(2, 0, 1).expand_as(slope)) < 1e-5 * slope.abs().max().item<double>() + 1e-12);
  }

  void freshTokensOfABlockDoNotReachBlocksBefore() {
    const LoadedBackbone backbone = loadBackbone(kTiny, 0, "");
    const Setting s = settingFor(backbone.shape);
    const DeepTokenInjector inject({}, s);
    const torch::NoGradGuard no_graph;
    const Tensor x = noise({2, 17, 32});
    std::vector<Tensor> rows, other;
    for (std::uint64_t l = 0; l < 5; ++l) rows.push_back(noise({2, 1, 3, 32}, 70 + l));
    other = rows;
    other[3] = noise({2, 1, 3, 32}, 99);
    const auto upTo = [&](const std::vector<Tensor>& prompts, int blocks) {
      vit::Vit net = backbone.vit;
      const auto hooks = inject.bind(prompts);
      return net->blocks(x.clone(), 0, blocks, *hooks);
    };
    QCOMPARE(upTo(rows, 5).size(1), std::int64_t{17});  // what became of them is dropped
    QVERIFY(torch::equal(upTo(rows, 3), upTo(other, 3)));
    QVERIFY(!torch::equal(upTo(rows, 4), upTo(other, 4)));
  }

  // Section 11, 4: a prefix of zeros takes pi = m / (m + sum exp logits) of every head's attention.
  void aPrefixOfZerosIsASink() {
    LoadedBackbone backbone = loadBackbone(kTiny, 0, "");
    const Setting s = settingFor(backbone.shape);
    PrefixInjectorParams params;
    params.blocks = {1};
    const PrefixInjector inject(params, s);
    const torch::NoGradGuard no_graph;
    const Tensor x = noise({2, 17, 32});
    struct Heads final : vit::Hooks {
      Tensor output(vit::Site site, int, const Tensor& in, Tensor out) override {
        if (site == vit::Site::Proj) heads = in;
        if (site == vit::Site::Qkv) qkv = out;
        return out;
      }
      Tensor heads, qkv;
    } plain, with;
    vit::Vit net = backbone.vit;
    net->blocks(x.clone(), 1, 2, plain);
    const auto zeros = inject.bind({torch::zeros({2, 1, 6, 32})});
    vit::HookChain chain({zeros.get(), &with});
    net->blocks(x.clone(), 1, 2, chain);
    const Tensor split = plain.qkv.view({2, 17, 3, 4, 8}).permute({2, 0, 3, 1, 4});
    const Tensor sums = (split[0].matmul(split[1].transpose(-2, -1)) / std::sqrt(8.0)).exp().sum(-1);  // [B, heads, T]
    const Tensor left = (1 - 3.0 / (3.0 + sums)).transpose(1, 2).unsqueeze(-1);                            // [B, T, heads, 1]
    QVERIFY(apart(with.heads.view({2, 17, 4, 8}), plain.heads.view({2, 17, 4, 8}) * left) < 1e-5);
  }

  void rolesOfAPrefixMatter() {
    const Made model = modelOf(recipeOf("dualprompt"));
    begin(*model.model, kFirst);
    const torch::NoGradGuard no_graph;
    const Inputs in = inputsOf(noise({3, 3, 16, 16}), 0);
    const Tensor before = model->forward(in, false).logits;
    Collect state(*model.model);
    Tensor& prompts = state.all.at("prompts.1.prompts");
    prompts.copy_(prompts.roll(5, 2).clone());  // keys become values
    QVERIFY(apart(model->forward(in, false).logits, before) > 1e-4);
  }

  // With the right task told, test and training do the same.
  void anOracleSeesWhatTrainingSaw() {
    const Made model = modelOf(recipeOf("dualprompt", {{"prompts.1.select.test", "task"}}));
    begin(*model.model, kFirst);
    begin(*model.model, kSecond);
    const torch::NoGradGuard no_graph;
    const Inputs in = inputsOf(noise({3, 3, 16, 16}), 1);
    QVERIFY(torch::equal(model->forward(in, false).logits, model->forward(in, true).logits));
  }

  // The reshape without a permutation: sample b, role j is fed the flat row 2b + j.
  void thePortsLayoutMixesTheBatch() {
    const LoadedBackbone backbone = loadBackbone(kTiny, 0, "");
    PrefixInjectorParams params;
    params.blocks = {0};
    params.layout = "port";
    const Tensor rows = noise({4, 1, 6, 32});
    const auto prefixOf = [&](const PrefixInjectorParams& how, const Tensor& some) {
      const PrefixInjector inject(how, settingFor(backbone.shape));
      return inject.bind({inject.arranged(some)})->prefix(0);
    };
    const auto port = prefixOf(params, rows);
    for (int b = 0; b < 4; ++b)
      for (int j = 0; j < 2; ++j) {
        const int flat = 2 * b + j, role = flat / 4, sample = flat % 4;
        const Tensor expected = rows[sample][0].slice(0, role * 3, role * 3 + 3).view({3, 4, 8}).transpose(0, 1);
        QVERIFY(torch::equal((j == 0 ? port->key : port->value)[b], expected));
      }
    params.layout = "per-image";
    const auto right = prefixOf(params, rows);
    QVERIFY(torch::equal(right->value[2], rows[2][0].slice(0, 3, 6).view({3, 4, 8}).transpose(0, 1)));
    const auto alone = prefixOf({{0}, "port"}, rows.slice(0, 2, 3));
    QVERIFY(torch::equal(alone->value[0], right->value[2]));  // one image alone is right, and not what was trained
  }

  // Section 11, 7.
  void aKeysGradientIsOrthogonalToIt() {
    const Made model = modelOf(recipeOf("l2p"));
    begin(*model.model, kFirst);
    Collect state(*model.model);
    lossOf(*model.model, inputsOf(noise({6, 3, 16, 16}), 0), kFirst).backward();
    const Tensor& keys = state.trained.at("prompts.0.keys");
    QVERIFY((keys.grad() * keys.detach()).sum(1).abs().max().item<double>() < 1e-6);
    QVERIFY(keys.grad().abs().max().item<double>() > 0);
  }

  void thePullsWeightDoesNotMoveKeysUnderAdam() {
    std::vector<Tensor> ends;
    for (const double pull : {0.1, 1.0}) {
      const Made model = modelOf(recipeOf("l2p", {{"prompts.0.select.pull", pull}}));
      begin(*model.model, kFirst);
      const Tensor start = Collect(*model.model).all.at("prompts.0.keys").detach().clone();
      train(*model.model, kFirst, 20);
      ends.push_back(Collect(*model.model).all.at("prompts.0.keys").detach() - start);
    }
    QVERIFY(apart(ends[0], ends[1]) < 1e-4 * ends[0].abs().max().item<double>() + 2e-5);
  }

  // Section 11, 8.
  void aTaskTakesOverTheSliceBeforeIt() {
    const Made model = modelOf(recipeOf("dualprompt"));
    begin(*model.model, kFirst);
    train(*model.model, kFirst, 3);
    model->beginTask(kSecond);
    const Collect state(*model.model);
    const Tensor prompts = state.all.at("prompts.1.prompts"), keys = state.all.at("prompts.1.keys");
    QVERIFY(torch::equal(prompts.select(1, 1), prompts.select(1, 0)));
    QVERIFY(!torch::equal(keys[1], keys[0]));
  }

  void newComponentsAreOrthonormal() {
    for (const bool official : {true, false}) {
      const Tensor first = orthogonalRows(torch::zeros({0, 32}), noise({8, 32}), official);
      const Tensor both = torch::cat({first, orthogonalRows(first, noise({8, 32}, 8), official)});
      QVERIFY(apart(both.matmul(both.t()), torch::eye(16)) < 1e-5);
    }
    // old rows that are no longer orthogonal: one pass of Gram-Schmidt misses, QR does not
    const Tensor old = torch::nn::functional::normalize(noise({6, 32}) + 0.8);
    const Tensor missed = orthogonalRows(old, noise({4, 32}, 3), true), met = orthogonalRows(old, noise({4, 32}, 3), false);
    QVERIFY(met.matmul(old.t()).abs().max().item<double>() < 1e-5);
    QVERIFY(missed.matmul(old.t()).abs().max().item<double>() > 0.05);
    QVERIFY(apart(met.matmul(met.t()), torch::eye(4)) < 1e-5);
  }

  void aComponentOfZerosChangesNothing() {
    const Made model = modelOf(recipeOf("coda-prompt"));
    begin(*model.model, kFirst);
    const torch::NoGradGuard no_graph;
    const Inputs in = inputsOf(noise({4, 3, 16, 16}), 0);
    const Tensor before = model->forward(in, false).feature;
    begin(*model.model, kSecond);
    QVERIFY(apart(model->forward(in, false).feature, before) > 1e-3);
    Collect(*model.model).all.at("prompts.0.prompts").zero_();
    QVERIFY(apart(model->forward(in, false).feature, before) < 1e-5);
  }

  // Section 11, 9.
  void aCachedQueryGivesTheSame_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : kPrompted) QTest::newRow(name) << QString::fromLatin1(name);
  }
  void aCachedQueryGivesTheSame() {
    QFETCH(QString, recipe);
    const Made model = modelOf(recipeOf(recipe.toStdString()));
    begin(*model.model, kFirst);
    solveHead(*model.model, kFirst);
    const torch::NoGradGuard no_graph;
    Inputs in = inputsOf(noise({5, 3, 16, 16}), 0);
    const Tensor plain = model->forward(in, false).logits;
    in.known = model->frozenFeatures(in.images);
    QVERIFY(torch::equal(model->forward(in, false).logits, plain));
  }

  // Section 11, 11.
  void aSavedModelGoesOnAsItWas_data() { aCachedQueryGivesTheSame_data(); }
  void aSavedModelGoesOnAsItWas() {
    QFETCH(QString, recipe);
    const Value made = recipeOf(recipe.toStdString());
    const Made model = modelOf(made), other = modelOf(made);
    begin(*model.model, kFirst);
    train(*model.model, kFirst, 3);
    solveHead(*model.model, kFirst);
    begin(*model.model, kSecond);
    solveHead(*model.model, kSecond);
    const auto saved = copyOf(Collect(*model.model).all);
    Put put(saved);
    other->visit(put);
    other->at(kSecond);
    const torch::NoGradGuard no_graph;
    const Inputs in = inputsOf(noise({5, 3, 16, 16}), 1);
    for (const bool training : {false, true}) {
      const Forward a = model->forward(in, training), b = other->forward(in, training);
      QVERIFY(torch::equal(a.logits, b.logits));
    }
    for (const auto& [name, tensor] : Collect(*other.model).all) QVERIFY2(torch::equal(tensor.detach(), saved.at(name)), name.c_str());
  }

  // Section 11, 12; figures of section 10.1 for ViT-B/16 (D = 768, 12 blocks, 197 tokens).
  void parametersAreAsManyAsPublished_data() {
    QTest::addColumn<QString>("recipe");
    QTest::addColumn<int>("tasks");
    QTest::addColumn<qint64>("expected");
    QTest::newRow("l2p") << QStringLiteral("l2p") << 10 << qint64{46080};
    QTest::newRow("dualprompt") << QStringLiteral("dualprompt") << 10 << qint64{253440};
    QTest::newRow("coda-prompt, one task of ten") << QStringLiteral("coda-prompt") << 10 << qint64{384000};
    QTest::newRow("dap") << QStringLiteral("dap") << 10 << qint64{363376};
    QTest::newRow("vpt-shallow") << QStringLiteral("vpt-shallow.sequential") << 10 << qint64{3840};
    QTest::newRow("vpt-deep") << QStringLiteral("vpt-deep.sequential") << 10 << qint64{46080};
  }
  void parametersAreAsManyAsPublished() {
    QFETCH(QString, recipe);
    QFETCH(int, tasks);
    QFETCH(qint64, expected);
    vit::Shape base;
    base.width = 768;
    base.heads = 12;
    base.mlp = 3072;
    Setting s = settingFor(base);
    s.classes = 100;
    s.tasks = tasks;
    const Value made = recipeOf(recipe.toStdString());
    class Count final : public State {
     public:
      void tensor(const std::string& name, Tensor& tensor, bool trained) override {
        if (trained && !(keyless && name == "keys")) sum += tensor.numel();
      }
      std::int64_t sum = 0;
      bool keyless = false;
    } count;
    for (const Value& entry : made.at("prompts")->asArray()) {
      const auto inject = parts().injectors.make(*entry.find("inject"), s);
      Setting own = s;
      own.places = inject->places();
      own.row_width = inject->rowWidth();
      count.keyless = entry.at("select.use")->asString() == "constant";  // nothing goes by its keys
      parts().pools.make(*entry.find("pool"), own)->visit(count);
      inject->visit(count);
    }
    QCOMPARE(static_cast<qint64>(count.sum), expected);
  }
};

QTEST_GUILESS_MAIN(TestPrompts)
#include "tst_prompts.moc"
