// The desktop is told of what happened while nobody looked, once, and of nothing that is only read.
#include <QSettings>
#include <QStandardPaths>
#include <QTest>
#include <QWidget>

#include "app/notifications.h"
#include "tests/support/story.h"

using namespace palimpsest;
using test::Story;

namespace {
QString word(const char* text) { return QString::fromLatin1(text); }

struct Desk {
  RunListModel runs;
  QWidget window;  // never shown, so never the active one
  bool live = true;
  Notifications notifications{runs, window, [this](const RunData&) { return live; }};
  QStringList said;
  RunData* run = nullptr;
  Story story;
  std::size_t told = 0;
  Desk() {
    notifications.setSend([this](const QString& title, const QString& text) { said << title + word(": ") + text; });
    run = runs.add(std::make_unique<RunData>(word("r")));
  }
  void tell(const char* text) {
    story.tell(text);
    run->apply({story.events().begin() + std::ptrdiff_t(told), story.events().end()});
    told = story.events().size();
  }
};
}  // namespace

class TestNotifications : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() {
    QLocale::setDefault(QLocale::c());
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("PalimpsestTest"));
    QCoreApplication::setApplicationName(QStringLiteral("tst_notifications"));
  }
  void init() { QSettings().clear(); }

  void theEndIsSaidOnceWithItsFigure() {
    Desk desk;
    desk.tell("start 1; task 0; steps 3");
    QVERIFY(desk.said.isEmpty());
    desk.tell("eval 0 0 90/100; endtask 0; end done");
    QCOMPARE(desk.said, QStringList{word("Learning to Prompt: Done. Accuracy on all classes: 90.0 %")});
    desk.run->apply({});
    QCOMPARE(desk.said.size(), 1);
  }

  void aFailureANumberLostAndACollapseAreSaidOnceEach() {
    Desk desk;
    desk.tell("start 1; task 0; steps 3; loss nan");
    desk.tell("loss nan; steps 2");
    QCOMPARE(desk.said.size(), 1);
    QVERIFY(desk.said[0].contains(word("not a number")));
    PromptCollapse collapse;
    collapse.sentence = "The choice has collapsed.";
    desk.run->apply({Event{desk.story.nextSeq(), 1, collapse}});
    QCOMPARE(desk.said.size(), 2);
    QVERIFY(desk.said[1].contains(word("collapsed")));
    desk.tell("fail out-of-memory; end failed");
    QCOMPARE(desk.said.size(), 3);
    QVERIFY(desk.said[2].contains(word("It failed.")));
  }

  void aResumedRunIsNewsAgain() {
    Desk desk;
    desk.tell("start 1; task 0; steps 3; checkpoint; fail x; end failed");
    desk.tell("resume; steps 2");
    desk.tell("eval 0 0 90/100; endtask 0; end done");
    QCOMPARE(desk.said.size(), 2);
  }

  void aRunThatIsOnlyReadIsNoNews() {
    Desk desk;
    desk.live = false;
    desk.tell("start 1; task 0; steps 3; loss nan");
    desk.tell("eval 0 0 90/100; endtask 0");
    desk.tell("end done");
    QVERIFY(desk.said.isEmpty());
  }

  void aRecordingIsNoNews() {
    Desk desk;
    desk.run->recording = true;
    desk.tell("start 1; task 0; steps 3; loss nan; end done");
    QVERIFY(desk.said.isEmpty());
  }

  void aStopThatAPersonAskedForIsNoNews() {
    Desk desk;
    desk.tell("start 1; task 0; steps 3; end stopped");
    QVERIFY(desk.said.isEmpty());
  }

  void theSwitchIsStored() {
    {
      Desk desk;
      QVERIFY(desk.notifications.enabled());
      desk.notifications.setEnabled(false);
      desk.tell("start 1; task 0; steps 3; loss nan; end done");
      QVERIFY(desk.said.isEmpty());
    }
    Desk again;
    QVERIFY(!again.notifications.enabled());
    again.notifications.setEnabled(true);
    again.tell("start 1; task 0; end done");
    QCOMPARE(again.said.size(), 1);
  }

  void whoLooksAtTheWindowIsNotTold() {
    Desk desk;
    desk.window.show();
    QVERIFY(QTest::qWaitForWindowActive(&desk.window));
    desk.tell("start 1; task 0; steps 3; end done");
    QVERIFY(desk.said.isEmpty());
    desk.window.hide();
    desk.run->apply({});
    QVERIFY(desk.said.isEmpty());  // nor later: it has been seen
  }

  void aRunThatGoesTakesItsMemoryAlong() {
    Desk desk;
    desk.tell("start 1; task 0; steps 3; end done");
    desk.runs.remove(desk.run);
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    desk.run = desk.runs.add(std::make_unique<RunData>(word("r")));
    desk.told = 0;
    desk.tell("wait 1");
    QCOMPARE(desk.said.size(), 2);
  }
};

QTEST_MAIN(TestNotifications)
#include "tst_notifications.moc"
