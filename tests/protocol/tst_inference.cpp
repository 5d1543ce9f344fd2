// Four classes in two tasks by hand, and the identities that hold for every classifier.
#include <QTest>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/metrics/inference.h"
#include "engine/protocol/error.h"
#include "engine/protocol/random.h"

using namespace palimpsest;

namespace {

constexpr double kExact = 1e-12;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
using Counts = std::vector<std::int64_t>;
using Optional = std::optional<double>;

bool is(Optional value, double expected) { return value && std::abs(*value - expected) < kExact; }
bool alike(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return std::abs(x - y) < kExact; });
}

struct Images {
  std::vector<int> task_of_class;
  std::vector<float> logits;
  std::vector<int> labels;
  int classes() const { return static_cast<int>(task_of_class.size()); }
};
Inference counted(const Images& images) {
  Inference counts(images.task_of_class);
  counts.add(images.logits, images.labels);
  return counts;
}

// Right; right in its task but taken by the other; wrong class of the right task; right; a tie that class 2 wins.
Images byHand() {
  return {{0, 0, 1, 1}, {4, 1, 2, 3, 1, 3, 0, 4, 3, 2, 1, 0, 0, 1, 2, 9, 1, 0, 5, 5}, {0, 1, 1, 3, 3}};
}

// Few distinct scores, so that there are ties; images of several tasks and classes that may have none.
Images random(Rng& rng) {
  Images out;
  const int classes = 1 + static_cast<int>(rng.below(12)), per_task = 1 + static_cast<int>(rng.below(4));
  for (int c = 0; c < classes; ++c) out.task_of_class.push_back(c / per_task);
  for (int i = 0, n = 1 + static_cast<int>(rng.below(60)); i < n; ++i) {
    out.labels.push_back(static_cast<int>(rng.below(static_cast<std::uint64_t>(classes))));
    for (int c = 0; c < classes; ++c)
      out.logits.push_back(static_cast<float>(rng.below(6)) - (rng.below(30) ? 0 : kNan));
  }
  return out;
}
Images permuted(const Images& images, Rng& rng) {
  std::vector<std::size_t> order(images.labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  rng.shuffle(order);
  Images out{images.task_of_class, {}, {}};
  const auto k = static_cast<std::ptrdiff_t>(images.classes());
  for (const std::size_t i : order) {
    const auto row = images.logits.begin() + static_cast<std::ptrdiff_t>(i) * k;
    out.logits.insert(out.logits.end(), row, row + k);
    out.labels.push_back(images.labels[i]);
  }
  return out;
}

// Sorted by (-score, index) as a specification would do it.
std::vector<int> ranking(const float* scores, int classes) {
  std::vector<int> order(static_cast<std::size_t>(classes));
  std::iota(order.begin(), order.end(), 0);
  const auto score = [&](int c) { return std::isnan(scores[c]) ? -kInfinity : scores[c]; };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return score(a) > score(b); });
  return order;
}

bool equal(const Inference& a, const Inference& b) {
  return a.images == b.images && a.ranks == b.ranks && a.confusion == b.confusion && a.class_images == b.class_images &&
         a.class_hits == b.class_hits && a.task_confusion == b.task_confusion && a.task_images == b.task_images &&
         a.task_hits == b.task_hits && a.task_top5 == b.task_top5 && a.til_hits == b.til_hits;
}

}  // namespace

class TestInference : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void countsByHand();
  void figuresByHand();
  void sharesByHand();
  void tiesGoToTheLowestClass();
  void topKAgreesWithASort();
  void topKGrowsUpToEveryClass();
  void inclusiveAccuracyNeverExceedsItsFactors();
  void maskingByHandGivesWithinTaskPrediction();
  void aSingleTaskIsAlwaysInferred();
  void orderAndBatchesDoNotMatter();
  void marginsOfTheConfusionsAreTheCounts();
  void tasksComeFromTheMapAndNotFromTheClassNumber();
  void whatIsNotANumberLoses();
  void nonsenseIsRefusedAndNotCounted();
  void nothingIsDefinedWithoutImages();
};

void TestInference::countsByHand() {
  const Inference counts = counted(byHand());
  QCOMPARE(counts.images, std::int64_t{5});
  QCOMPARE(counts.classes(), 4);
  QCOMPARE(counts.tasks(), 2);
  QCOMPARE(counts.ranks, (Counts{2, 3, 0, 0}));
  QCOMPARE(counts.confusion, (Counts{1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1}));
  QCOMPARE(counts.class_images, (Counts{1, 2, 0, 2}));
  QCOMPARE(counts.class_hits, (Counts{1, 0, 0, 1}));
  QCOMPARE(counts.task_confusion, (Counts{2, 1, 0, 2}));
  QCOMPARE(counts.task_images, (Counts{3, 2}));
  QCOMPARE(counts.task_hits, (Counts{1, 1}));
  QCOMPARE(counts.til_hits, (Counts{2, 1}));
}

