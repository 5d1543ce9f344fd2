// Recipes against a small catalogue of the test's own: nothing here depends on which parts the engine has.
#include <QTest>

#include "engine/protocol/recipe.h"
#include "tests/protocol/printing.h"

using namespace palimpsest;
using tests::issueAt;
using tests::linesOf;

namespace {

ParamSpec integer(std::string name, int fallback, double min, double max) {
  return {std::move(name), Kind::Int, Value(fallback), {.min = min, .max = max}};
}
ParamSpec number(std::string name, double fallback) {
  return {std::move(name), Kind::Double, Value(fallback), {.min = 0}};
}
ParamSpec choice(std::string name, const char* fallback, std::string_view choices) {
  return {std::move(name), Kind::Text, Value(fallback), {.choices = choices}};
}

std::vector<PartInfo> catalogue() {
  return {{"backbone", "vit", "ViT", "", {choice("train", "nothing", "nothing|all")}},
          {"query", "cls-frozen", "", "", {}},
          {"pool", "flat", "", "", {integer("size", 10, 1, 1000), integer("length", 5, 1, 100)}},
          {"select", "top-k-cosine", "", "", {integer("top_k", 5, 1, 1000), number("pull", 0.5)}},
          {"inject", "tokens", "", "", {choice("positions", "none", "none|extended")}},
          {"adapt", "bottleneck", "", "", {integer("width", 64, 1, 4096)}},
          {"adapt", "low-rank", "", "", {integer("rank", 4, 1, 256)}},
          {"head", "linear", "", "", {choice("train_on", "classes-of-task", "classes-of-task|classes-seen")}},
          {"head",
           "ridge",
           "",
           "",
           {integer("random_width", 10000, 0, 1e6),
            {"ridge", Kind::Json, Value(Value::Object{{"use", "holdout-sweep"}, {"from", 1e-8}}), {}}}},
          {"phase",
           "sgd",
           "",
           "",
           {integer("epochs", 5, 0, 10000),
            number("lr", 0.01),
            {"milestones", Kind::DoubleList, Value(Value::Array{}), {}},
            choice("when", "every-task", "every-task|first-task")}},
          {"phase", "observe", "", "", {choice("when", "every-task", "every-task|first-task")}}};
}

Value l2p() {
  return Value::Object{
      {"name", "l2p"},
      {"prompts", Value::Array{Value::Object{{"pool", Value::Object{{"use", "flat"}, {"size", 20}}},
                                             {"select", Value::Object{{"use", "top-k-cosine"}}},
                                             {"inject", Value::Object{{"use", "tokens"}, {"positions", "extended"}}}}}},
      {"head", Value::Object{{"use", "linear"}}},
      {"phases",
       Value::Array{Value::Object{{"use", "sgd"}, {"lr", 1}, {"epochs", 5.0}}, Value::Object{{"use", "observe"}}}}};
}

Value with(Value recipe, std::string_view path, Value value) {
  const auto dot = path.rfind('.');
  Value* parent = dot == std::string_view::npos ? &recipe : recipe.at(path.substr(0, dot));
  (*parent)[path.substr(dot + 1)] = std::move(value);
  return recipe;
}

}  // namespace

class TestRecipe : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void everyDefaultIsWrittenOut();
  void keysComeInDeclaredOrder();
  void resolvingAgainChangesNothing();
  void problemsNameTheirPlaceAndTheNearest_data();
  void problemsNameTheirPlaceAndTheNearest();
  void allProblemsAreReportedAtOnce();
  void whatCannotBeReadIsKeptForTheEditor();
  void whatIsNoObjectIsRefused();
  void partsAreListedInReadingOrder();
  void settingsTakeTheDeclaredType();
  void settingsThatDoNotFitChangeNothing();
  void unknownSettingsSuggestTheNearestPath();
  void anotherPartKeepsOnlyWhatItKnows();
  void partsCanBeAddedBySettings();
  void membersOfFreeFormParametersCanBeSet();
};

