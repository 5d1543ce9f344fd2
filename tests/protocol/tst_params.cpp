// Everything that is derived from one declaration of parameters.
#include <QTest>
#include <cmath>

#include "engine/protocol/options.h"
#include "engine/protocol/param.h"
#include "tests/protocol/printing.h"

using namespace palimpsest;
using tests::issueAt;

namespace {

struct Pool {
  int size = 10;
  int top_k = 5;
  double pull = 0.1;
  bool batchwise = false;
  std::string schedule = "constant";
  std::vector<int> milestones = {40, 70};
  std::vector<double> ridges = {0.5};
  std::vector<std::string> layers;
  Value extra = Value::Object{{"from", 1}};

  static auto fields() {
    return std::tuple{
        Field{"size", &Pool::size, {.min = 1, .max = 1000, .unit = "prompts", .doc = "Prompts in the pool."}},
        Field{"top_k", &Pool::top_k, {.min = 1, .max = 1000}},
        Field{"pull", &Pool::pull, {.min = 0, .max = 10}},
        Field{"batchwise", &Pool::batchwise, {}},
        Field{"schedule", &Pool::schedule, {.choices = "constant|cosine|multi-step"}},
        Field{"milestones", &Pool::milestones, {.min = 1, .unit = "epochs"}},
        Field{"ridges", &Pool::ridges, {.min = 0}},
        Field{"layers", &Pool::layers, {}},
        Field{"extra", &Pool::extra, {}}};
  }
  std::optional<std::string> conflict() const {
    if (top_k > size) return "top_k is larger than the pool";
    return std::nullopt;
  }
};

const ParamSpec& specNamed(const std::vector<ParamSpec>& specs, const std::string& name) {
  for (const ParamSpec& spec : specs)
    if (spec.name == name) return spec;
  qFatal("no such parameter");
}

}  // namespace

class TestParams : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void specsCarryNameKindDefaultAndRange();
  void valuesReadBackAsTheSameStruct();
  void everyProblemIsReportedAtOnce();
  void whatIsWrongKeepsItsDefault();
  void rulesThatSpanFieldsAreChecked();
  void misspeltKeysAreToldTheNearest();
  void textFromACommandLineTakesTheDeclaredType_data();
  void textFromACommandLineTakesTheDeclaredType();
  void rangesAreSpelledForPeople();
  void theOptionsOfARunAreDescribedAndWithinTheirOwnRanges();
};

void TestParams::specsCarryNameKindDefaultAndRange() {
  const auto specs = specsOf<Pool>();
  QCOMPARE(specs.size(), std::size_t{9});
  QCOMPARE(specs[0].name, std::string("size"));
  QVERIFY(specs[0].kind == Kind::Int);
  QCOMPARE(specs[0].fallback, Value(10));
  QCOMPARE(specs[0].meta.max, 1000.0);
  QVERIFY(specs[2].kind == Kind::Double);
  QVERIFY(specs[3].kind == Kind::Bool);
  QVERIFY(specs[4].kind == Kind::Text);
  QCOMPARE(specs[4].choices().size(), std::size_t{3});
  QVERIFY(specs[5].kind == Kind::IntList);
  QVERIFY(specs[6].kind == Kind::DoubleList);
  QVERIFY(specs[7].kind == Kind::TextList);
  QVERIFY(specs[8].kind == Kind::Json);
}

void TestParams::valuesReadBackAsTheSameStruct() {
  Pool pool;
  pool.size = 20;
  pool.pull = 0.125;
  pool.batchwise = true;
  pool.schedule = "cosine";
  pool.milestones = {3};
  pool.layers = {"a", "b"};
  Issues issues;
  const Pool again = readParams<Pool>(Value(valuesOf(pool)), "", issues);
  QVERIFY2(issues.empty(), tests::linesOf(issues).c_str());
  QCOMPARE(Value(valuesOf(again)), Value(valuesOf(pool)));
}

void TestParams::everyProblemIsReportedAtOnce() {
  Issues issues;
  const Value written = Value::Object{
      {"size", 0},      {"top_k", "five"}, {"pull", 11.0}, {"schedule", "cosin"}, {"milestones", Value::Array{1, 0}},
      {"batchwise", 1}, {"sise", 3}};
  readParams<Pool>(written, "select", issues);
  QCOMPARE(issues.size(), std::size_t{7});
  QVERIFY(issueAt(issues, "select.size").message.find("below the minimum 1 prompts") != std::string::npos);
  QVERIFY(issueAt(issues, "select.top_k").message.find("must be of type integer, not text (five)") !=
          std::string::npos);
  QVERIFY(issueAt(issues, "select.pull").message.find("above the maximum 10") != std::string::npos);
  QVERIFY(issueAt(issues, "select.schedule").message.find("did you mean \"cosine\"?") != std::string::npos);
  QVERIFY(issueAt(issues, "select.milestones").message.find("below the minimum") != std::string::npos);
  QVERIFY(issueAt(issues, "select.batchwise").message.find("true/false") != std::string::npos);
  QVERIFY(issueAt(issues, "select.sise").hint.find("\"size\"") != std::string::npos);
}

