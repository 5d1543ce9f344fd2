// Whole runs on a tiny network and drawn images: what is recorded, that it is reproducible, and that it can be stopped
// anywhere.
#include <QTemporaryDir>
#include <QTest>
#include <spdlog/spdlog.h>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <numeric>
#include <thread>

#include "engine/engine.h"
#include "engine/protocol/error.h"
#include "engine/protocol/tail.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"
#include "engine/session/checkpoints.h"

using namespace palimpsest;
namespace fs = std::filesystem;

namespace {

RunOptions tiny() {
  RunOptions options;
  options.data = "shapes:classes=4,train=24,test=10,side=16,seed=3";
  options.scenario = "cil:init=2,increment=2,order=1993";
  options.backbone = "new:image=16,patch=8,width=32,depth=5,heads=2,seed=1";
  options.threads = 1;
  options.device = "cpu";
  return options;
}

RunPlan planOf(const char* recipe) {
  RunPlan plan{loadRecipe(recipe), tiny()};
  for (auto* phase = plan.recipe.at("phases.0"); phase && phase->find("epochs");) {
    (*phase)["epochs"] = 2;
    if (phase->find("drop_last")) (*phase)["batch"] = 16;
    break;
  }
  if (Value* total = plan.recipe.at("prompts.0.pool.total")) *total = 20;
  if (Value* projection = plan.recipe.at("head.projection"); projection && projection->asInt() > 0) *projection = 100;
  return plan;
}

// results.json without what differs from time to time.
std::string figuresOf(const fs::path& folder) {
  Value results = record::readJsonFile(record::Paths(folder).results());
  results.erase("seconds");
  results.erase("peak_rss_bytes");
  return record::toJson(results);
}

RunOutcome complete(const RunPlan& plan, const fs::path& folder) { return Run::start(plan, folder, {})->wait(); }

// Stops the run at the n-th event and keeps it.
class StopAt final : public Sink {
 public:
  explicit StopAt(std::uint64_t seq) : seq_(seq) {}
  void on(const Event& event) override {
    if (event.seq == seq_ && run) run.load()->post({Command::What::Stop});
  }
  std::atomic<Run*> run = nullptr;

 private:
  const std::uint64_t seq_;
};

class WaitFor final : public Sink {
 public:
  void on(const Event& event) override {
    if (std::holds_alternative<RunPaused>(event.what)) ++paused;
    if (const auto* at = std::get_if<RunPaused>(&event.what)) stage = at->at == "evaluation" ? 1 : 0;
    if (std::holds_alternative<RunContinued>(event.what)) ++continued;
    if (std::holds_alternative<StepMeasured>(event.what)) ++steps;
    if (std::holds_alternative<EvaluationStarted>(event.what) && pause_in_evaluation && run) run.load()->post({Command::What::Pause});
  }
  std::atomic<Run*> run = nullptr;
  std::atomic<int> paused = 0, continued = 0, steps = 0, stage = -1;
  bool pause_in_evaluation = false;
};

std::vector<std::string> recipeNames() {
  std::vector<std::string> names;
  for (const NamedRecipe& recipe : bundledRecipes()) names.push_back(recipe.name);
  return names;
}

}  // namespace

