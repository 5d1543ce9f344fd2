#include <QApplication>
#include <QListWidget>
#include <QPainterPath>
#include <QProxyStyle>
#include <QStyle>
#include <QTest>
#include <QWidget>
#include <cmath>
#include <set>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/style/swatch.h"

using namespace palimpsest;
using style::contrast;
using style::Theme;

class StyleTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { QLocale::setDefault(QLocale::c()); }

  void contrastIsTheOneOfWcag() {
    QCOMPARE(contrast(Qt::black, Qt::white), 21.0);
    QVERIFY(std::abs(contrast(QColor(0x777777), Qt::white) - 4.48) < 0.01);
  }

  void textIsReadableOnEveryBackground_data() {
    QTest::addColumn<int>("theme");
    QTest::newRow("light") << int(Theme::Light);
    QTest::newRow("dark") << int(Theme::Dark);
  }
  void textIsReadableOnEveryBackground() {
    QFETCH(int, theme);
    const QPalette p = style::palette(Theme(theme));
    using P = QPalette;
    for (const auto& [text, back] : {std::pair{P::WindowText, P::Window},
                                     {P::Text, P::Base},
                                     {P::Text, P::AlternateBase},
                                     {P::ButtonText, P::Button},
                                     {P::HighlightedText, P::Highlight},
                                     {P::ToolTipText, P::ToolTipBase},
                                     {P::Link, P::Base},
                                     {P::Link, P::Window},
                                     {P::LinkVisited, P::Base},
                                     {P::PlaceholderText, P::Base},
                                     {P::BrightText, P::Window}})
      QVERIFY2(contrast(p.color(text), p.color(back)) >= 4.5,
               qPrintable(QStringLiteral("roles %1 on %2").arg(text).arg(back)));
    style::apply(*qApp, Theme(theme));
    QCOMPARE(style::current(), Theme(theme));
    for (const QColor& text :
         {style::axis(), style::warning(), style::error(), style::good(), style::muted(), style::accent()}) {
      QVERIFY2(contrast(text, style::plotBackground()) >= 4.5, qPrintable(text.name()));
      QVERIFY2(contrast(text, style::band(true)) >= 4.5, qPrintable(text.name()));
      QVERIFY2(contrast(text, p.color(P::Window)) >= 4.5, qPrintable(text.name()));
    }
  }

  void curvesStandOutFromThePlot() {
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      style::apply(*qApp, theme);
      for (int slot = 0; slot < style::kRunSlots; ++slot) {
        const bool enough = contrast(style::run(slot), style::plotBackground()) >= 3;
        // The four last colours are too pale on white, so they never come without a dash.
        QVERIFY2(enough || (slot >= 6 && style::runPen(slot, 2).style() == Qt::CustomDashLine),
                 qPrintable(style::run(slot).name()));
        if (slot < 6) QVERIFY(enough);
      }
    }
  }

  void noTwoRunsLookAlikeWithoutColour() {
    std::set<QString> dashes, markers;
    for (int slot = 0; slot < style::kRunSlots; ++slot) {
      QString dash, marker;
      for (const qreal length : style::runPen(slot, 1).dashPattern()) dash += QStringLiteral("%1 ").arg(length);
      for (int i = 0; i <= 40; ++i) {
        const QPointF at = style::marker(slot, 10).pointAtPercent(i / 40.0);
        marker += QStringLiteral("%1,%2 ").arg(at.x(), 0, 'f', 1).arg(at.y(), 0, 'f', 1);
      }
      dashes.insert(dash);
      markers.insert(marker);
      const QRectF box = style::marker(slot, 10).boundingRect();
      QVERIFY(box.width() <= 10.01 && box.height() <= 10.01 && box.contains(0, 0));
    }
    QCOMPARE(dashes.size(), std::size_t(style::kRunSlots));
    QCOMPARE(markers.size(), std::size_t(style::kRunSlots));
    QCOMPARE(style::run(12), style::run(2));
    QCOMPARE(style::swatch(3).availableSizes().front(), QSize(16, 16));
  }

  void cividisRunsFromDarkBlueToYellowAndOnlyGetsBrighter() {
    QCOMPARE(style::cividis(0), QColor(0x00224e));
    QCOMPARE(style::cividis(1), QColor(0xfee838));
    QCOMPARE(style::cividis(7), QColor(0xfee838));
    double before = 0;
    for (int i = 0; i <= 200; ++i) {
      const double now = contrast(style::cividis(i / 200.0), Qt::black);
      QVERIFY(now >= before - 0.05);
      before = now;
    }
    QCOMPARE(style::cividis(std::nan("")), style::muted());
  }

  void figuresAreReadableOnEveryCell() {
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      style::apply(*qApp, theme);
      for (int i = -100; i <= 100; ++i) {
        for (const QColor& cell :
             {style::accuracy(i), style::difference(i, 100), style::share(i / 100.0), style::task(i, 100)})
          QVERIFY2(contrast(cell, style::textOn(cell)) >= 4.5, qPrintable(cell.name()));
      }
      QCOMPARE(style::difference(0, 30), style::plotBackground());
      QVERIFY(style::difference(-5, 30).blue() > style::difference(5, 30).blue());
    }
  }

  void changingTheThemeIsAnnounced() {
    style::apply(*qApp, Theme::Light);
    struct Watcher : QWidget {
      int changes = 0;
      void changeEvent(QEvent* event) override { changes += event->type() == QEvent::PaletteChange; }
    } watcher;
    style::apply(*qApp, Theme::Dark);
    QTRY_VERIFY(watcher.changes > 0);
    const auto* style = dynamic_cast<QProxyStyle*>(qApp->style());
    QVERIFY(style);
    QCOMPARE(style->baseStyle()->name().toLower(), QStringLiteral("fusion"));
  }

  void anEmptyBoxIsSeen() {
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      style::apply(*qApp, theme);
      QListWidget list;
      auto* item = new QListWidgetItem(&list);
      item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsUserCheckable);
      item->setCheckState(Qt::Unchecked);
      list.resize(120, 60);
      const QRect row = list.visualItemRect(item);
      const QImage picture = list.viewport()->grab(row).toImage();
      const QColor base = list.palette().color(QPalette::Base);
      int seen = 0;
      for (int y = 0; y < picture.height(); ++y)
        for (int x = 0; x < picture.width(); ++x) seen += contrast(picture.pixelColor(x, y), base) >= 3;
      QVERIFY2(seen >= 40, qPrintable(QString::number(seen)));  // four sides of thirteen pixels or so
    }
  }

  void figuresForPeople() {
    QCOMPARE(style::percent(84.2), QStringLiteral("84.2 %"));
    QCOMPARE(style::percent(100), QStringLiteral("100.0 %"));
    QCOMPARE(style::percent(std::nan("")), QStringLiteral("–"));
    QCOMPARE(style::duration(41), QStringLiteral("0:41"));
    QCOMPARE(style::duration(370.2), QStringLiteral("6:10"));
    QCOMPARE(style::duration(3723), QStringLiteral("1:02:03"));
    QCOMPARE(style::duration(-1), QStringLiteral("–"));
    QCOMPARE(style::left(370), QStringLiteral("6:10 left"));
    QCOMPARE(style::left(-1), QString());
    QCOMPARE(style::bytes(1900000000), QStringLiteral("1.9 GB"));
    QCOMPARE(style::rate(612.3), QStringLiteral("612 img/s"));
    QCOMPARE(style::rate(1.26), QStringLiteral("1.3 img/s"));
    QCOMPARE(style::integer(60000), QStringLiteral("60\u202f000"));
    QCOMPARE(style::integer(-1234567), QStringLiteral("-1\u202f234\u202f567"));
    QCOMPARE(style::integer(1993), QStringLiteral("1993"));
    QCOMPARE(style::number(0.001875), QStringLiteral("0.001875"));
    QCOMPARE(style::number(12000), QStringLiteral("12\u202f000"));
    QCOMPARE(style::points(7.94), QStringLiteral("7.9"));
  }

  void digitsOfTheTabularFontAreEquallyWide() {
    const QFontMetricsF metrics(style::tabularFont());
    for (char digit = '1'; digit <= '9'; ++digit)
      QVERIFY(std::abs(metrics.horizontalAdvance(QLatin1Char(digit)) - metrics.horizontalAdvance(QLatin1Char('0'))) <
              0.5);
  }
};

QTEST_MAIN(StyleTest)
#include "tst_style.moc"
