#include <sys/resource.h>

#include <QTemporaryDir>
#include <QTest>
#include <cmath>
#include <csignal>
#include <cstring>
#include <functional>
#include <limits>

#include "engine/protocol/error.h"
#include "engine/protocol/random.h"
#include "engine/record/json.h"
#include "tests/protocol/printing.h"

using namespace palimpsest;
using namespace palimpsest::record;

namespace {

std::string refusalOf(const std::string& text) {
  try {
    parseJson(text, "file.json");
  } catch (const BadInput& problem) {
    return problem.what();
  }
  return {};
}

double anyDouble(Rng& rng) {
  for (;;) {
    const std::uint64_t bits = rng.next();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) return value;
  }
}

std::string anyText(Rng& rng) {
  static const std::vector<std::string> kPieces{
      "a", "\"", "\\", "\n", "\t", std::string("\0", 1), "\u00e9", "\u4e2d", "\U0001F600", "/", "\x7f", "\x01", " "};
  std::string out;
  for (std::uint64_t n = rng.below(8); n > 0; --n) out += kPieces[rng.below(kPieces.size())];
  return out;
}

Value anyValue(Rng& rng, int depth) {
  switch (rng.below(depth > 0 ? 7 : 5)) {
    case 0:
      return {};
    case 1:
      return rng.below(2) == 0;
    case 2:
      return static_cast<std::int64_t>(rng.next());
    case 3:
      return anyDouble(rng);
    case 4:
      return anyText(rng);
    case 5: {
      Value::Array items;
      for (std::uint64_t n = rng.below(5); n > 0; --n) items.push_back(anyValue(rng, depth - 1));
      return Value(std::move(items));
    }
    default: {
      Value out{Value::Object{}};
      for (std::uint64_t n = rng.below(5); n > 0; --n) out[anyText(rng)] = anyValue(rng, depth - 1);
      return out;
    }
  }
}

template <typename T>
void makeUp(Rng& rng, T& out) {
  if constexpr (std::is_same_v<T, bool>) out = rng.below(2) == 0;
  else if constexpr (std::is_same_v<T, std::string>) out = anyText(rng);
  else if constexpr (std::integral<T>) out = static_cast<T>(rng.next());
  else if constexpr (std::floating_point<T>) out = anyDouble(rng);
  else if constexpr (std::is_same_v<T, Value>) out = anyValue(rng, 2);
  else
    for (std::uint64_t n = rng.below(6); n > 0; --n) makeUp(rng, out.emplace_back());
}

template <std::size_t I = 0>
void everyPayload(Rng& rng, const std::function<void(Payload)>& use) {
  if constexpr (I < std::variant_size_v<Payload>) {
    std::variant_alternative_t<I, Payload> event;
    std::apply([&]([[maybe_unused]] const auto&... field) { (makeUp(rng, event.*(field.member)), ...); },
               decltype(event)::fields());
    use(std::move(event));
    everyPayload<I + 1>(rng, use);
  }
}

Value contentOf(const Payload& payload) {
  return std::visit(
      [](const auto& e) {
        return Value(Value::Object{{std::string(e.kType), Value(valuesOf(e))}});
      },
      payload);
}

}  // namespace

class TestJson : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void anyValueReadsBackTheSame();
  void numbersKeepTheirKindAndTheirBits();
  void notANumberIsNull();
  void mistakesAreFoundByLineAndColumn_data();
  void mistakesAreFoundByLineAndColumn();
  void deepNestingIsRefused();
  void anyBytesAreRefusedOrRead();
  void everyEventReadsBackTheSame();
  void eventsOfOtherVersionsAreTolerated();
  void filesAreReplacedWhole();
  void aWriteThatFailsLeavesTheOldFile();
  void filesThatCannotBeReadAreNamed();
};

