// Costs of a ViT-B/16 against published figures, and small networks counted by hand.
#include <QTest>
#include <cmath>

#include "engine/metrics/resources.h"

using namespace palimpsest;

namespace {

constexpr double kMegabyte = 1e6;

// Printed with this many decimals, in this unit.
bool prints(double value, double unit, double expected, int decimals) {
  return std::abs(value / unit - expected) <= .5 * std::pow(10, -decimals) + 1e-9;
}

}  // namespace

class TestResources : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void passOfVitB16();
  void parametersOfVitB16();
  void sizesFollowFromTheImage();
  void aSmallNetworkByHand();
  void promptsLengthenTheSequence();
  void stepsAreMultiplesOfThePass();
  void solversByHand();
  void memoryOfMethodsAsPublished();
  void bytesByKindAddUp();
  void backbonesInImages();
  void growthByHand();
  void nonsenseCostsNothing();
};

void TestResources::passOfVitB16() {
  const double n = 197, d = 768;
  QCOMPARE(forwardMacs({}), 12 * (12 * n * d * d + 2 * n * n * d) + 196. * 768 * 768);
  QCOMPARE(forwardMacs({}), 17563060224.0);
  QVERIFY(prints(forwardMacs({}), 1e9, 17.563, 3));
  QVERIFY(prints(adapterMacs({}, 64), 1e9, .232, 3));
  QCOMPARE(flops(forwardMacs({})), 35126120448.0);
}

void TestResources::parametersOfVitB16() {
  QCOMPARE(vitParameters({}), std::int64_t{85798656});
  QCOMPARE(vitParameters({}) + cosineHeadParameters(768, 10), std::int64_t{85806337});  // RevisitingCIL's log
  QCOMPARE(vitParameters(vitSize(224, 16, 384, 12, 1536)), std::int64_t{21665664});     // timm's vit_small_patch16_224
  QCOMPARE(vitParameters(vitSize(224, 16, 192, 12, 768)), std::int64_t{5524416});       // vit_tiny_patch16_224
}

void TestResources::sizesFollowFromTheImage() {
  const VitSize size = vitSize(224, 16, 768, 12, 3072), standard;
  QCOMPARE(size.tokens, standard.tokens);
  QCOMPARE(size.patches, standard.patches);
  QCOMPARE(size.patch_dim, standard.patch_dim);
  QCOMPARE(vitSize(30, 4, 8, 1, 16).patches, 49);  // what is left over belongs to no patch
  QCOMPARE(vitSize(28, 4, 8, 1, 16, 2, 1).tokens, 51);
  QCOMPARE(vitSize(28, 4, 8, 1, 16, 2, 1).patch_dim, 16);
}

void TestResources::aSmallNetworkByHand() {
  const VitSize size = vitSize(4, 2, 2, 1, 3);  // 4 patches of 12 numbers, 5 tokens of width 2
  // Projections 5*(4*4) = 80, MLP 5*(2*2*3) = 60, attention 2*25*2 = 100, patches 4*12*2 = 96.
  QCOMPARE(forwardMacs(size), 336.0);
  // Patches 24+2, token 2, positions 10; qkv 12+6, proj 4+2, MLP 6+3+6+2, two norms 8; final norm 4.
  QCOMPARE(vitParameters(size), std::int64_t{26 + 2 + 10 + 18 + 6 + 17 + 8 + 4});
  QCOMPARE(adapterMacs(size, 3), 60.0);
  QCOMPARE(adapterParameters(size, 3), std::int64_t{6 + 3 + 6 + 2});
}

void TestResources::promptsLengthenTheSequence() {
  QCOMPARE(withPrompts({}, 10).tokens, 207);
  QCOMPARE(withPrompts({}, 10).patches, 196);
  const double n = 207, d = 768;
  QCOMPARE(forwardMacs(withPrompts({}, 10)), 12 * (12 * n * d * d + 2 * n * n * d) + 196. * 768 * 768);
  QCOMPARE(forwardMacs(withPrompts({}, 0)), forwardMacs({}));
}

void TestResources::stepsAreMultiplesOfThePass() {
  QCOMPARE(stepMacs(5, Trained::Nothing), 5.0);
  QCOMPARE(stepMacs(5, Trained::Adaptation), 10.0);
  QCOMPARE(stepMacs(5, Trained::Everything), 15.0);
}