class TestRuns : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { spdlog::set_level(spdlog::level::warn); }

  void everyRecipeRunsTwoTinyTasks_data() {
    QTest::addColumn<QString>("recipe");
    for (const std::string& name : recipeNames()) QTest::newRow(name.c_str()) << QString::fromStdString(name);
  }

  void everyRecipeRunsTwoTinyTasks() {
    QFETCH(QString, recipe);
    const QTemporaryDir dir;
    const fs::path folder = fs::path(dir.path().toStdString()) / "run";
    const RunOutcome outcome = complete(planOf(recipe.toUtf8().constData()), folder);
    QCOMPARE(QString::fromStdString(outcome.state + outcome.message), QStringLiteral("done"));
    const Value results = record::readJsonFile(record::Paths(folder).results());
    QCOMPARE(results.find("top1")->asArray().size(), std::size_t{2});
    QVERIFY(results.at("accuracy.1.0"));
    QVERIFY(results.at("counts.0")->asInt() == 20);
    std::uint64_t expected = 0;
    record::Reader reader(folder);
    for (const Event& event : reader.poll()) QCOMPARE(event.seq, expected++);
    QVERIFY(reader.issues().empty());
  }

  void theSameSeedGivesTheSameFigures() {
    const QTemporaryDir dir;
    const fs::path base(dir.path().toStdString());
    RunPlan other = planOf("l2p");
    other.options.seed = 2;
    complete(planOf("l2p"), base / "a");
    complete(planOf("l2p"), base / "b");
    complete(other, base / "c");
    QCOMPARE(figuresOf(base / "a"), figuresOf(base / "b"));
    std::vector<double> a, b, c;
    for (auto [name, losses] : {std::pair{"a", &a}, {"b", &b}, {"c", &c}})
      for (const Event& event : record::effectiveEvents(base / name))
        if (const auto* step = std::get_if<StepMeasured>(&event.what)) losses->push_back(step->loss);
    QVERIFY(!a.empty());
    QCOMPARE(a, b);
    QVERIFY(a != c);
  }

  // With one task there is nothing to forget: sequential and joint training are the same, bit for bit.
  void withOneTaskFinetuneIsJoint() {
    const QTemporaryDir dir;
    const fs::path base(dir.path().toStdString());
    for (const char* recipe : {"finetune", "joint"}) {
      RunPlan plan = planOf(recipe);
      plan.options.scenario = "cil:init=4,increment=4,order=natural";
      complete(plan, base / recipe);
    }
    std::vector<double> losses[2];
    for (int i = 0; i < 2; ++i)
      for (const Event& event : record::effectiveEvents(base / (i ? "joint" : "finetune")))
        if (const auto* step = std::get_if<StepMeasured>(&event.what)) losses[i].push_back(step->loss);
    QVERIFY(!losses[0].empty());
    QCOMPARE(losses[0], losses[1]);
  }

  void stoppedAnywhereAndResumedItEndsAlike_data() {
    QTest::addColumn<QString>("recipe");
    QTest::addColumn<int>("seq");
    for (const char* recipe : {"finetune", "joint", "l2p", "no-prompt", "simplecil"})
      for (int seq : {1, 4, 7, 12, 17, 23})
        QTest::newRow(qPrintable(QStringLiteral("%1 at %2").arg(QString::fromUtf8(recipe)).arg(seq))) << QString::fromUtf8(recipe) << seq;
  }

  // Recipes with a state of their own: memories, teachers, banks, importance, heads that are set aside.
  void whatARecipeKeepsIsTakenUpAgain_data() {
    QTest::addColumn<QString>("recipe");
    QTest::addColumn<int>("seq");
    for (const char* recipe : {"slca", "ease", "mos", "progressive", "lwf", "ewc", "der-plus-plus", "icarl", "gem", "mer", "aper-finetune", "ranpac"})
      for (int seq : {5, 12, 19})
        QTest::newRow(qPrintable(QStringLiteral("%1 at %2").arg(QString::fromUtf8(recipe)).arg(seq))) << QString::fromUtf8(recipe) << seq;
  }
  void whatARecipeKeepsIsTakenUpAgain() { stoppedAnywhereAndResumedItEndsAlike(); }

  void stoppedAnywhereAndResumedItEndsAlike() {
    QFETCH(QString, recipe);
    QFETCH(int, seq);
    const QTemporaryDir dir;
    const fs::path base(dir.path().toStdString());
    RunPlan plan = planOf(recipe.toUtf8().constData());
    plan.options.train_transform = "pilot";  // random crops: the augmentation's stream must go on, too
    complete(plan, base / "whole");
    StopAt stop(static_cast<std::uint64_t>(seq));
    {
      const auto run = Run::start(plan, base / "cut", {&stop});
      stop.run = run.get();
      run->wait();
    }
    for (int again = 0; again < 5; ++again) {
      if (record::readJsonFile(record::Paths(base / "cut").results()).find("state")->asString() == "done") break;
      QCOMPARE(QString::fromStdString(Run::resume(base / "cut", {})->wait().state), QStringLiteral("done"));
    }
    QCOMPARE(figuresOf(base / "cut"), figuresOf(base / "whole"));
    std::vector<double> whole, cut;
    for (auto [name, losses] : {std::pair{"whole", &whole}, {"cut", &cut}})
      for (const Event& event : record::effectiveEvents(base / name))
        if (const auto* step = std::get_if<StepMeasured>(&event.what)) losses->push_back(step->loss);
    QCOMPARE(cut, whole);
    std::uint64_t expected = 0;
    record::Reader reader(base / "cut");
    for (const Event& event : reader.poll()) QCOMPARE(event.seq, expected++);
  }

  void everyScenarioRuns_data() {
    QTest::addColumn<QString>("recipe");
    QTest::addColumn<QString>("data");
    QTest::addColumn<QString>("scenario");
    for (const char* recipe : {"finetune", "simplecil", "l2p", "ewc", "replay", "fecam"}) {
      const QString name = QString::fromUtf8(recipe);
      QTest::newRow(qPrintable(name + QStringLiteral(" til"))) << name << QStringLiteral("shapes:classes=4,train=24,test=10,side=16,seed=3") << QStringLiteral("til:init=2,increment=2");
      QTest::newRow(qPrintable(name + QStringLiteral(" ragged"))) << name << QStringLiteral("shapes:classes=5,train=24,test=10,side=16,seed=3") << QStringLiteral("cil:init=2,increment=2");
      QTest::newRow(qPrintable(name + QStringLiteral(" dil"))) << name << QStringLiteral("shapes:classes=3,train=12,test=6,side=16,seed=3,domains=photo+sketch") << QStringLiteral("dil:order=natural");
      QTest::newRow(qPrintable(name + QStringLiteral(" blurry"))) << name << QStringLiteral("shapes:classes=6,train=24,test=6,side=16,seed=3") << QStringLiteral("blurry:tasks=2,disjoint=50,blurry=20");
      QTest::newRow(qPrintable(name + QStringLiteral(" drift"))) << name << QStringLiteral("shapes:classes=4,train=24,test=6,side=16,seed=3") << QStringLiteral("drift:tasks=2");
    }
  }

  void everyScenarioRuns() {
    QFETCH(QString, recipe);
    QFETCH(QString, data);
    QFETCH(QString, scenario);
    const QTemporaryDir dir;
    const fs::path folder = fs::path(dir.path().toStdString()) / "run";
    RunPlan plan = planOf(recipe.toUtf8().constData());
    plan.options.data = data.toStdString();
    plan.options.scenario = scenario.toStdString();
    const RunOutcome outcome = complete(plan, folder);
    QCOMPARE(QString::fromStdString(outcome.state + outcome.message), QStringLiteral("done"));
    std::int64_t images = 0, right = 0;
    bool told = false;
    double ece = -1;
    int apart = 0, curves = 0;
    for (const Event& event : record::effectiveEvents(folder)) {
      if (const auto* measured = std::get_if<Measured>(&event.what)) {
        QCOMPARE(measured->labels.size(), measured->values.size());
        const bool calibration = measured->name == "calibration", reliability = measured->name == "reliability";
        for (const double value : measured->values) QVERIFY(!(calibration || reliability) || (value >= 0 && value <= 1));
        if (calibration) QCOMPARE(measured->values.at(0), ece);
        apart += calibration && std::ranges::find(measured->labels, "ece-old") != measured->labels.end();
        curves += reliability;
        if (reliability) QVERIFY(std::ranges::is_sorted(measured->labels) && measured->labels.size() <= 15);
      }
      if (const auto* inferred = std::get_if<Inferred>(&event.what)) {
        told = true;
        ece = inferred->ece;
        QVERIFY(inferred->task_hits <= inferred->images && inferred->top5_hits >= inferred->hits);
        QVERIFY(inferred->ece >= 0 && inferred->ece <= 1 && inferred->brier >= 0 && inferred->brier <= 2);
        const std::int64_t known = std::accumulate(inferred->til_hits.begin(), inferred->til_hits.end(), std::int64_t{0});
        if (scenario.startsWith(QStringLiteral("til"))) QCOMPARE(known, inferred->hits);
        else QVERIFY(known >= inferred->hits);
        QCOMPARE(std::accumulate(inferred->counts.begin(), inferred->counts.end(), std::int64_t{0}), inferred->images);
        QCOMPARE(std::accumulate(inferred->predicted.begin(), inferred->predicted.end(), std::int64_t{0}), inferred->images);
      }
      if (const auto* at = std::get_if<Evaluated>(&event.what); at && at->after_task == 0) {
        images += at->count;
        right += scenario.startsWith(QStringLiteral("dil")) && at->on_task == 1;
      }
    }
    QVERIFY(told && curves >= 2);
    QCOMPARE(apart > 0, scenario.startsWith(QStringLiteral("cil")) || scenario.startsWith(QStringLiteral("til")));  // elsewhere no class is new for good
    if (scenario.startsWith(QStringLiteral("dil"))) QVERIFY(right == 1);  // a domain to come can be looked at from the start
    QVERIFY(images > 0);
  }

  void nothingIsLearnedFromImagesHeldOut_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* recipe : {"simplecil", "finetune", "l2p", "replay", "ranpac", "ease"}) QTest::newRow(recipe) << recipe;
  }

  // Those before them alone make the same run; what the held-out ones add is a temperature.
  void nothingIsLearnedFromImagesHeldOut() {
    QFETCH(QString, recipe);
    const QTemporaryDir dir;
    const fs::path folder = fs::path(dir.path().toStdString());
    RunPlan plan = planOf(recipe.toUtf8().constData());
    plan.options.held_out = 6;
    QCOMPARE(complete(plan, folder / "held").state, "done");
    plan.options.held_out = 0;
    plan.options.limit_train = 18;
    QCOMPARE(complete(plan, folder / "fewer").state, "done");
    std::vector<std::vector<double>> said, temperatures, scaled;
    for (const char* name : {"held", "fewer"}) {
      auto &figures = said.emplace_back(), &fitted = temperatures.emplace_back(), &after = scaled.emplace_back();
      for (const Event& event : record::effectiveEvents(folder / name)) {
        if (const auto* started = std::get_if<TaskStarted>(&event.what)) QCOMPARE(started->train_images, 36);
        if (const auto* at = std::get_if<Evaluated>(&event.what)) figures.push_back(at->hits);
        if (const auto* at = std::get_if<Inferred>(&event.what)) figures.insert(figures.end(), {at->nll, at->brier, at->ece});
        const auto* measured = std::get_if<Measured>(&event.what);
        if (measured && measured->name == "temperature") fitted.push_back(measured->values.at(0));
        if (measured && measured->name == "calibration" && measured->labels.back() == "ece-scaled") after.push_back(measured->values.back());
      }
    }
    QCOMPARE(said[0], said[1]);
    QCOMPARE(temperatures[0].size(), std::size_t{2});
    QCOMPARE(scaled[0].size(), std::size_t{2});
    for (const double temperature : temperatures[0]) QVERIFY(temperature >= 1e-3 && temperature <= 1e3 && temperature != 1);
    QVERIFY(temperatures[1].empty() && scaled[1].empty());
  }

  void aClassThatIsHeldOutWholeIsRefused() {
    RunPlan plan = planOf("simplecil");
    plan.options.held_out = 24;
    const Issues issues = check(plan);
    QCOMPARE(issues.size(), std::size_t{1});  // what follows from it is not listed
    QVERIFY(issues.back().path == "--held-out" && std::ranges::count(issues.back().message, ',') == 3);
  }

  void whatDoesNotFitIsRefused_data() {
    QTest::addColumn<QString>("recipe");
    QTest::addColumn<QString>("scenario");
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QString>("says");
    QTest::newRow("first task") << "simplecil" << "cil:init=9,increment=2" << "" << "" << "9 classes";
    QTest::newRow("no memory") << "replay" << "" << "memory.capacity" << "0" << "capacity";
    QTest::newRow("masked replay") << "replay" << "" << "head.train_on" << "classes-of-task" << "come back";
    QTest::newRow("one domain") << "simplecil" << "dil:order=natural" << "" << "" << "domain";
    QTest::newRow("columns in a drift") << "progressive" << "drift:tasks=2" << "" << "" << "classes come again";
    QTest::newRow("herding a stream") << "replay" << "" << "memory.policy" << "herding" << "whole classes";
  }

  void whatDoesNotFitIsRefused() {
    QFETCH(QString, recipe);
    QFETCH(QString, scenario);
    QFETCH(QString, path);
    QFETCH(QString, value);
    QFETCH(QString, says);
    RunPlan plan = planOf(recipe.toUtf8().constData());
    if (!scenario.isEmpty()) plan.options.scenario = scenario.toStdString();
    Issues issues;
    if (!path.isEmpty()) applySetting(plan.recipe, path.toStdString(), value.toStdString(), catalogue(), issues);
    const Issues more = check(plan);
    issues.insert(issues.end(), more.begin(), more.end());
    QString all;
    for (const Issue& issue : issues) all += QString::fromStdString(issue.path + " " + issue.message + "\n");
    QVERIFY2(hasErrors(issues) && all.contains(says), qPrintable(all));
  }

  // One image of each class: no covariance, a singular Gram matrix, nothing to hold out. All go on, and say something.
  void oneImageOfEachClassIsEnough_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* recipe : {"simplecil", "fecam", "fecam.pilot", "ranpac", "ranpac.no-projection", "slca", "ease", "mos", "icarl", "ewc"}) QTest::newRow(recipe) << recipe;
  }

  void oneImageOfEachClassIsEnough() {
    QFETCH(QString, recipe);
    const QTemporaryDir dir;
    RunPlan plan = planOf(recipe.toUtf8().constData());
    plan.options.limit_train = 1;
    const RunOutcome outcome = complete(plan, fs::path(dir.path().toStdString()) / "run");
    QCOMPARE(QString::fromStdString(outcome.state + outcome.message), QStringLiteral("done"));
  }

  void theEvaluationBatchChangesNoPrediction() {
    const QTemporaryDir dir;
    const fs::path base(dir.path().toStdString());
    for (int batch : {1, 7, 64}) {
      RunPlan plan = planOf("l2p");
      plan.options.eval_batch = batch;
      complete(plan, base / std::to_string(batch));
    }
    const auto predictionsOf = [&](const char* name) {
      std::ifstream file(record::Paths(base / name).blobs() / "predictions-task-1.safetensors", std::ios::binary);
      return std::string(std::istreambuf_iterator<char>(file), {});
    };
    QVERIFY(!predictionsOf("1").empty());
    QCOMPARE(predictionsOf("1"), predictionsOf("64"));
    QCOMPARE(predictionsOf("7"), predictionsOf("64"));
  }

  void probesDoNotChangeTheRun() {
    const QTemporaryDir dir;
    const fs::path base(dir.path().toStdString());
    RunPlan watched = planOf("finetune");
    watched.options.probe_images = 3;
    watched.options.probe_every = 1;
    complete(planOf("finetune"), base / "plain");
    complete(watched, base / "watched");
    QCOMPARE(figuresOf(base / "watched"), figuresOf(base / "plain"));
    int probes = 0;
    for (const Event& event : record::effectiveEvents(base / "watched"))
      if (const auto* probe = std::get_if<Probed>(&event.what); probe && ++probes == 1) QCOMPARE(probe->global_step, 0);  // nobody waits for it
    QVERIFY(probes > 0);
  }

  void oneNumberOfEpochsForEveryRecipe() {
    const QTemporaryDir dir;
    for (const char* recipe : {"finetune", "simplecil"}) {  // what has no epochs is left alone
      RunPlan plan = planOf(recipe);
      plan.options.epochs = 2;
      const fs::path folder = fs::path(dir.path().toStdString()) / recipe;
      complete(plan, folder);
      const record::Reader run(folder);
      const Value* epochs = run.run().at("recipe.phases.0.epochs");
      QCOMPARE(epochs ? epochs->asInt() : 0, recipe == std::string("finetune") ? 2 : 0);
    }
  }

  // The teacher is fitted, learned from, and saved: a run that was stopped goes on as if it had not been.
  void distilledPretrainingLearnsAndResumes() {
    const QTemporaryDir dir;
    const fs::path base(dir.path().toStdString());
    RunPlan plan{loadRecipe(std::string(PALIMPSEST_SOURCE_DIR) + "/resources/pretraining/distilled.json"), tiny()};
    plan.options.data = "world:classes=40,train=40,test=2,side=28";
    plan.options.backbone = "new:image=28,patch=14,width=32,depth=2,heads=2,seed=1";
    plan.options.scenario = "cil:init=all,order=natural";
    plan.options.input_range = "0..1";
    plan.recipe.at("phases.1")->operator[]("warmup_steps") = 5;
    plan.recipe.at("phases.1")->operator[]("batch") = 32;
    plan.recipe.at("phases.1")->operator[]("epochs") = 2;
    plan.recipe.at("phases.1")->operator[]("lr") = 0.005;
    complete(plan, base / "whole");
    std::vector<double> losses;
    for (const Event& event : record::effectiveEvents(base / "whole"))
      if (const auto* step = std::get_if<StepMeasured>(&event.what)) {
        losses.push_back(step->loss);
        QCOMPARE(step->penalty, step->loss);  // labels count for nothing
      }
    QCOMPARE(losses.size(), std::size_t{100});
    QVERIFY(losses.front() > 0.9);
    QVERIFY2(std::accumulate(losses.end() - 5, losses.end(), 0.0) / 5 < 0.85, qPrintable(QString::number(losses.back())));
    for (const std::uint64_t at : {25u, 60u}) {
      const fs::path folder = base / std::to_string(at);
      StopAt stop(at);
      const auto run = Run::start(plan, folder, {&stop});
      stop.run = run.get();
      run->wait();
      QCOMPARE(Run::resume(folder, {})->wait().state, std::string("done"));
      QCOMPARE(figuresOf(folder), figuresOf(base / "whole"));
    }
  }

  void pauseStepAndResumeDuringTraining_data() {
    QTest::addColumn<int>("probe_images");
    QTest::newRow("between steps") << 0;
    QTest::newRow("most likely within a probe") << 10;
  }
  void pauseStepAndResumeDuringTraining() {
    QFETCH(int, probe_images);
    const QTemporaryDir dir;
    RunPlan plan = planOf("finetune");
    plan.options.probe_images = probe_images;
    plan.options.probe_every = 1;
    plan.options.eval_batch = 1;
    plan.recipe.at("phases.0")->operator[]("epochs") = 200;
    WaitFor seen;
    const auto run = Run::start(plan, fs::path(dir.path().toStdString()) / "run", {&seen});
    QTRY_VERIFY(seen.steps > 3);
    run->post({Command::What::Pause});
    QTRY_COMPARE(seen.paused.load(), 1);
    const int before = seen.steps;
    for (int i = 0; i < 3; ++i) {
      run->post({Command::What::Step});
      QTRY_COMPARE(seen.paused.load(), i + 2);
    }
    QCOMPARE(seen.steps.load(), before + 3);  // also over the end of an epoch
    run->post({Command::What::Resume});
    QTRY_COMPARE(seen.continued.load(), 1);
    run->post({Command::What::Stop});
    QCOMPARE(QString::fromStdString(run->wait().state), QStringLiteral("stopped"));
  }

  void pauseAndStopDuringEvaluation() {
    const QTemporaryDir dir;
    const fs::path folder = fs::path(dir.path().toStdString()) / "run";
    RunPlan plan = planOf("finetune");
    plan.options.eval_batch = 1;
    WaitFor seen;
    seen.pause_in_evaluation = true;
    {
      const auto run = Run::start(plan, folder, {&seen});
      seen.run = run.get();
      QTRY_VERIFY(seen.paused.load() >= 1);
      QCOMPARE(seen.stage.load(), 1);
      run->post({Command::What::Stop});
      QCOMPARE(QString::fromStdString(run->wait().state), QStringLiteral("stopped"));
    }
    QCOMPARE(QString::fromStdString(Run::resume(folder, {})->wait().state), QStringLiteral("done"));
    complete(plan, fs::path(dir.path().toStdString()) / "whole");
    QCOMPARE(figuresOf(folder), figuresOf(fs::path(dir.path().toStdString()) / "whole"));
  }

  void aRefusedPlanListsEverythingAndWritesNothing() {
    const QTemporaryDir dir;
    const fs::path folder = fs::path(dir.path().toStdString()) / "run";
    RunPlan plan = planOf("l2p");
    plan.recipe.at("prompts.0.select")->operator[]("top_k") = 50;
    plan.options.data = "folder:" + dir.path().toStdString() + "/nowhere";
    plan.options.backbone = dir.path().toStdString() + "/none.safetensors";
    plan.options.eval_batch = 0;
    const RunOutcome outcome = complete(plan, folder);
    QCOMPARE(QString::fromStdString(outcome.state), QStringLiteral("refused"));
    QVERIFY2(outcome.issues.size() >= 4, BadInput(outcome.issues).what());
    QVERIFY(!fs::exists(folder));
  }

  void aDivergingRunFailsWithAReasonAndKeepsItsRecord() {
    const QTemporaryDir dir;
    const fs::path folder = fs::path(dir.path().toStdString()) / "run";
    RunPlan plan = planOf("finetune");
    plan.recipe.at("phases.0")->operator[]("lr") = 10.0;
    plan.recipe.at("phases.0")->operator[]("epochs") = 2000;
    plan.recipe.at("phases.0")->operator[]("schedule") = "constant";
    const RunOutcome outcome = complete(plan, folder);
    if (outcome.state == "done") QSKIP("this network survives a learning rate of 10");
    QCOMPARE(QString::fromStdString(outcome.code), QStringLiteral("loss-not-finite"));
    const auto events = record::effectiveEvents(folder);
    QVERIFY(std::holds_alternative<RunEnded>(events.back().what));
  }

  void oldCheckpointsMakeRoom() {
    const QTemporaryDir dir;
    const fs::path folder(dir.path().toStdString());
    const auto make = [&](const char* name, std::size_t bytes) { std::ofstream(folder / name) << std::string(bytes, 'x'); };
    for (const char* name : {"step-000000010", "step-000000020", "step-000000030"}) make(name, 10);
    for (const char* name : {"task-0001", "task-0002", "task-0003"}) make(name, 10);
    for (const char* name : {"task-0004", "task-0005", "task-0006"}) make(name, 1000);
    thinCheckpoints(folder, 100);
    std::vector<std::string> left;
    for (const auto& entry : fs::directory_iterator(folder)) left.push_back(entry.path().filename().string());
    std::sort(left.begin(), left.end());
    QCOMPARE(left, (std::vector<std::string>{"step-000000020", "step-000000030", "task-0001", "task-0002", "task-0003", "task-0005", "task-0006"}));
  }

  void anExportedBackboneIsTheTrainedOne() {
    const QTemporaryDir dir;
    const fs::path base(dir.path().toStdString());
    RunPlan plan = planOf("finetune");
    complete(plan, base / "run");
    exportBackbone(base / "run", base / "trained.safetensors", {{"licence", "GPL-3.0-or-later"}}, false);
    const auto featuresWith = [&](const std::string& backbone, const char* out) {
      FeatureRequest request;
      request.options = tiny();
      request.options.backbone = backbone;
      request.out = base / out;
      QCOMPARE(extractFeatures(request).width, std::int64_t{32});
    };
    featuresWith((base / "trained.safetensors").string(), "after.safetensors");
    featuresWith(plan.options.backbone, "before.safetensors");
    QVERIFY(fs::file_size(base / "after.safetensors") > 0);
    QVERIFY_THROWS_EXCEPTION(BadInput, exportBackbone(base / "nowhere", base / "x.safetensors", {}, false));
    complete(planOf("aper-ssf"), base / "ssf");
    exportBackbone(base / "ssf", base / "folded.safetensors", {}, false);
    featuresWith((base / "folded.safetensors").string(), "folded-features.safetensors");
    complete(planOf("aper-adapter"), base / "adapter");
    QVERIFY_THROWS_EXCEPTION(BadInput, exportBackbone(base / "adapter", base / "x.safetensors", {}, false));
    QVERIFY(!fs::exists(base / "x.safetensors"));
  }

  // What was learned by heart of features alone still joins images of the memory.
  void aFrozenNetworkReplaysToo() {
    const QTemporaryDir dir;
    RunPlan plan = planOf("replay");
    (*plan.recipe.at("backbone"))["train"] = "nothing";
    const RunOutcome outcome = complete(plan, fs::path(dir.path().toStdString()) / "run");
    QCOMPARE(QString::fromStdString(outcome.state + outcome.message), QStringLiteral("done"));
  }
};

QTEST_GUILESS_MAIN(TestRuns)
#include "tst_runs.moc"
