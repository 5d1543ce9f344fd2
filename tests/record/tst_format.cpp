// FORMAT.md against the declarations, and results.json against the matrix it is derived from.
#include <QTest>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>

#include "engine/protocol/event.h"
#include "engine/record/json.h"
#include "engine/record/manual.h"
#include "engine/record/results.h"
#include "tests/protocol/printing.h"
#include "tests/record/made_run.h"

using namespace palimpsest;
using namespace palimpsest::record;

namespace {

std::string format() {
  std::ifstream in(PALIMPSEST_SOURCE_DIR "/engine/record/FORMAT.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const auto from = text.find(begin);
  const auto to = text.find(end, from);
  if (from == std::string::npos || to == std::string::npos) return "no markers";
  return text.substr(from + begin.size(), to - from - begin.size());
}

template <std::size_t... I>
std::vector<std::pair<std::string, std::vector<ParamSpec>>> allEvents(std::index_sequence<I...>) {
  return {{std::string(std::variant_alternative_t<I, Payload>::kType),
           specsOf<std::variant_alternative_t<I, Payload>>()}...};
}
const auto kEvents = allEvents(std::make_index_sequence<std::variant_size_v<Payload>>{});

}  // namespace

class TestFormat : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void theEventTablesAreInStep();
  void theHeaderTableIsInStep();
  void theResultTableNamesEveryKeyInOrder();
  void everyFieldOfEveryEventIsExplained();
  void typesAreDistinctAndFieldsDoNotHideTheEnvelope();
  void theHeaderReadsBackTheSame();
  void resultsAreThoseOfTheContract();
  void undefinedFiguresAreNull();
  void onlyFinishedTasksCount();
};

void TestFormat::theEventTablesAreInStep() {
  QCOMPARE(between(format(), "<!-- events: generated -->\n", "<!-- events: end -->"), eventManual());
}

void TestFormat::theHeaderTableIsInStep() {
  QCOMPARE(between(format(), "<!-- run.json: generated -->\n", "<!-- run.json: end -->"), headerManual());
}

void TestFormat::theResultTableNamesEveryKeyInOrder() {
  const std::string section = between(format(), "## results.json", "## Blobs");
  const Value results = resultsOf({});
  std::size_t at = 0;
  for (const auto& [key, value] : results.asObject()) {
    const auto found = section.find("\n| `" + key + "` |", at);
    QVERIFY2(found != std::string::npos, key.c_str());
    at = found;
  }
  std::size_t rows = 0;
  for (at = section.find("\n| `"); at != std::string::npos; at = section.find("\n| `", at + 1)) ++rows;
  QCOMPARE(rows, results.asObject().size());
}

void TestFormat::everyFieldOfEveryEventIsExplained() {
  for (const auto& [type, specs] : kEvents)
    for (const ParamSpec& spec : specs) QVERIFY2(!spec.meta.doc.empty(), (type + "." + spec.name).c_str());
}

void TestFormat::typesAreDistinctAndFieldsDoNotHideTheEnvelope() {
  std::set<std::string> types;
  for (const auto& [type, specs] : kEvents) {
    QVERIFY2(types.insert(type).second, type.c_str());
    std::set<std::string> names{"seq", "at_us", "type"};
    for (const ParamSpec& spec : specs) QVERIFY2(names.insert(spec.name).second, (type + "." + spec.name).c_str());
  }
}

void TestFormat::theHeaderReadsBackTheSame() {
  const RunHeader header = tests::headerOf({});
  const Value json = parseJson(toJson(runJson(header)), "run.json");
  QCOMPARE(runJson(runHeader(json)), runJson(header));
  QCOMPARE(runHeader(Value::Object{{"seed", 7}, {"news", 1}}).seed, std::int64_t{7});
  QCOMPARE(runHeader(Value("nonsense")).evaluation, std::string("instance"));
}

