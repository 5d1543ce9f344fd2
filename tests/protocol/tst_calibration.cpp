// Calibration worked out by hand, and what holds for every set of scores.
#include <QTest>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/metrics/calibration.h"
#include "engine/protocol/error.h"
#include "engine/protocol/random.h"

using namespace palimpsest;

namespace {

constexpr double kExact = 1e-12;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();

bool near(double value, double expected, double within = kExact) { return std::abs(value - expected) <= within; }
bool is(std::optional<double> value, double expected, double within = kExact) {
  return value && near(*value, expected, within);
}

Scores random(Rng& rng, int images, int classes, double scale) {
  Scores s{classes, {}, {}};
  for (int i = 0; i < images; ++i) {
    s.labels.push_back(static_cast<int>(rng.below(static_cast<std::uint64_t>(classes))));
    for (int c = 0; c < classes; ++c)
      s.logits.push_back(static_cast<float>(scale * (rng.normal() + (c == s.labels.back() ? 1 : 0))));
  }
  return s;
}
Scores permuted(const Scores& s, Rng& rng) {
  std::vector<std::size_t> order(s.images());
  std::iota(order.begin(), order.end(), std::size_t{0});
  rng.shuffle(order);
  Scores out{s.classes, {}, {}};
  for (const std::size_t i : order) {
    for (int c = 0; c < s.classes; ++c)
      out.logits.push_back(s.logits[i * static_cast<std::size_t>(s.classes) + static_cast<std::size_t>(c)]);
    out.labels.push_back(s.labels[i]);
  }
  return out;
}
// Two classes; every image has scores (margin, 0), and `right` of `images` are of class 0.
Scores margins(float margin, int right, int images) {
  Scores s{2, {}, {}};
  for (int i = 0; i < images; ++i) {
    s.logits.insert(s.logits.end(), {margin, 0});
    s.labels.push_back(i < right ? 0 : 1);
  }
  return s;
}
Judgement constant(double confidence, int right, int images) {
  Judgement j;
  for (int i = 0; i < images; ++i) {
    j.confidence.push_back(confidence);
    j.correct.push_back(i % images < right);
  }
  return j;
}
bool within(double value, double low, double high) { return value >= low && value <= high; }

}  // namespace

class TestCalibration : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void softmaxByHand();
  void binsByHand();
  void binsAreClosedOnTheRight();
  void binsOfEqualMassByHand();
  void figuresByHand();
  void aPerfectPredictorHasNoError();
  void confidenceThatEqualsAccuracyHasNoError();
  void orderOfImagesDoesNotMatter();
  void figuresStayInTheirRanges();
  void cosineHeadsCannotBeConfident();
  void aTemperatureOfOneIsTheIdentity();
  void aTemperatureNeverChangesTheClass();
  void theTemperatureIsFoundByHand();
  void noTemperatureHasALowerNll();
  void temperaturesAtTheEnds();
  void rowsOfOldAndNewClasses();
  void seenAndUnseenByHand();
  void aurocIsTheShareOfPairs();
  void whatIsNotANumberStaysOut();
  void nonsenseIsRefused();
  void nothingIsDefinedWithoutImages();
};

void TestCalibration::softmaxByHand() {
  const auto p = probabilities(std::vector<float>{2, 0, 0, 0}, 2, 2);
  QVERIFY(near(p[0], 1 / (1 + std::exp(-1))) && near(p[1], 1 / (1 + std::exp(1))));
  QCOMPARE(p[2], .5);
  QCOMPARE(probabilities(std::vector<float>{1e30F, 0, -1e30F}, 3), (std::vector<double>{1, 0, 0}));
}

void TestCalibration::binsByHand() {
  const Judgement j{{.1, .2, .3, .9, 1}, {true, false, false, true, false}};
  const auto bins = reliability(j, 2);
  QCOMPARE(bins.size(), std::size_t{2});
  QCOMPARE(bins[0].count, std::size_t{3});
  QVERIFY(near(bins[0].confidence, .2) && near(bins[0].accuracy, 1. / 3));
  QVERIFY(near(bins[1].confidence, .95) && near(bins[1].accuracy, .5));
  QVERIFY(is(calibrationError(bins), (3 * (1. / 3 - .2) + 2 * .45) / 5));
  QVERIFY(is(maximumCalibrationError(bins), .45));
  QCOMPARE(reliability(j)[7].count, std::size_t{0});
  QCOMPARE(reliability(j)[7].accuracy, 0.0);
}