void TestInference::figuresByHand() {
  const Inference counts = counted(byHand());
  QVERIFY(is(cil(counts), .4));
  QCOMPARE(counts.task_top5, counts.task_images);  // four classes: all are among the first five
  QVERIFY(is(taskIdInference(counts), .8));
  QVERIFY(is(withinTaskPrediction(counts), .6));
  QVERIFY(is(topK(counts, 1), .4) && is(topK(counts, 2), 1) && is(top5(counts), 1));
  QVERIFY(!classAccuracies(counts)[2] && is(classAccuracies(counts)[3], .5));
  QVERIFY(is(classBalanced(counts), .5));  // 1, 0 and .5
  QVERIFY(is(cilByTask(counts)[0], 1. / 3) && is(tilByTask(counts)[0], 2. / 3) && is(tilByTask(counts)[1], .5));
  const OldNew split = oldNew(counts, 2);
  QVERIFY(is(split.old_classes, 1. / 3) && is(split.new_classes, .5));
  QVERIFY(!oldNew(counts, 0).old_classes && is(oldNew(counts, 0).new_classes, .4));
  QVERIFY(is(oldNew(counts, 9).old_classes, .4) && !oldNew(counts, 9).new_classes);
}

void TestInference::sharesByHand() {
  const Inference counts = counted(byHand());
  QVERIFY(alike(predictedShare(counts), {.4, .6}));
  QVERIFY(alike(predictedShareBalanced(counts), {.5, .5}));  // class 0: all, class 1: half, class 3: none in task 0
}

void TestInference::tiesGoToTheLowestClass() {
  const Images images{{0, 0, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 1, 2}};
  const Inference counts = counted(images);
  QCOMPARE(counts.ranks, (Counts{1, 1, 1}));
  QCOMPARE(counts.class_hits, (Counts{1, 0, 0}));
  QCOMPARE(counts.til_hits, (Counts{1, 1}));
}

void TestInference::topKAgreesWithASort() {
  Rng rng(1);
  for (int round = 0; round < 100; ++round) {
    const Images images = random(rng);
    const Inference counts = counted(images);
    Counts ranks(images.task_of_class.size());
    for (std::size_t i = 0; i < images.labels.size(); ++i) {
      const auto order = ranking(images.logits.data() + i * images.task_of_class.size(), images.classes());
      ++ranks[static_cast<std::size_t>(std::find(order.begin(), order.end(), images.labels[i]) - order.begin())];
    }
    QCOMPARE(counts.ranks, ranks);
    QVERIFY(is(cil(counts), *topK(counts, 1)));
    QVERIFY(is(top5(counts), *topK(counts, std::min(5, counts.classes()))));
    const auto of_tasks = std::accumulate(counts.task_top5.begin(), counts.task_top5.end(), std::int64_t{0});
    QVERIFY(is(top5(counts), static_cast<double>(of_tasks) / static_cast<double>(counts.images)));
  }
}

void TestInference::topKGrowsUpToEveryClass() {
  Rng rng(2);
  for (int round = 0; round < 100; ++round) {
    const Inference counts = counted(random(rng));
    for (int k = 0; k < counts.classes() + 2; ++k) QVERIFY(*topK(counts, k) <= *topK(counts, k + 1));
    QCOMPARE(*topK(counts, counts.classes()), 1.0);
    QCOMPARE(*topK(counts, -3), 0.0);
  }
}

void TestInference::inclusiveAccuracyNeverExceedsItsFactors() {
  Rng rng(3);
  for (int round = 0; round < 200; ++round) {
    const Inference counts = counted(random(rng));
    QVERIFY(*cil(counts) <= std::min(*taskIdInference(counts), *withinTaskPrediction(counts)));
    for (int t = 0; t < counts.tasks(); ++t) {
      const auto j = static_cast<std::size_t>(t);
      QVERIFY(counts.task_hits[j] <= counts.til_hits[j] && counts.til_hits[j] <= counts.task_images[j]);
    }
    for (const Optional& value : classAccuracies(counts)) QVERIFY(!value || (*value >= 0 && *value <= 1));
    for (const auto& share : {predictedShare(counts), predictedShareBalanced(counts)})
      QVERIFY(std::abs(std::accumulate(share.begin(), share.end(), 0.0) - 1) < kExact);
  }
}

// Other tasks' logits at minus infinity turn class-incremental accuracy into task-incremental.
void TestInference::maskingByHandGivesWithinTaskPrediction() {
  Rng rng(4);
  for (int round = 0; round < 100; ++round) {
    Images images = random(rng);
    for (float& logit : images.logits)
      if (std::isnan(logit)) logit = -1;
    const Inference plain = counted(images);
    const std::size_t k = images.task_of_class.size();
    for (std::size_t cell = 0; cell < images.logits.size(); ++cell) {
      const int own = images.task_of_class[static_cast<std::size_t>(images.labels[cell / k])];
      if (images.task_of_class[cell % k] != own) images.logits[cell] = -kInfinity;
    }
    const Inference masked = counted(images);
    QVERIFY(is(withinTaskPrediction(plain), *cil(masked)));
    QCOMPARE(masked.task_hits, plain.til_hits);
    QVERIFY(is(taskIdInference(masked), 1));
  }
}

