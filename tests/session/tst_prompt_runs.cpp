// Prompts in whole runs on the bundled network and drawn images: the alarm, and what can be asked of a finished run.
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <thread>

#include "engine/engine.h"
#include "engine/inspect.h"
#include "engine/protocol/error.h"
#include "engine/record/fork.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"
#include "engine/weights/safetensors.h"

using namespace palimpsest;
namespace fs = std::filesystem;

namespace {

RunPlan planOf(const std::string& recipe, int seed = 1) {
  RunPlan plan{loadRecipe(recipe), {}};
  plan.options.data = "shapes:classes=6,train=24,test=8,side=28,seed=3";
  plan.options.scenario = "cil:init=2,increment=2,order=1993";
  plan.options.backbone = "micro";
  plan.options.epochs = 3;
  plan.options.seed = seed;
  plan.options.threads = 2;
  plan.options.device = "cpu";
  plan.options.prompt_every = 4;
  (*plan.recipe.at("phases.0"))["batch"] = 16;
  return plan;
}

std::vector<Event> eventsOf(const fs::path& folder) { return record::effectiveEvents(folder); }

template <typename E>
std::vector<E> all(const std::vector<Event>& events) {
  std::vector<E> found;
  for (const Event& event : events)
    if (const auto* one = std::get_if<E>(&event.what)) found.push_back(*one);
  return found;
}

// Stops the run at the n-th event.
class StopAt final : public Sink {
 public:
  explicit StopAt(std::uint64_t seq) : seq_(seq) {}
  void on(const Event& event) override {
    while (event.seq == seq_ && !run) std::this_thread::yield();
    if (event.seq == seq_) run.load()->post({Command::What::Stop});
  }
  std::atomic<Run*> run = nullptr;

