// The command palette: what it lists, in which order, and that the keyboard is enough.
#include <QAbstractItemModelTester>
#include <QAction>
#include <QLineEdit>
#include <QListView>
#include <QMainWindow>
#include <QMenuBar>
#include <QSignalSpy>
#include <QTest>

#include "app/actions.h"
#include "app/command_palette.h"
#include "app/palette_entries.h"
#include "engine/protocol/options.h"
#include "tests/support/story.h"

using namespace palimpsest;

namespace {
QString word(const char* text) { return QString::fromLatin1(text); }

PaletteEntry entry(const char* text, int* done = nullptr, bool enabled = true) {
  PaletteEntry made;
  made.kind = word("test");
  made.text = word(text);
  made.enabled = enabled;
  made.choose = [done] { if (done) ++*done; };
  return made;
}

QStringList texts(const PaletteModel& model) {
  QStringList out;
  for (int row = 0; row < model.rowCount(); ++row) out << model.index(row).data().toString();
  return out;
}

struct Window : QMainWindow {
  Actions actions{*this, {}};
  CommandPalette palette{this};
  Window() {
    resize(900, 600);
    show();
  }
  QLineEdit* line() { return palette.findChild<QLineEdit*>(); }
  QListView* list() { return palette.findChild<QListView*>(); }
};
}  // namespace