void TestCalibration::binsAreClosedOnTheRight() {
  for (const int bins : {1, 2, 3, 10, 15, 49, 100})
    for (int b = 0; b < bins; ++b) {
      const double edge = static_cast<double>(b + 1) / bins, above = std::nextafter(edge, 2);
      const auto at = static_cast<std::size_t>(b);
      QCOMPARE(reliability({{edge}, {true}}, bins)[at].count, std::size_t{1});
      if (b + 1 < bins) QCOMPARE(reliability({{above}, {true}}, bins)[at + 1].count, std::size_t{1});
    }
  QCOMPARE(reliability({{0}, {true}})[0].count, std::size_t{1});
}

void TestCalibration::binsOfEqualMassByHand() {
  const Judgement j{{.9, .3, .5, .7, .6, .4}, {true, false, true, true, false, false}};
  const auto bins = reliabilityOfEqualMass(j, 3);
  QCOMPARE(bins.size(), std::size_t{3});
  for (const ReliabilityBin& bin : bins) QCOMPARE(bin.count, std::size_t{2});
  QVERIFY(near(bins[0].low, .3) && near(bins[0].high, .4) && near(bins[2].high, .9));
  QVERIFY(is(calibrationError(bins), (.35 + .05 + .2) / 3));
  // Equal confidences are never parted: the first bin takes all of them.
  const auto tied = reliabilityOfEqualMass({{.5, .5, .5, .8}, {true, false, false, true}}, 4);
  QCOMPARE(tied.size(), std::size_t{2});
  QCOMPARE(tied[0].count, std::size_t{3});
  QCOMPARE(reliabilityOfEqualMass({{.5, .8}, {true, true}}, 15).size(), std::size_t{2});
}

void TestCalibration::figuresByHand() {
  const Scores flat{4, std::vector<float>(8, 3), {0, 2}};  // p = 1/4 everywhere, the first class is predicted
  const auto found = calibration(flat);
  QVERIFY(near(found->confidence, .25) && near(found->accuracy, .5));
  QVERIFY(near(found->ece, .25) && near(found->adaptive_ece, .25) && near(found->mce, .25));
  QVERIFY(near(found->classwise_ece, .25));  // shares .5, 0, .5, 0 against 1/4 each
  QVERIFY(near(found->nll, std::log(4)) && near(found->brier, .75));
  // p = (.75, .25) for a margin of ln 3; three of four are of class 0.
  const Scores even = margins(static_cast<float>(std::log(3)), 3, 4);
  QVERIFY(is(brier(even), (3 * .125 + 1.125) / 4, 1e-6));
  QVERIFY(is(nll(even), -(3 * std::log(.75) + std::log(.25)) / 4, 1e-6));
  QVERIFY(is(ece(even), 0, 1e-7) && is(classwiseEce(even), 0, 1e-7));
  QVERIFY(is(nll(margins(1000, 0, 1)), -std::log(1e-12), 1e-9));  // clipped
}

void TestCalibration::aPerfectPredictorHasNoError() {
  const Scores s{3, {2000, 0, 0, 0, 2000, 0, 0, 0, 2000}, {0, 1, 2}};
  const auto found = calibration(s);
  QCOMPARE(found->accuracy, 1.0);
  for (const double error :
       {found->ece, found->adaptive_ece, found->mce, found->classwise_ece, found->nll, found->brier})
    QCOMPARE(error, 0.0);
  QVERIFY(!std::signbit(found->nll));
  QVERIFY(is(fittedTemperature(s), 1));
}

void TestCalibration::confidenceThatEqualsAccuracyHasNoError() {
  for (const auto& [right, images] : std::vector<std::pair<int, int>>{{3, 4}, {7, 10}, {1, 30}, {5, 5}}) {
    const Judgement j = constant(static_cast<double>(right) / images, right, images);
    QVERIFY(is(calibrationError(reliability(j)), 0) && is(calibrationError(reliabilityOfEqualMass(j)), 0));
    QVERIFY(is(maximumCalibrationError(reliability(j)), 0));
  }
}

void TestCalibration::orderOfImagesDoesNotMatter() {
  Rng rng(1);
  for (int round = 0; round < 20; ++round) {
    Scores s = random(rng, 80, 6, 2);
    for (float& logit : s.logits) logit = std::round(logit);  // equal confidences, right and wrong
    const Scores other = permuted(s, rng);
    const auto a = calibration(s), b = calibration(other);
    QVERIFY(near(a->ece, b->ece) && near(a->adaptive_ece, b->adaptive_ece) && near(a->mce, b->mce));
    QVERIFY(near(a->classwise_ece, b->classwise_ece) && near(a->nll, b->nll) && near(a->brier, b->brier));
    QVERIFY(is(fittedTemperature(s), *fittedTemperature(other), 1e-9 * *fittedTemperature(s)));
  }
}

