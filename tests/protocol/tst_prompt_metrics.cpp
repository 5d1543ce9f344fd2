// Numbers worked out by hand, bounds on random choices, and what may not matter: the order of prompts and of images.
#include <QTest>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "engine/metrics/prompt_metrics.h"
#include "engine/protocol/random.h"

using namespace palimpsest;

namespace {

constexpr double kExact = 1e-12;

bool near(double value, double expected, double tolerance = kExact) { return std::abs(value - expected) <= tolerance; }
bool is(std::optional<double> value, double expected, double tolerance = kExact) {
  return value && near(*value, expected, tolerance);
}

std::vector<int> someOf(Rng& rng, int prompts, int count) {
  std::vector<int> all(static_cast<std::size_t>(prompts));
  std::iota(all.begin(), all.end(), 0);
  rng.shuffle(all);
  all.resize(static_cast<std::size_t>(count));
  return all;
}

std::vector<int> randomTasks(Rng& rng, int images) {
  std::vector<int> tasks;
  for (int i = 0; i < images; ++i) tasks.push_back(static_cast<int>(rng.below(4)));
  return tasks;
}

Selections randomHard(Rng& rng, int prompts, int per_image, int images) {
  std::vector<std::vector<int>> chosen;
  for (int i = 0; i < images; ++i) chosen.push_back(someOf(rng, prompts, per_image));
  return hardSelections(prompts, chosen, randomTasks(rng, images));
}

// Signed, and with zeros, as sparse weights have them.
Selections randomSoft(Rng& rng, int prompts, int images) {
  std::vector<float> weights;
  for (int i = 0; i < images * prompts; ++i)
    weights.push_back(rng.below(3) == 0 ? 0.0F : static_cast<float>(rng.normal()));
  return softSelections(prompts, weights, randomTasks(rng, images));
}

Selections randomAny(Rng& rng, int round) {
  const int prompts = 2 + static_cast<int>(rng.below(10)), images = 1 + static_cast<int>(rng.below(30));
  if (round % 2 == 0) return randomSoft(rng, prompts, images);
  return randomHard(rng, prompts, 1 + static_cast<int>(rng.below(static_cast<std::uint64_t>(prompts - 1))), images);
}

// Column m of the result is column order[m], row i is row images[i].
Selections rearranged(const Selections& s, const std::vector<int>& order, const std::vector<int>& images) {
  Selections out{s.prompts, s.per_image, {}, {}};
  for (const int i : images) {
    for (const int m : order) out.weights.push_back(s.weights[static_cast<std::size_t>(i * s.prompts + m)]);
    out.tasks.push_back(s.tasks[static_cast<std::size_t>(i)]);
  }
  return out;
}

Selections withUnusedPrompt(const Selections& s) {
  Selections out{s.prompts + 1, s.per_image, {}, s.tasks};
  for (std::size_t i = 0; i < s.weights.size(); ++i) {
    out.weights.push_back(s.weights[i]);
    if ((i + 1) % static_cast<std::size_t>(s.prompts) == 0) out.weights.push_back(0);
  }
  return out;
}

// Every figure that knows neither an order of images nor of prompts.
std::vector<double> figures(const Selections& s, const Selections& later, const std::vector<int>& owner) {
  const auto sets = setDiversity(s);
  const auto dead = deadPrompts(s);
  const auto effective = effectivePrompts(s);
  const auto found = retrieval(s, owner);
  std::vector<double> out{evenness(s).value_or(-1),
                          *inputDependence(s),
                          effective.n1,
                          effective.n2,
                          static_cast<double>(sets.sets),
                          sets.effective,
                          coverage(s, 2),
                          static_cast<double>(k90(s)),
                          static_cast<double>(dead.dead),
                          static_cast<double>(dead.never_selected),
                          *gini(s),
                          *jaccard(s, later),
                          *softJaccard(s, later),
                          *totalVariation(s, later),
                          *jensenShannon(s, later),
                          *mismatch(s, later),
                          found->accuracy,
                          found->own_mass,
                          *forwardTheft(s, owner),
                          *backwardTheft(s, owner)};
  const auto overlap = usageOverlap(s).values;
  out.insert(out.end(), overlap.begin(), overlap.end());
  out.insert(out.end(), found->confusion.values.begin(), found->confusion.values.end());
  return out;
}

bool alike(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) { return near(x, y, 1e-9); });
}

}  // namespace