 private:
  const std::uint64_t seq_;
};

double at(const Value& value, const char* path) {
  const Value* found = value.at(path);
  return found && !found->isNull() ? found->asDouble() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

class TestPromptRuns : public QObject {
  Q_OBJECT
 private:
  // Each recipe runs once.
  fs::path finished(const std::string& recipe) {
    const fs::path folder = fs::path(dir_.path().toStdString()) / recipe;
    if (!fs::exists(folder)) {
      const RunOutcome outcome = Run::start(planOf(recipe), folder, {})->wait();
      if (outcome.state != "done") qFatal("%s: %s %s", recipe.c_str(), outcome.state.c_str(), (outcome.issues.empty() ? outcome.message : outcome.issues[0].message).c_str());
    }
    return folder;
  }
  const QTemporaryDir dir_;

 private Q_SLOTS:
  // What a map shows is what the evaluation counted.
  void someTestImagesAreKeptWithWhatTheyWereGiven() {
    const fs::path folder = finished("l2p");
    const auto events = eventsOf(folder);
    const auto kept = all<Features>(events);
    QCOMPARE(kept.size(), std::size_t(3));
    const TensorTable table = readSafetensors(record::Paths(folder).blobs() / kept.back().blob);
    const auto integers = [&](const char* name) {
      const TensorView* view = table.find(name);
      std::vector<std::int64_t> out(view ? view->data.size() / sizeof(std::int64_t) : 0);
      if (view) std::memcpy(out.data(), view->data.data(), view->data.size());
      return out;
    };
    const auto samples = integers("sample"), labels = integers("label"), applied = integers("applied.0"), asked = integers("asked.0");
    QCOMPARE(samples.size(), std::size_t(48));  // 8 test images of each of 6 classes, all that there are
    QCOMPARE(labels.size(), samples.size());
    QCOMPARE(applied.size(), samples.size() * 5);
    QCOMPARE(asked, applied);  // every image for itself
    QCOMPARE(table.find("features")->shape[0], std::int64_t(48));
    QCOMPARE(table.find("queries")->shape[0], std::int64_t(48));
    std::vector<std::int64_t> counted(10), told(10);
    for (const std::int64_t prompt : applied) ++counted[std::size_t(prompt)];
    for (const PromptUse& use : all<PromptUse>(events))
      if (use.split == "test" && use.task == 2)
        for (std::size_t m = 0; m < use.applied.size(); ++m) told[m] += use.applied[m];
    QCOMPARE(counted, told);
  }

  void howClassesSpreadIsKeptWhereItIsKnown() {
    const fs::path folder = finished("fecam");
    const auto kept = all<Prototypes>(eventsOf(folder));
    QCOMPARE(kept.size(), std::size_t(3));
    const TensorTable table = readSafetensors(record::Paths(folder).blobs() / kept.back().blob);
    const auto& means = table.find("prototypes")->shape;
    QVERIFY(table.find("axes"));
    QCOMPARE(table.find("axes")->shape, (std::vector<std::int64_t>{means[0], 8, means[1]}));
    const fs::path without = finished("simplecil");
    QVERIFY(!readSafetensors(record::Paths(without).blobs() / all<Prototypes>(eventsOf(without)).back().blob).find("axes"));
  }

  // Features that nothing changes are worth the same at all times; those of a network that is trained are not.
  void featuresAreMeasuredApartFromTheClassifier() {
    InspectOptions options;
    options.images = 6;
    const Value frozen = transfer(finished("simplecil"), options);
    QCOMPARE(frozen.at("forward_transfer")->asDouble(), 0.0);
    QCOMPARE(frozen.at("feature_forgetting")->asDouble(), 0.0);
    QCOMPARE(frozen.find("features")->asArray().size(), std::size_t{3});
    for (const Value& row : frozen.find("features")->asArray()) QCOMPARE(row, *frozen.find("pretrained"));
    for (const Value& cosine : frozen.find("drift")->asArray()) QVERIFY(std::abs(cosine.asDouble() - 1) < 1e-9);
    QVERIFY(frozen.at("before.0")->isNull());
    QVERIFY(at(frozen, "pretrained.0") > 50);  // two classes of shapes
    const Value trained = transfer(finished("finetune"), options);
    QCOMPARE(trained.at("images")->asInt(), std::int64_t{6 * 6 * 2});  // of each of 6 classes, of training and of test images
    QVERIFY(at(trained, "drift.0") < 0.999 && at(trained, "drift.2") > 1 - 1e-9);
    const double lost = (at(trained, "features.0.0") - at(trained, "features.2.0") + at(trained, "features.1.1") - at(trained, "features.2.1")) / 2;
    QVERIFY(std::abs(at(trained, "feature_forgetting") - lost) < 1e-9);
    const double gained = (at(trained, "features.0.1") - at(trained, "pretrained.1") + at(trained, "features.1.2") - at(trained, "pretrained.2")) / 2;
    QVERIFY(std::abs(at(trained, "forward_transfer") - gained) < 1e-9);
    QVERIFY(at(transfer(finished("l2p"), options), "learned.2") > 50);
  }

  void noneAreKeptWhereNoneAreWanted() {
    RunPlan plan = planOf("simplecil");
    plan.options.map_images = 0;
    const fs::path folder = fs::path(dir_.path().toStdString()) / "without-maps";
    QCOMPARE(QString::fromStdString(Run::start(plan, folder, {})->wait().state), QStringLiteral("done"));
    QVERIFY(all<Features>(eventsOf(folder)).empty());
  }

  void denseProbesFollowEachBorder() {
    RunPlan plan = planOf("finetune");
    plan.options.probe_images = 2;
    plan.options.probe_every = 1000;
    plan.options.probe_dense = 2;
    const fs::path folder = fs::path(dir_.path().toStdString()) / "dense";
    QCOMPARE(QString::fromStdString(Run::start(plan, folder, {})->wait().state), QStringLiteral("done"));
    std::map<int, std::set<std::int64_t>> steps;
    for (const Probed& probed : all<Probed>(eventsOf(folder))) steps[probed.task].insert(probed.global_step);
    QCOMPARE(steps[0], (std::set<std::int64_t>{0}));  // before anything was learned
    QCOMPARE(steps[1].size(), std::size_t(2));
    QCOMPARE(steps[2].size(), std::size_t(2));
  }

  void anUnchangedForkEndsAsItsSource() {
    const fs::path source = finished("l2p"), fork = fs::path(dir_.path().toStdString()) / "fork";
    record::forkRun(source, record::forkPlanOf(source, 0), fork);
    QCOMPARE(QString::fromStdString(Run::resume(fork, {})->wait().state), QStringLiteral("done"));
    const Value a = record::readJsonFile(record::Paths(source).results()), b = record::readJsonFile(record::Paths(fork).results());
    QCOMPARE(record::toJson(*b.find("hits")), record::toJson(*a.find("hits")));
  }

  void aForkWhosePartsDoNotFitIsRefusedInsteadOfBegunAnew() {
    const fs::path source = finished("l2p"), fork = fs::path(dir_.path().toStdString()) / "unfit";
    record::ForkPlan plan = record::forkPlanOf(source, 0);
    plan.recipe = resolve(loadRecipe("vpt-deep"), catalogue()).recipe;
    record::forkRun(source, plan, fork);
    const RunOutcome outcome = Run::resume(fork, {})->wait();
    QCOMPARE(QString::fromStdString(outcome.state), QStringLiteral("failed"));
    QVERIFY2(outcome.message.find("does not fit the changed recipe") != std::string::npos, outcome.message.c_str());
  }

  void aForkThatLostItsPastIsRefusedToo() {
    const fs::path source = finished("l2p"), fork = fs::path(dir_.path().toStdString()) / "lost";
    record::forkRun(source, record::forkPlanOf(source, 0), fork);
    for (const auto& file : fs::directory_iterator(record::Paths(fork).checkpoints())) fs::remove(file);
    const RunOutcome outcome = Run::resume(fork, {})->wait();
    QCOMPARE(QString::fromStdString(outcome.state), QStringLiteral("failed"));
    QVERIFY2(outcome.message.find("is gone") != std::string::npos, outcome.message.c_str());
  }

  void initTestCase() { spdlog::set_level(spdlog::level::err); }

  void aPoolThatCollapsesRaisesTheAlarmOnce() {
    const auto events = eventsOf(finished("l2p.official"));
    const auto alarms = all<PromptCollapse>(events);
    QCOMPARE(alarms.size(), std::size_t{1});
    QVERIFY(alarms[0].task < 2 && alarms[0].first_step < alarms[0].global_step);
    QCOMPARE(alarms[0].winners.size(), std::size_t{5});
    QVERIFY(!alarms[0].sentence.empty() && !alarms[0].reasons.empty());
  }

  void aHealthyPoolRaisesNone() {
    const auto events = eventsOf(finished("sapc"));
    QVERIFY(all<PromptCollapse>(events).empty());
    const auto health = all<PromptHealth>(events);
    QCOMPARE(health.back().layer, 4);
    QCOMPARE(health.back().available, 30);
    QVERIFY(health.back().support > 1 && health.back().support < 30);
  }

  void usesAreReportedInStepsAndAtTheEnd() {
    const auto uses = all<PromptUse>(eventsOf(finished("l2p.official")));
    std::int64_t trained = 0;
    bool apart = false;
    for (const PromptUse& use : uses) {
      std::int64_t applied = 0;
      double mass = 0;
      for (const auto count : use.applied) applied += count;
      for (const double share : use.mass) mass += share;
      QCOMPARE(applied, use.images * 5);
      QVERIFY(std::abs(mass - static_cast<double>(use.images)) < 1e-6);
      if (use.split == "train") trained += use.images;
      apart = apart || use.asked != use.applied;
    }
    QCOMPARE(trained, std::int64_t{3 * 3 * 48});  // tasks, epochs, images
    QVERIFY(apart);                               // a vote is not what everybody asked for
  }

  // Learned - now is what forgetting there was; its parts are all of it.
  void attributionAddsUp_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : {"l2p", "dualprompt", "coda-prompt", "sapc", "dap"}) QTest::newRow(name) << QString::fromLatin1(name);
  }
  void attributionAddsUp() {
    QFETCH(QString, recipe);
    InspectOptions options;
    options.images = 6;
    const Value report = diagnose(finished(recipe.toStdString()), options);
    QCOMPARE(report.at("tasks")->asInt(), std::int64_t{3});
    for (const Value& task : report.find("attribution")->asArray()) {
      const double parts = at(task, "matching") + at(task, "prompts") + at(task, "head") + at(task, "class_expansion");
      QVERIFY(std::abs(at(task, "learned") - at(task, "now") - parts) < 1e-6);
      QCOMPARE(at(task, "head"), 0.0);  // a masked loss and a fresh optimiser leave old rows as they are
      if (recipe == QLatin1String("coda-prompt") || recipe == QLatin1String("sapc")) QCOMPARE(at(task, "prompts"), 0.0);
    }
    for (const Value& layer : report.find("layers")->asArray())
      for (const Value& after : layer.find("boundaries")->asArray()) {
        double used = 0;
        for (const Value& share : after.find("usage")->asArray()) used += share.asDouble();
        QVERIFY(std::abs(used - 1) < 1e-9);
        QCOMPARE(at(after, "premature"), 0.0);
      }
    QVERIFY(at(report, "usefulness.selected") >= 0 && at(report, "usefulness.task_masked_head") >= at(report, "usefulness.selected"));
  }

