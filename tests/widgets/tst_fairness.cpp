// The fairness guard: every mismatch is a sentence, and stands in the way of a ranking until it is accepted.
#include <QTest>

#include "tests/widgets/compared_runs.h"
#include "widgets/models/fairness.h"

using namespace palimpsest;
using test::Compared;

namespace {

Compared other() { return {.recipe = "ranpac", .title = "RanPAC"}; }

std::vector<RunGroup> with(const Compared& changed) { return groupRuns({Compared().figures(), changed.figures()}); }

}  // namespace

class TestFairness : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void theMethodIsWhatIsCompared() {
    const Fairness fair = fairnessOf(with(other()));
    QVERIFY(fair.found.empty());
    QVERIFY(fair.mayRank());
    QVERIFY(fair.reason().isEmpty());
  }

  void everyMismatchIsASentenceAndBlocksRanking_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("sentence");
    QTest::newRow("epochs") << "epochs" << "L2P used 5 epochs, RanPAC 20.";
    QTest::newRow("transform") << "options.train_transform" << "L2P augmented training images by “plain”, RanPAC pilot.";
    QTest::newRow("size") << "options.image_size" << "L2P saw images at a size of the weights’ own, RanPAC 112.";
    QTest::newRow("evaluation") << "evaluation" << "L2P was evaluated by “instance”, RanPAC batch-vote(8, given).";
    QTest::newRow("hash") << "backbone_sha256" << "L2P used backbone weights with the hash f0d71157…, RanPAC 0000.";
    QTest::newRow("fingerprint") << "data_fingerprint" << "L2P used images and labels with the digest 9b6c, RanPAC 1234.";
    QTest::newRow("order") << "class_order" << "L2P met the classes in the order 1 0 3 2, RanPAC 0 1 2 3.";
  }
  void everyMismatchIsASentenceAndBlocksRanking() {
    QFETCH(QString, path);
    QFETCH(QString, sentence);
    Compared changed = other();
    if (path == QLatin1String("epochs")) changed.epochs = 20;
    if (path == QLatin1String("options.train_transform")) changed.transform = "pilot";
    if (path == QLatin1String("options.image_size")) changed.image_size = 112;
    if (path == QLatin1String("evaluation")) changed.evaluation = "batch-vote(8, given)";
    if (path == QLatin1String("backbone_sha256")) changed.hash = "0000";
    if (path == QLatin1String("data_fingerprint")) changed.fingerprint = "1234";
    if (path == QLatin1String("class_order")) changed.order = {0, 1, 2, 3};
    const Fairness unfair = fairnessOf(with(changed));
    QCOMPARE(unfair.found.size(), std::size_t(1));
    QCOMPARE(unfair.found[0].path, path);
    QCOMPARE(unfair.found[0].sentence, sentence);
    QVERIFY(!unfair.mayRank());
    QCOMPARE(unfair.reason(), sentence);
    const Fairness accepted = fairnessOf(with(changed), {path});
    QVERIFY(accepted.mayRank());
    QVERIFY(accepted.found[0].accepted);
  }

  void memoriesCountAmongMethodsThatHaveOne() {
    Compared small = other(), large{.recipe = "icarl", .title = "iCaRL", .memory = 2000};
    QVERIFY(fairnessOf(with(large)).mayRank());  // L2P keeps none: that is the method
    small.memory = 500;
    const Fairness unfair = fairnessOf(groupRuns({small.figures(), large.figures()}));
    QCOMPARE(unfair.reason(), QStringLiteral("RanPAC kept 500 images in memory, iCaRL 2000."));
  }

  void otherSeedsAreSaidButDoNotBlock() {
    Compared changed = other();
    changed.seed = 2;
    const Fairness fair = fairnessOf(with(changed));
    QCOMPARE(fair.found.size(), std::size_t(1));
    QCOMPARE(fair.found[0].sentence, QStringLiteral("L2P ran with seed 1, RanPAC 2."));
    QVERIFY(fair.mayRank());
  }

  void equalValuesShareAClause() {
    Compared changed = other(), third{.recipe = "coda", .title = "CODA"};
    changed.epochs = 20;
    const Fairness unfair = fairnessOf(groupRuns({Compared().figures(), changed.figures(), third.figures()}));
    QCOMPARE(unfair.reason(), QStringLiteral("L2P and CODA used 5 epochs, RanPAC 20."));
  }

  void unknownSettingsBlockUntilAccepted() {
    const auto run = other().run();
    const auto groups = groupRuns({Compared().figures(), figuresOf(*run, nullptr)});
    QVERIFY(!fairnessOf(groups).mayRank());
    QVERIFY(fairnessOf(groups).reason().contains(QStringLiteral("RanPAC")));
    QVERIFY(fairnessOf(groups, {QStringLiteral("unknown")}).mayRank());
  }

  void aloneNothingIsUnfair() {
    QVERIFY(fairnessOf({}).mayRank());
    QVERIFY(fairnessOf(groupRuns({Compared().figures()})).mayRank());
  }

  void aligningNamesTheRunsAndTheOptions() {
    Compared changed = other();
    changed.epochs = 20;
    changed.transform = "pilot";
    changed.evaluation = "batch-vote(8, given)";
    const auto groups = with(changed);
    const FairPlan wish = alignmentTo(groups, 0);
    QCOMPARE(wish.runs, QStringList{QStringLiteral("ranpac-1")});
    QCOMPARE(wish.options.value(QStringLiteral("epochs")).toInt(), 5);
    QCOMPARE(wish.options.value(QStringLiteral("train_transform")).toString(), QStringLiteral("plain"));
    QCOMPARE(wish.beyond, QStringList{QStringLiteral("evaluation")});
    QCOMPARE(alignmentTo(groups, 1).runs, QStringList{QStringLiteral("l2p-1")});
    QCOMPARE(alignmentTo(groups, 1).options.value(QStringLiteral("epochs")).toInt(), 20);
    QVERIFY(alignmentTo(groups, 7).runs.isEmpty());
    QVERIFY(alignmentTo(with(other()), 0).runs.isEmpty());
  }
};

QTEST_MAIN(TestFairness)
#include "tst_fairness.moc"
