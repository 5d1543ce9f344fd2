#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QtTest>
#include <cstring>
#include <set>

#include "engine/data/resample.h"
#include "engine/data/transform.h"
#include "engine/protocol/error.h"

using namespace palimpsest;

namespace {

Image filled(int width, int height, int channels, std::uint8_t value) {
  return {width, height, channels, std::vector<std::uint8_t>(std::size_t(width) * height * channels, value)};
}

Image noise(int width, int height, int channels, std::uint64_t seed) {
  Image image = filled(width, height, channels, 0);
  Rng rng(seed);
  for (auto& pixel : image.pixels) pixel = static_cast<std::uint8_t>(rng.below(256));
  return image;
}

std::vector<float> transformed(const TransformSpec& spec, const Image& image, std::uint64_t seed = 0) {
  std::vector<float> out(3u * spec.side * spec.side);
  Rng rng(seed);
  Transform{spec}(image, rng, out.data());
  return out;
}

// The bytes of a tensor of a safetensors file: eight bytes of header length, the header, the data.
QByteArray tensorOf(const QByteArray& file, const QString& name) {
  const auto length = qFromLittleEndian<quint64>(file.constData());
  const QJsonObject header = QJsonDocument::fromJson(file.mid(8, qsizetype(length))).object();
  const QJsonArray offsets = header[name].toObject()[QStringLiteral("data_offsets")].toArray();
  return file.mid(8 + qsizetype(length) + offsets[0].toInt(), offsets[1].toInt() - offsets[0].toInt());
}

}  // namespace

class TransformTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void pilotsTestTransformIsReproducedBitForBit() {
    QFile file(QStringLiteral(PALIMPSEST_SOURCE_DIR "/../shared/fixtures/a_preprocess112.safetensors"));
    if (!file.open(QIODevice::ReadOnly)) QSKIP("the recorded images are not on this machine");
    const QByteArray bytes = file.readAll();
    const QByteArray images = tensorOf(bytes, QStringLiteral("image_u8_hwc"));
    const QByteArray expected = tensorOf(bytes, QStringLiteral("test_112"));
    constexpr int count = 40, pixels = 32 * 32 * 3, values = 3 * 112 * 112;
    QCOMPARE(images.size(), qsizetype(count * pixels));
    QCOMPARE(expected.size(), qsizetype(count * values * sizeof(float)));
    for (int i = 0; i < count; ++i) {
      Image image = filled(32, 32, 3, 0);
      std::memcpy(image.pixels.data(), images.constData() + i * pixels, pixels);
      const std::vector<float> got = transformed({"pilot", false, 112, "0..1"}, image);
      QVERIFY2(std::memcmp(got.data(), expected.constData() + qsizetype(i) * values * 4, values * 4) == 0,
               qPrintable(QStringLiteral("image %1 differs").arg(i)));
    }
  }

  void aConstantImageStaysConstant_data() {
    QTest::addColumn<int>("width");
    QTest::addColumn<int>("height");
    QTest::newRow("larger") << 97 << 131;
    QTest::newRow("smaller") << 7 << 5;
    QTest::newRow("one pixel") << 1 << 1;
  }
  void aConstantImageStaysConstant() {
    QFETCH(int, width);
    QFETCH(int, height);
    for (const Resampling how : {Resampling::Bilinear, Resampling::Bicubic})
      for (const int value : {0, 1, 128, 254, 255})
        for (const std::uint8_t pixel : resized(filled(32, 32, 3, std::uint8_t(value)), width, height, how).pixels)
          QCOMPARE(int(pixel), value);
  }

  void bicubicUsesTheSlopeOfMinusOneHalf() {
    // Two pixels to four by hand: at 0.25 of a pixel from the nearest, with a = -0.5, weights over the two pixels
    // that exist are renormalised.
    const Image out = resized({2, 1, 1, {0, 255}}, 4, 1, Resampling::Bicubic);
    const auto k = [](double x) {
      x = std::abs(x);
      return x < 1 ? 1.5 * x * x * x - 2.5 * x * x + 1 : -0.5 * (((x - 5) * x + 8) * x - 4);
    };
    for (int i = 0; i < 4; ++i) {
      const double center = (i + 0.5) / 2;
      double on = k(1.5 - center), off = k(0.5 - center);
      QCOMPARE(int(out.pixels[i]), int(std::clamp(std::floor(255 * on / (on + off) + 0.5), 0.0, 255.0)));
    }
  }

  void aBoxOfWholePixelsReadsBeyondItsEdges() {
    const Image image = noise(20, 16, 3, 1);
    const Image all = resized(image, 40, 32, Resampling::Bicubic);
    const Image part = resizedBox(image, 5, 4, 15, 12, 20, 16, Resampling::Bicubic);
    QCOMPARE(part.pixels, cropped(all, 10, 8, 20, 16).pixels);
  }

  void fractionalBoxesAreTakenIn() {
    Image ramp{16, 1, 1, {}};
    for (int x = 0; x < 16; ++x) ramp.pixels.push_back(std::uint8_t(x * 16));
    const Image a = resizedBox(ramp, 4, 0, 8, 1, 4, 1, Resampling::Bilinear);
    const Image b = resizedBox(ramp, 4.5, 0, 8.5, 1, 4, 1, Resampling::Bilinear);
    for (int x = 0; x < 4; ++x) QCOMPARE(int(b.pixels[x]) - int(a.pixels[x]), 8);  // half a pixel of slope 16
  }

  void aWindowEqualsResizingAndCropping() {
    const Image image = noise(61, 47, 3, 2);
    for (const Resampling how : {Resampling::Bilinear, Resampling::Bicubic}) {
      const Image whole = resized(image, 33, 80, how);
      const Image part = resampled(viewOf(image), {0, 0, 61, 47}, 33, 80, {4, 11, 20, 30}, how);
      QCOMPARE(part.pixels, cropped(whole, 4, 11, 20, 30).pixels);
    }
  }

  void greyImagesEqualTheirRgbForm() {
    const Image grey = noise(40, 30, 1, 3);
    for (const char* name : {"plain", "pilot", "pilot-coda"})
      for (const bool train : {false, true})
        QCOMPARE(transformed({name, train, 28, "imagenet"}, grey, 7),
                 transformed({name, train, 28, "imagenet"}, toRgb(grey), 7));
  }

  void resizingTheShortSideTruncatesTheLonger() {
    // 500 x 375 at side 224: short side 256, longer side 341 (341.33 truncated), then the central 224.
    const Image image = noise(500, 375, 3, 4);
    const Image reference = cropped(resized(image, 341, 256, Resampling::Bicubic), 58, 16, 224, 224);  // 58.5 to even
    const std::vector<float> got = transformed({"pilot", false, 224, "0..1"}, image);
    for (int y = 0; y < 224; ++y)
      for (int x = 0; x < 224; ++x)
        for (int c = 0; c < 3; ++c)
          QCOMPARE(got[(std::size_t(c) * 224 + y) * 224 + x],
                   float(reference.pixels[(std::size_t(y) * 224 + x) * 3 + c]) / 255.0f);
  }

  void codaResizesToTheSideItself() {
    const Image image = noise(64, 48, 3, 5);
    const Image reference = cropped(resized(image, 42, 32, Resampling::Bilinear), 5, 0, 32, 32);
    const std::vector<float> got = transformed({"pilot-coda", false, 32, "0..1"}, image);
    QCOMPARE(got[0], float(reference.pixels[0]) / 255.0f);
    QCOMPARE(got[32 * 32 - 1], float(reference.pixels[(32 * 32 - 1) * 3]) / 255.0f);
  }

  void plainLeavesAFittingImageUntouched() {
    const Image image = noise(28, 28, 3, 6);
    const std::vector<float> got = transformed({"plain", true, 28, "0..1"}, image);
    for (int i = 0; i < 28 * 28; ++i)
      for (int c = 0; c < 3; ++c)
        QCOMPARE(got[std::size_t(c) * 28 * 28 + i], float(image.pixels[std::size_t(i) * 3 + c]) / 255.0f);
  }

  void rangesAreWhatTheyAreCalled() {
    const auto first = [](const char* range, int value) {
      return transformed({"plain", false, 4, range}, filled(4, 4, 3, std::uint8_t(value)));
    };
    QCOMPARE(first("0..1", 255)[0], 1.0f);
    QCOMPARE(first("-1..1", 0)[0], -1.0f);
    QCOMPARE(first("-1..1", 255)[0], 1.0f);
    QCOMPARE(first("imagenet", 0)[0], -0.485f / 0.229f);
    QCOMPARE(first("imagenet", 255)[40], (1.0f - 0.406f) / 0.225f);
  }

  void trainingDependsOnTheStreamAndNothingElse() {
    const Image image = noise(32, 32, 3, 8);
    const TransformSpec spec{"pilot", true, 28, "0..1"};
    QVERIFY(!Transform(spec).deterministic());
    QVERIFY(Transform(TransformSpec{"plain", true, 28, "0..1"}).deterministic());
    QCOMPARE(transformed(spec, image, 1), transformed(spec, image, 1));
    std::set<std::vector<float>> distinct;
    for (std::uint64_t seed = 0; seed < 20; ++seed) distinct.insert(transformed(spec, image, seed));
    QCOMPARE(distinct.size(), std::size_t{20});
  }

  void randomCropsCoverTheDeclaredAreasAndShapes() {
    // A horizontal ramp tells how wide the crop was: the slope of the result is crop width / side.
    Image ramp = filled(250, 250, 1, 0);
    for (int y = 0; y < 250; ++y)
      for (int x = 0; x < 250; ++x) ramp.pixels[std::size_t(y) * 250 + x] = std::uint8_t(x);
    const TransformSpec spec{"pilot", true, 25, "0..1"};
    double smallest = 1e9, largest = 0;
    int flips = 0;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
      const std::vector<float> out = transformed(spec, ramp, seed);
      const double slope = (out[20] - out[4]) * 255 / 16;
      flips += slope < 0;
      smallest = std::min(smallest, std::abs(slope) * 25);
      largest = std::max(largest, std::abs(slope) * 25);
    }
    QVERIFY(std::abs(flips - 1000) < 120);  // five standard deviations
    QVERIFY2(smallest > 250 * std::sqrt(0.05 * 0.75) - 3 && smallest < 65, qPrintable(QString::number(smallest)));
    QVERIFY2(largest > 235 && largest <= 251, qPrintable(QString::number(largest)));
  }

  void anImageTooNarrowForAnyCropIsCutInItsMiddle() {
    for (const auto& [w, h] : {std::pair{300, 2}, std::pair{2, 300}, std::pair{1, 1}}) {
      const std::vector<float> out = transformed({"pilot", true, 8, "0..1"}, filled(w, h, 3, 90));
      for (const float value : out) QCOMPARE(value, 90.0f / 255.0f);
    }
  }

  void unknownNamesAreRefusedTogether() {
    try {
      Transform(TransformSpec{"pilto", false, 0, "0-1"});
      QFAIL("an unknown transform was accepted");
    } catch (const BadInput& problem) {
      QCOMPARE(problem.issues.size(), std::size_t{3});
    }
  }
};

QTEST_APPLESS_MAIN(TransformTest)
#include "tst_transform.moc"