class TestPromptMetrics : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void rowsSumToOne();
  void nonsenseIsLeftOut();
  void evenUseIsOne();
  void oneSetForAllIsACollapse();
  void aConstantEvenMixtureIsEvenButDependsOnNothing();
  void halfAndHalfByHand();
  void nothingToChooseHasNoEvenness();
  void deadPromptsAndCoverageByHand();
  void identicalSelectionsHaveNotMoved();
  void driftOfTheChoiceByHand();
  void chanceAgreesWithSimulation();
  void softJaccardOfHardSetsIsTheHardOne();
  void appendingAnUnusedPromptIsNoChange();
  void orderDoesNotMatter();
  void boundsHold();
  void anOracleFindsItsTasks();
  void tiesShareTheirImage();
  void theftByHand();
  void overlapByHand();
  void sharesOfASwapSumToTheTotal();
  void sharesOfASwapByHand();
  void driftIsWeightedByUse();
  void intrusionByHand();
  void batchesByHand();
  void collapseSaysWhy();
  void convergedKeysAloneAreNoCollapse();
  void whereNothingIsChosenOnlyUsefulnessCounts();
  void emptyInputIsNoObstacle();
};

void TestPromptMetrics::rowsSumToOne() {
  const Selections soft = softSelections(3, {1, -3, 0, 0, 0, 0, NAN, 1, 2, 1, INFINITY, 0, 9}, {0, 1});
  QCOMPARE(soft.images(), std::size_t{4});  // the last number is no row
  QCOMPARE(soft.tasks, (std::vector{0, 1, -1, -1}));
  QCOMPARE(soft.per_image, 0);
  std::vector<double> expected(12, 1. / 3);
  expected[0] = .25;
  expected[1] = .75;
  expected[2] = 0;
  QVERIFY(alike(soft.weights, expected));
  const Selections hard = hardSelections(4, {{3, 1}, {0, 1}}, {0, 0});
  QCOMPARE(hard.per_image, 2);
  QCOMPARE(hard.weights, (std::vector<double>{0, .5, 0, .5, .5, .5, 0, 0}));
}

void TestPromptMetrics::nonsenseIsLeftOut() {
  const Selections s = hardSelections(3, {{2, 2, -1, 3}, {0}, {2}}, {0});
  QCOMPARE(s.per_image, 1);
  QCOMPARE(s.weights, (std::vector<double>{0, 0, 1, 1, 0, 0, 0, 0, 1}));
  QCOMPARE(s.tasks, (std::vector{0, -1, -1}));
  const Selections uneven = hardSelections(2, {{0}, {0, 1}, {}}, {0, 0, 0});
  QCOMPARE(uneven.per_image, 0);
  QCOMPARE(uneven.weights, (std::vector<double>{1, 0, .5, .5, .5, .5}));
  QCOMPARE(hardSelections(-3, {{0}}, {0}).images(), std::size_t{0});
  QCOMPARE(softSelections(-3, {1}, {0}).images(), std::size_t{0});
}

void TestPromptMetrics::evenUseIsOne() {
  const Selections one_each = hardSelections(4, {{0}, {1}, {2}, {3}}, {0, 0, 1, 1});
  QVERIFY(is(evenness(one_each), 1));
  QVERIFY(near(effectivePrompts(one_each).n1, 4) && near(effectivePrompts(one_each).n2, 4));
  QVERIFY(is(inputDependence(one_each), std::log(4)));
  QVERIFY(is(gini(one_each), 0));
  QCOMPARE(setDiversity(one_each).sets, 4);
  QVERIFY(near(setDiversity(one_each).effective, 4));
  const Selections two_each = hardSelections(4, {{0, 1}, {2, 3}}, {0, 1});
  QVERIFY(is(evenness(two_each), 1));
  QVERIFY(near(effectivePrompts(two_each).n1, 4));
  QVERIFY(is(inputDependence(two_each), std::log(2)));
}