void TestCalibration::figuresStayInTheirRanges() {
  Rng rng(2);
  for (int round = 0; round < 100; ++round) {
    const int classes = 1 + static_cast<int>(rng.below(8));
    const Scores s = random(rng, 1 + static_cast<int>(rng.below(60)), classes, std::exp(rng.uniform(-4, 6)));
    const auto found = calibration(s, std::exp(rng.uniform(-3, 3)));
    QVERIFY(within(found->confidence, 1. / classes - kExact, 1 + kExact) && within(found->accuracy, 0, 1));
    QVERIFY(within(found->ece, 0, 1) && within(found->adaptive_ece, 0, 1) && within(found->classwise_ece, 0, 1));
    QVERIFY(within(found->mce, found->ece - kExact, 1));
    QVERIFY(within(found->ece, std::abs(found->confidence - found->accuracy) - kExact, 1));
    QVERIFY(within(found->nll, 0, 27.64) && within(found->brier, 0, 2));
    QVERIFY(within(*fittedTemperature(s), 1e-3 - kExact, 1e3 + 1e-9));
  }
}

void TestCalibration::cosineHeadsCannotBeConfident() {
  std::vector<float> cosines(100, -1);
  cosines[17] = 1;
  QVERIFY(near(maxProbabilities(cosines, 100)[0], .069, 5e-4));
  QVERIFY(is(ece({100, cosines, {17}}), .931, 5e-4));
}

void TestCalibration::aTemperatureOfOneIsTheIdentity() {
  Rng rng(3);
  const Scores s = random(rng, 30, 5, 3);
  QCOMPARE(probabilities(s.logits, 5, 1), probabilities(s.logits, 5));
  Scores halved = s;
  for (float& logit : halved.logits) logit /= 2;  // exact
  QCOMPARE(*nll(s, 2), *nll(halved));
  QCOMPARE(*ece(s, 2), *ece(halved));
}

void TestCalibration::aTemperatureNeverChangesTheClass() {
  Rng rng(4);
  const Scores s = random(rng, 200, 5, 1);
  for (const double temperature : {1e-3, .1, 3., 1e3, 1e17})
    QVERIFY(judged(s, temperature).correct == judged(s).correct);
}

void TestCalibration::theTemperatureIsFoundByHand() {
  // sigmoid(2 / T) = 3/4, so that T = 2 / ln 3.
  const Scores s = margins(2, 300, 400);
  const double expected = 2 / std::log(3);
  QVERIFY(is(fittedTemperature(s), expected, 1e-9));
  QVERIFY(is(ece(s, *fittedTemperature(s)), 0, 1e-9));
  QVERIFY(*ece(s) > .1);
  QVERIFY(is(fittedTemperature(margins(.125F, 9, 10)), .125 / std::log(9), 1e-9));  // under-confident: below 1
}

void TestCalibration::noTemperatureHasALowerNll() {
  Rng rng(5);
  for (int round = 0; round < 20; ++round) {
    const Scores s = random(rng, 300, 4, std::exp(rng.uniform(-2, 2)));
    const double fitted = *fittedTemperature(s), least = *nll(s, fitted);
    QVERIFY(within(fitted, 2e-3, 500));
    for (const double factor : {.5, .9, .999, 1.001, 1.1, 2.}) QVERIFY(least < *nll(s, fitted * factor));
    QVERIFY(least <= *nll(s));
  }
}

void TestCalibration::temperaturesAtTheEnds() {
  QVERIFY(is(fittedTemperature(margins(2, 5, 5)), 1e-3, 1e-9));  // all right: the surer the better
  QVERIFY(is(fittedTemperature(margins(2, 1, 5)), 1e3, 1e-6));   // worse than chance: the vaguer the better
  QVERIFY(is(fittedTemperature({3, std::vector<float>(6, .5F), {0, 1}}), 1));
  QVERIFY(is(fittedTemperature({1, {4, 5}, {0, 0}}), 1));
}

void TestCalibration::rowsOfOldAndNewClasses() {
  const Scores s{2, {1, 2, 3, 4, 5, 6}, {1, 0, 1}};
  const Scores fresh = ofLabels(s, 1, 2);
  QCOMPARE(fresh.logits, (std::vector<float>{1, 2, 5, 6}));
  QCOMPARE(fresh.labels, (std::vector<int>{1, 1}));
  QCOMPARE(ofLabels(s, 0, 1).images() + fresh.images(), s.images());
  QVERIFY(ofLabels(s, 2, 5).labels.empty() && !ece(ofLabels(s, 2, 5)));
}

void TestCalibration::seenAndUnseenByHand() {
  const std::vector<float> logits{0, 0, 3, 3};
  QVERIFY(near(negativeEnergies(logits, 2)[0], std::log(2)) && near(negativeEnergies(logits, 2)[1], 3 + std::log(2)));
  QVERIFY(near(negativeEnergies(logits, 2, 2)[1], 3 + 2 * std::log(2)));
  QCOMPARE(maxProbabilities(logits, 2), (std::vector<double>{.5, .5}));
  QVERIFY(is(auroc(std::vector<double>{3, 2}, std::vector<double>{1, 2}), .875));  // wins, wins, wins, a tie
  QVERIFY(is(auroc(std::vector<double>{5, 6}, std::vector<double>{1}), 1));
  QVERIFY(is(auroc(std::vector<double>{1, 1}, std::vector<double>{1, 1, 1}), .5));
}

