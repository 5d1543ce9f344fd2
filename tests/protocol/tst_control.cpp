// The controls of prompt studies, applied to the recipes that ship with the program.
#include <QDir>
#include <QTest>

#include "engine/protocol/control.h"
#include "engine/protocol/recipe.h"
#include "engine/record/json.h"
#include "tests/protocol/printing.h"

using namespace palimpsest;
using tests::linesOf;

namespace {

const QString kFolder = QStringLiteral(PALIMPSEST_SOURCE_DIR "/resources/recipes");

std::vector<Value> bundled() {
  std::vector<Value> all;
  for (const QString& name : QDir(kFolder).entryList({QStringLiteral("*.json")}))
    for (Value& recipe : recipesIn(record::readJsonFile((kFolder + QLatin1Char('/') + name).toStdString())))
      all.push_back(std::move(recipe));
  return all;
}

std::string nameOf(const Value& recipe) { return recipe.find("name")->asString(); }

Value named(const std::string& name) {
  for (Value& recipe : bundled())
    if (nameOf(recipe) == name) return std::move(recipe);
  qFatal("there is no recipe %s", name.c_str());
}

Value with(const std::string& recipe, const char* control) {
  Issues issues;
  Value changed = controlled(named(recipe), control, issues);
  if (!issues.empty()) qWarning("%s", linesOf(issues).c_str());
  return changed;
}

// What stands there; null where nothing does.
Value at(const Value& recipe, const char* path) {
  const Value* found = recipe.at(path);
  return found ? *found : Value{};
}

std::string refusal(const std::string& recipe, const char* control) {
  Issues issues;
  const Value changed = controlled(named(recipe), control, issues);
  return changed.isNull() && issues.size() == 1 ? lineOf(issues.front()) : "not refused";
}

bool says(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

class TestControl : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void everyControlGivesARecipeOrSaysWhyNot();
  void theRestOfTheRecipeStays();
  void controlsAreDocumentedAndNearNamesSuggested();
  void withoutPrompts();
  void withOneSharedPrompt();
  void aSharedPromptHasTheRowsOfAnImage();
  void withTheTaskTold();
  void withPromptsDealtAtRandom();
  void withTheWholePool();
  void byTheNearestClassMean();
  void whatIsLeftOutHasTheDefaultsOfTheParts();
  void whatIsNoRecipeIsRefused();
};

void TestControl::everyControlGivesARecipeOrSaysWhyNot() {
  int made = 0;
  for (const Value& recipe : bundled()) {
    const Value* prompts = recipe.find("prompts");
    for (const std::string& control : controlNames()) {
      Issues issues;
      const Value changed = controlled(recipe, control, issues);
      const std::string what = nameOf(recipe) + "+" + control + "\n" + linesOf(issues);
      QVERIFY2(changed.isObject() == issues.empty(), what.c_str());
      QVERIFY2(prompts || !issues.empty(), what.c_str());
      for (const Issue& issue : issues)
        QVERIFY2(!issue.hint.empty() && issue.severity == Severity::Error, what.c_str());
      if (!changed.isObject()) continue;
      ++made;
      QCOMPARE(nameOf(changed), nameOf(recipe) + "+" + control);
      QCOMPARE(at(changed, "title"), Value(recipe.find("title")->asString() + ", " + control));
      QVERIFY(says(at(changed, "doc").asString(), controlDoc(control).c_str()));
    }
  }
  QVERIFY(made > 80);
}

void TestControl::theRestOfTheRecipeStays() {
  for (const std::string& control : controlNames()) {
    const Value before = named("l2p"), after = with("l2p", control.c_str());
    for (const char* key : {"paper", "backbone", "head", "phases"})
      QVERIFY2(at(after, key) == at(before, key), (control + ": " + key).c_str());
    if (control != "no-prompt") QCOMPARE(at(after, "prompts.0.inject"), at(before, "prompts.0.inject"));
    if (control != "no-prompt") QCOMPARE(at(after, "feature"), at(before, "feature"));
  }
}

void TestControl::controlsAreDocumentedAndNearNamesSuggested() {
  QCOMPARE(controlNames().size(), std::size_t{6});
  for (const std::string& name : controlNames()) QVERIFY2(!controlDoc(name).empty(), name.c_str());
  QVERIFY(controlDoc("l2p").empty());
  QVERIFY(says(refusal("l2p", "radnom"), "did you mean \"random\""));
  QVERIFY(says(refusal("l2p", "x"), "no-prompt, shared-prompt, oracle-task"));
}

void TestControl::withoutPrompts() {
  const Value l2p = with("l2p", "no-prompt"), own = named("no-prompt");
  for (const char* key : {"prompts", "query", "backbone", "feature", "head", "phases"})
    QVERIFY2(at(l2p, key) == at(own, key), key);  // the recipe no-prompt is L2P's
  for (const char* name : {"dualprompt", "coda-prompt", "dap", "sapc.top-k", "vpt-deep.sequential"})
    QVERIFY2(!with(name, "no-prompt").find("prompts") && !with(name, "no-prompt").find("query"), name);
  QVERIFY(says(refusal("vpt-deep", "no-prompt"), "simplecil"));
}

void TestControl::withOneSharedPrompt() {
  const Value l2p = with("l2p", "shared-prompt");
  QCOMPARE(at(l2p, "prompts.0.pool"),
           Value(Value::Object{{"use", "flat"}, {"size", 1}, {"length", 25}, {"init", "uniform-1"}}));
  QCOMPARE(at(l2p, "prompts.0.select"), Value(Value::Object{{"use", "constant"}}));
  QVERIFY(!l2p.find("query"));
  const Value dual = with("dualprompt", "shared-prompt");
  QCOMPARE(at(dual, "prompts.0"), at(named("dualprompt"), "prompts.0"));
  QCOMPARE(at(dual, "prompts.1.pool"),
           Value(Value::Object{{"use", "flat"}, {"size", 1}, {"length", 10}, {"init", "uniform-1"}}));
  QVERIFY(!dual.find("query"));
  const Value coda = with("coda-prompt", "shared-prompt");
  QCOMPARE(at(coda, "prompts.0.pool"), Value(Value::Object{{"use", "flat"}, {"size", 1}, {"length", 8}}));
  QVERIFY(says(refusal("dap", "shared-prompt"), "generated"));
  QVERIFY(says(refusal("vpt-deep", "shared-prompt"), "has no pool to do without"));
}

void TestControl::aSharedPromptHasTheRowsOfAnImage() {
  QCOMPARE(at(with("l2p.official-2022", "shared-prompt"), "prompts.0.pool.length"), Value(40));
  QCOMPARE(at(with("l2p.task-mask", "shared-prompt"), "prompts.0.pool.length"), Value(25));
  Value sliced = with("l2p", "oracle-task");
  (*sliced.at("prompts.0.pool"))["per_task"] = 2;  // an image is told its task, which owns two prompts of five rows
  Issues issues;
  QCOMPARE(at(controlled(sliced, "shared-prompt", issues), "prompts.0.pool.length"), Value(10));
  Value both = named("l2p");
  both["feature"] = Value::Object{{"use", "cls-both"}};
  QVERIFY(controlled(both, "shared-prompt", issues).find("query"));  // the feature still needs the plain network
}

void TestControl::withTheTaskTold() {
  const Value l2p = with("l2p", "oracle-task");
  QCOMPARE(at(l2p, "prompts.0.select.test"), Value("task"));
  QCOMPARE(at(l2p, "prompts.0.select.train"), Value("task"));
  QCOMPARE(at(l2p, "prompts.0.pool.size"), Value(0));
  QCOMPARE(at(l2p, "prompts.0.pool.per_task"), Value(5));
  const Value dual = with("dualprompt", "oracle-task"), dap = with("dap", "oracle-task");
  QCOMPARE(at(dual, "prompts.0"), at(named("dualprompt"), "prompts.0"));
  QCOMPARE(at(dual, "prompts.1.select.test"), Value("task"));
  QCOMPARE(at(dual, "prompts.1.pool"), at(named("dualprompt"), "prompts.1.pool"));
  QCOMPARE(at(dap, "prompts.0.select.test"), Value("task"));
  const Value coda = with("coda-prompt", "oracle-task");
  QCOMPARE(at(coda, "prompts.0.select.test"), Value("task"));
  QVERIFY(at(coda, "prompts.0.select.train").isNull());
  QCOMPARE(at(coda, "prompts.0.pool"), at(named("coda-prompt"), "prompts.0.pool"));
  QVERIFY(says(refusal("vpt-deep", "oracle-task"), "chooses nothing"));
}

void TestControl::withPromptsDealtAtRandom() {
  for (const char* name : {"l2p", "dap", "dualprompt.pilot"}) {
    const Value recipe = with(name, "random");
    const char* select = recipe.at("prompts.1") ? "prompts.1.select" : "prompts.0.select";
    QCOMPARE(at(at(recipe, select), "train"), Value("random"));
    QCOMPARE(at(at(recipe, select), "test"), Value("random"));
  }
  QCOMPARE(at(with("coda-prompt", "random"), "prompts.0.select.shuffle"), Value(true));
  QVERIFY(says(refusal("vpt-deep", "random"), "chooses nothing"));
}

void TestControl::withTheWholePool() {
  const Value l2p = with("l2p", "whole-pool"), sapc = with("sapc", "whole-pool");
  QCOMPARE(at(l2p, "prompts.0.select.train"), Value("all"));
  QCOMPARE(at(l2p, "prompts.0.select.test"), Value("all"));
  QCOMPARE(at(sapc, "prompts.0.select.normaliser"), Value("uniform"));
  QCOMPARE(at(sapc, "prompts.0.select.support"), Value(0));
  QVERIFY(says(refusal("dap", "whole-pool"), "generated"));
}

void TestControl::byTheNearestClassMean() {
  const Value l2p = with("l2p", "nearest-mean");
  QCOMPARE(at(l2p, "prompts.0.select.test"), Value("nearest-mean"));
  QCOMPARE(at(l2p, "prompts.0.select.train"), Value("task"));
  QCOMPARE(at(l2p, "prompts.0.pool.per_task"), Value(5));
  QCOMPARE(at(with("coda-prompt", "nearest-mean"), "prompts.0.select.test"), Value("nearest-mean"));
  QCOMPARE(at(with("dualprompt", "nearest-mean"), "prompts.1.select.train"), Value("task"));
}

void TestControl::whatIsLeftOutHasTheDefaultsOfTheParts() {
  Value bare = named("l2p"), components = named("coda-prompt");
  *bare.at("prompts.0.pool") = Value::Object{{"use", "flat"}};
  *bare.at("prompts.0.select") = Value::Object{{"use", "top-k-cosine"}};
  components.at("prompts.0.pool")->erase("length");
  Issues issues;
  QCOMPARE(at(controlled(bare, "shared-prompt", issues), "prompts.0.pool"),
           Value(Value::Object{{"use", "flat"}, {"size", 1}, {"length", 25}}));
  QCOMPARE(at(controlled(bare, "oracle-task", issues), "prompts.0.pool.per_task"), Value(5));
  QCOMPARE(at(controlled(components, "shared-prompt", issues), "prompts.0.pool.length"), Value(8));
  QVERIFY2(issues.empty(), linesOf(issues).c_str());
}

void TestControl::whatIsNoRecipeIsRefused() {
  const Value broken =
      Value::Object{{"name", "x"}, {"prompts", Value::Array{3, Value::Object{{"select", "constant"}}}}};
  for (const Value& value : {Value(), Value(3), Value(Value::Object{{"prompts", "many"}}), broken})
    for (const std::string& control : controlNames()) {
      Issues issues;
      const bool made = controlled(value, control, issues).isObject();
      QVERIFY2(made ? control == "no-prompt" : hasErrors(issues), control.c_str());
    }
}

QTEST_GUILESS_MAIN(TestControl)
#include "tst_control.moc"
