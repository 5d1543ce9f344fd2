// The question from where a run is to be told anew, and with what.
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/fork_dialog.h"
#include "app/workspace.h"
#include "tests/record/forkable_run.h"
#include "tests/support/fake_run.h"

using namespace palimpsest;

class TestForkDialog : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { dir_ = std::make_unique<QTemporaryDir>(); }
  void onlyTasksWithACheckpointAreOffered();
  void whatIsChangedIsCountedAndHandedOver();
  void whatThePastWasLearnedWithIsNotOffered();
  void aRunWithoutForkPointsSaysWhy();
  void aFolderThatIsGoneIsNoCrash();
  void closingWhileItReadsIsFine();

 private:
  std::filesystem::path folder() const { return std::filesystem::path(dir_->path().toStdString()) / "source"; }
  // A run of the scripted engine's recipe, with checkpoints.
  void write(int finished = 3);
  std::unique_ptr<QTemporaryDir> dir_;
};

void TestForkDialog::write(int finished) {
  tests::writeForkable({.finished = finished}, folder());
  Value run = record::readJsonFile(record::Paths(folder()).run());
  run["recipe"] = resolve(FakeEngine::recipe("l2p"), FakeEngine::parts()).recipe;
  record::writeFileAtomically(record::Paths(folder()).run(), record::toJson(run));
}

void TestForkDialog::onlyTasksWithACheckpointAreOffered() {
  write();
  RunData run(QStringLiteral("source"));
  run.folder = folder();
  ForkDialog dialog(run, FakeEngine::parts());
  auto* go = dialog.findChild<QPushButton*>(QStringLiteral("forkAndQueue"));
  QVERIFY(!go->isEnabled());  // not before the run has been read
  QSignalSpy loaded(&dialog, &ForkDialog::loaded);
  QTRY_COMPARE(loaded.count(), 1);
  auto* task = dialog.findChild<QComboBox*>(QStringLiteral("forkTask"));
  QCOMPARE(task->count(), 2);
  QCOMPARE(task->itemText(0), QStringLiteral("Task 1"));
  QVERIFY(dialog.ready() && go->isEnabled());
  std::filesystem::remove(record::Paths(folder()).checkpoints() / tests::checkpointName(1));
  ForkDialog later(run, FakeEngine::parts());
  QTRY_VERIFY(later.ready());
  QCOMPARE(later.findChild<QComboBox*>(QStringLiteral("forkTask"))->itemText(0), QStringLiteral("Task 2"));
}

void TestForkDialog::whatIsChangedIsCountedAndHandedOver() {
  write();
  RunData run(QStringLiteral("source"));
  run.folder = folder();
  ForkDialog dialog(run, FakeEngine::parts());
  QTRY_VERIFY(dialog.ready());
  auto* changes = dialog.findChild<QLabel*>(QStringLiteral("forkChanges"));
  QVERIFY(changes->text().startsWith(QStringLiteral("Nothing is changed")));
  QVERIFY(dialog.form().set("head", "width", 128));
  QVERIFY(dialog.form().set("", "seed", 7));
  QCOMPARE(changes->text(), QStringLiteral("Changed settings: 2"));
  dialog.findChild<QComboBox*>(QStringLiteral("forkTask"))->setCurrentIndex(0);
  QVERIFY(dialog.form().set("head", "width", 0));  // out of range
  QVERIFY(!dialog.findChild<QPushButton*>(QStringLiteral("forkAndQueue"))->isEnabled());
  QVERIFY(dialog.form().set("head", "width", 128));
  QSignalSpy requested(&dialog, &ForkDialog::forkRequested);
  dialog.findChild<QPushButton*>(QStringLiteral("forkAndQueue"))->click();
  QCOMPARE(requested.count(), 1);
  const record::ForkPlan plan = dialog.plan();
  QCOMPARE(plan.after_task, 0);
  QCOMPARE(plan.recipe.at("head.width")->asInt(), 128);
  QCOMPARE(plan.options.seed, 7);
  record::forkRun(folder(), plan, folder().string() + "-fork");  // and it is one that can be carried out
  QVERIFY(record::isRun(folder().string() + "-fork"));
}

void TestForkDialog::whatThePastWasLearnedWithIsNotOffered() {
  write();
  RunData run(QStringLiteral("source"));
  run.folder = folder();
  ForkDialog dialog(run, FakeEngine::parts());
  QTRY_VERIFY(dialog.ready());
  for (const std::string& name : record::fixedInForks()) QVERIFY2(!dialog.form().find("", name).isValid(), name.c_str());
  QVERIFY(dialog.form().find("", "epochs").isValid());
}

void TestForkDialog::aRunWithoutForkPointsSaysWhy() {
  write(0);
  RunData run(QStringLiteral("source"));
  run.folder = folder();
  ForkDialog dialog(run, FakeEngine::parts());
  QSignalSpy loaded(&dialog, &ForkDialog::loaded);
  QTRY_COMPARE(loaded.count(), 1);
  QVERIFY(!dialog.ready());
  QVERIFY(dialog.findChild<QLabel*>(QStringLiteral("forkAbout"))->text().contains(QStringLiteral("cannot be forked")));
  QVERIFY(!dialog.findChild<QPushButton*>(QStringLiteral("forkAndQueue"))->isEnabled());
}

void TestForkDialog::aFolderThatIsGoneIsNoCrash() {
  RunData run(QStringLiteral("nowhere"));
  run.folder = folder();
  ForkDialog dialog(run, FakeEngine::parts());
  QSignalSpy loaded(&dialog, &ForkDialog::loaded);
  QTRY_COMPARE(loaded.count(), 1);
  QVERIFY(dialog.findChild<QLabel*>(QStringLiteral("forkAbout"))->text().contains(QStringLiteral("holds no run")));
}

void TestForkDialog::closingWhileItReadsIsFine() {
  write();
  RunData run(QStringLiteral("source"));
  run.folder = folder();
  for (int i = 0; i < 5; ++i) ForkDialog(run, FakeEngine::parts());
}

QTEST_MAIN(TestForkDialog)
#include "tst_fork_dialog.moc"