void TestJson::anyValueReadsBackTheSame() {
  Rng rng(11);
  for (int i = 0; i < 2000; ++i) {
    const Value value = anyValue(rng, 4);
    QCOMPARE(parseJson(toJson(value), "x"), value);
    QCOMPARE(parseJson(toJson(value, 2), "x"), value);
    QVERIFY(toJson(value).find('\n') == std::string::npos);
  }
}

void TestJson::numbersKeepTheirKindAndTheirBits() {
  QCOMPARE(toJson(Value(3)), std::string("3"));
  QCOMPARE(toJson(Value(3.0)), std::string("3.0"));
  QVERIFY(parseJson("3.0", "x").typeName() == "number");
  QVERIFY(std::signbit(parseJson(toJson(Value(-0.0)), "x").asDouble()));
  for (const double value : {0.1, 1.0 / 3, 5e-324, std::numeric_limits<double>::max(), 90.5, 1e22})
    QCOMPARE(parseJson(toJson(Value(value)), "x"), Value(value));
  QCOMPARE(parseJson("-9223372036854775808", "x"), Value(std::numeric_limits<std::int64_t>::min()));
  QCOMPARE(parseJson("9223372036854775807", "x"), Value(std::numeric_limits<std::int64_t>::max()));
  QCOMPARE(parseJson("18446744073709551615", "x"), Value(18446744073709551615.0));  // never a negative integer
}

void TestJson::notANumberIsNull() {
  QCOMPARE(toJson(Value(Value::Array{std::nan(""), std::numeric_limits<double>::infinity()})),
           std::string("[null,null]"));
  StepMeasured step;
  step.loss = std::nan("");
  const auto again = parseEvent(eventLine({0, 0, step}));
  QVERIFY(again && std::isnan(std::get<StepMeasured>(again->what).loss));
}

void TestJson::mistakesAreFoundByLineAndColumn_data() {
  QTest::addColumn<QByteArray>("text");
  QTest::addColumn<QByteArray>("says");
  const auto row = [](const char* name, const char* text, const char* says) {
    QTest::newRow(name) << QByteArray(text) << QByteArray(says);
  };
  row("missing value", "{\n  \"a\": 1,\n  \"b\": }\n", "line 3, column 8");
  row("unclosed", "[1, 2", "line 1, column 6");
  row("comment", "{} // why\n", "line 1, column 4");
  row("trailing garbage", "{}\n{}", "line 2, column 1");
  row("empty", "", "line 1, column 1");
  row("trailing comma", "[1,\n]", "line 2, column 1");
  row("not a number", "[NaN]", "line 1, column 2");
  row("single quotes", "{'a': 1}", "line 1, column 2");
  row("too large a number", "[1e999]", "1e999");
  row("written twice", "{\"a\": 1, \"a\": 2}", "\"a\" is written twice");
  row("bad text", "[\"\xff\"]", "line 1");
  row("control character", "[\"a\nb\"]", "line");
}

void TestJson::mistakesAreFoundByLineAndColumn() {
  QFETCH(QByteArray, text);
  QFETCH(QByteArray, says);
  const std::string refusal = refusalOf(text.toStdString());
  QVERIFY2(refusal.find("file.json") != std::string::npos, refusal.c_str());
  QVERIFY2(refusal.find(says.toStdString()) != std::string::npos, refusal.c_str());
}

void TestJson::deepNestingIsRefused() {
  QVERIFY(refusalOf(std::string(1000000, '[')).find("nested") != std::string::npos);
  QVERIFY(refusalOf(std::string(100, '[') + std::string(100, ']')).empty());
}

void TestJson::anyBytesAreRefusedOrRead() {
  Rng rng(5);
  const std::string good = toJson(anyValue(rng, 4)) + eventLine({3, 4, RunStarted{.recipe = "l2p"}});
  for (int i = 0; i < 5000; ++i) {
    std::string text = good.substr(rng.below(good.size()));
    for (std::uint64_t n = rng.below(6); n > 0; --n) text[rng.below(text.size())] = static_cast<char>(rng.below(256));
    refusalOf(text);
    parseEvent(text);
  }
}

