// The sheet of keys lists everything there is, and finds it.
#include <QDialog>
#include <QLineEdit>
#include <QTest>
#include <QTextBrowser>
#include <QTextDocument>

#include "app/actions.h"
#include "app/help.h"

using namespace palimpsest;

namespace {
QString plain(const QString& html) {
  QTextDocument document;
  document.setHtml(html);
  return document.toPlainText();
}
}  // namespace

class TestHelp : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void everyActionIsListedAlsoWithoutAKey() {
    const QString sheet = plain(keysSheet());
    for (const ActionRow& row : Actions::table()) {
      const QString text = Actions::textOf(row.text).remove(QLatin1Char('&')).remove(QStringLiteral("..."));
      QVERIFY2(sheet.contains(text), qPrintable(text));
      QVERIFY2(sheet.contains(QKeySequence(QString::fromLatin1(row.key)).toString(QKeySequence::NativeText)), row.key);
    }
    for (const char* gesture : {"Wheel", "Double click", "Shift+Ctrl", "Page down"}) QVERIFY2(sheet.contains(QLatin1String(gesture)), gesture);
  }

  void aSearchLeavesTheRowsThatHaveAllWords() {
    const QString found = plain(keysSheet(QStringLiteral("layout RESET")));
    QVERIFY(found.contains(QStringLiteral("Reset layout")));
    QVERIFY(!found.contains(QStringLiteral("Wheel")) && !found.contains(QStringLiteral("Quit")));
    QVERIFY(plain(keysSheet(QStringLiteral("presentation"))).contains(QStringLiteral("Black screen")));  // a whole table by its name
    QVERIFY(plain(keysSheet(QStringLiteral("qqq"))).contains(QStringLiteral("Nothing")));
    QVERIFY(!keysSheet(QStringLiteral("<b>")).contains(QStringLiteral("<b><b>")));
  }

  void typingNarrowsTheSheetThatIsShown() {
    QWidget window;
    showKeys(&window);
    auto* sheet = window.findChild<QDialog*>(QStringLiteral("keys_sheet"));
    QVERIFY(sheet);
    QTest::keyClicks(sheet->findChild<QLineEdit*>(), QStringLiteral("checkpoint"));
    const QString text = sheet->findChild<QTextBrowser*>()->toPlainText();
    QVERIFY(text.contains(QStringLiteral("Quit")) && !text.contains(QStringLiteral("Wheel")));
    QTest::keyClick(sheet, Qt::Key_Escape);
    QTRY_VERIFY(!window.findChild<QDialog*>(QStringLiteral("keys_sheet")));
  }
};

QTEST_MAIN(TestHelp)
#include "tst_help.moc"