void TestFormat::resultsAreThoseOfTheContract() {
  ResultInputs in;
  in.recipe = "simplecil";
  in.state = "done";
  in.tasks = 2;
  in.seed = 1993;
  in.class_order = {3, 17, 0};
  in.matrix = AccuracyMatrix(2);
  in.matrix.set(0, 0, 181, 200);
  in.matrix.set(1, 0, 170, 200);
  in.matrix.set(1, 1, 176, 200);
  in.per_class = {{3, 91, 100}};
  in.seconds_total = 12.3;
  in.seconds_train = 8;
  in.seconds_evaluate = 3.1;
  in.seconds_data = 0.4;
  in.peak_rss_bytes = 734003200;
  in.stored_bytes = 15360;
  in.batch = 64;
  in.device = "cpu";
  in.threads = 2;
  const Value expected = parseJson(
      R"({ "format": 1, "recipe": "simplecil", "state": "done", "tasks": 2, "seed": 1993, "class_order": [3, 17, 0],
    "hits": [[181], [170, 176]], "counts": [200, 200], "accuracy": [[90.5], [85.0, 88.0]],
    "top1": [90.5, 86.5], "average": 88.5, "average_macro": 88.5, "last": 86.5, "last_macro": 86.5,
    "forgetting": 5.5, "forgetting_pilot": 5.5, "forgetting_step": 5.5, "backward_transfer": -5.5, "learning_accuracy": 89.25,
    "relative_forgetting": 6.0773480662983425, "minimum_accuracy": 85.0, "worst_case_accuracy": 86.5, "performance_drop": 4.0,
    "per_class": {"3": 91.0}, "seconds": {"total": 12.3, "train": 8.0, "evaluate": 3.1, "data": 0.4},
    "peak_rss_bytes": 734003200, "trainable_parameters": 0, "stored_bytes": 15360,
    "protocol": {"evaluation": "instance", "batch": 64}, "device": "cpu", "threads": 2 })",
      "contract");
  const Value results = resultsOf(in);
  QCOMPARE(results.asObject().size(), expected.asObject().size());
  for (std::size_t i = 0; i < expected.asObject().size(); ++i) {
    const auto& [key, value] = expected.asObject()[i];
    const auto& [name, got] = results.asObject()[i];
    QCOMPARE(name, key);
    if (value.isNumber() && !value.isInt())
      QVERIFY2(std::abs(got.asDouble(1e9) - value.asDouble()) < 1e-12, key.c_str());
    else QCOMPARE(got, value);
  }
}

void TestFormat::undefinedFiguresAreNull() {
  const Value nothing = resultsOf({});
  for (const char* key :
       {"average", "average_macro", "last", "last_macro", "forgetting", "forgetting_pilot", "forgetting_step", "backward_transfer", "learning_accuracy",
        "relative_forgetting", "minimum_accuracy", "worst_case_accuracy", "performance_drop"})
    QVERIFY2(nothing.find(key)->isNull(), key);
  ResultInputs one;
  one.matrix.set(0, 0, 1, 2);
  QVERIFY(resultsOf(one).find("forgetting")->isNull());
  QCOMPARE(*resultsOf(one).find("average"), Value(50.0));
  one.per_class = {{5, 0, 0}};
  QVERIFY(resultsOf(one).at("per_class.5")->isNull());
}

void TestFormat::onlyFinishedTasksCount() {
  tests::MadeRun run;
  run.finished = 2;
  ResultInputs in = tests::resultInputsOf(run);
  in.matrix.set(2, 0, 1, 1000);  // the evaluation after task 2 has only begun
  const Value results = resultsOf(in);
  QCOMPARE(results.find("accuracy")->asArray().size(), std::size_t{2});
  QCOMPARE(results.find("counts")->asArray().size(), std::size_t{2});
  QCOMPARE(*results.find("tasks"), Value(3));
}

QTEST_GUILESS_MAIN(TestFormat)
#include "tst_format.moc"