void TestPromptMetrics::oneSetForAllIsACollapse() {
  const Selections s = hardSelections(10, std::vector<std::vector<int>>(20, {1, 4, 5, 6, 9}), std::vector<int>(20, 0));
  QVERIFY(is(evenness(s), 0));
  QVERIFY(is(inputDependence(s), 0));
  QVERIFY(near(effectivePrompts(s).n1, 5) && near(effectivePrompts(s).n2, 5));
  QCOMPARE(setDiversity(s).sets, 1);
  QVERIFY(near(setDiversity(s).effective, 1));
  QVERIFY(near(coverage(s, 5), 1));
  QVERIFY(is(gini(s), .5));  // 1 - N / M
  QCOMPARE(deadPrompts(s).never_selected, 5);
}

void TestPromptMetrics::aConstantEvenMixtureIsEvenButDependsOnNothing() {
  const Selections s = softSelections(5, std::vector<float>(50, -.3F), std::vector<int>(10, 0));
  QVERIFY(is(evenness(s), 1));
  QVERIFY(is(inputDependence(s), 0));
  const CollapseFinding found = collapse(s, {}, {});
  QVERIFY(found.collapsed);
  QCOMPARE(found.reasons.size(), std::size_t{1});
}

void TestPromptMetrics::halfAndHalfByHand() {
  // u = (1/2, 1/4, 1/4): H(u) = 1.5 ln 2, and the rows have 0 and ln 2.
  const Selections s = softSelections(3, {2, 0, 0, 0, 1, -1}, {0, 1});
  QVERIFY(alike(usage(s), {.5, .25, .25}));
  QVERIFY(alike(usageOf(s, 1), {0, .5, .5}));
  QVERIFY(alike(usageOf(s, 7), {0, 0, 0}));
  QVERIFY(is(evenness(s), 1.5 * std::log(2) / std::log(3)));
  QVERIFY(near(effectivePrompts(s).n1, std::pow(2, 1.5)));
  QVERIFY(near(effectivePrompts(s).n2, 8. / 3));
  QVERIFY(is(inputDependence(s), std::log(2)));
  QVERIFY(is(gini(s), 1. / 6));  // four differences of 1/4, over 2 * 3
  // Hard, N = 2, three of four images with one set: u = (1/2, 3/8, 1/8).
  const Selections hard = hardSelections(3, {{0, 1}, {0, 1}, {1, 0}, {2, 0}}, {0, 0, 0, 0});
  const double h = .5 * std::log(2) + .375 * std::log(8. / 3) + .125 * std::log(8);
  QVERIFY(is(evenness(hard), (h - std::log(2)) / std::log(1.5)));
  QVERIFY(is(inputDependence(hard), h - std::log(2)));
  QCOMPARE(setDiversity(hard).sets, 2);
  QVERIFY(near(setDiversity(hard).effective, std::exp(.75 * std::log(4. / 3) + .25 * std::log(4))));
}

void TestPromptMetrics::nothingToChooseHasNoEvenness() {
  QVERIFY(!evenness(hardSelections(2, {{0, 1}, {1, 0}}, {0, 0})));
  QVERIFY(!evenness(hardSelections(1, {{0}}, {0})));
  QVERIFY(!evenness(softSelections(1, {.4F, -2}, {0, 0})));
  QVERIFY(evenness(softSelections(2, {.4F, -2}, {0})));
}

void TestPromptMetrics::deadPromptsAndCoverageByHand() {
  // Dead is below 0.01 / 5 = 0.002.
  const Selections s = softSelections(5, {.894F, .1F, .005F, .001F, 0}, {0});
  QCOMPARE(deadPrompts(s).dead, 2);
  QCOMPARE(deadPrompts(s).never_selected, 1);
  QVERIFY(near(coverage(s, 1), .894, 1e-6));
  QCOMPARE(coverage(s, 0), 0.0);
  QCOMPARE(coverage(s, -2), 0.0);
  QVERIFY(near(coverage(s, 99), 1));
  QCOMPARE(k90(s), 2);
  std::vector<std::vector<int>> chosen;
  for (int m = 0; m < 10; ++m) chosen.push_back({m});
  QCOMPARE(k90(hardSelections(10, chosen, {})), 9);
}

