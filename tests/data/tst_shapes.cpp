// The stream world beyond its plain classes: sizes, second objects, captions, domains.
#include <QtTest>
#include <algorithm>
#include <set>

#include "engine/data/dataset.h"
#include "engine/data/procedural/caption.h"
#include "engine/data/procedural/named_shape.h"
#include "engine/protocol/error.h"

using namespace palimpsest;

namespace {

double difference(const Image& a, const Image& b) {  // mean over all values, 0 to 255
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(int(a.pixels[i]) - int(b.pixels[i]));
  return sum / double(a.pixels.size());
}

int positionOf(const std::vector<std::string>& names, const std::string& name) {
  return int(std::find(names.begin(), names.end(), name) - names.begin());
}

Thing thing(const char* shape, Texture texture, const char* colour, Size size) {
  return {positionOf(NamedShape::names(), shape), texture, positionOf(colourNames(), colour), size};
}

struct Spot {
  double x = 0, y = 0, area = 0;  // pixels
};
// Where an image is nearly of this colour.
Spot spotOf(const Image& image, Colour colour) {
  Spot spot;
  for (int y = 0, i = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x, i += 3) {
      const double r = image.pixels[i] / 255.0 - colour.r, g = image.pixels[i + 1] / 255.0 - colour.g,
                   b = image.pixels[i + 2] / 255.0 - colour.b;
      if (r * r + g * g + b * b > 0.06) continue;
      spot.x += x;
      spot.y += y;
      spot.area += 1;
    }
  spot.x /= std::max(spot.area, 1.0);
  spot.y /= std::max(spot.area, 1.0);
  return spot;
}

QString text(const std::string& words) { return QString::fromStdString(words); }

}  // namespace

class ShapesTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void relationsTakeTurnsWithSingleObjects() {
    const Dataset data = openDataset("shapes:classes=2880,relations=yes,train=1,test=1,side=8");
    const std::set<std::string> names(data.class_names.begin(), data.class_names.end());
    QCOMPARE(names.size(), std::size_t{2880});
    std::set<std::string> relations;
    for (std::size_t label = 0; label < data.class_names.size(); ++label) {
      const QString name = text(data.class_names[label]);
      QVERIFY(name.startsWith(QStringLiteral("small ")) || name.startsWith(QStringLiteral("large ")));
      int found = 0;
      for (const char* relation : {" left of ", " right of ", " above ", " below ", " inside "})
        if (name.contains(QLatin1String(relation))) {
          ++found;
          relations.insert(relation);
        }
      QCOMPARE(found, int(label % 2));
    }
    QCOMPARE(relations.size(), std::size_t{5});
    const Dataset few = openDataset("shapes:classes=100,relations=yes,train=1,test=1,side=8");
    QVERIFY(std::equal(few.class_names.begin(), few.class_names.end(), data.class_names.begin()));
  }

  // Measured on the pictures: plain objects whose colours are far apart from each other and from a grey background.
  void theSecondObjectIsWhereTheClassSays() {
    const Dataset data = openDataset("shapes:classes=600,relations=yes,train=2,test=1,side=64");
    int judged = 0, right = 0;
    for (std::int64_t i = 0; i < data.train->size(); ++i) {
      const QStringList words = text(data.class_names[data.train->label(i)]).split(QLatin1Char(' '));
      if (words.size() < 7 || words[1] != QLatin1String("plain")) continue;
      const auto colourAt = [&](int word) { return positionOf(colourNames(), words[word].toStdString()); };
      const int first_colour = colourAt(2), second_colour = colourAt(int(words.size()) - 2);
      const std::set<std::string> vivid{"red", "green", "blue", "yellow", "cyan"};
      if (!vivid.contains(colourNames()[first_colour]) || !vivid.contains(colourNames()[second_colour])) continue;
      const Image image = data.train->image(i);
      const Spot first = spotOf(image, nominalColour(first_colour)),
                 second = spotOf(image, nominalColour(second_colour));
      if (first.area < 30 || second.area < 30) continue;
      ++judged;
      const double dx = first.x - second.x, dy = first.y - second.y;
      const QString relation = words[4];
      if (relation == QLatin1String("left")) right += dx < -10;
      if (relation == QLatin1String("right")) right += dx > 10;
      if (relation == QLatin1String("above")) right += dy < -10;
      if (relation == QLatin1String("below")) right += dy > 10;
      if (relation == QLatin1String("inside")) right += std::hypot(dx, dy) < 8 && first.area < second.area;
    }
    QVERIFY2(judged >= 15, qPrintable(QString::number(judged)));
    QVERIFY2(right >= 0.9 * judged, qPrintable(QStringLiteral("%1 of %2").arg(right).arg(judged)));
  }

  void largeObjectsAreLargerThanSmallOnes() {
    const Dataset data = openDataset("shapes:classes=2880,relations=yes,train=1,test=1,side=48");
    double area[2] = {}, count[2] = {};
    for (std::int64_t i = 0; i < data.train->size(); i += 2) {
      const std::string& name = data.class_names[i];
      if (name.find("plain red") == std::string::npos && name.find("plain blue") == std::string::npos) continue;
      const bool large = name.starts_with("large"), red = name.find("red") != std::string::npos;
      area[large] += spotOf(data.train->image(i), nominalColour(positionOf(colourNames(), red ? "red" : "blue"))).area;
      ++count[large];
    }
    QVERIFY(count[0] > 0 && count[1] > 0);
    QVERIFY(area[1] / count[1] > 1.8 * area[0] / count[0]);
  }

  void everyImageHasACaptionOfItsOwnKind() {
    for (const char* spec : {"shapes:classes=120,relations=yes,train=6,test=2,side=16",
                             "shapes:classes=60,train=6,test=2,side=16", "shapes:classes=24,domain=sketch,side=16"}) {
      const Dataset data = openDataset(spec), again = openDataset(spec);
      std::set<std::string> seen;
      for (std::int64_t i = 0; i < data.train->size(); ++i) {
        const QString caption = text(data.train->caption(i));
        QCOMPARE(caption, text(again.train->caption(i)));
        seen.insert(data.train->caption(i));
        static const QRegularExpression wrong(QStringLiteral("[{}]|  |^ | $|\\ba [aeiou]|\\ban [^aeiou]| ,|^,"));
        QVERIFY2(!caption.isEmpty() && !caption.contains(wrong), qPrintable(caption));
        QCOMPARE(caption.endsWith(QStringLiteral(", sketched")), QLatin1String(spec).contains(QLatin1String("sketch")));
      }
      QVERIFY2(std::int64_t(seen.size()) * 3 > data.train->size(), spec);  // short ones recur
    }
    QVERIFY(openDataset("world:classes=4").train->caption(0).empty());
    const Dataset limited = openDataset("shapes:classes=4", 2, 2), whole = openDataset("shapes:classes=4");
    QCOMPARE(text(limited.test->caption(7)), text(whole.test->caption(7)));
  }

  // "A left of B" may be told as "B right of A", never as "B left of A".
  void captionsNeverTurnARelationAround() {
    const Depicted picture{{thing("star", Texture::Striped, "red", Size::Small),
                            thing("square", Texture::Plain, "blue", Size::Medium), Relation::LeftOf},
                           "dark",
                           ""};
    std::set<std::string> shapes_of_sentences;
    bool as_in_the_manual = false;
    for (std::uint64_t i = 0; i < 3000; ++i) {
      Rng rng(i * 977);
      const QString caption = text(captionOf(picture, rng));
      as_in_the_manual = as_in_the_manual || caption == QLatin1String("a small striped red star left of a blue square");
      const auto star = caption.indexOf(QLatin1String("star")), square = caption.indexOf(QLatin1String("square"));
      QVERIFY2(star >= 0 && square >= 0, qPrintable(caption));
      QVERIFY2(caption.contains(QLatin1String("red")) && caption.contains(QLatin1String("blue")), qPrintable(caption));
      const bool left = caption.contains(QLatin1String("left"));
      QVERIFY2(left != caption.contains(QLatin1String("right")), qPrintable(caption));
      // Who is left or right: the one named first, unless the relation stands in front or speaks of "its left".
      const bool front = caption.startsWith(QLatin1String("left")) || caption.startsWith(QLatin1String("right")) ||
                         caption.startsWith(QLatin1String("to the"));
      const bool later = front || caption.contains(QLatin1String(" its "));
      const bool star_is_placed = later ? star > square : star < square;
      QVERIFY2(star_is_placed == left, qPrintable(caption));
      QString frame = caption;
      for (const char* word :
           {"small", "little", "tiny", "striped", "banded", "stripy", "plain ", "simple ", "smooth "})
        frame.remove(QLatin1String(word));
      shapes_of_sentences.insert(frame.toStdString());
    }
    QVERIFY(as_in_the_manual);
    QVERIFY(shapes_of_sentences.size() >= 24);  // twelve ways, either order
  }

  void singleObjectsAreDescribedInTwelveWays() {
    const Depicted picture{{thing("ellipse", Texture::Dotted, "orange", Size::Large), {}, {}}, "light", ""};
    std::set<std::string> seen;
    for (std::uint64_t i = 0; i < 1000; ++i) {
      Rng rng(i * 31);
      seen.insert(captionOf(picture, rng));
    }
    for (const char* one : {"a large dotted orange ellipse", "an ellipse that is large, dotted and orange",
                            "here is a large dotted orange ellipse on a light background", "an orange ellipse"})
      QVERIFY2(seen.contains(one), one);
  }

  void domainsShowTheSameScenesInAnotherWay() {
    const Dataset plain = openDataset("shapes:classes=24,train=4,side=32");
    const Dataset named = openDataset("shapes:classes=24,train=4,side=32,domain=plain");
    std::set<std::string> fingerprints{plain.fingerprint};
    QCOMPARE(named.fingerprint, plain.fingerprint);
    for (const char* domain : {"photo", "sketch", "inverted", "blurred"}) {
      const Dataset other = openDataset(std::string("shapes:classes=24,train=4,side=32,domain=") + domain);
      QVERIFY(other.class_names == plain.class_names);
      QVERIFY(fingerprints.insert(other.fingerprint).second);
      double total = 0;
      for (std::int64_t i = 0; i < plain.train->size(); ++i) {
        QCOMPARE(named.train->image(i).pixels, plain.train->image(i).pixels);
        QCOMPARE(other.train->image(i).pixels, other.train->image(i).pixels);
        total += difference(other.train->image(i), plain.train->image(i));
      }
      QVERIFY2(total / double(plain.train->size()) > 4, domain);
    }
  }

  void severalDomainsAreEachWhatTheyAreAlone() {
    const char* size = "shapes:classes=6,train=3,test=2,side=16,";
    const Dataset both = openDataset(std::string(size) + "domains=sketch+photo");
    QCOMPARE(both.domain_names, (std::vector<std::string>{"sketch", "photo"}));
    QCOMPARE(both.train->size(), 36);
    QCOMPARE(both.test->size(), 24);
    for (int domain = 0; domain < 2; ++domain) {
      const Dataset alone = openDataset(std::string(size) + "domain=" + both.domain_names[std::size_t(domain)]);
      QVERIFY(alone.domain_names.empty());
      QVERIFY(alone.fingerprint != both.fingerprint);
      for (std::int64_t i = 0; i < 18; ++i) {
        const std::int64_t at = domain * 18 + i;
        QCOMPARE(both.train->domain(at), domain);
        QCOMPARE(both.train->label(at), alone.train->label(i));
        QCOMPARE(both.train->image(at).pixels, alone.train->image(i).pixels);
        QCOMPARE(both.train->caption(at), alone.train->caption(i));
        QCOMPARE(alone.train->domain(i), 0);
      }
    }
    const std::set<std::string> orders{both.fingerprint,
                                       openDataset(std::string(size) + "domains=photo+sketch").fingerprint};
    QCOMPARE(orders.size(), std::size_t{2});
    const Dataset limited = openDataset(std::string(size) + "domains=sketch+photo", 1, 0);
    QCOMPARE(limited.train->size(), 12);
    QCOMPARE(limited.train->domain(11), 1);
    QCOMPARE(openDataset(std::string(size) + "domains=photo").fingerprint,
             openDataset(std::string(size) + "domain=photo").fingerprint);
  }

  void invertedIsTheNegative() {
    const Dataset plain = openDataset("shapes:classes=12,train=2,side=32");
    const Dataset inverted = openDataset("shapes:classes=12,train=2,side=32,domain=inverted");
    double total = 0;
    for (std::int64_t i = 0; i < plain.train->size(); ++i) {
      Image negative = plain.train->image(i);
      for (std::uint8_t& value : negative.pixels) value = std::uint8_t(255 - value);
      total += difference(negative, inverted.train->image(i));
    }
    QVERIFY(total / double(plain.train->size()) < 25);  // contrast and noise come after
  }

  void wrongOptionsAreNamed() {
    const auto issues = [](const char* spec) {
      try {
        openDataset(spec);
      } catch (const BadInput& problem) {
        QStringList lines;
        for (const Issue& issue : problem.issues) lines.append(text(lineOf(issue)));
        return lines;
      }
      return QStringList();
    };
    const QStringList both = issues("shapes:domain=scetch,relations=maybe");
    QCOMPARE(both.size(), 2);
    QVERIFY(both[0].contains(QStringLiteral("no, yes")) && both[1].contains(QStringLiteral("domain=sketch?")));
    const QStringList several = issues("shapes:domains=photo+skech+photo+,domain=plain");
    QCOMPARE(several.size(), 4);  // unknown, twice, nothing behind the last +, and both keys
    QVERIFY(several[0].contains(QStringLiteral("domains=sketch?")) &&
            several[1].contains(QStringLiteral("photo twice")));
    QCOMPARE(issues("shapes:classes=2881,relations=yes").size(), 1);
    QCOMPARE(issues("shapes:classes=721,relations=no").size(), 1);
    QCOMPARE(issues("world:domain=photo").size(), 1);
  }
};

QTEST_APPLESS_MAIN(ShapesTest)
#include "tst_shapes.moc"
