// Classes as Gaussians: their statistics, FeCAM's distance and its relatives, and the released one against its recording.
#include <QTest>
#include <cmath>
#include <filesystem>

#include "engine/parts/head/heads.h"
#include "engine/parts/head/mahalanobis.h"
#include "engine/weights/tensors.h"

using namespace palimpsest;

namespace {

const std::filesystem::path kRecorded = std::filesystem::path(PALIMPSEST_SOURCE_DIR) / ".." / "shared/fixtures/g_fecam.safetensors";
constexpr int kWidth = 12, kClasses = 4, kEach = 40;

Tensor noise(at::IntArrayRef shape, std::uint64_t seed) { return torch::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), torch::kDouble); }

double apart(const Tensor& a, const Tensor& b) { return (a.to(torch::kDouble) - b.to(torch::kDouble)).abs().max().item<double>(); }

Setting settingFor(int width) {
  Setting s;
  s.shape.width = width;
  s.classes = kClasses;
  return s;
}

// Features of four classes that differ in place and in shape, in the order of training.
struct Drawn {
  Tensor rows, labels;
};
Drawn drawn(std::uint64_t seed, int each = kEach) {
  std::vector<Tensor> rows, labels;
  for (int c = 0; c < kClasses; ++c) {
    const Tensor shape = noise({kWidth, kWidth}, 100 + static_cast<std::uint64_t>(c)), place = noise({kWidth}, 200 + static_cast<std::uint64_t>(c)) * 3;
    rows.push_back(noise({each, kWidth}, seed + static_cast<std::uint64_t>(c)).matmul(shape) + place);
    labels.push_back(torch::full({each}, c, torch::kLong));
  }
  return {torch::cat(rows), torch::cat(labels)};
}

Tensor fitted(const MahalanobisHeadParams& params, const Drawn& train, const Tensor& test, double scale = 1, int batch = 64) {
  MahalanobisHead head(params, settingFor(static_cast<int>(train.rows.size(1))));
  head.beginTask({0, 0, static_cast<int>(train.labels.max().item<std::int64_t>()) + 1});
  for (std::int64_t first = 0; first < train.rows.size(0); first += batch) {
    const std::int64_t last = std::min<std::int64_t>(first + batch, train.rows.size(0));
    head.observe((train.rows.slice(0, first, last) * scale).to(torch::kFloat), train.labels.slice(0, first, last));
  }
  head.solve();
  return head.logits((test * scale).to(torch::kFloat));
}

Tensor unit(const Tensor& rows) { return rows / rows.norm(2, -1, true); }

}  // namespace

