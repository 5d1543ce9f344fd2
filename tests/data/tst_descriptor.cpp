// Descriptions of images: against an independent computation, and what must and must not change them.
#include <QTest>
#include <cmath>
#include <numbers>
#include <vector>

#include "engine/data/descriptor.h"
#include "engine/protocol/random.h"

using namespace palimpsest;

namespace {

constexpr int kBins = 8, kThumbnail = 48, kColours = 64, kTail = kThumbnail + kColours;
using Image = std::vector<float>;

std::vector<float> described(const Image& image, int side) {
  const Descriptor descriptor(side);
  std::vector<float> out(std::size_t(descriptor.width()));
  descriptor.describe(image.data(), out.data());
  return out;
}

Image noise(int side) {
  Rng rng(42);
  Image image(std::size_t(3 * side * side));
  for (float& value : image) value = float(rng.uniform());
  return image;
}

// Dark on the left, `height` on the right, in the channels given.
Image edge(int side, float height, std::initializer_list<int> channels) {
  Image image(std::size_t(3 * side * side));
  for (const int c : channels)
    for (int y = 0; y < side; ++y)
      for (int x = side / 2; x < side; ++x) image[std::size_t((c * side + y) * side + x)] = height;
  return image;
}

// What lies in each bin, over all cells; the unsigned ones first.
std::vector<double> bins(const std::vector<float>& description, int cells) {
  std::vector<double> sums(2 * kBins);
  for (int b = 0; b < 2 * kBins; ++b)
    for (int i = 0; i < cells; ++i) sums[std::size_t(b)] += description[std::size_t(b * cells + i)];
  return sums;
}

int largest(const std::vector<double>& sums, int first) {
  return int(std::max_element(sums.begin() + first, sums.begin() + first + kBins) - sums.begin()) - first;
}

// Spelled out by angles, in double precision: what one bin of one cell must hold.
double slowly(const Image& image, int side, bool with_sign, int bin, int left, int top, int cell) {
  const auto at = [&](int c, int x, int y) {
    x = std::clamp(x, 0, side - 1);
    y = std::clamp(y, 0, side - 1);
    return double(image[std::size_t((c * side + y) * side + x)]);
  };
  double sum = 0;
  for (int y = top; y < top + cell; ++y)
    for (int x = left; x < left + cell; ++x) {
      double length = -1, angle = 0;
      for (int c = 0; c < 3; ++c) {
        const double dx = at(c, x + 1, y) - at(c, x - 1, y), dy = at(c, x, y + 1) - at(c, x, y - 1);
        if (std::hypot(dx, dy) <= length) continue;
        length = std::hypot(dx, dy);
        angle = std::atan2(dy, dx) * (with_sign ? 1 : 2);
      }
      sum += length * std::pow(std::max(0.0, std::cos(angle - 2 * std::numbers::pi * bin / kBins)), 3);
    }
  return std::sqrt(sum / (cell * cell));
}

}  // namespace

class TestDescriptor : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void agreesWithAComputationByAngles() {
    for (const int side : {28, 16, 33}) {
      const Image image = noise(side);
      const std::vector<float> fast = described(image, side);
      const int places = Descriptor(side).places(), cell = side / 4, stride = side * 3 / 28;
      QCOMPARE(int(fast.size()), 2 * kBins * places * places + kTail);
      for (int map = 0; map < 2 * kBins; map += 3)
        for (int q = 0; q < places; q += 2)
          for (int p = 0; p < places; ++p) {
            const double want = slowly(image, side, map >= kBins, map % kBins, p * stride, q * stride, cell);
            QVERIFY(std::abs(fast[std::size_t((map * places + q) * places + p)] - want) < 1e-5);
          }
    }
  }

  void anEdgeLiesInTheBinOfItsDirection() {
    const int cells = Descriptor(28).places() * Descriptor(28).places();
    const auto rising = bins(described(edge(28, 1, {0, 1, 2}), 28), cells);
    QCOMPARE(largest(rising, 0), 0);
    QCOMPARE(largest(rising, kBins), 0);
    Image falling = edge(28, 1, {0, 1, 2});
    for (float& value : falling) value = 1 - value;
    const auto other = bins(described(falling, 28), cells);
    QCOMPARE(largest(other, kBins), kBins / 2);  // the opposite direction
    for (int b = 0; b < kBins; ++b) QVERIFY(std::abs(other[std::size_t(b)] - rising[std::size_t(b)]) < 1e-4);
  }

  void theChannelThatChangesMostCounts() {
    const auto all = described(edge(28, 1, {0, 1, 2}), 28), one = described(edge(28, 1, {2}), 28);
    const int orientations = int(all.size()) - kTail;
    for (int i = 0; i < orientations; ++i) QVERIFY(std::abs(all[std::size_t(i)] - one[std::size_t(i)]) < 1e-6);
    QVERIFY(all != one);  // the colours differ
  }

  void aFlatImageIsItsColourAndNothingElse() {
    Image image(3 * 28 * 28);
    for (int c = 0; c < 3; ++c) std::fill_n(image.begin() + c * 28 * 28, 28 * 28, 0.25f * float(c + 1));
    const auto description = described(image, 28);
    const std::size_t orientations = description.size() - kTail;
    for (std::size_t i = 0; i < orientations; ++i) QCOMPARE(description[i], 0.0f);
    for (std::size_t i = 0; i < kThumbnail; ++i) QVERIFY(std::abs(description[orientations + i] - 0.25f * float(i / 16 + 1)) < 1e-6f);
  }

  void theHistogramSharesEveryPixelOut() {
    for (const Image& image : {noise(28), edge(28, 1, {0}), edge(28, 0.5f, {1, 2})}) {
      const auto description = described(image, 28);
      double all = 0;
      for (std::size_t i = description.size() - kColours; i < description.size(); ++i) all += double(description[i]) * description[i];
      QVERIFY(std::abs(all - 1) < 1e-5);
    }
    const auto half_red = described(edge(28, 1, {0}), 28);
    const float* colours = half_red.data() + half_red.size() - kColours;
    QVERIFY(std::abs(colours[0] - std::sqrt(0.5f)) < 1e-5f);   // black
    QVERIFY(std::abs(colours[48] - std::sqrt(0.5f)) < 1e-5f);  // full red: level 3 of 4 in the first channel
  }

  void fourTimesTheContrastIsTwiceTheDescription() {
    Image image = noise(28);
    const auto before = described(image, 28);
    for (float& value : image) value /= 4;
    const auto after = described(image, 28);
    for (std::size_t i = 0; i < before.size() - kTail; ++i) QVERIFY(std::abs(before[i] - 2 * after[i]) < 1e-4f);
  }
};

QTEST_GUILESS_MAIN(TestDescriptor)
#include "tst_descriptor.moc"
