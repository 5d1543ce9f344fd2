// Figures are tested by their numbers and their text, not by pixels.
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>

#include "engine/export/charts.h"
#include "engine/protocol/error.h"
#include "tests/protocol/printing.h"

using namespace palimpsest;
using namespace palimpsest::report;

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

LineChart sample() {
  LineChart chart{.title = "Accuracy <so far> & more", .x_label = "tasks learned", .y_label = "%"};
  chart.series.push_back(
      {.name = "l2p", .colour = slotColour(0), .look = 0, .x = {1, 2, 3}, .y = {90, 80, 70}, .spread = {1, 2, 3}});
  chart.series.push_back(
      {.name = "\xff broken", .colour = slotColour(1), .look = 1, .x = {1, 2, 3}, .y = {60, kNone, 50}});
  chart.whole_x = true;
  return chart;
}

struct Svg {
  QStringList texts;
  QMap<QString, int> tags;
  QString error;
  double most_x = 0, most_y = 0, least = 0;
};
Svg read(const std::string& text) {
  Svg out;
  QXmlStreamReader xml(QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())));
  while (!xml.atEnd()) {
    xml.readNext();
    if (!xml.isStartElement()) continue;
    ++out.tags[xml.name().toString()];
    for (const QString& pair :
         xml.attributes().value(QStringLiteral("points")).toString().split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
      out.most_x = std::max(out.most_x, pair.section(QLatin1Char(','), 0, 0).toDouble());
      out.most_y = std::max(out.most_y, pair.section(QLatin1Char(','), 1).toDouble());
      out.least = std::min(
          {out.least, pair.section(QLatin1Char(','), 0, 0).toDouble(), pair.section(QLatin1Char(','), 1).toDouble()});
    }
    if (xml.name() == QLatin1String("text")) out.texts << xml.readElementText();
  }
  if (xml.hasError()) out.error = xml.errorString();
  return out;
}

std::pair<int, int> sizeOfPng(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const auto number = [&](std::size_t at) {
    int value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value * 256 + static_cast<unsigned char>(bytes.at(at + i));
    return value;
  };
  return bytes.starts_with("\x89PNG") ? std::pair{number(16), number(20)} : std::pair{0, 0};
}

double contrast(const std::string& a, const std::string& b) {
  const auto luminance = [](const std::string& colour) {
    const auto rgb = std::stoul(colour.substr(1), nullptr, 16);
    const auto part = [&](int shift) {
      const double c = static_cast<double>((rgb >> shift) & 0xff) / 255.0;
      return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0);
  };
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

}  // namespace

class TestCharts : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void ticksAreRoundAndInside();
  void svgHoldsTitleLegendAndTicksAsText();
  void brokenSeriesBecomeSeveralLines();
  void nothingIsDrawnOutsideTheFigure();
  void strangeDataAreStillAFigure();
  void themedFiguresCarryBothColours();
  void pngHasTheSizeAskedFor();
  void matricesShowTheirValues();
  void coloursCanBeTold();
  void unwritableFilesAreErrors();
};

void TestCharts::ticksAreRoundAndInside() {
  QCOMPARE(niceTicks(0, 100, 5), (std::vector<double>{0, 20, 40, 60, 80, 100}));
  QCOMPARE(niceTicks(1, 5, 10, true), (std::vector<double>{1, 2, 3, 4, 5}));
  QCOMPARE(niceTicks(1, 3, 12, true), (std::vector<double>{1, 2, 3}));  // no 1.5 tasks
  QCOMPARE(niceTicks(5, 5, 5), (std::vector<double>{5}));
  for (const double scale : {1e-7, 0.003, 1.0, 77.0, 1e9}) {
    const auto ticks = niceTicks(-0.3 * scale, 1.1 * scale, 5);
    QVERIFY(ticks.size() >= 3 && ticks.size() <= 8);
    QVERIFY(ticks.front() >= -0.3 * scale * (1 + 1e-9) && ticks.back() <= 1.1 * scale * (1 + 1e-9));
    QVERIFY(std::any_of(ticks.begin(), ticks.end(), [](double t) { return t == 0; }));
  }
  QCOMPARE(tickText(0.30000000000000004, 0.1), std::string("0.3"));
  QCOMPARE(tickText(40, 20), std::string("40"));
  QCOMPARE(tickText(-0.0, 1), std::string("0"));
}

void TestCharts::svgHoldsTitleLegendAndTicksAsText() {
  const Svg svg = read(svgOf(sample()));
  QVERIFY2(svg.error.isEmpty(), qPrintable(svg.error));
  for (const char* text : {"Accuracy <so far> & more", "l2p", "tasks learned", "%", "1", "2", "3", "60", "80"})
    QVERIFY2(svg.texts.contains(QString::fromUtf8(text)), text);
}

