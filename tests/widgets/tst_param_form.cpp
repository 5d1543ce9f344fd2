#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QFont>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTest>
#include <QTreeView>

#include "engine/protocol/options.h"
#include "widgets/models/param_form.h"
#include "widgets/models/param_value.h"
#include "widgets/views/number_box.h"
#include "widgets/views/param_delegate.h"

using namespace palimpsest;

namespace {

struct Sgd {
  int epochs = 5;
  double lr = 0.001875, momentum = 0.9;
  bool fresh_optimizer = true;
  std::string schedule = "constant";
  std::vector<int> milestones;
  Value extra = Value(Value::Object{});
  static auto fields() {
    return std::tuple{
        Field{"epochs",
              &Sgd::epochs,
              {.min = 1, .max = 1000, .unit = "epochs", .doc = "Passes over the data.", .level = Level::Learn}},
        Field{"lr",
              &Sgd::lr,
              {.min = 0, .max = 10, .scale = Scale::Log, .doc = "Learning rate.", .source = "Wang et al., section 5"}},
        Field{"momentum", &Sgd::momentum, {.min = 0, .max = 1}},
        Field{"fresh_optimizer", &Sgd::fresh_optimizer, {.level = Level::Expert}},
        Field{"schedule", &Sgd::schedule, {.choices = "constant|cosine|multi-step"}},
        Field{"milestones", &Sgd::milestones, {.min = 1, .max = 1000, .unit = "epochs"}},
        Field{"extra", &Sgd::extra, {.level = Level::Expert}}};
  }
};

std::vector<ParamFormModel::Group> groups() {
  Value values{Value::Object{{"epochs", 3}, {"lr", 1}, {"milestones", Value(Value::Array{40, 70})}}};
  return {
      {QStringLiteral("Run"), QStringLiteral("Options of the run"), "", specsOf<RunOptions>(), Value(Value::Object{})},
      {QStringLiteral("SGD"), QStringLiteral("Gradient descent"), "phases.0", specsOf<Sgd>(), values}};
}

}  // namespace

class ParamFormTest : public QObject {
  Q_OBJECT
  ParamFormModel form_;
  std::unique_ptr<QAbstractItemModelTester> tester_;

  QModelIndex at(const char* name) const { return form_.find("phases.0", name); }
  QString shown(const char* name) const { return at(name).data().toString(); }
  QString problem(const char* name) const { return at(name).data(ParamFormModel::ProblemRole).toString(); }
  QWidget* editor(QTreeView& view, const char* name) {
    view.setModel(&form_);
    view.expandAll();
    view.setItemDelegate(new ParamDelegate(&view));
    view.edit(at(name));
    return view.viewport()->findChild<QWidget*>(QStringLiteral("phases.0.") + QLatin1String(name));
  }

 private Q_SLOTS:
  void initTestCase() { QLocale::setDefault(QLocale::c()); }
  void init() {
    form_.setGroups(groups());
    tester_ =
        std::make_unique<QAbstractItemModelTester>(&form_, QAbstractItemModelTester::FailureReportingMode::QtTest);
  }

  void valuesAreShownWithTheirUnits() {
    QCOMPARE(form_.rowCount(), 2);
    QCOMPARE(shown("epochs"), QStringLiteral("3 epochs"));
    QCOMPARE(shown("lr"), QStringLiteral("1"));
    QCOMPARE(shown("momentum"), QStringLiteral("0.9"));
    QCOMPARE(shown("fresh_optimizer"), QStringLiteral("on"));
    QCOMPARE(shown("schedule"), QStringLiteral("constant"));
    QCOMPARE(shown("milestones"), QStringLiteral("40, 70 epochs"));
    QCOMPARE(at("fresh_optimizer").siblingAtColumn(0).data().toString(), QStringLiteral("fresh optimizer"));
    QCOMPARE(at("lr").data(ParamFormModel::PathRole).toString(), QStringLiteral("phases.0.lr"));
    QCOMPARE(form_.find("", "seed").data(ParamFormModel::PathRole).toString(), QStringLiteral("seed"));
    QCOMPARE(at("milestones").data(ParamFormModel::ValueRole).toList(), (QVariantList{40, 70}));
    QVERIFY(form_.valid());
    QVERIFY(!form_.changed());
  }

  void aChangedValueIsBoldUntilItIsReset() {
    QSignalSpy edited(&form_, &ParamFormModel::edited);
    QVERIFY(form_.setData(at("epochs"), 7));
    QCOMPARE(shown("epochs"), QStringLiteral("7 epochs"));
    QVERIFY(at("epochs").data(Qt::FontRole).value<QFont>().bold());
    QVERIFY(at("epochs").data(ParamFormModel::ChangedRole).toBool());
    QVERIFY(form_.index(1, 0).data(ParamFormModel::ChangedRole).toBool());
    QVERIFY(form_.changed());
    QCOMPARE(form_.values(1).find("epochs")->asInt(), 7);
    QVERIFY(form_.setData(at("epochs"), 7));
    QCOMPARE(edited.size(), 1);
    form_.reset(at("epochs"));
    QCOMPARE(shown("epochs"), QStringLiteral("3 epochs"));
    QVERIFY(!form_.changed());
    QCOMPARE(edited.size(), 2);
  }