void TestParams::whatIsWrongKeepsItsDefault() {
  Issues issues;
  const Pool pool = readParams<Pool>(Value::Object{{"size", 0}, {"pull", 2}}, "", issues);
  QCOMPARE(pool.size, 10);
  QCOMPARE(pool.pull, 2.0);
  Pool other;
  QVERIFY(assign(other, "top_k", Value(2.5)).has_value());
  QCOMPARE(other.top_k, 5);
  QVERIFY(!assign(other, "top_k", Value(3.0)).has_value());  // a whole number, however it was written
  QCOMPARE(other.top_k, 3);
  QVERIFY(assign(other, "nothing", Value(3)).has_value());
  QVERIFY(misfit(specNamed(specsOf<Pool>(), "pull"), Value(std::nan(""))).has_value());
}

void TestParams::rulesThatSpanFieldsAreChecked() {
  Issues issues;
  readParams<Pool>(Value::Object{{"size", 3}}, "prompts.0.pool", issues);
  QCOMPARE(issues, Issues{error("prompts.0.pool", "top_k is larger than the pool")});
}

void TestParams::misspeltKeysAreToldTheNearest() {
  const std::vector<std::string> known{"epochs", "batch", "lr"};
  QCOMPARE(nearest("epoch", known).value_or(""), std::string("epochs"));
  QCOMPARE(nearest("bacth", known).value_or(""), std::string("batch"));
  QVERIFY(!nearest("something else", known));
  QVERIFY(!nearest("lr", {}));
  QVERIFY(unknownKey("a.epoch", "epoch", known).hint.find("epochs") != std::string::npos);
  QVERIFY(unknownKey("a.unrelated", "unrelated", known).hint.find("epochs, batch, lr") != std::string::npos);
}

void TestParams::textFromACommandLineTakesTheDeclaredType_data() {
  QTest::addColumn<QString>("name");
  QTest::addColumn<QString>("text");
  QTest::addColumn<QString>("type");
  QTest::addColumn<QString>("value");
  const auto row = [](const char* name, const char* text, const char* type, const char* value) {
    QTest::addRow("%s=%s", name, text) << QString::fromUtf8(name) << QString::fromUtf8(text) << QString::fromUtf8(type)
                                       << QString::fromUtf8(value);
  };
  row("size", "12", "integer", "12");
  row("pull", "1e-3", "number", "0.001");
  row("pull", "3", "integer", "3");
  row("batchwise", "yes", "true/false", "true");
  row("batchwise", "0", "true/false", "false");
  row("schedule", "cosine", "text", "cosine");
  row("schedule", "12", "text", "12");
  row("milestones", "[40, 70]", "list", "[40, 70]");
  row("milestones", "40,70", "list", "[40, 70]");
  row("milestones", "", "list", "[]");
  row("ridges", "0.5,1e8", "list", "[0.5, 1e+08]");
  row("layers", "a, b", "list", "[a, b]");
  row("size", "many", "text", "many");  // refused by misfit(), with what was written
}

void TestParams::textFromACommandLineTakesTheDeclaredType() {
  QFETCH(QString, name);
  QFETCH(QString, text);
  QFETCH(QString, type);
  QFETCH(QString, value);
  const auto specs = specsOf<Pool>();
  const Value read = parsed(specNamed(specs, name.toStdString()), text.toStdString());
  QCOMPARE(std::string(read.typeName()), type.toStdString());
  QCOMPARE(read.text(), value.toStdString());
}

void TestParams::rangesAreSpelledForPeople() {
  const auto specs = specsOf<Pool>();
  QCOMPARE(rangeText(specs[0]), std::string("1 to 1000 prompts"));
  QCOMPARE(rangeText(specs[4]), std::string("constant, cosine, multi-step"));
  QCOMPARE(rangeText(specs[5]), std::string("at least 1 epochs"));
  QCOMPARE(rangeText(specs[3]), std::string());
}

void TestParams::theOptionsOfARunAreDescribedAndWithinTheirOwnRanges() {
  for (const ParamSpec& spec : specsOf<RunOptions>()) {
    QVERIFY2(!spec.meta.doc.empty(), spec.name.c_str());
    QVERIFY2(!misfit(spec, spec.fallback), spec.name.c_str());
  }
}

QTEST_GUILESS_MAIN(TestParams)
#include "tst_params.moc"