void TestJson::everyEventReadsBackTheSame() {
  Rng rng(23);
  for (std::uint64_t round = 0; round < 50; ++round) {
    std::uint64_t seq = 0;
    everyPayload(rng, [&](Payload payload) {
      const Event event{++seq, 1763769600000000 + static_cast<std::int64_t>(round), std::move(payload)};
      const std::string line = eventLine(event);
      QVERIFY(line.find('\n') == std::string::npos);
      const auto again = parseEvent(line);
      QVERIFY2(again, line.c_str());
      QCOMPARE(again->seq, event.seq);
      QCOMPARE(again->at_us, event.at_us);
      QCOMPARE(contentOf(again->what), contentOf(event.what));
      QCOMPARE(eventLine(*again), line);
    });
    QCOMPARE(seq, std::uint64_t{std::variant_size_v<Payload>});
  }
}

void TestJson::eventsOfOtherVersionsAreTolerated() {
  const char* const refused[] = {"{\"seq\":0,\"at_us\":1,\"type\":\"from_the_future\"}",
                                 "{\"seq\":-1,\"at_us\":1,\"type\":\"run_ended\"}",
                                 "{\"at_us\":1,\"type\":\"run_ended\"}",
                                 "{\"seq\":0,\"at_us\":1}",
                                 "[]",
                                 "",
                                 "{\"seq\":0,\"type\":\"run_en"};
  for (const char* line : refused) QVERIFY2(!parseEvent(line), line);
  const auto sparse = parseEvent("{\"seq\":7,\"type\":\"evaluated\",\"on_task\":2,\"hits\":\"many\",\"news\":[1]}");
  QVERIFY(sparse && sparse->seq == 7);
  const auto& evaluated = std::get<Evaluated>(sparse->what);
  QCOMPARE(evaluated.on_task, 2);
  QCOMPARE(evaluated.after_task, 0);
  QCOMPARE(evaluated.hits, 0);
}

void TestJson::filesAreReplacedWhole() {
  const QTemporaryDir folder;
  const std::filesystem::path file = folder.filePath(QStringLiteral("a.json")).toStdString();
  writeFileAtomically(file, "[1]");
  writeFileAtomically(file, "[2]");
  QCOMPARE(readJsonFile(file), Value(Value::Array{2}));
  const auto entries = std::distance(std::filesystem::directory_iterator(file.parent_path()), {});
  QCOMPARE(entries, std::ptrdiff_t{1});  // no temporary file is left
}

void TestJson::aWriteThatFailsLeavesTheOldFile() {
  const QTemporaryDir folder;
  const std::filesystem::path file = folder.filePath(QStringLiteral("a.json")).toStdString();
  writeFileAtomically(file, "[1]");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{4096, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string code;
  try {
    writeFileAtomically(file, std::string(100000, ' '));
  } catch (const Error& problem) {
    code = problem.code;
  }
  setrlimit(RLIMIT_FSIZE, &before);
  QCOMPARE(code, std::string("write-failed"));
  QCOMPARE(readJsonFile(file), Value(Value::Array{1}));
  QCOMPARE(std::distance(std::filesystem::directory_iterator(file.parent_path()), {}), std::ptrdiff_t{1});
  QVERIFY_EXCEPTION_THROWN(writeFileAtomically(file / "below" / "a.json", "[]"), Error);
}

void TestJson::filesThatCannotBeReadAreNamed() {
  const QTemporaryDir folder;
  const std::filesystem::path missing = folder.filePath(QStringLiteral("missing.json")).toStdString();
  for (const auto& file : {missing, missing.parent_path()}) {
    try {
      readJsonFile(file);
      QFAIL("was read");
    } catch (const BadInput& problem) {
      QCOMPARE(problem.issues.front().path, file.string());
    }
  }
}

QTEST_GUILESS_MAIN(TestJson)
#include "tst_json.moc"
