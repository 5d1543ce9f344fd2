// How prompts are chosen: votes, controls, masks, frequency, confinement, and what does not fit a stream.
#include <QTest>
#include <algorithm>
#include <cmath>

#include "tests/session/tiny_prompts.h"

using namespace palimpsest;

class TestChoices : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { at::set_num_threads(2); }  // batches are cut in two

  void theVoteGivesTheWholeGroupOneAnswer() {
    const Made model = modelOf(recipeOf("l2p", {{"prompts.0.select.test", "vote"}, {"prompts.0.select.vote_batch", 4}}));
    begin(*model.model, kFirst);
    const torch::NoGradGuard no_graph;
    const Choice choice = model->forward(inputsOf(noise({10, 3, 16, 16}), 0), false).choices[0];
    for (int b = 0; b < 10; ++b) QVERIFY(torch::equal(choice.indices[b], choice.indices[b / 4 * 4]));
    // what each asked for is kept apart
    const auto counts = chosenIn(choice.asked.slice(0, 0, 4), 10);
    const auto won = chosenIn(choice.indices[0], 10);
    for (int m = 0; m < 10; ++m)
      for (int k = 0; k < 10; ++k)
        if (won[static_cast<std::size_t>(m)] && !won[static_cast<std::size_t>(k)]) QVERIFY(counts[static_cast<std::size_t>(m)] >= counts[static_cast<std::size_t>(k)]);
  }

  void controlsChooseAsTheySay() {
    const torch::NoGradGuard no_graph;
    const Inputs in = inputsOf(noise({8, 3, 16, 16}), 0);
    const auto indicesWith = [&](const char* rule) {
      const Made model = modelOf(recipeOf("l2p.task-mask", {{"prompts.0.select.test", rule}}));
      begin(*model.model, kFirst);
      begin(*model.model, kSecond);
      return model->forward(in, false).choices[0].indices;
    };
    QVERIFY((indicesWith("task") < 5).all().item<bool>());
    QCOMPARE(indicesWith("all").size(1), std::int64_t{10});
    const Tensor random = indicesWith("random");
    QVERIFY(torch::equal(random, indicesWith("random")));
    bool differs = false;
    for (int b = 1; b < 8; ++b) differs = differs || !torch::equal(std::get<0>(random[b].sort()), std::get<0>(random[0].sort()));
    QVERIFY(differs);
    const Tensor inferred = indicesWith("nearest-mean").div(5, "floor");  // all prompts of one task
    QVERIFY(inferred.eq(inferred.slice(1, 0, 1)).all().item<bool>());
  }

  void theFrequencyPenaltyGivesOthersTheirTurn() {
    const auto usedInSecond = [](const char* recipe) {
      const Made model = modelOf(recipeOf(recipe));
      begin(*model.model, kFirst);
      train(*model.model, kFirst, 5);
      begin(*model.model, kSecond);
      return chosenIn(model->forward(inputsOf(noise({8, 3, 16, 16}), 1), true).choices[0].indices, 10);
    };
    const auto plain = usedInSecond("l2p"), fair = usedInSecond("l2p.frequency-penalty");
    QVERIFY(plain != fair);
  }

  // A recipe that masks trains and predicts as if the prompt were not there; what is asked for is not changed by it.
  void maskedPromptsAreNeverChosenAndForcedOnesAlways_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : {"l2p", "l2p.frequency-penalty", "l2p.pilot", "l2p.official"}) QTest::newRow(name) << QString::fromLatin1(name);
  }
  void maskedPromptsAreNeverChosenAndForcedOnesAlways() {
    QFETCH(QString, recipe);
    const Value mask{Value::Array{3, 4}}, force{Value::Array{7}};
    const Made model = modelOf(recipeOf(recipe.toStdString(), {{"prompts.0.select.mask", mask}, {"prompts.0.select.force", force}}));
    begin(*model.model, kFirst);
    train(*model.model, kFirst, 3);
    begin(*model.model, kSecond);
    for (const bool training : {true, false}) {
      const Choice choice = model->forward(inputsOf(noise({8, 3, 16, 16}), 1), training).choices[0];
      QVERIFY(!choice.indices.eq(3).any().item<bool>() && !choice.indices.eq(4).any().item<bool>());
      QVERIFY(choice.indices.eq(7).any(1).all().item<bool>());
      QVERIFY(torch::isfinite(choice.scores).all().item<bool>());
      if (choice.penalty.defined()) QVERIFY(std::isfinite(choice.penalty.item<double>()));
    }
  }

  void maskedComponentsHaveNoWeight() {
    for (const char* recipe : {"coda-prompt", "sapc"}) {
      const Made model = modelOf(recipeOf(recipe, {{"prompts.0.select.mask", Value(Value::Array{0, 2})}}));
      begin(*model.model, kFirst);
      train(*model.model, kFirst, 3);
      const Tensor weights = model->forward(inputsOf(noise({8, 3, 16, 16}), 0), true).choices[0].weights;  // [places, B, M]
      QCOMPARE(weights.select(2, 0).abs().max().item<double>(), 0.0);
      QCOMPARE(weights.select(2, 2).abs().max().item<double>(), 0.0);
      QVERIFY(weights.select(2, 1).abs().max().item<double>() > 0);
    }
  }

  // An inspection may mask more; a prompt that both mask is one.
  void inspectionsAndRecipesMaskTogether() {
    const Made model = modelOf(recipeOf("l2p", {{"prompts.0.select.mask", Value(Value::Array{0, 1, 2, 3})}}));
    begin(*model.model, kFirst);
    model->adjusted.resize(1);
    model->adjusted[0].mask = {3, 4};
    const Tensor chosen = model->forward(inputsOf(noise({8, 3, 16, 16}), 1), false).choices[0].indices;
    QCOMPARE(chosen.size(1), std::int64_t{5});  // 5 to 9
    QVERIFY((chosen >= 5).all().item<bool>());
  }

  void namedPromptsMustBeThere() {
    const auto issuesOf = [](const Value& mask) { return contradictions(recipeOf("l2p", {{"prompts.0.select.mask", mask}})).size(); };
    QCOMPARE(issuesOf(Value(Value::Array{0, 9})), std::size_t{0});
    QCOMPARE(issuesOf(Value(Value::Array{10, 11})), std::size_t{2});
    QCOMPARE(issuesOf(Value(Value::Array{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})), std::size_t{1});
  }

  void promptsThatWereNeverUsedComeFirstUnderTheFrequencyPenalty() {
    TopKCosineParams params;
    params.top_k = 2;
    params.frequency_penalty = true;
    Setting s;
    s.shape.width = 32;
    FlatPool pool({}, s);
    TopKCosine select(params, s);
    Choice first;
    first.indices = torch::tensor({{0, 1}, {1, 2}}, torch::kLong);  // of ten, 3 to 9 are left
    select.used(first);
    select.beginTask(kSecond);
    const Inputs nothing;
    const Choice choice = select.choose({noise({4, 32}), nothing, true}, pool);
    QVERIFY((choice.indices >= 3).all().item<bool>());
  }

  void aPredictionConfinedToATaskStaysThere() {
    const Made model = modelOf(recipeOf("dap.official-imagenet-r"));
    begin(*model.model, kFirst);
    begin(*model.model, kSecond);
    const torch::NoGradGuard no_graph;
    const Forward pass = model->forward(inputsOf(noise({6, 3, 16, 16}), 0), false);
    const Tensor task = pass.choices[0].indices.select(1, 0);
    QVERIFY(torch::equal(pass.logits.argmax(1).div(2, "floor"), task));
  }

  void generatedPromptsAreTheCodeAloneWhenTheMapIsZero() {
    const LoadedBackbone backbone = loadBackbone(kTiny, 0, "");
    GeneratedInjector inject({}, settingFor(backbone.shape));
    const torch::NoGradGuard no_graph;
    const Tensor code = noise({1, 16}).expand({2, -1}).contiguous();
    const auto hooks = inject.bind({code.view({2, 1, 1, 16})});
    const Tensor out = hooks->tokens(vit::Stage::BlockIn, 0, noise({2, 17, 32}));
    QCOMPARE(hooks->passing(0), std::int64_t{10});
    const Tensor made = out.slice(1, 17);
    QVERIFY(apart(made[0], made[1]) < 1e-6);                       // whatever the image
    QVERIFY(apart(made[0], made[0].slice(0, 0, 1).expand({10, -1})) < 1e-6);
    QVERIFY(std::abs(made[0][0].norm().item<double>() - 1) < 1e-5);  // beta has length one
  }

  void dropoutLeavesOutAShareInTrainingAlone() {
    const Setting s = settingFor(loadBackbone(kTiny, 0, "").shape);
    const DeepTokenInjector inject({0.1}, s), whole({0}, s);
    const Tensor rows = torch::ones({40, 1, 5, 32});
    const Inputs in = inputsOf(noise({40, 3, 16, 16}), 0);
    const Tensor some = inject.thinned(rows, in, 2);
    const double out = some.eq(0).to(torch::kDouble).mean().item<double>();
    QVERIFY(out > 0.08 && out < 0.12);
    QVERIFY(std::abs(some.mean().item<double>() - 1) < 0.03);
    QVERIFY(torch::equal(some, inject.thinned(rows, in, 2)));
    QVERIFY(!torch::equal(some, inject.thinned(rows, in, 3)));
    QVERIFY(torch::equal(whole.thinned(rows, in, 2), rows));
    const Made model = modelOf(recipeOf("vpt-deep.sequential"));
    begin(*model.model, kFirst);
    const torch::NoGradGuard no_graph;
    const Tensor test = model->forward(in, false).logits;
    QVERIFY(torch::equal(test, model->forward(in, false).logits));
    QVERIFY(!torch::equal(test, model->forward(in, true).logits));
  }

  void whatDoesNotFitTheStreamIsSaidAtTheStart() {
    const LoadedBackbone backbone = loadBackbone(kTiny, 0, "");
    Setting s = settingFor(backbone.shape);
    s.tasks = 4;
    Issues issues;
    Model(recipeOf("coda-prompt"), loadBackbone(kTiny, 0, ""), s).check(issues);  // 40 components in 32 dimensions
    QCOMPARE(issues.size(), std::size_t{1});
    QVERIFY(QString::fromStdString(issues[0].message).contains(QLatin1String("cannot be orthogonal")));
    issues.clear();
    Model(recipeOf("dualprompt", {{"prompts.1.inject.blocks", Value(Value::Array{2, 7, 2})}}), loadBackbone(kTiny, 0, ""), settingFor(backbone.shape)).check(issues);
    QCOMPARE(issues.size(), std::size_t{2});
    QCOMPARE(QString::fromStdString(issues[0].path), QStringLiteral("prompts.1.inject.blocks"));
    const auto clashes = [](const char* recipe, std::vector<std::pair<std::string, Value>> changes) { return contradictions(recipeOf(recipe, changes)).size(); };
    QCOMPARE(clashes("dualprompt", {{"prompts.1.pool.length", 9}}), std::size_t{1});
    QCOMPARE(clashes("l2p", {{"prompts.0.select.test", "task"}}), std::size_t{1});
    QCOMPARE(clashes("vpt-deep", {{"phases.0.when", "every-task"}}), std::size_t{1});
    issues.clear();
    Model(recipeOf("sapc.softmax", {{"prompts.0.select.intrusion", 0.5}}), loadBackbone(kTiny, 0, ""), settingFor(backbone.shape)).check(issues);
    QCOMPARE(issues.size(), std::size_t{1});
    QVERIFY(QString::fromStdString(issues[0].message).contains(QLatin1String("no threshold")));
  }
};

QTEST_GUILESS_MAIN(TestChoices)
#include "tst_choices.moc"