void TestRecipe::everyDefaultIsWrittenOut() {
  const Resolved resolved = resolve(l2p(), catalogue());
  QVERIFY2(resolved.issues.empty(), linesOf(resolved.issues).c_str());
  const Value& r = resolved.recipe;
  QCOMPARE(*r.at("title"), Value("l2p"));
  QCOMPARE(*r.at("paper"), Value(""));
  QCOMPARE(*r.at("backbone.use"), Value("vit"));
  QCOMPARE(*r.at("backbone.train"), Value("nothing"));
  QCOMPARE(*r.at("prompts.0.pool.size"), Value(20));
  QCOMPARE(*r.at("prompts.0.pool.length"), Value(5));
  QCOMPARE(*r.at("prompts.0.select.pull"), Value(0.5));
  QCOMPARE(*r.at("phases.0.lr"), Value(1.0));    // a number, though it was written without a point
  QCOMPARE(*r.at("phases.0.epochs"), Value(5));  // an integer, though it was written with one
  QCOMPARE(*r.at("phases.1.when"), Value("every-task"));
  QVERIFY(!r.find("memory"));
  QVERIFY(!r.find("adapt"));
}

void TestRecipe::keysComeInDeclaredOrder() {
  const Value written = Value::Object{{"phases", Value::Array{Value::Object{{"epochs", 1}, {"use", "sgd"}}}},
                                      {"head", Value::Object{{"use", "linear"}}},
                                      {"paper", "P"},
                                      {"name", "x"}};
  const Resolved resolved = resolve(written, catalogue());
  std::string keys;
  for (const auto& member : resolved.recipe.asObject()) keys += member.first + " ";
  QCOMPARE(keys, std::string("name title paper doc backbone head phases "));
  std::string params;
  for (const auto& member : resolved.recipe.at("phases.0")->asObject()) params += member.first + " ";
  QCOMPARE(params, std::string("use epochs lr milestones when "));
}

void TestRecipe::resolvingAgainChangesNothing() {
  const Resolved once = resolve(l2p(), catalogue());
  const Resolved twice = resolve(once.recipe, catalogue());
  QVERIFY(twice.issues.empty());
  QCOMPARE(twice.recipe, once.recipe);
}

void TestRecipe::problemsNameTheirPlaceAndTheNearest_data() {
  QTest::addColumn<QString>("change");
  QTest::addColumn<QString>("value");
  QTest::addColumn<QString>("path");
  QTest::addColumn<QString>("says");
  const auto row = [](const char* change, const char* value, const char* path, const char* says) {
    QTest::addRow("%s", change) << QString::fromUtf8(change) << QString::fromUtf8(value) << QString::fromUtf8(path)
                                << QString::fromUtf8(says);
  };
  row("phase", "x", "phase", "did you mean \"phases\"?");
  row("prompts.0.selct", "x", "prompts.0.selct", "did you mean \"select\"?");
  row("prompts.0.select.topk", "x", "prompts.0.select.topk", "did you mean \"top_k\"?");
  row("prompts.0.select.use", "top-k-cosin", "prompts.0.select.use", "did you mean \"top-k-cosine\"?");
  row("prompts.0.select.top_k", "five", "prompts.0.select.top_k",
      "[top-k-cosine] top_k: must be of type integer, not text (five)");
  row("prompts.0.inject.positions", "extendet", "prompts.0.inject.positions", "did you mean \"extended\"?");
  row("head.use", "svm", "head.use", "known: linear, ridge");
  row("memory", "x", "memory", "must be an object");
  row("phases", "x", "phases", "must be a list, not text (x)");
  row("backbone.train", "some", "backbone.train", "[vit] train: \"some\" is not one of nothing, all");
  row("name", "", "name", "is empty");
}

void TestRecipe::problemsNameTheirPlaceAndTheNearest() {
  QFETCH(QString, change);
  QFETCH(QString, value);
  QFETCH(QString, path);
  QFETCH(QString, says);
  Value recipe = l2p();
  recipe["backbone"] = Value::Object{};
  const Resolved resolved = resolve(with(recipe, change.toStdString(), Value(value.toStdString())), catalogue());
  QCOMPARE(resolved.issues.size(), std::size_t{1});
  const std::string line = lineOf(issueAt(resolved.issues, path.toStdString()));
  QVERIFY2(line.find(says.toStdString()) != std::string::npos, linesOf(resolved.issues).c_str());
}