void TestPromptMetrics::identicalSelectionsHaveNotMoved() {
  Rng rng(1);
  for (int round = 0; round < 40; ++round) {
    const Selections s = randomAny(rng, round);
    QVERIFY(is(jaccard(s, s), 1) && is(softJaccard(s, s), 1) && is(mismatch(s, s), 0));
    QVERIFY(is(totalVariation(s, s), 0) && is(jensenShannon(s, s), 0));
  }
}

void TestPromptMetrics::driftOfTheChoiceByHand() {
  const Selections before = hardSelections(3, {{0, 1}, {0, 1}}, {0, 1});
  const Selections after = hardSelections(5, {{1, 4}, {3, 4}}, {0, 1});
  QVERIFY(is(jaccard(before, after), 1. / 6));  // 1/3 and 0
  QVERIFY(is(mismatch(before, after), 5. / 6));
  QVERIFY(is(totalVariation(before, after), .75));
  QVERIFY(is(jensenShannon(before, after), .75 * std::log(2)));
  QVERIFY(is(jaccard(ofTask(before, 0), ofTask(after, 0)), 1. / 3));
  QVERIFY(!jaccard(before, ofTask(after, 0)));
  const Selections a = softSelections(2, {.25F, .75F}, {0}), b = softSelections(2, {.5F, -.5F}, {0});
  QVERIFY(is(softJaccard(a, b), .75 / 1.25));
  QVERIFY(is(jaccard(a, b), 1));
  QVERIFY(is(totalVariation(a, b), .25));
}

void TestPromptMetrics::chanceAgreesWithSimulation() {
  QVERIFY(near(chanceJaccard(10, 5), .35, .005));
  QVERIFY(near(chanceJaccard(30, 5), .10, .005));
  QVERIFY(near(chanceJaccard(4, 1), .25));
  QVERIFY(near(chanceJaccard(3, 2), 1. / 3 + 2. / 9));  // equal sets in a third of cases, one common prompt otherwise
  QVERIFY(near(chanceJaccard(4, 4), 1) && near(chanceJaccard(4, 9), 1));
  QVERIFY(near(chanceJaccard(4, 0), 0) && near(chanceJaccard(0, 0), 0));
  QVERIFY(near(chanceJaccard(4000, 2000), 1. / 3, .001));  // terms beyond the range of double
  Rng rng(2);
  for (const auto& [prompts, per_image] : {std::pair{10, 5}, {30, 5}, {7, 6}, {12, 8}}) {
    const Selections a = randomHard(rng, prompts, per_image, 20000), b = randomHard(rng, prompts, per_image, 20000);
    QVERIFY(is(jaccard(a, b), chanceJaccard(prompts, per_image), .006));
  }
}

void TestPromptMetrics::softJaccardOfHardSetsIsTheHardOne() {
  Rng rng(3);
  for (int round = 0; round < 40; ++round) {
    const int per_image = 1 + static_cast<int>(rng.below(5));
    const Selections a = randomHard(rng, 8, per_image, 15), b = randomHard(rng, 11, per_image, 15);
    QVERIFY(is(softJaccard(a, b), *jaccard(a, b)));
  }
}

void TestPromptMetrics::appendingAnUnusedPromptIsNoChange() {
  Rng rng(4);
  for (int round = 0; round < 40; ++round) {
    const Selections s = randomAny(rng, round), grown = withUnusedPrompt(s);
    std::vector<double> u = usage(s);
    u.push_back(0);
    QCOMPARE(usage(grown), u);
    QVERIFY(is(jaccard(s, grown), 1) && is(jaccard(grown, s), 1) && is(softJaccard(s, grown), 1));
    QVERIFY(is(totalVariation(s, grown), 0) && is(jensenShannon(s, grown), 0));
    QVERIFY(is(inputDependence(grown), *inputDependence(s)));
    QVERIFY(is(intrusion(grown, 4, s.prompts)->rate, 0));
    QCOMPARE(deadPrompts(grown).never_selected, deadPrompts(s).never_selected + 1);
  }
}