  // Section 7.3 in a run: where no new component entered an old image's support, its prompt is what it was.
  void attentionAndAugmentationAreMeasured() {
    InspectOptions options;
    options.images = 8;
    for (const char* name : {"sapc.sparsemax", "l2p"}) {
      const Value report = diagnose(finished(name), options);
      const Value::Array& blocks = report.find("attention")->asArray();
      QCOMPARE(blocks.size(), std::size_t{5});
      for (const Value& block : blocks) QVERIFY(at(block, "mass") > 0 && at(block, "mass") < 1 && at(block, "even") > 0.05 && at(block, "even") < 0.7);
      const Value& same = *report.find("layers")->asArray()[0].find("augmentation_consistency");
      if (!same.isNull()) QVERIFY(same.asDouble() >= 0 && same.asDouble() <= 1);
    }
  }

  void growthThatIntrudesOnNobodyChangesNothing() {
    InspectOptions options;
    options.images = 8;
    const Value report = diagnose(finished("sapc.sparsemax"), options);
    const Value dense = diagnose(finished("coda-prompt"), options);
    for (std::size_t layer = 0; layer < 5; ++layer) {
      const Value& sparse = report.find("layers")->asArray()[layer].find("forgetting")->asArray()[0];
      const Value& every = dense.find("layers")->asArray()[layer].find("forgetting")->asArray()[0];
      QVERIFY(at(sparse, "exact_invariance") + at(sparse, "intrusion_rate") == 1.0);
      QCOMPARE(at(every, "intrusion_rate"), 1.0);
      if (at(sparse, "exact_invariance") == 1.0) QVERIFY(at(sparse, "composed_drift") < 1e-6);
      QVERIFY(at(every, "composed_drift") > 0.05);
      QVERIFY(at(sparse, "parameter_part") < 1e-6);  // old components are frozen
    }
  }

