#include <QtTest>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>
#include <thread>

#include "engine/data/dataset.h"
#include "engine/data/procedural/named_shape.h"
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