  void resettingAGroupResetsItsRows() {
    form_.set("phases.0", "lr", Value(0.5));
    form_.set("phases.0", "schedule", Value("cosine"));
    form_.set("", "seed", Value(7));
    form_.reset(form_.index(1, 0));
    QVERIFY(!form_.index(1, 0).data(ParamFormModel::ChangedRole).toBool());
    QVERIFY(form_.index(0, 0).data(ParamFormModel::ChangedRole).toBool());
  }

  void aWholeLearningRateIsNoChange() {
    form_.set("phases.0", "lr", Value(1.0));
    QVERIFY(!form_.changed());
    form_.setData(at("lr"), 2.0);
    form_.setData(at("lr"), qlonglong(1));
    QVERIFY(!form_.changed());
  }

  void whatDoesNotFitIsKeptAndExplained() {
    form_.set("phases.0", "epochs", Value(0));
    QCOMPARE(problem("epochs"), QStringLiteral("0 is below the minimum 1 epochs"));
    QVERIFY(!form_.valid());
    QVERIFY(at("epochs").data(Qt::ToolTipRole).toString().contains(QStringLiteral("Allowed: 1 to 1000 epochs")));
    form_.set("phases.0", "epochs", Value(4));
    QVERIFY(form_.valid());
    form_.setData(at("milestones"), QStringLiteral("10, x"));
    QVERIFY(!problem("milestones").isEmpty());
    form_.setData(at("milestones"), QStringLiteral("10, 20,30"));
    QCOMPARE(problem("milestones"), QString());
    QCOMPARE(form_.values(1).find("milestones")->asArray().size(), std::size_t(3));
    form_.set("phases.0", "schedule", Value("cosin"));
    QVERIFY(problem("schedule").contains(QStringLiteral("did you mean \"cosine\"")));
    QVERIFY(!form_.set("phases.0", "nonsense", Value(1)));
  }

  void jsonIsReadOrItsFaultIsNamed() {
    form_.setData(at("extra"), QStringLiteral("{\"a\": [1, 2]}"));
    QCOMPARE(problem("extra"), QString());
    QCOMPARE(form_.values(1).at("extra.a.1")->asInt(), 2);
    form_.setData(at("extra"), QStringLiteral("{\"a\": "));
    QVERIFY(!problem("extra").isEmpty());
    QVERIFY(!form_.valid());
    form_.reset(at("extra"));
    QVERIFY(form_.valid());
  }

  void problemsFromElsewhereAppearAtTheirRows() {
    form_.setIssues({error("phases.0.lr", "is too high for this schedule"), warning("phases.0", "trains nothing"),
                     error("--seed", "is taken")});
    QCOMPARE(problem("lr"), QStringLiteral("is too high for this schedule"));
    QCOMPARE(form_.index(1, 0).data(ParamFormModel::ProblemRole).toString(), QStringLiteral("trains nothing"));
    QCOMPARE(form_.find("", "seed").data(ParamFormModel::ProblemRole).toString(), QStringLiteral("is taken"));
    QVERIFY(!form_.valid());
    form_.setIssues({});
    QVERIFY(form_.valid());
  }

  void trueAndFalseAreCheckBoxes() {
    const QModelIndex row = at("fresh_optimizer");
    QCOMPARE(row.data(Qt::CheckStateRole).toInt(), int(Qt::Checked));
    QVERIFY(form_.flags(row) & Qt::ItemIsUserCheckable);
    QVERIFY(form_.setData(row, Qt::Unchecked, Qt::CheckStateRole));
    QCOMPARE(shown("fresh_optimizer"), QStringLiteral("off"));
    QVERIFY(!at("lr").data(Qt::CheckStateRole).isValid());
  }

  void theToolTipSaysAllThereIsToKnow() {
    form_.set("phases.0", "lr", Value(0.25));
    const QString tip = at("lr").data(Qt::ToolTipRole).toString();
    for (const QString& part :
         {QStringLiteral("Learning rate."), QStringLiteral("0 to 10"), QStringLiteral("Default: 0.001875"),
          QStringLiteral("Before your change: 1"), QStringLiteral("Wang et al., section 5")})
      QVERIFY2(tip.contains(part), qPrintable(tip));
  }

  void eachDepthShowsItsRows() {
    ParamFilter filter;
    filter.setSourceModel(&form_);
    const auto rows = [&](int group) { return filter.rowCount(filter.index(group, 0)); };
    filter.setDeepest(Level::Expert);
    QCOMPARE(rows(1), 7);
    filter.setDeepest(Level::Work);
    QCOMPARE(rows(1), 5);
    filter.setDeepest(Level::Learn);
    QCOMPARE(rows(1), 1);
    form_.set("phases.0", "momentum", Value(7.0));
    QCOMPARE(rows(1), 2);  // a problem is never hidden
  }