void TestPromptMetrics::orderDoesNotMatter() {
  Rng rng(5);
  for (int round = 0; round < 40; ++round) {
    const Selections s = randomAny(rng, round);
    const int images = static_cast<int>(s.images());
    Selections later =
        s.per_image > 0 ? randomHard(rng, s.prompts, s.per_image, images) : randomSoft(rng, s.prompts, images);
    std::vector<int> owner;
    for (int m = 0; m < s.prompts; ++m) owner.push_back(static_cast<int>(rng.below(5)) - 1);
    const auto order = someOf(rng, s.prompts, s.prompts), rows = someOf(rng, images, images);
    std::vector<int> moved;
    for (const int m : order) moved.push_back(owner[static_cast<std::size_t>(m)]);
    QVERIFY(
        alike(figures(s, later, owner), figures(rearranged(s, order, rows), rearranged(later, order, rows), moved)));
  }
}

void TestPromptMetrics::boundsHold() {
  Rng rng(6);
  for (int round = 0; round < 200; ++round) {
    const Selections s = randomAny(rng, round), other = randomSoft(rng, 7, static_cast<int>(s.images()));
    const auto effective = effectivePrompts(s);
    QVERIFY(*evenness(s) >= 0 && *evenness(s) <= 1);
    QVERIFY(*inputDependence(s) >= 0 && *inputDependence(s) <= std::log(effective.n1) + kExact);
    QVERIFY(effective.n2 <= effective.n1 + kExact && effective.n1 <= s.prompts + kExact);
    QVERIFY(effective.n2 >= std::max(s.per_image, 1) - kExact);
    QVERIFY(*gini(s) >= 0 && *gini(s) <= 1 - 1. / s.prompts + kExact);
    QVERIFY(*totalVariation(s, other) >= 0 && *totalVariation(s, other) <= 1 + kExact);
    QVERIFY(*jensenShannon(s, other) >= 0 && *jensenShannon(s, other) <= std::numbers::ln2 + kExact);
    QVERIFY(*jaccard(s, other) >= 0 && *jaccard(s, other) <= 1);
    QVERIFY(*softJaccard(s, other) >= 0 && *softJaccard(s, other) <= 1 - *totalVariation(s, other) + kExact);
    QVERIFY(coverage(s, k90(s)) >= .9 - 1e-6 && coverage(s, k90(s) - 1) < .9);
    QVERIFY(setDiversity(s).effective <= setDiversity(s).sets + kExact);
    QVERIFY(deadPrompts(s).never_selected <= deadPrompts(s).dead);
    const auto overlap = usageOverlap(s);
    for (const double value : overlap.values) QVERIFY(value >= 0 && value <= 1 + kExact);
  }
}

void TestPromptMetrics::anOracleFindsItsTasks() {
  const std::vector<int> owner{0, 0, 1, 1, 2, 2};
  const Selections s = hardSelections(6, {{0, 1}, {2, 3}, {4, 5}, {5, 4}}, {0, 1, 2, 2});
  const auto found = retrieval(s, owner);
  QVERIFY(near(found->accuracy, 1) && near(found->own_mass, 1));
  QVERIFY(alike(found->confusion.values, {1, 0, 0, 0, 1, 0, 0, 0, 2}));
  QVERIFY(is(forwardTheft(s, owner), 0) && is(backwardTheft(s, owner), 0));
  const auto wrong = retrieval(s, {1, 1, 2, 2, 0, 0});
  QVERIFY(near(wrong->accuracy, 0) && near(wrong->own_mass, 0));
}

void TestPromptMetrics::tiesShareTheirImage() {
  // All N of a hard choice weigh the same: the first of them would be no fair winner.
  const auto found = retrieval(hardSelections(4, {{0, 1, 2, 3}}, {1}), {0, 1, 1, -1});
  QVERIFY(near(found->accuracy, .5) && near(found->own_mass, .5));
  QVERIFY(alike(found->confusion.values, {0, 0, .25, .5}));
}

void TestPromptMetrics::theftByHand() {
  // Four images of task 1 fall to owner 0, owner 0, nobody and owner 1, one of task 0 to owner 1; the last has no task.
  const Selections s = softSelections(3, {2, 1, 1, 2, 1, 1, 0, 1, 3, 0, 5, 0, 1, 3, 0, 1, 0, 0}, {1, 1, 1, 1, 0, -1});
  const std::vector<int> owner{0, 1};  // the third prompt is nobody's
  QVERIFY(is(forwardTheft(s, owner), .2));
  QVERIFY(is(backwardTheft(s, owner), .4));
  const auto found = retrieval(s, owner);
  QVERIFY(near(found->accuracy, .2));
  QVERIFY(near(found->own_mass, (.25 + .25 + .25 + 1 + .25) / 5));
  QVERIFY(alike(found->confusion.values, {0, 1, 2, 1}));
}

