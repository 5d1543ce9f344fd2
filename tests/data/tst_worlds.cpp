#include <QtTest>
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <set>
#include <thread>

#include "engine/data/dataset.h"
#include "engine/data/procedural/named_shape.h"
#include "engine/data/procedural/world.h"
#include "engine/protocol/error.h"

using namespace palimpsest;

namespace {

double spread(const Image& image) {
  double sum = 0, squares = 0;
  for (const std::uint8_t pixel : image.pixels) {
    sum += pixel;
    squares += double(pixel) * pixel;
  }
  const double n = double(image.pixels.size());
  return std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)));
}

}  // namespace

class WorldsTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void everyDatasetHasTheSizeAskedFor() {
    for (const char* kind : {"world", "shapes"}) {
      const Dataset data = openDataset(std::string(kind) + ":classes=23,train=3,test=2,side=20,seed=4");
      QCOMPARE(data.class_names.size(), std::size_t{23});
      QCOMPARE(data.train->size(), 69);
      QCOMPARE(data.test->size(), 46);
      const Image image = data.train->image(68);
      QCOMPARE(image.width, 20);
      QCOMPARE(image.height, 20);
      QCOMPARE(image.channels, 3);
      for (int c = 0; c < 23; ++c) QCOMPARE(indicesOf(*data.train, {c}).size(), std::size_t{3});
    }
    QCOMPARE(openDataset("world").class_names.size(), std::size_t{256});
    const Dataset shapes = openDataset("shapes");
    QCOMPARE(shapes.train->size(), 2000);
    QCOMPARE(shapes.test->size(), 1000);
    QCOMPARE(shapes.train->image(0).width, 32);
  }

  void imagesAreAPureFunctionOfSpecAndIndex() {
    for (const char* spec : {"world:classes=40,train=4,test=2", "shapes:classes=40,train=4,test=2"}) {
      const Dataset a = openDataset(spec), b = openDataset(spec);
      QCOMPARE(a.fingerprint, b.fingerprint);
      for (std::int64_t i = a.train->size() - 1; i >= 0; --i) (void)b.train->image(i);  // another order of drawing
      for (std::int64_t i = 0; i < a.train->size(); ++i) QCOMPARE(a.train->image(i).pixels, b.train->image(i).pixels);
      std::vector<std::thread> threads;
      std::atomic<int> different{0};
      for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
          for (std::int64_t i = 0; i < a.train->size(); ++i)
            different += a.train->image(i).pixels != b.train->image(i).pixels;
        });
      for (std::thread& thread : threads) thread.join();
      QCOMPARE(different.load(), 0);
    }
  }

  void moreImagesKeepTheOnesThereWere() {
    const Dataset few = openDataset("world:classes=30,train=2"), many = openDataset("world:classes=30,train=5");
    for (std::int64_t i = 0; i < few.train->size(); ++i) {
      QCOMPARE(many.train->label(i), few.train->label(i));
      QCOMPARE(many.train->image(i).pixels, few.train->image(i).pixels);
    }
    QVERIFY(few.fingerprint != many.fingerprint);
  }

  void noTwoImagesAreTheSameAcrossClassesSplitsAndSeeds() {
    std::set<std::string> seen;
    std::size_t count = 0;
    for (const char* spec : {"world:classes=60,train=10,test=10,seed=1", "world:classes=60,train=10,test=10,seed=2",
                             "shapes:classes=60,train=10,test=10"}) {
      const Dataset data = openDataset(spec);
      for (const auto& split : {data.train, data.test})
        for (std::int64_t i = 0; i < split->size(); ++i, ++count) {
          const Image image = split->image(i);
          seen.emplace(image.pixels.begin(), image.pixels.end());
        }
    }
    QCOMPARE(seen.size(), count);
  }

  void hardlyAnyImageIsBlank() {
    for (const char* spec : {"world:classes=256,train=4", "shapes:classes=100,train=4"}) {
      const Dataset data = openDataset(spec);
      int blank = 0, grey = 0;
      for (std::int64_t i = 0; i < data.train->size(); ++i) {
        const Image image = data.train->image(i);
        blank += spread(image) < 6;
        bool coloured = false;
        for (std::size_t p = 0; p < image.pixels.size(); p += 3)
          coloured = coloured || image.pixels[p] != image.pixels[p + 1];
        grey += !coloured;
      }
      QVERIFY2(blank * 50 < data.train->size(), qPrintable(QString::number(blank)));
      if (std::string(spec).starts_with("world"))
        QVERIFY(std::abs(double(grey) / double(data.train->size()) - 0.55) < 0.08);
    }
  }

  // A thousand classes: no two motifs are the same, hardly any nearly so, and a class is mostly recognised when its
  // jitter changes.
  void aThousandClassesOfTheWorldAreDifferent() {
    constexpr int classes = 1000, side = 24;
    const auto motifs = [](std::uint64_t jitter) {
      std::vector<std::vector<float>> all;
      for (int label = 0; label < classes; ++label) all.push_back(worldMotif(1, label, side, jitter));
      return all;
    };
    const auto distance = [](const std::vector<float>& a, const std::vector<float>& b) {
      float sum = 0;
      for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
      return std::sqrt(sum / float(a.size()));
    };
    const auto first = motifs(1), second = motifs(2);
    float nearest = 1;
    int recognised = 0, close = 0;
    for (int a = 0; a < classes; ++a) {
      int best = 0;
      float least = 2;
      for (int b = 0; b < classes; ++b) {
        const float across = distance(first[std::size_t(a)], second[std::size_t(b)]);
        if (across < least) least = across, best = b;
        if (b >= a) continue;
        const float between = distance(first[std::size_t(a)], first[std::size_t(b)]);
        nearest = std::min(nearest, between);
        close += between < 0.03f;
      }
      recognised += best == a;
    }
    QVERIFY2(nearest > 0.01f, qPrintable(QString::number(double(nearest))));
    QVERIFY2(close < 10, qPrintable(QString::number(close)));  // of half a million pairs; a few stars are siblings
    QVERIFY2(recognised > 500, qPrintable(QString::number(recognised)));
    const Dataset data = openDataset("world:classes=1000,train=1000000");
    QCOMPARE(std::set<std::string>(data.class_names.begin(), data.class_names.end()).size(), std::size_t{classes});
    QCOMPARE(data.train->image(999'999'999).pixels.size(), std::size_t{28 * 28 * 3});
  }

  // Weights were trained on these images: means of red, green and blue, kept within rounding.
  void whatIsDrawnStaysAsItWas() {
    struct Row {
      const char* spec;
      std::int64_t index;
      std::array<double, 3> mean;
    };
    for (const Row& row : std::vector<Row>{{"world", 0, {41.561, 41.561, 41.561}},
                                           {"world", 1003, {203.148, 200.934, 161.457}},
                                           {"world", 2574, {52.491, 59.125, 15.825}},
                                           {"world", 3079, {28.287, 28.287, 28.287}},
                                           {"world", 254321, {102.791, 102.791, 102.791}},
                                           {"shapes", 0, {123.063, 139.529, 120.719}},
                                           {"shapes", 7, {141.495, 173.943, 125.564}},
                                           {"shapes", 514, {181.595, 218.699, 181.121}},
                                           {"shapes", 1203, {92.498, 76.261, 56.814}},
                                           {"shapes", 1999, {218.370, 230.985, 232.108}}}) {
      const Image image = openDataset(row.spec).train->image(row.index);
      std::array<double, 3> mean{};
      for (std::size_t i = 0; i < image.pixels.size(); ++i) mean[i % 3] += image.pixels[i];
      for (int c = 0; c < 3; ++c) {
        const double value = mean[std::size_t(c)] * 3 / double(image.pixels.size());
        QVERIFY2(std::abs(value - row.mean[std::size_t(c)]) < 0.05,
                 qPrintable(QStringLiteral("%1 %2: %3").arg(QLatin1String(row.spec)).arg(row.index).arg(value)));
      }
    }
  }

  void everyClassOfShapesHasANameOfItsOwn() {
    const Dataset data = openDataset("shapes:classes=720,train=1,test=1");
    const std::set<std::string> names(data.class_names.begin(), data.class_names.end());
    QCOMPARE(names.size(), std::size_t{720});
  }

  void namedShapesCoverAFairPartOfTheirFrame() {
    for (int which = 0; which < int(NamedShape::names().size()); ++which) {
      Layer layer(64);
      Rng rng(0);
      NamedShape(which).draw(Placement({}, 64), rng, layer);
      double area = 0;
      for (const float cover : layer.cover) area += cover;
      area /= 64 * 64;
      QVERIFY2(
          area > 0.2 && area < 0.75,
          qPrintable(
              QStringLiteral("%1: %2").arg(QString::fromStdString(NamedShape::names()[std::size_t(which)])).arg(area)));
    }
  }

  void aCirclesAreaIsThatOfACircle() {
    Layer layer(64);
    Rng rng(0);
    NamedShape(0).draw(Placement({.scale = 0.8f, .angle = 0.3f}, 64), rng, layer);
    double area = 0;
    for (const float cover : layer.cover) area += cover;
    const double radius = 0.88 * 0.8 * 32;
    QVERIFY(std::abs(area / (M_PI * radius * radius) - 1) < 0.01);
  }

  void wrongSpecsAreRefusedWithAllProblems() {
    const auto count = [](const char* spec) {
      try {
        openDataset(spec);
      } catch (const BadInput& problem) {
        return int(problem.issues.size());
      }
      return 0;
    };
    QCOMPARE(count("world:classes=1,train=0,side=4"), 3);
    QCOMPARE(count("shapes:classes=721"), 1);
    QCOMPARE(count("shapes:clases=7,seed=x"), 2);
    QCOMPARE(count("shapes:20"), 1);
  }
};

QTEST_APPLESS_MAIN(WorldsTest)
#include "tst_worlds.moc"
