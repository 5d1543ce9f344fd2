#include <QTest>
#include <utility>

#include "engine/protocol/value.h"
#include "tests/protocol/printing.h"

using namespace palimpsest;

class TestValue : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void pathsFollowObjectsAndLists();
  void pathsThatLeadNowhereGiveNothing();
  void membersKeepTheOrderInWhichTheyWereWritten();
  void wrongTypesGiveTheFallback();
  void integersAndNumbersStayApart();
  void textIsForPeople();
};

namespace {
Value sample() {
  return Value::Object{
      {"phases", Value::Array{Value::Object{{"use", "sgd"}, {"epochs", 5}}, Value::Object{{"use", "solve"}}}},
      {"name", "l2p"}};
}
}  // namespace

void TestValue::pathsFollowObjectsAndLists() {
  Value value = sample();
  QCOMPARE(*value.at("phases.0.epochs"), Value(5));
  QCOMPARE(*value.at("phases.1.use"), Value("solve"));
  QCOMPARE(value.at(""), &value);
  *value.at("phases.0.epochs") = 7;
  QCOMPARE(*std::as_const(value).at("phases.0.epochs"), Value(7));
}

void TestValue::pathsThatLeadNowhereGiveNothing() {
  const Value value = sample();
  for (const char* path : {"phases.2", "phases.-1", "phases.x", "phases.0x", "phases.00000000000000000000009", "name.x",
                           "nothing", "phases..use", "."})
    QVERIFY2(value.at(path) == nullptr, path);
}

void TestValue::membersKeepTheOrderInWhichTheyWereWritten() {
  Value value;
  value["b"] = 1;
  value["a"] = 2;
  value["b"] = 3;
  QCOMPARE(value.asObject().size(), std::size_t{2});
  QCOMPARE(value.asObject()[0].first, std::string("b"));
  QCOMPARE(*value.find("b"), Value(3));
  QVERIFY(value.erase("b"));
  QVERIFY(!value.erase("b"));
  QVERIFY(!Value(3).erase("b"));
  QVERIFY(!(Value(Value::Object{{"a", 1}, {"b", 2}}) == Value(Value::Object{{"b", 2}, {"a", 1}})));
}

void TestValue::wrongTypesGiveTheFallback() {
  QCOMPARE(Value("x").asInt(3), std::int64_t{3});
  QCOMPARE(Value(true).asDouble(0.5), 0.5);
  QCOMPARE(Value(1).asBool(true), true);
  QVERIFY(Value(1).asString().empty());
  QVERIFY(Value(1).asArray().empty());
  QVERIFY(Value(1).asObject().empty());
  QCOMPARE(Value(2.9).asInt(), std::int64_t{2});
  QCOMPARE(Value(1e300).asInt(-1), std::int64_t{-1});
}

void TestValue::integersAndNumbersStayApart() {
  QVERIFY(Value(3).isInt());
  QVERIFY(!Value(3.0).isInt());
  QVERIFY(Value(3.0).isNumber());
  QVERIFY(!(Value(3) == Value(3.0)));
}

void TestValue::textIsForPeople() {
  QCOMPARE(sample().text(), std::string("{phases: [{use: sgd, epochs: 5}, {use: solve}], name: l2p}"));
  QCOMPARE(Value().text(), std::string("null"));
  QCOMPARE(Value(0.1).text(), std::string("0.1"));
}

QTEST_GUILESS_MAIN(TestValue)
#include "tst_value.moc"