void TestPromptMetrics::overlapByHand() {
  const auto overlap = usageOverlap(hardSelections(3, {{0}, {1}, {1}, {2}}, {0, 0, 2, 2}));
  QCOMPARE(overlap.size, 3);
  QVERIFY(alike(overlap.values, {1, 0, .5, 0, 0, 0, .5, 0, 1}));
}

void TestPromptMetrics::sharesOfASwapSumToTheTotal() {
  Rng rng(7);
  for (int round = 0; round < 100; ++round) {
    Swap swap;
    for (double& value : swap.value) value = rng.uniform();
    const Attribution a = attribution(swap);
    QVERIFY(near(a.total, swap.value[7] - swap.value[0]));
    QVERIFY(near(a.matching + a.prompts + a.head, a.total));
    // Against the definition: each of the six orders of restoring, and what each part adds when its turn comes.
    std::array<double, 3> expected{};
    std::array<std::size_t, 3> order{0, 1, 2};
    do {
      std::size_t restored = 0;
      for (const std::size_t part : order) {
        expected[part] += (swap.value[restored | (1U << part)] - swap.value[restored]) / 6;
        restored |= 1U << part;
      }
    } while (std::next_permutation(order.begin(), order.end()));
    QVERIFY(near(a.matching, expected[0]) && near(a.prompts, expected[1]) && near(a.head, expected[2]));
  }
}

void TestPromptMetrics::sharesOfASwapByHand() {
  // Matching brings 10 points alone; prompts bring 6, but only together with matching; the head brings nothing.
  const Swap swap{{.5, .6, .5, .66, .5, .6, .5, .66}};
  const Attribution a = attribution(swap);
  QVERIFY(near(a.matching, .13) && near(a.prompts, .03) && near(a.head, 0) && near(a.total, .16));
  QVERIFY(near(classExpansion(.9, swap), .24));
}

void TestPromptMetrics::driftIsWeightedByUse() {
  QVERIFY(near(usageWeighted({.25, .5, .25}, {2, 1, 8}), 3));
  QVERIFY(near(usageWeighted({.5, .5}, {2}), 1));
}

void TestPromptMetrics::intrusionByHand() {
  const Selections s = softSelections(3, {1, 1, 0, 2, 1, 1, 1, 0, 0, 0, 0, 1}, {0, 1, 1, 2});
  const auto found = intrusion(s, 2, 2);
  QVERIFY(near(found->rate, 1. / 3) && near(found->mass, .25 / 3) && near(found->invariant, 2. / 3));
  QVERIFY(near(intrusion(s, 3, 2)->rate, .5));
  QVERIFY(near(intrusion(s, 3, 3)->rate, 0) && near(intrusion(s, 3, 99)->mass, 0));
  QVERIFY(near(intrusion(s, 3, 0)->mass, 1) && near(intrusion(s, 3, -1)->rate, 1));
  QVERIFY(!intrusion(s, 0, 2));
  QVERIFY(is(premature(s, {true, true, false}), 1.25 / 4));
  QVERIFY(is(premature(s, {true, true}), 1.25 / 4));
  QVERIFY(is(premature(s, {true, true, true}), 0));
}

void TestPromptMetrics::batchesByHand() {
  QVERIFY(is(batchPurity({0, 0, 1, 1, 2, 1, 5}, 3), (2. / 3 + 2. / 3 + 1) / 3));
  QVERIFY(is(batchPurity({0, 1, 2}, 1), 1));
  QVERIFY(is(batchPurity({0, 1, 2, 0}, 99), .5));
  QVERIFY(!batchPurity({0}, 0) && !batchPurity({0}, -1) && !batchPurity({}, 3));
  const auto changed = changedPredictions({1, 2, 3, 4}, {1, 2, 2, 4});
  QCOMPARE(changed->count, std::int64_t{1});
  QVERIFY(near(changed->share, .25));
  QVERIFY(!changedPredictions({1}, {1, 2}) && !changedPredictions({}, {}));
}