class TestPalette : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void theModelRanksAndKeepsItsRules() {
    PaletteModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setEntries({entry("Export a report"), entry("Reset layout"), entry("Resume this run", nullptr, false), entry("Follow")});
    QCOMPARE(model.rowCount(), 4);
    QCOMPARE(texts(model), (QStringList{word("Export a report"), word("Reset layout"), word("Follow"), word("Resume this run")}));
    model.setPattern(word("re"));
    QCOMPARE(texts(model).first(), word("Reset layout"));
    QCOMPARE(texts(model).last(), word("Resume this run"));  // fits as well, but cannot be chosen now
    QVERIFY(!(model.flags(model.index(model.rowCount() - 1)) & Qt::ItemIsEnabled));
    QCOMPARE(model.index(0).data(PaletteModel::MatchRole).value<QList<int>>(), (QList<int>{0, 1}));
    model.setPattern(word("zzz"));
    QCOMPARE(model.rowCount(), 0);
    model.setPattern({});
    model.remember(2);
    model.setPattern({});
    QCOMPARE(texts(model).first(), word("Follow"));  // chosen lately
    QVERIFY(model.index(3).data(Qt::AccessibleTextRole).toString().contains(word("Resume this run")));
  }

  void everyActionIsListedWithItsKey() {
    Window window;
    window.palette.add(actionEntries(window.actions));
    window.palette.popUp();
    QCOMPARE(window.palette.model().rowCount(), int(Actions::table().size()));
    int keys = 0;
    for (int row = 0; row < window.palette.model().rowCount(); ++row) {
      const QString shortcut = window.palette.model().index(row).data(PaletteModel::ShortcutRole).toString();
      const QString text = window.palette.model().index(row).data().toString();
      QVERIFY2(!text.contains(QLatin1Char('&')), qPrintable(text));
      for (const ActionRow& action : Actions::table())
        if (Actions::textOf(action.text).remove(QLatin1Char('&')).remove(word("...")) == text && *action.key) {
          QCOMPARE(shortcut, QKeySequence(word(action.key)).toString(QKeySequence::NativeText));
          ++keys;
        }
    }
    QVERIFY(keys > 10);
  }

  void theKeyboardIsEnough() {
    Window window;
    int first = 0, second = 0, third = 0;
    window.palette.add([&] { return std::vector<PaletteEntry>{entry("Alpha one", &first), entry("Alpha two", &second), entry("Alpha three", &third, false)}; });
    window.palette.popUp();
    QTRY_VERIFY(window.palette.isVisible());
    QTest::keyClicks(window.line(), word("alp"));
    QTest::keyClick(window.line(), Qt::Key_Down);
    QTest::keyClick(window.line(), Qt::Key_Return);
    QCOMPARE(first, 0);
    QCOMPARE(second, 1);
    QVERIFY(!window.palette.isVisible());
    window.palette.popUp();
    QVERIFY(window.line()->text().isEmpty());
    QTest::keyClick(window.line(), Qt::Key_Up);  // round to the last that can be chosen
    QCOMPARE(window.list()->currentIndex().data().toString(), word("Alpha one"));
    QTest::keyClick(window.line(), Qt::Key_Down);
    QCOMPARE(window.list()->currentIndex().row(), 0);
    QTest::keyClicks(window.line(), word("three"));
    QTest::keyClick(window.line(), Qt::Key_Return);
    QCOMPARE(third, 0);
    QVERIFY(window.palette.isVisible());
    QTest::keyClick(window.line(), Qt::Key_Escape);
    QVERIFY(!window.palette.isVisible());
    window.palette.popUp();
    QTest::keyClick(window.line(), Qt::Key_K, Qt::ControlModifier);
    QVERIFY(!window.palette.isVisible());
    QCOMPARE(first + second + third, 1);
  }

  void nothingFoundIsSaidAndHarmless() {
    Window window;
    window.palette.popUp();
    QTest::keyClicks(window.line(), word("q"));
    for (const Qt::Key key : {Qt::Key_Down, Qt::Key_Up, Qt::Key_PageDown, Qt::Key_Return}) QTest::keyClick(window.line(), key);
    QVERIFY(window.palette.isVisible());
  }

  void anActionMayDestroyWhatItWasListedFor() {
    Window window;
    RunListModel runs;
    Cursor cursor;
    RunData* run = runs.add(std::make_unique<RunData>(word("r")));
    window.palette.add(runEntries(runs, [&](RunData* chosen) { cursor.setRun(chosen); }));
    window.palette.popUp();
    runs.remove(run);
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    QTest::keyClick(window.line(), Qt::Key_Return);
    QCOMPARE(cursor.run(), nullptr);
  }

  void classesOfTheRunInFocusAreListedByTask() {
    RunData run(word("r"));
    RunStarted start;
    start.tasks = 2;
    start.class_names = {"cat", "dog", "ship", "car"};
    start.class_order = {2, 0, 1, 3};
    start.task_sizes = {2, 2};
    run.apply({Event{0, 1, start}});
    Cursor cursor;
    std::vector<int> chosen;
    const PaletteProvider provider = classEntries(cursor, [&](int of) { chosen.push_back(of); });
    QVERIFY(provider().empty());
    cursor.setRun(&run);
    const auto entries = provider();
    QCOMPARE(entries.size(), std::size_t(4));
    QCOMPARE(entries[0].text, word("ship"));
    QVERIFY(entries[1].detail.endsWith(word("task 1")) && entries[2].detail.endsWith(word("task 2")));
    entries[0].choose();
    entries[3].choose();
    QCOMPARE(chosen, (std::vector<int>{2, 3}));
  }

  void settingsAndRecipesAreListed() {
    ParamFormModel form;
    form.setGroups({{word("Options"), {}, "", specsOf<RunOptions>(), Value(valuesOf(RunOptions{}))}});
    QStringList revealed, chosen;
    const auto settings = settingEntries(form, [&](const QString& path) { revealed << path; })();
    QCOMPARE(settings.size(), specsOf<RunOptions>().size());
    for (const PaletteEntry& setting : settings) setting.choose();
    QVERIFY(revealed.contains(word("seed")));
    const auto recipes = namedEntries([] { return std::vector<PaletteChoice>{{word("l2p"), word("L2P"), word("Learning to prompt")}, {word("x"), {}, {}}}; },
                                      word("recipe"), [&](const QString& name) { chosen << name; })();
    QCOMPARE(recipes[0].text, word("L2P"));
    QCOMPARE(recipes[1].text, word("x"));
    recipes[0].choose();
    QCOMPARE(chosen, QStringList{word("l2p")});
  }
};

QTEST_MAIN(TestPalette)
#include "tst_palette.moc"