class TestClassGaussians : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  // Four of twelve, as an eigendecomposition has them; a class of one image does not spread.
  void axesAreThoseOfTheCovariance() {
    const Drawn train = drawn(5);
    ClassGaussians classes(kWidth, torch::kCPU);
    classes.grow(kClasses + 1);
    classes.add(train.rows, train.labels);
    classes.add(train.rows.slice(0, 0, 1), torch::full({1}, kClasses, torch::kLong));
    const Tensor axes = classes.axes(4).to(torch::kDouble);
    QCOMPARE(axes.sizes().vec(), (std::vector<std::int64_t>{kClasses + 1, 4, kWidth}));
    for (int c = 0; c < kClasses; ++c) {
      const auto [values, vectors] = at::linalg_eigh(classes.covariance(c));
      for (int k = 0; k < 4; ++k) {
        const double variance = values[kWidth - 1 - k].item<double>();
        const Tensor wanted = vectors.select(1, kWidth - 1 - k) * std::sqrt(variance), found = axes[c][k];
        QVERIFY(std::abs(found.square().sum().item<double>() - variance) < 1e-4 * variance);
        QVERIFY(std::min(apart(found, wanted), apart(found, -wanted)) < 1e-2 * std::sqrt(variance));
      }
    }
    QCOMPARE(axes[kClasses].abs().max().item<double>(), 0.0);
    QCOMPARE(classes.axes(50).size(1), std::int64_t{kWidth});
  }

  void statisticsDoNotTellHowTheyCame() {
    const Drawn all = drawn(1);
    const Tensor order = std::get<1>(noise({all.rows.size(0)}, 5).sort());
    ClassGaussians once(kWidth, torch::kCPU), bits(kWidth, torch::kCPU);
    once.grow(kClasses);
    bits.grow(2);
    bits.grow(kClasses);
    once.add(all.rows, all.labels);
    for (std::int64_t first = 0; first < order.size(0); first += 7) {
      const Tensor some = order.slice(0, first, std::min<std::int64_t>(first + 7, order.size(0)));
      bits.add(all.rows.index_select(0, some), all.labels.index_select(0, some));
    }
    QVERIFY(apart(once.means(), bits.means()) < 1e-12);
    for (int c = 0; c < kClasses; ++c) {
      const Tensor own = all.rows.slice(0, c * kEach, (c + 1) * kEach), off = own - own.mean(0);
      QVERIFY(apart(once.covariance(c), off.t().matmul(off) / (kEach - 1)) < 1e-11);
      QVERIFY(apart(once.covariance(c), bits.covariance(c)) < 1e-11);
    }
  }

  void correlationsHaveAUnitDiagonal() {
    const Tensor some = noise({30, kWidth}, 3);
    Tensor covariance = some.t().matmul(some);
    covariance[4].zero_();
    covariance.select(1, 4).zero_();  // a dimension that never varies
    const Tensor found = correlations(covariance);
    QVERIFY(apart(found.diagonal(), torch::ones({kWidth}, torch::kDouble)) < 1e-12);
    QVERIFY(found.abs().max().item<double>() <= 1 + 1e-12);
    QCOMPARE(found[4].abs().sum().item<double>(), 1.0);
    QVERIFY(apart(shrunk(covariance, 2, 0) - covariance, torch::eye(kWidth, torch::kDouble) * covariance.diagonal().mean() * 2) < 1e-9);
  }

  // Whitening by a triangular solve is the explicit inverse, and the pseudo-inverse where there is none.
  void whiteningIsTheInverse() {
    const Tensor some = noise({30, kWidth}, 7), covariance = some.t().matmul(some);
    const Tensor factor = whitening(covariance, 0);
    QVERIFY(apart(factor.t().matmul(factor), torch::inverse(covariance)) < 1e-9);
    const Tensor few = noise({5, kWidth}, 8), singular = few.t().matmul(few), pseudo = whitening(singular, 1e-9);
    QVERIFY(apart(pseudo.t().matmul(pseudo), torch::pinverse(singular)) < 1e-8);
  }

  void distancesAreMahalanobis() {
    const Drawn train = drawn(1), test = drawn(50);
    const Tensor found = -fitted({}, train, test.rows);
    for (int c = 0; c < kClasses; ++c) {
      const Tensor own = unit(train.rows.slice(0, c * kEach, (c + 1) * kEach)), off = own - own.mean(0);
      const Tensor inverse = torch::inverse(correlations(shrunk(off.t().matmul(off) / (kEach - 1), 1, 0)));
      const Tensor from = unit(test.rows) - own.mean(0);
      const Tensor expected = (from.matmul(inverse) * from).sum(1);
      QVERIFY(apart(found.select(1, c), expected) < 1e-5 * expected.max().item<double>());
    }
    QVERIFY(found.argmin(1).eq(test.labels).to(torch::kDouble).mean().item<double>() > 0.9);
  }

  void endlessShrinkageLeavesNearestMeans() {
    const Drawn train = drawn(1), test = drawn(50);
    MahalanobisHeadParams params;
    params.shrink_diagonal = 1e6;
    const Tensor centres = unit(train.rows).view({kClasses, kEach, kWidth}).mean(1);
    const Tensor nearest = torch::cdist(unit(test.rows), centres).argmin(1);
    QVERIFY(torch::equal(fitted(params, train, test.rows).argmax(1), nearest));
  }

  void scaleDoesNotMatter() {
    const Drawn train = drawn(1), test = drawn(50);
    QVERIFY(apart(fitted({}, train, test.rows), fitted({}, train, test.rows, 37)) < 1e-3);
    QVERIFY(apart(fitted({}, train, test.rows), fitted({}, train, test.rows, 1, 9)) < 1e-4);  // nor how batches are cut
  }

  void oneImageOfAClassIsEnough() {
    Drawn train = drawn(1, 1);
    const Tensor found = fitted({}, train, train.rows);
    QVERIFY(torch::isfinite(found).all().item<bool>());
    QVERIFY(torch::equal(found.argmax(1), train.labels));
  }

  void aSavedHeadJudgesAsItDid() {
    const Drawn train = drawn(1), test = drawn(50);
    MahalanobisHead head({}, settingFor(kWidth)), other({}, settingFor(kWidth));
    head.beginTask({0, 0, kClasses});
    other.beginTask({0, 0, kClasses});
    head.observe(train.rows.to(torch::kFloat), train.labels);
    head.solve();
    struct Take final : State {
      void tensor(const std::string& name, Tensor& tensor, bool) override { all[name] = tensor.clone(); }
      TensorMap all;
    } take;
    struct Give final : State {
      explicit Give(TensorMap& from) : from_(from) {}
      void tensor(const std::string& name, Tensor& tensor, bool) override { tensor = from_.at(name).clone(); }
      TensorMap& from_;
    } give(take.all);
    head.visit(take);
    other.visit(give);
    QVERIFY(torch::equal(head.logits(test.rows.to(torch::kFloat)), other.logits(test.rows.to(torch::kFloat))));
    other.observe(train.rows.to(torch::kFloat), train.labels);  // and goes on counting
    QCOMPARE(take.all.at("counts").sum().item<double>(), double(kClasses * kEach));
  }

  void theReleasedDistanceIsReproduced() {
    if (!std::filesystem::exists(kRecorded)) QSKIP("The recorded reference tensors are not on this machine");
    TensorMap e = readTensors(kRecorded);
    Drawn train;
    std::vector<Tensor> rows, labels;
    for (int c = 0; c < 8; ++c) {
      rows.push_back(e.at("train_features_c" + std::to_string(c)));
      labels.push_back(torch::full({rows.back().size(0)}, c, torch::kLong));
    }
    train.rows = torch::cat(rows).to(torch::kDouble);
    train.labels = torch::cat(labels);
    ClassGaussians classes(192, torch::kCPU);
    classes.grow(8);
    classes.add(train.rows, train.labels);
    QVERIFY(apart(classes.means(), e.at("class_means")) < 1e-4 * e.at("class_means").abs().max().item<double>());
    QVERIFY(apart(classes.covariance(0), e.at("cov_c0")) < 1e-4 * e.at("cov_c0").abs().max().item<double>());
    MahalanobisHeadParams params;
    params.form = "released-port";
    const Tensor found = -fitted(params, train, e.at("query_features").to(torch::kDouble)).t(), expected = e.at("maha_dist");
    const double off = apart(found, expected) / expected.max().item<double>();
    QVERIFY2(off < 1e-4, qPrintable(QString::number(off)));
    QVERIFY(torch::equal(found.argmin(0), expected.argmin(0)));
  }
};

QTEST_GUILESS_MAIN(TestClassGaussians)
#include "tst_class_gaussians.moc"