void TestPromptMetrics::collapseSaysWhy() {
  const Selections one_set = hardSelections(10, std::vector<std::vector<int>>(9, {0, 1}), std::vector<int>(9, 0));
  const CollapseFinding found = collapse(one_set, .97, -1.5);
  QVERIFY(found.collapsed);
  QCOMPARE(found.reasons.size(), std::size_t{4});
  QVERIFY(found.reasons[0].find("is 0, below 0.2.") != std::string::npos);
  QVERIFY(found.reasons[1].find("0 nats of information, below 0.115.") != std::string::npos);
  QVERIFY(found.reasons[2].find("0.97, above 0.95.") != std::string::npos);
  QVERIFY(found.reasons[3].find("-1.5 points") != std::string::npos);
  const Selections even = hardSelections(4, {{0}, {1}, {2}, {3}}, {0, 0, 1, 1});
  QVERIFY(!collapse(even, .5, 4.0).collapsed && collapse(even, {}, {}).reasons.empty());
  CollapseThresholds strict;
  strict.evenness = 1.1;
  QCOMPARE(collapse(even, {}, {}, strict).reasons.size(), std::size_t{1});
  QVERIFY(collapse(even, {}, .1).collapsed);
}

void TestPromptMetrics::convergedKeysAloneAreNoCollapse() {
  const Selections even = hardSelections(4, {{0}, {1}, {2}, {3}}, {0, 0, 1, 1});
  QVERIFY(!collapse(even, .99, {}).collapsed);
  // 0.130 nats lie between 0.05 ln 4 = 0.069 and four times that: the choice alone gives no alarm, with the keys it
  // does.
  const Selections weak = softSelections(4, {1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 1, 1});
  const double dependence = *inputDependence(weak);
  QVERIFY(dependence > .05 * std::log(4) && dependence < .2 * std::log(4));
  QVERIFY(!collapse(weak, {}, {}).collapsed && !collapse(weak, .9, {}).collapsed);
  QCOMPARE(collapse(weak, .99, {}).reasons.size(), std::size_t{1});
}

void TestPromptMetrics::whereNothingIsChosenOnlyUsefulnessCounts() {
  const Selections all = hardSelections(3, {{0, 1, 2}, {0, 1, 2}}, {0, 1});
  QVERIFY(!collapse(all, 1.0, {}).collapsed);
  QVERIFY(!collapse(softSelections(1, {1, 1}, {0, 1}), 1.0, {}).collapsed);
  QCOMPARE(collapse(all, 1.0, .1).reasons.size(), std::size_t{1});
  QVERIFY(!collapse(all, 1.0, .4).collapsed);
}

void TestPromptMetrics::emptyInputIsNoObstacle() {
  for (const Selections& s :
       {Selections{}, hardSelections(4, {}, {}), softSelections(4, {}, {0, 1}), softSelections(0, {}, {})}) {
    QCOMPARE(s.images(), std::size_t{0});
    QCOMPARE(usage(s), std::vector<double>(static_cast<std::size_t>(s.prompts)));
    QCOMPARE(usageOf(s, 0), usage(s));
    QVERIFY(!evenness(s) && !inputDependence(s) && !gini(s));
    QCOMPARE(effectivePrompts(s).n1 + effectivePrompts(s).n2, 0.0);
    QCOMPARE(setDiversity(s).sets + k90(s) + deadPrompts(s).dead + deadPrompts(s).never_selected, 0);
    QCOMPARE(coverage(s, 3), 0.0);
    QVERIFY(!jaccard(s, s) && !softJaccard(s, s) && !totalVariation(s, s) && !jensenShannon(s, s) && !mismatch(s, s));
    QVERIFY(!retrieval(s, {0, 1}) && !forwardTheft(s, {}) && !backwardTheft(s, {}));
    QVERIFY(!intrusion(s, 3, 0) && !premature(s, {}));
    QCOMPARE(usageOverlap(s).size, 0);
    QVERIFY(!collapse(s, .99, {}).collapsed);
  }
  QCOMPARE(usageWeighted({}, {}), 0.0);
  QCOMPARE(attribution({}).total, 0.0);
}

QTEST_GUILESS_MAIN(TestPromptMetrics)
#include "tst_prompt_metrics.moc"