void TestResources::solversByHand() {
  QCOMPARE(gramMacs(50000, 10000), 5e12);
  QCOMPARE(covarianceMacs(500, 768), 500. * 768 * 768);
  QCOMPARE(choleskyMacs(3), 9.0);
  QVERIFY(prints(choleskyMacs(10000), 1e12, .333, 3));
}

// What methods keep for 100 classes in ten tasks on ViT-B/16, as tabulated in megabytes from their papers and code.
void TestResources::memoryOfMethodsAsPublished() {
  QVERIFY(prints(static_cast<double>(meanBytes(100, 768)), kMegabyte, .3, 1));                       // SimpleCIL
  QVERIFY(prints(static_cast<double>(adapterParameters({}, 64) * kFloatBytes), kMegabyte, 4.8, 1));  // APER
  QVERIFY(prints(static_cast<double>(ridgeBytes(10000, 768, 100)), kMegabyte, 435, 0));              // RanPAC
  QVERIFY(prints(static_cast<double>(covarianceBytes(100, 768)), kMegabyte, 236, 0));                // FeCAM, SLCA
  QVERIFY(prints(static_cast<double>(10 * adapterParameters({}, 64) * kFloatBytes), kMegabyte, 47.6, 1));  // EASE
  QVERIFY(prints(static_cast<double>(10 * adapterParameters({}, 16) * kFloatBytes), kMegabyte, 12.2, 1));  // MOS
  QVERIFY(prints(static_cast<double>(2 * vitParameters({}) * kFloatBytes), kMegabyte, 686, 0));            // EWC
  QVERIFY(prints(static_cast<double>(exemplarBytes(2000, 224, 224)), kMegabyte, 301, 0));                  // ER
}

void TestResources::bytesByKindAddUp() {
  QCOMPARE(StoredBytes{}.total(), std::int64_t{0});
  const StoredBytes bytes{1, 20, 300, 4000, 50000, 600000, 7000000, 80000000};
  QCOMPARE(bytes.total(), std::int64_t{87654321});
  QVERIFY(bytes == bytes && !(bytes == StoredBytes{}));
}

void TestResources::backbonesInImages() {
  const std::int64_t backbone = vitParameters({}) * kFloatBytes;
  QVERIFY(prints(static_cast<double>(backbone), kMegabyte, 343.2, 1));
  QCOMPARE(*imagesPerBackbone(backbone, imageBytes(32, 32)), std::int64_t{111717});
  QCOMPARE(*imagesPerBackbone(backbone, imageBytes(224, 224)), std::int64_t{2279});
  QVERIFY(!imagesPerBackbone(backbone, 0) && !imagesPerBackbone(backbone, -3));
}

void TestResources::growthByHand() {
  QCOMPARE(growth(std::vector<std::int64_t>{10, 13, 13, 20}), (std::vector<std::int64_t>{10, 3, 0, 7}));
  QVERIFY(growth({}).empty());
}

void TestResources::nonsenseCostsNothing() {
  const VitSize none{-1, -2, -3, -4, -5, -6};
  QCOMPARE(forwardMacs(none), 0.0);
  QCOMPARE(vitParameters(none), std::int64_t{0});
  QCOMPARE(vitSize(224, 0, 768, 12, 3072).tokens, 1);
  QCOMPARE(vitSize(-224, 16, 768, 12, 3072).patches, 0);
  QCOMPARE(withPrompts({}, -5).tokens, 197);
  QCOMPARE(gramMacs(-1, 5) + choleskyMacs(-2) + adapterMacs({}, -1), 0.0);
  QCOMPARE(exemplarBytes(-1, 32, 32) + exemplarBytes(5, -1, 32), std::int64_t{0});
  const VitSize vast{2000000000, 2000000000, 2000000000, 2000000000, 2000000000, 2000000000};
  QVERIFY(vitParameters(vast) > 0 && std::isfinite(forwardMacs(vast)) && covarianceBytes(2000000000, 2000000000) > 0);
}

QTEST_GUILESS_MAIN(TestResources)
#include "tst_resources.moc"