void TestCharts::brokenSeriesBecomeSeveralLines() {
  LineChart chart = sample();
  chart.series.resize(1);
  chart.series[0].spread.clear();
  chart.y_low = 0;
  chart.y_high = 100;
  chart.series[0].markers = false;
  const int whole = read(svgOf(chart)).tags[QStringLiteral("polyline")];
  chart.series[0].x = {1, 2, 3, 4, 5};
  chart.series[0].y = {90, 80, kNone, 70, 60};
  chart.x_low = 1;
  chart.x_high = 3;
  QCOMPARE(read(svgOf(chart)).tags[QStringLiteral("polyline")] - whole, 1);
}

void TestCharts::nothingIsDrawnOutsideTheFigure() {
  LineChart chart = sample();
  chart.y_low = 75;  // part of the data lies below
  chart.bands = {{-5, 2, "before"}, {2, 9, "after"}};
  for (int i = 0; i < 20; ++i)
    chart.series.push_back({.name = "a rather long name of a method " + std::to_string(i),
                            .colour = slotColour(i),
                            .look = i,
                            .x = {1, 2},
                            .y = {80, 90}});
  const Svg svg = read(svgOf(chart));
  QVERIFY(svg.most_x <= chart.width && svg.most_y <= chart.height && svg.least >= 0);
}

void TestCharts::strangeDataAreStillAFigure() {
  LineChart empty{.title = "nothing"};
  QVERIFY(read(svgOf(empty)).texts.contains(QStringLiteral("no data yet")));
  LineChart flat = sample();
  flat.series = {{.name = "one", .colour = slotColour(0), .x = {2}, .y = {50}}};
  QVERIFY(read(svgOf(flat)).error.isEmpty());
  LineChart wild = sample();
  wild.series[0].y = {1e308, -1e308, std::numeric_limits<double>::infinity()};
  QVERIFY(read(svgOf(wild)).error.isEmpty());
  wild.series[0].y = {1e-300, 2e-300, kNone};
  QVERIFY(read(svgOf(wild)).error.isEmpty());
}

void TestCharts::themedFiguresCarryBothColours() {
  const std::string themed = svgOf(sample(), SvgStyle::Themed), alone = svgOf(sample());
  QVERIFY(themed.find("--l:#3f90da;--d:#96b7e7") != std::string::npos);
  QVERIFY(alone.find("stroke=\"#3f90da\"") != std::string::npos);
  QVERIFY(alone.find("fill=\"#ffffff\"") != std::string::npos && alone.find("--d") == std::string::npos);
}

void TestCharts::pngHasTheSizeAskedFor() {
  const QTemporaryDir folder;
  const std::filesystem::path file = folder.filePath(QStringLiteral("a.png")).toStdString();
  writePng(sample(), file);
  QCOMPARE(sizeOfPng(file), (std::pair{1440, 800}));
  writePng(sample(), file, 1);
  QCOMPARE(sizeOfPng(file), (std::pair{720, 400}));
  writePng(HeatMap{.title = "m", .percent = {{50}, {20, 90}}}, file);
  QVERIFY(sizeOfPng(file).first > 100);
}

void TestCharts::matricesShowTheirValues() {
  const Svg svg = read(svgOf(HeatMap{.title = "L2P",
                                     .row_label = "after task",
                                     .column_label = "on task",
                                     .percent = {{91.25}, {std::nullopt, 100.0}}}));
  QVERIFY(svg.error.isEmpty());
  for (const char* text : {"L2P", "after task", "on task", "91.2", "100.0", "1", "2"})
    QVERIFY2(svg.texts.contains(QString::fromUtf8(text)), text);
  QCOMPARE(svg.tags[QStringLiteral("polygon")], 2);
}

void TestCharts::coloursCanBeTold() {
  for (int slot = 0; slot < 6; ++slot) {
    QVERIFY(contrast(slotColour(slot).light, "#ffffff") >= 3);
    QVERIFY(contrast(slotColour(slot).dark, "#17191c") >= 4.5);
  }
  for (int i = 0; i <= 100; ++i) {
    const std::string colour = heatColour(i / 100.0);
    QVERIFY2(contrast(colour, inkOn(colour)) >= 4.5, colour.c_str());
    QVERIFY2(contrast(taskColour(i / 100.0).light, "#ffffff") >= 2, taskColour(i / 100.0).light.c_str());
    QVERIFY2(contrast(taskColour(i / 100.0).dark, "#17191c") >= 2.5, taskColour(i / 100.0).dark.c_str());
  }
  QCOMPARE(heatColour(-1), std::string("#00224e"));
  QCOMPARE(heatColour(2), std::string("#fee838"));
  QCOMPARE(heatColour(kNone), std::string("#00224e"));
  QCOMPARE(slotColour(-3).light, slotColour(0).light);
}

void TestCharts::unwritableFilesAreErrors() {
  QVERIFY_EXCEPTION_THROWN(writePng(sample(), "/nowhere/at/all.png"), Error);
}

QTEST_GUILESS_MAIN(TestCharts)
#include "tst_charts.moc"