  void logarithmicStepsClimbALadder() {
    QCOMPARE(NumberBox::ladder(0.001875, 1), 0.002);
    QCOMPARE(NumberBox::ladder(0.001875, -1), 0.0016);
    QCOMPARE(NumberBox::ladder(8, 1), 10.0);
    QCOMPARE(NumberBox::ladder(1, -1), 0.8);
    double value = 1e-8;
    for (int i = 0; i < 160; ++i) value = NumberBox::ladder(value, 1);
    QCOMPARE(value, 1e8);
    for (int i = 0; i < 160; ++i) value = NumberBox::ladder(value, -1);
    QCOMPARE(value, 1e-8);
  }

  void theNumberBoxStepsAndStaysInRange() {
    NumberBox lr({"lr", Kind::Double, Value(0.0), {.min = 0, .max = 10, .scale = Scale::Log}});
    lr.stepUp();
    QCOMPARE(lr.value(), 1e-6);
    lr.stepDown();
    QCOMPARE(lr.value(), 0.0);
    lr.setValue(99);
    QCOMPARE(lr.value(), 10.0);
    NumberBox width(
        {"random_width", Kind::Int, Value(1), {.min = 1, .max = 100000, .scale = Scale::Log, .unit = "features"}});
    std::vector<double> seen;
    for (int i = 0; i < 6; ++i, width.stepUp()) seen.push_back(width.value());
    QCOMPARE(seen, (std::vector<double>{1, 2, 3, 4, 5, 6}));
    QVERIFY(width.text().endsWith(QStringLiteral(" features")));
    NumberBox share({"momentum", Kind::Double, Value(0.3), {.min = 0, .max = 1}});
    share.stepUp();
    QCOMPARE(share.value(), 0.31);
    NumberBox seed({"seed", Kind::Int, Value(0), {.min = 0, .max = 4294967295.0}});
    seed.setValue(4294967295.0);
    seed.stepUp();
    QCOMPARE(seed.value(), 4294967295.0);
  }

  void zeroIsSaidInWordsWhereItStandsForSomething() {
    const ParamSpec spec{"threads", Kind::Int, Value(0), {.min = 0, .max = 64, .unit = "threads", .zero = "one for each core"}};
    QCOMPARE(param::displayed(spec, Value(0)), QStringLiteral("one for each core"));
    NumberBox threads(spec);
    QCOMPARE(threads.text(), QStringLiteral("one for each core"));
    threads.stepUp();
    QCOMPARE(threads.text(), QStringLiteral("1 threads"));
    threads.stepDown();
    QCOMPARE(threads.text(), QStringLiteral("one for each core"));
    QVERIFY(threads.hasAcceptableInput());
    QTest::keyClick(&threads, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(&threads, QStringLiteral("12"));
    QTest::keyClick(&threads, Qt::Key_Return);
    QCOMPARE(threads.value(), 12.0);
    QTest::keyClick(&threads, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(&threads, QStringLiteral("0"));
    QTest::keyClick(&threads, Qt::Key_Return);
    QCOMPARE(threads.value(), 0.0);
    QCOMPARE(threads.text(), QStringLiteral("one for each core"));
  }

  void theFormIsEditedThroughTheEditors() {
    QTreeView view;
    view.show();
    auto* epochs = qobject_cast<NumberBox*>(editor(view, "epochs"));
    QVERIFY(epochs);
    QCOMPARE(epochs->value(), 3.0);
    QTest::keyClick(epochs, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(epochs, QStringLiteral("12"));
    QTest::keyClick(epochs, Qt::Key_Return);
    QTRY_COMPARE(shown("epochs"), QStringLiteral("12 epochs"));

    auto* lr = qobject_cast<NumberBox*>(editor(view, "lr"));
    QVERIFY(lr);
    QTest::keyClick(lr, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(lr, QStringLiteral("3e-4"));
    QTest::keyClick(lr, Qt::Key_Return);
    QTRY_COMPARE(form_.values(1).find("lr")->asDouble(), 3e-4);
  }

  void aChoiceIsTakenAtOnce() {
    QTreeView view;
    view.show();
    auto* combo = qobject_cast<QComboBox*>(editor(view, "schedule"));
    QVERIFY(combo);
    QCOMPARE(combo->count(), 3);
    combo->setCurrentIndex(1);
    Q_EMIT combo->activated(1);
    QTRY_COMPARE(shown("schedule"), QStringLiteral("cosine"));
  }

  void aListSaysWhatIsWrongWhileItIsTyped() {
    QTreeView view;
    view.show();
    auto* line = qobject_cast<QLineEdit*>(editor(view, "milestones"));
    QVERIFY(line);
    QCOMPARE(line->text(), QStringLiteral("40, 70"));
    line->setText(QStringLiteral("40, 7000"));
    QVERIFY(line->toolTip().contains(QStringLiteral("above the maximum")));
    line->setText(QStringLiteral("40, 80"));
    QCOMPARE(line->toolTip(), QString());
    QTest::keyClick(line, Qt::Key_Return);
    QTRY_COMPARE(shown("milestones"), QStringLiteral("40, 80 epochs"));
  }
};

QTEST_MAIN(ParamFormTest)
#include "tst_param_form.moc"