void TestRecipe::allProblemsAreReportedAtOnce() {
  const Value written = Value::Object{
      {"title", 3},
      {"prompts", Value::Array{Value::Object{{"pool", Value::Object{{"use", "flat"}, {"size", 0}, {"lenght", 3}}}}}},
      {"adapt", Value::Array{Value::Object{}, 5}},
      {"head", Value::Object{{"use", "ridge"}, {"random_width", -1}}},
      {"phases", Value::Array{}}};
  const Issues issues = resolve(written, catalogue()).issues;
  const std::vector<std::string> paths{"name",
                                       "title",
                                       "prompts.0.pool.size",
                                       "prompts.0.pool.lenght",
                                       "prompts.0.select",
                                       "prompts.0.inject",
                                       "adapt.0.use",
                                       "adapt.1",
                                       "head.random_width",
                                       "phases"};
  for (const std::string& path : paths)
    QVERIFY2(!issueAt(issues, path).message.empty(), (path + "\n" + linesOf(issues)).c_str());
  QCOMPARE(issues.size(), paths.size());
  QVERIFY(hasErrors(issues));
}

void TestRecipe::whatCannotBeReadIsKeptForTheEditor() {
  const Value written = with(with(l2p(), "phases.0.epochs", Value("many")), "head.use", Value("svm"));
  const Resolved resolved = resolve(written, catalogue());
  QCOMPARE(*resolved.recipe.at("phases.0.epochs"), Value("many"));
  QCOMPARE(*resolved.recipe.at("head.use"), Value("svm"));
  QCOMPARE(*resolved.recipe.at("phases.0.when"), Value("every-task"));
}

void TestRecipe::whatIsNoObjectIsRefused() {
  QCOMPARE(resolve(Value("l2p"), catalogue()).issues.size(), std::size_t{1});
  QVERIFY(hasErrors(resolve(Value(), {}).issues));
  QVERIFY(!issueAt(resolve(l2p(), {}).issues, "head.use").message.empty());
}

void TestRecipe::partsAreListedInReadingOrder() {
  const auto parts = catalogue();
  std::string found;
  for (const RecipePart& part : partsOf(resolve(l2p(), parts).recipe, parts))
    found += part.path + "=" + part.info->name + " ";
  QCOMPARE(found, std::string("backbone=vit prompts.0.pool=flat prompts.0.select=top-k-cosine prompts.0.inject=tokens "
                              "head=linear phases.0=sgd phases.1=observe "));
}

void TestRecipe::settingsTakeTheDeclaredType() {
  Value recipe = l2p();
  Issues issues;
  const auto parts = catalogue();
  applySetting(recipe, "phases.0.epochs", "12", parts, issues);
  applySetting(recipe, "phases.0.lr", "2", parts, issues);
  applySetting(recipe, "phases.0.milestones", "[40,70.5]", parts, issues);
  applySetting(recipe, "prompts.0.select.top_k", "3", parts, issues);
  applySetting(recipe, "head.train_on", "classes-seen", parts, issues);
  applySetting(recipe, "backbone.train", "all", parts, issues);
  applySetting(recipe, "name", "mine", parts, issues);
  QVERIFY2(issues.empty(), linesOf(issues).c_str());
  QCOMPARE(*recipe.at("phases.0.epochs"), Value(12));
  QCOMPARE(*recipe.at("phases.0.lr"), Value(2.0));
  QCOMPARE(*recipe.at("phases.0.milestones"), Value(Value::Array{40.0, 70.5}));
  QCOMPARE(*recipe.at("prompts.0.select.top_k"), Value(3));
  QCOMPARE(*recipe.at("head.train_on"), Value("classes-seen"));
  QCOMPARE(*recipe.at("backbone.train"), Value("all"));
  QCOMPARE(*recipe.at("name"), Value("mine"));
}