void TestCalibration::aurocIsTheShareOfPairs() {
  Rng rng(6);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> seen, unseen;
    for (int i = 0, n = 1 + static_cast<int>(rng.below(40)); i < n; ++i)
      seen.push_back(static_cast<double>(rng.below(9)));
    for (int i = 0, n = 1 + static_cast<int>(rng.below(40)); i < n; ++i)
      unseen.push_back(static_cast<double>(rng.below(7)));
    double pairs = 0;
    for (const double a : seen)
      for (const double b : unseen) pairs += a > b ? 1 : a == b ? .5 : 0;
    QVERIFY(is(auroc(seen, unseen), pairs / static_cast<double>(seen.size() * unseen.size())));
    QVERIFY(is(auroc(unseen, seen), 1 - *auroc(seen, unseen)));
    for (auto* scores : {&seen, &unseen})
      for (double& score : *scores) score = std::exp(score);  // only the order counts
    QVERIFY(is(auroc(seen, unseen), pairs / static_cast<double>(seen.size() * unseen.size())));
  }
}

void TestCalibration::whatIsNotANumberStaysOut() {
  const std::vector<float> logits{kNan, 1, -kInfinity, kInfinity, 0, kInfinity, kNan, kNan, -kInfinity};
  const auto p = probabilities(logits, 3);
  QCOMPARE((std::vector<double>(p.begin(), p.begin() + 6)), (std::vector<double>{0, 1, 0, .5, 0, .5}));
  QVERIFY(near(p[6], 1. / 3) && near(p[8], 1. / 3));
  const Scores s{3, logits, {1, 1, 2}};
  const auto found = calibration(s);
  for (const double value : {found->confidence, found->accuracy, found->ece, found->adaptive_ece, found->mce,
                             found->classwise_ece, found->nll, found->brier, *fittedTemperature(s)})
    QVERIFY(std::isfinite(value));
  for (const double value : negativeEnergies(logits, 3)) QVERIFY(std::isfinite(value));
  QVERIFY(is(auroc(std::vector<double>{std::nan(""), 1}, std::vector<double>{0}), .5));
  QVERIFY(!fittedTemperature({2, {0, -kInfinity}, {1}}));
}

void TestCalibration::nonsenseIsRefused() {
  QVERIFY_THROWS_EXCEPTION(Error, ece({2, {1, 2, 3}, {0}}));
  QVERIFY_THROWS_EXCEPTION(Error, nll({2, {1, 2}, {2}}));
  QVERIFY_THROWS_EXCEPTION(Error, fittedTemperature({2, {1, 2}, {-1}}));
  QVERIFY_THROWS_EXCEPTION(Error, brier({2, {1, 2}, {0}}, 0));
  QVERIFY_THROWS_EXCEPTION(Error, probabilities(std::vector<float>{1, 2}, 2, std::nan("")));
  QVERIFY_THROWS_EXCEPTION(Error, probabilities(std::vector<float>{1, 2}, 0));
  QVERIFY_THROWS_EXCEPTION(Error, maxProbabilities(std::vector<float>{1, 2, 3}, 2));
  QVERIFY_THROWS_EXCEPTION(Error, reliability({{.5}, {true}}, 0));
  QVERIFY_THROWS_EXCEPTION(Error, reliabilityOfEqualMass({{.5}, {}}));
}

void TestCalibration::nothingIsDefinedWithoutImages() {
  for (const Scores& s : {Scores{}, Scores{3, {}, {}}}) {
    QVERIFY(!ece(s) && !adaptiveEce(s) && !mce(s) && !classwiseEce(s) && !nll(s) && !brier(s) && !calibration(s));
    QVERIFY(!fittedTemperature(s) && judged(s).confidence.empty() && ofLabels(s, 0, 2).labels.empty());
    QVERIFY(maxProbabilities(s.logits, s.classes).empty() && negativeEnergies(s.logits, s.classes).empty());
  }
  QVERIFY(!auroc({}, std::vector<double>{1}) && !auroc(std::vector<double>{1}, {}));
  QCOMPARE(reliability({}).size(), std::size_t{15});
  QVERIFY(reliabilityOfEqualMass({}).empty() && !calibrationError({}) && !maximumCalibrationError({}));
  QVERIFY(!calibrationError(reliability({})) && !maximumCalibrationError(reliability({})));
}

QTEST_GUILESS_MAIN(TestCalibration)
#include "tst_calibration.moc"
