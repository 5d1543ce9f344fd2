// Configuration files of PILOT become recipes and options; what cannot be taken over is said.
#include <QTest>
#include <algorithm>

#include "engine/record/json.h"
#include "engine/record/pilot_config.h"

using namespace palimpsest;
using namespace palimpsest::record;

namespace {
PilotPlan planOf(const char* json) { return pilotPlan(parseJson(json, "config.json")); }

bool says(const PilotPlan& plan, const std::string& word) {
  return std::ranges::any_of(plan.issues, [&](const Issue& issue) { return issue.message.find(word) != std::string::npos; });
}

const Value* setting(const PilotPlan& plan, const std::string& path) {
  const auto found = std::ranges::find(plan.settings, path, [](const auto& entry) { return entry.first; });
  return found == plan.settings.end() ? nullptr : &found->second;
}
}  // namespace

class TestPilotConfig : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void aPromptMethodIsTakenOver();
  void newerNamesOfTheSameSettingAreKnown();
  void anUnshuffledOrderIsNatural();
  void methodsWithoutARecipeAreSaid();
  void theOtherDerIsNotOurs();
  void whatIsNotTakenIsNamed();
  void settingsThatARecipeHasNotAreLeft();
  void somethingElseIsRefusedWithoutFailing();
};

void TestPilotConfig::aPromptMethodIsTakenOver() {
  const PilotPlan plan = planOf(R"({"model_name":"l2p","dataset":"cifar224","init_cls":10,"increment":5,"seed":[1993],"shuffle":true,
    "tuned_epoch":7,"init_lr":0.002,"batch_size":16,"size":20,"top_k":4,"backbone_type":"vit_base_patch16_224_l2p"})");
  QCOMPARE(plan.recipe, std::string("l2p.pilot"));
  QCOMPARE(plan.options.find("scenario")->asString(), std::string("cil:init=10,increment=5,order=1993"));
  QCOMPARE(plan.options.find("data")->asString(), std::string("cifar100"));
  QCOMPARE(plan.options.find("train_transform")->asString(), std::string("pilot"));
  QVERIFY(setting(plan, "phases.0.epochs") && setting(plan, "phases.0.epochs")->asInt() == 7);
  QVERIFY(setting(plan, "prompts.0.select.top_k") && setting(plan, "prompts.0.select.top_k")->asInt() == 4);
  QVERIFY(says(plan, "vit_base_patch16_224_l2p"));
  QVERIFY(!hasErrors(plan.issues));
}

void TestPilotConfig::newerNamesOfTheSameSettingAreKnown() {
  const PilotPlan plan = planOf(R"({"model_name":"slca","init_cls":10,"increment":10,"lrate":0.01,"epochs":20,"milestones":[18],"ca_epochs":3})");
  QCOMPARE(plan.recipe, std::string("slca.pilot"));
  QCOMPARE(setting(plan, "phases.0.lr")->asDouble(), 0.01);
  QCOMPARE(setting(plan, "phases.0.milestones")->asArray().size(), std::size_t(1));
  QCOMPARE(setting(plan, "phases.2.epochs")->asInt(), std::int64_t(3));
}

void TestPilotConfig::anUnshuffledOrderIsNatural() {
  const PilotPlan plan = planOf(R"({"model_name":"coda_prompt","init_cls":10,"increment":10,"shuffle":false,"seed":[0]})");
  QCOMPARE(plan.options.find("scenario")->asString(), std::string("cil:init=10,increment=10,order=natural"));
  QCOMPARE(plan.options.find("train_transform")->asString(), std::string("pilot-coda"));
}

void TestPilotConfig::methodsWithoutARecipeAreSaid() {
  const PilotPlan plan = planOf(R"({"model_name":"foster","init_cls":10,"increment":10})");
  QVERIFY(plan.recipe.empty());
  QVERIFY(says(plan, "foster"));
}

void TestPilotConfig::theOtherDerIsNotOurs() {
  const PilotPlan plan = planOf(R"({"model_name":"der","init_cls":10,"increment":10})");
  QVERIFY(plan.recipe.empty());
  QVERIFY(says(plan, "dark experience replay"));
}

void TestPilotConfig::whatIsNotTakenIsNamed() {
  const PilotPlan plan = planOf(R"({"model_name":"l2p","init_cls":10,"increment":10,"wa_value":0.7,"head_type":"prompt"})");
  QVERIFY(says(plan, "wa_value, head_type"));
}

void TestPilotConfig::settingsThatARecipeHasNotAreLeft() {
  PilotPlan plan = planOf(R"({"model_name":"simplecil","init_cls":10,"increment":10,"tuned_epoch":0,"init_lr":0.01})");
  Value recipe = parseJson(R"({"phases":[{"use":"observe"}]})", "recipe");
  QCOMPARE(takeSettings(plan, recipe), (std::vector<std::string>{"phases.0.epochs", "phases.0.lr"}));
  Value trained = parseJson(R"({"phases":[{"use":"sgd","epochs":5,"lr":0.1}]})", "recipe");
  QVERIFY(takeSettings(plan, trained).empty());
  QCOMPARE(trained.at("phases.0.epochs")->asInt(), std::int64_t(0));
}

void TestPilotConfig::somethingElseIsRefusedWithoutFailing() {
  for (const char* text : {"{}", "[]", "3", R"({"model_name":3,"init_cls":1,"increment":1})"}) {
    const PilotPlan plan = planOf(text);
    QVERIFY(plan.recipe.empty());
    QVERIFY(hasErrors(plan.issues));
  }
}

QTEST_APPLESS_MAIN(TestPilotConfig)
#include "tst_pilot_config.moc"