  void predictionsDependOnTheBatchOnlyWhereBatchesVote_data() {
    QTest::addColumn<QString>("recipe");
    QTest::addColumn<bool>("sound");
    for (const char* name : {"l2p", "dualprompt", "coda-prompt", "sapc", "dap", "vpt-shallow", "vpt-deep", "vpt-deep.per-task"}) QTest::newRow(name) << QString::fromLatin1(name) << true;
    for (const char* name : {"l2p.pilot", "dualprompt.pilot", "dap.official"}) QTest::newRow(name) << QString::fromLatin1(name) << false;
  }
  void predictionsDependOnTheBatchOnlyWhereBatchesVote() {
    QFETCH(QString, recipe);
    QFETCH(bool, sound);
    InspectOptions options;
    options.images = 8;
    const fs::path folder = finished(recipe.toStdString());
    const Value report = invariance(folder, options);
    if (sound) QCOMPARE(report.at("changed_predictions")->asInt(), std::int64_t{0});
    else QVERIFY(report.at("changed_predictions")->asInt() > 0);
    QCOMPARE(report.find("rows")->asArray().size(), std::size_t{16});
    const std::string kind = record::readJsonFile(record::Paths(folder).run()).find("evaluation")->asString();
    QCOMPARE(kind == "instance", sound);
  }

  // Optimisers that are kept, queries that are drawn, features that are remembered: all of it is in the checkpoint, or
  // comes out the same without it.
  void aRunThatWasStoppedEndsAsIfItHadNot_data() {
    QTest::addColumn<QString>("recipe");
    for (const char* name : {"dap.official", "vpt-deep", "sapc.guarded"}) QTest::newRow(name) << QString::fromLatin1(name);
  }
  void aRunThatWasStoppedEndsAsIfItHadNot() {
    QFETCH(QString, recipe);
    const fs::path whole = finished(recipe.toStdString()), cut = fs::path(dir_.path().toStdString()) / (recipe.toStdString() + "-cut");
    std::uint64_t end = 0;
    for (const Event& event : eventsOf(whole))
      if (const auto* ended = std::get_if<TaskEnded>(&event.what); ended && ended->task == 1) end = event.seq;
    StopAt stop(end - 6);  // in the second task's evaluation
    auto run = Run::start(planOf(recipe.toStdString()), cut, {&stop});
    stop.run = run.get();
    RunOutcome outcome = run->wait();
    run.reset();
    if (outcome.state == "stopped") outcome = Run::resume(cut, {})->wait();
    QCOMPARE(outcome.state, std::string("done"));
    for (const fs::directory_entry& file : fs::directory_iterator(record::Paths(whole).blobs())) {
      QFile a(QString::fromStdString(file.path().string())), b(QString::fromStdString((record::Paths(cut).blobs() / file.path().filename()).string()));
      QVERIFY(a.open(QIODevice::ReadOnly) && b.open(QIODevice::ReadOnly));
      QVERIFY2(a.readAll() == b.readAll(), file.path().filename().c_str());
    }
  }