void TestInference::aSingleTaskIsAlwaysInferred() {
  Images images = byHand();
  images.task_of_class = {0, 0, 0, 0};
  const Inference counts = counted(images);
  QVERIFY(is(taskIdInference(counts), 1) && is(withinTaskPrediction(counts), *cil(counts)));
  QVERIFY(alike(predictedShare(counts), {1}));
}

void TestInference::orderAndBatchesDoNotMatter() {
  Rng rng(5);
  for (int round = 0; round < 50; ++round) {
    const Images images = random(rng);
    const Inference at_once = counted(images);
    QVERIFY(equal(at_once, counted(permuted(images, rng))));
    Inference in_batches(images.task_of_class);
    const std::size_t k = images.task_of_class.size();
    for (std::size_t from = 0; from < images.labels.size();) {
      const std::size_t n = std::min<std::size_t>(rng.below(7), images.labels.size() - from);  // empty ones too
      in_batches.add(std::span(images.logits).subspan(from * k, n * k), std::span(images.labels).subspan(from, n));
      from += n;
    }
    QVERIFY(equal(at_once, in_batches));
  }
}

void TestInference::marginsOfTheConfusionsAreTheCounts() {
  Rng rng(6);
  for (int round = 0; round < 50; ++round) {
    const Inference counts = counted(random(rng));
    const auto k = static_cast<std::size_t>(counts.classes()), t = static_cast<std::size_t>(counts.tasks());
    Counts images(k), task_images(t), folded(t * t);
    for (std::size_t cell = 0; cell < k * k; ++cell) {
      const auto row = static_cast<std::size_t>(counts.task_of_class[cell / k]);
      images[cell / k] += counts.confusion[cell];
      folded[row * t + static_cast<std::size_t>(counts.task_of_class[cell % k])] += counts.confusion[cell];
      task_images[row] += counts.confusion[cell];
    }
    QCOMPARE(images, counts.class_images);
    QCOMPARE(folded, counts.task_confusion);
    QCOMPARE(task_images, counts.task_images);
    for (std::size_t c = 0; c < k; ++c) QCOMPARE(counts.confusion[c * k + c], counts.class_hits[c]);
  }
}

void TestInference::tasksComeFromTheMapAndNotFromTheClassNumber() {
  const Inference counts = counted({{1, 0, 1}, {0, 1, 2, 5, 1, 2}, {0, 1}});
  QCOMPARE(counts.task_confusion, (Counts{0, 1, 0, 1}));
  QCOMPARE(counts.til_hits, (Counts{1, 0}));
}

void TestInference::whatIsNotANumberLoses() {
  const Inference counts = counted({{0, 0}, {kNan, -5, kNan, kNan, kNan, -kInfinity, kInfinity, 3}, {1, 0, 1, 0}});
  QCOMPARE(counts.ranks, (Counts{3, 1}));
}

void TestInference::nonsenseIsRefusedAndNotCounted() {
  Inference counts({0, 0, 1});
  const std::vector<float> logits(6, 1);
  QVERIFY_THROWS_EXCEPTION(Error, counts.add(logits, std::vector<int>{0}));
  QVERIFY_THROWS_EXCEPTION(Error, counts.add(logits, std::vector<int>{0, 3}));
  QVERIFY_THROWS_EXCEPTION(Error, counts.add(logits, std::vector<int>{0, -1}));
  QCOMPARE(counts.images, std::int64_t{0});
  QCOMPARE(counts.class_images, (Counts{0, 0, 0}));
  QVERIFY_THROWS_EXCEPTION(Error, Inference({0, -1}));
  QVERIFY_THROWS_EXCEPTION(Error, Inference({0, 2}));
}

void TestInference::nothingIsDefinedWithoutImages() {
  for (Inference counts : {Inference(), Inference({0, 1})}) {
    counts.add({}, {});
    QVERIFY(!cil(counts) && !taskIdInference(counts) && !withinTaskPrediction(counts) && !topK(counts, 1));
    QVERIFY(!top5(counts) && !classBalanced(counts) && !oldNew(counts, 1).old_classes &&
            !oldNew(counts, 1).new_classes);
    for (const Optional& value : cilByTask(counts)) QVERIFY(!value);
    QVERIFY(alike(predictedShare(counts), std::vector<double>(static_cast<std::size_t>(counts.tasks()))));
    QVERIFY(alike(predictedShareBalanced(counts), std::vector<double>(static_cast<std::size_t>(counts.tasks()))));
  }
}

QTEST_GUILESS_MAIN(TestInference)
#include "tst_inference.moc"