void TestRecipe::settingsThatDoNotFitChangeNothing() {
  Value recipe = l2p();
  Issues issues;
  applySetting(recipe, "phases.0.epochs", "many", catalogue(), issues);
  applySetting(recipe, "phases.0.epochs", "-1", catalogue(), issues);
  applySetting(recipe, "phases.0.when", "last-task", catalogue(), issues);
  applySetting(recipe, "head.use", "linaer", catalogue(), issues);
  QCOMPARE(issues.size(), std::size_t{4});
  QVERIFY(issues[1].message.find("below the minimum 0") != std::string::npos);
  QVERIFY(issues[3].hint.find("linear") != std::string::npos);
  QCOMPARE(recipe, l2p());
}

void TestRecipe::unknownSettingsSuggestTheNearestPath() {
  const auto hintFor = [](const char* path) {
    Value recipe = l2p();
    Issues issues;
    applySetting(recipe, path, "1", catalogue(), issues);
    return issues.size() == 1 && recipe == l2p() ? issues[0].hint : std::string("no issue");
  };
  QCOMPARE(hintFor("phases.0.epoch"), std::string("did you mean \"phases.0.epochs\"?"));
  QCOMPARE(hintFor("epochs"), std::string("did you mean \"phases.0.epochs\"?"));
  QCOMPARE(hintFor("phases.1.epochs"), std::string("did you mean \"phases.0.epochs\"?"));
  QCOMPARE(hintFor("prompt.0.select.top_k"), std::string("did you mean \"prompts.0.select.top_k\"?"));
  QVERIFY(hintFor("phases.7.lr").find("phases.0.lr") != std::string::npos);
  QVERIFY(hintFor("").find("docs") != std::string::npos);
  QVERIFY(hintFor("phases").find("no issue") == std::string::npos);
}

void TestRecipe::anotherPartKeepsOnlyWhatItKnows() {
  Value recipe = resolve(l2p(), catalogue()).recipe;
  Issues issues;
  applySetting(recipe, "phases.0.when", "first-task", catalogue(), issues);
  applySetting(recipe, "phases.0.use", "observe", catalogue(), issues);
  QVERIFY(issues.empty());
  QCOMPARE(*recipe.at("phases.0"), Value(Value::Object{{"use", "observe"}, {"when", "first-task"}}));
  QVERIFY(resolve(recipe, catalogue()).issues.empty());
}

void TestRecipe::partsCanBeAddedBySettings() {
  Value recipe = l2p();
  Issues issues;
  applySetting(recipe, "adapt.0.use", "low-rank", catalogue(), issues);
  applySetting(recipe, "adapt.0.rank", "8", catalogue(), issues);
  applySetting(recipe, "phases.2.use", "observe", catalogue(), issues);
  applySetting(recipe, "query.use", "cls-frozen", catalogue(), issues);
  QVERIFY2(issues.empty(), linesOf(issues).c_str());
  QCOMPARE(*recipe.at("adapt.0.rank"), Value(8));
  QCOMPARE(recipe.find("phases")->asArray().size(), std::size_t{3});
  QCOMPARE(*recipe.at("query.use"), Value("cls-frozen"));
  applySetting(recipe, "adapt.5.use", "low-rank", catalogue(), issues);
  QCOMPARE(issues.size(), std::size_t{1});
}

void TestRecipe::membersOfFreeFormParametersCanBeSet() {
  Value recipe = l2p();
  Issues issues;
  applySetting(recipe, "head.use", "ridge", catalogue(), issues);
  recipe = resolve(recipe, catalogue()).recipe;
  applySetting(recipe, "head.ridge.from", "1e-4", catalogue(), issues);
  QVERIFY2(issues.empty(), linesOf(issues).c_str());
  QCOMPARE(*recipe.at("head.ridge.from"), Value(1e-4));
  applySetting(recipe, "head.ridge.form", "1", catalogue(), issues);
  QCOMPARE(issues.size(), std::size_t{1});
}

QTEST_GUILESS_MAIN(TestRecipe)
#include "tst_recipe.moc"