  void whatIfChangesWhatItSays() {
    const fs::path folder = finished("l2p");
    InspectOptions options;
    options.images = 8;
    WhatIf nothing;
    nothing.top_k = 5;  // as it is
    const Value same = whatIf(folder, nothing, options);
    QCOMPARE(same.at("changed_predictions")->asInt(), std::int64_t{0});
    QCOMPARE(at(same, "before.accuracy"), at(same, "after.accuracy"));
    WhatIf mask;
    mask.mask = {0, 1, 2, 3, 4};
    QVERIFY(at(whatIf(folder, mask, options), "changed_selections") > 0);
    WhatIf renamed;
    renamed.swap = {{0, 0}};
    QCOMPARE(whatIf(folder, renamed, options).at("changed_predictions")->asInt(), std::int64_t{0});
    WhatIf anew;
    anew.reinitialise = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    QVERIFY(at(whatIf(folder, anew, options), "changed_share") > 0);
    WhatIf frozen;  // all of them after the first task: what the last task did to them is undone
    for (int prompt = 0; prompt < 10; ++prompt) frozen.freeze.emplace_back(prompt, 0);
    QVERIFY(at(whatIf(folder, frozen, options), "changed_share") > 0);
    for (auto& [prompt, task] : frozen.freeze) task = 2;  // as they are
    QCOMPARE(whatIf(folder, frozen, options).at("changed_predictions")->asInt(), std::int64_t{0});
    WhatIf earlier;
    earlier.after_task = 0;
    earlier.centre = true;
    QCOMPARE(at(whatIf(folder, earlier, options), "images"), 16.0);
  }

  // The alarm comes in the first task: that is when somebody pauses and asks.
  void aRunThatWaitsInsideItsFirstTaskCanBeAsked() {
    const fs::path folder = fs::path(dir_.path().toStdString()) / "first-task";
    std::uint64_t step = 0;
    for (const Event& event : eventsOf(finished("l2p")))
      if (std::holds_alternative<StepMeasured>(event.what) && step == 0) step = event.seq;
    StopAt stop(step);
    auto run = Run::start(planOf("l2p"), folder, {&stop});
    stop.run = run.get();
    QCOMPARE(run->wait().state, std::string("stopped"));
    run.reset();
    for (const fs::directory_entry& file : fs::directory_iterator(record::Paths(folder).checkpoints())) QVERIFY(!file.path().filename().string().starts_with("task-"));
    InspectOptions options;
    options.images = 8;
    WhatIf mask;
    mask.mask = {0, 1, 2, 3, 4};
    const Value answer = whatIf(folder, mask, options);
    QVERIFY(answer.at("after_task") && !answer.at("after_task")->isNumber());  // as it is now
    QCOMPARE(at(answer, "images"), 16.0);  // of the two classes that it has met
    QVERIFY(at(answer, "changed_selections") > 0);
    QCOMPARE(diagnose(folder, options).at("tasks")->asInt(), std::int64_t{1});
    QCOMPARE(invariance(folder, options).at("changed_predictions")->asInt(), std::int64_t{0});
    mask.after_task = 1;
    QVERIFY_THROWS_EXCEPTION(BadInput, whatIf(folder, mask, options));
  }

  void whatCannotBeIsRefusedWithEveryReason() {
    const fs::path folder = finished("l2p");
    WhatIf wrong;
    wrong.mask = {3, 10};
    wrong.swap = {{0, 44}};
    wrong.temperature = 0.5;
    try {
      whatIf(folder, wrong, {});
      QFAIL("not refused");
    } catch (const BadInput& refused) {
      QCOMPARE(refused.issues.size(), std::size_t{3});
    }
    QVERIFY_THROWS_EXCEPTION(BadInput, diagnose(fs::path(dir_.path().toStdString()), {}));
    QVERIFY_THROWS_EXCEPTION(BadInput, diagnose(finished("no-prompt"), {}));
    const fs::path thinned = fs::path(dir_.path().toStdString()) / "thinned";
    fs::copy(finished("l2p"), thinned, fs::copy_options::recursive);
    QVERIFY(fs::remove(record::Paths(thinned).checkpoints() / "task-0001.safetensors"));
    QVERIFY_THROWS_EXCEPTION(BadInput, diagnose(thinned, {}));
  }
};

QTEST_GUILESS_MAIN(TestPromptRuns)
#include "tst_prompt_runs.moc"
