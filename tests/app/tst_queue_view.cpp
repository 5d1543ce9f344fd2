// The queue on the screen: its order, its times, and what keys and buttons do.
#include <QAbstractItemModelTester>
#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QLabel>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QTreeView>

#include "app/queue_view.h"
#include "tests/record/forkable_run.h"
#include "tests/support/fake_run.h"

using namespace palimpsest;
using State = RunData::State;

class TestQueueView : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init();
  void cleanup();
  void anEmptyQueueSaysWhatComesHere();
  void theLiveRunIsOnTopAndOthersWaitBelow();
  void keysPutTheRunsInAnotherOrder();
  void aDragMovesARunBetweenOthers();
  void deleteTakesARunBack();
  void pauseAndGoOn();
  void timesAreKnownWhenSuchARunHasEnded();
  void theTableIsCopied();

 private:
  void start(int runs);
  QString order() const;
  template <typename W>
  W* find(const char* name) const { return view_->findChild<W*>(QString::fromLatin1(name)); }

  std::unique_ptr<QTemporaryDir> dir_;
  std::unique_ptr<FakeEngine> engine_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<QueueView> view_;
};

void TestQueueView::init() {
  dir_ = std::make_unique<QTemporaryDir>();
  engine_ = std::make_unique<FakeEngine>();
  engine_->script.pace = std::chrono::milliseconds(20);
  engine_->script.steps = 400;  // long: nothing ends by itself while a test looks
  workspace_ = std::make_unique<Workspace>(engine_->api(), std::filesystem::path(dir_->path().toStdString()) / "runs");
  view_ = std::make_unique<QueueView>(*workspace_);
  new QAbstractItemModelTester(&view_->model(), QAbstractItemModelTester::FailureReportingMode::QtTest, view_.get());
  view_->resize(320, 300);
  view_->show();
}

void TestQueueView::cleanup() {
  view_.reset();
  workspace_.reset();
}

// The first begins at once; the others are told apart by their titles.
void TestQueueView::start(int runs) {
  const std::vector<std::string> names = {"joint", "finetune", "no-prompt", "simplecil", "l2p"};
  for (int i = 0; i < runs; ++i) workspace_->start({FakeEngine::recipe(names[std::size_t(i)]), {}});
}

QString TestQueueView::order() const {
  QStringList titles;
  for (int row = 0; row < view_->model().rowCount(); ++row) titles << view_->model().index(row, 0).data().toString();
  return titles.join(QLatin1Char(','));
}

void TestQueueView::anEmptyQueueSaysWhatComesHere() {
  QVERIFY(find<QLabel>("queueEmpty")->isVisible());
  QCOMPARE(find<QLabel>("queueLive")->text(), QStringLiteral("Nothing is running."));
  QVERIFY(!find<QPushButton>("queueHold")->isEnabled());
  QVERIFY(!find<QPushButton>("queueRemove")->isEnabled());
  QVERIFY(!view_->accessibleDescription().isEmpty());
}

void TestQueueView::theLiveRunIsOnTopAndOthersWaitBelow() {
  start(3);
  QCOMPARE(find<QLabel>("queueLive")->text(), QStringLiteral("Joint"));
  QCOMPARE(order(), QStringLiteral("Finetune,No prompt"));
  QVERIFY(!find<QLabel>("queueEmpty")->isVisible());
  QCOMPARE(view_->model().index(0, QueueModel::End).data().toString(), QStringLiteral("not known"));
  QTRY_VERIFY(find<QProgressBar>("queueProgress")->value() > 0);
  QTRY_VERIFY(view_->model().index(0, QueueModel::Begin).data(QueueModel::BeginRole).toDateTime().isValid());  // the live run tells
  QVERIFY(!view_->model().index(0, QueueModel::Begin).data(QueueModel::EndRole).toDateTime().isValid());
}

void TestQueueView::keysPutTheRunsInAnotherOrder() {
  start(4);
  auto* list = find<QTreeView>("queueList");
  list->setFocus();
  list->setCurrentIndex(view_->model().index(2, 0));
  const auto trigger = [this](const char* name) { find<QAction>(name)->trigger(); };
  trigger("queueUp");
  QCOMPARE(order(), QStringLiteral("Finetune,SimpleCIL,No prompt"));
  QCOMPARE(list->currentIndex().row(), 1);  // it stays the current one
  trigger("queueUp");
  trigger("queueUp");  // further than the first there is nothing
  QCOMPARE(order(), QStringLiteral("SimpleCIL,Finetune,No prompt"));
  trigger("queueDown");
  QCOMPARE(order(), QStringLiteral("Finetune,SimpleCIL,No prompt"));
  QCOMPARE(find<QAction>("queueUp")->shortcut(), QKeySequence(Qt::ALT | Qt::Key_Up));
  QCOMPARE(workspace_->launcher().queue().waiting()[1].title, QStringLiteral("SimpleCIL"));
}

void TestQueueView::aDragMovesARunBetweenOthers() {
  start(5);
  QueueModel& model = view_->model();
  const auto drag = [&](int row, int before) {
    const std::unique_ptr<QMimeData> data(model.mimeData({model.index(row, 0), model.index(row, 1)}));
    return model.dropMimeData(data.get(), Qt::MoveAction, before, 0, {});
  };
  QVERIFY(drag(0, 2));
  QCOMPARE(order(), QStringLiteral("No prompt,Finetune,SimpleCIL,L2P"));
  QVERIFY(drag(3, 0));
  QCOMPARE(order(), QStringLiteral("L2P,No prompt,Finetune,SimpleCIL"));
  QVERIFY(drag(0, -1));  // below the last row
  QCOMPARE(order(), QStringLiteral("No prompt,Finetune,SimpleCIL,L2P"));
  QVERIFY(!drag(1, 2));  // where it is
  QMimeData foreign;
  foreign.setText(QStringLiteral("something"));
  QVERIFY(!model.dropMimeData(&foreign, Qt::MoveAction, 0, 0, {}));
  const std::unique_ptr<QMimeData> begun(model.mimeData({model.index(0, 0)}));
  workspace_->takeBack(model.idAt(0));
  QVERIFY(!model.dropMimeData(begun.get(), Qt::MoveAction, 2, 0, {}));  // gone while it was dragged
  QVERIFY(!(model.flags(model.index(0, 0)) & Qt::ItemIsDropEnabled));
}

void TestQueueView::deleteTakesARunBack() {
  start(4);
  find<QTreeView>("queueList")->setCurrentIndex(view_->model().index(1, 0));
  find<QAction>("queueDelete")->trigger();
  QCOMPARE(order(), QStringLiteral("Finetune,SimpleCIL"));
  QCOMPARE(workspace_->runs().rowCount(), 3);
  QTest::mouseClick(find<QPushButton>("queueRemove"), Qt::LeftButton);
  QTest::mouseClick(find<QPushButton>("queueRemove"), Qt::LeftButton);
  QCOMPARE(view_->model().rowCount(), 0);
  find<QAction>("queueDelete")->trigger();  // nothing is left to take
  QVERIFY(workspace_->launcher().live());
}

void TestQueueView::pauseAndGoOn() {
  engine_->script.pace = std::chrono::milliseconds(5);
  engine_->script.steps = 20;
  start(3);
  auto* hold = find<QPushButton>("queueHold");
  QTest::mouseClick(hold, Qt::LeftButton);
  QVERIFY(workspace_->launcher().holdsAfterThis());
  QTest::mouseClick(hold, Qt::LeftButton);  // second thoughts
  QVERIFY(!workspace_->launcher().holdsAfterThis());
  QTest::mouseClick(hold, Qt::LeftButton);
  QTRY_VERIFY_WITH_TIMEOUT(workspace_->launcher().held(), 20000);
  QCOMPARE(hold->text(), QStringLiteral("Go on"));
  QCOMPARE(find<QLabel>("queueLive")->text(), QStringLiteral("The queue is held."));
  QCOMPARE(view_->model().index(0, QueueModel::Begin).data().toString(), QStringLiteral("held"));
  QTest::mouseClick(hold, Qt::LeftButton);
  QTRY_COMPARE_WITH_TIMEOUT(workspace_->runs().at(2)->state(), State::Done, 20000);
}

void TestQueueView::timesAreKnownWhenSuchARunHasEnded() {
  const auto folder = workspace_->runsFolder() / "done";
  std::filesystem::create_directories(folder);
  const RunPlan plan{FakeEngine::recipe("finetune"), {}};
  Value run;
  run["recipe"] = plan.recipe;
  run["options"] = Value(valuesOf(plan.options));
  record::writeFileAtomically(record::Paths(folder).run(), record::toJson(run));
  record::writeFileAtomically(record::Paths(folder).results(), R"({"state": "done", "seconds": {"total": 600}})");
  view_ = std::make_unique<QueueView>(*workspace_);
  view_->show();
  start(2);
  Value other = FakeEngine::recipe("no-prompt");
  other["head"]["width"] = 900;
  workspace_->start({other, {}});
  const QModelIndex end = view_->model().index(0, QueueModel::End);
  QTRY_VERIFY(end.data(QueueModel::EndRole).toDateTime().isValid());
  const auto begin = end.data(QueueModel::BeginRole).toDateTime();
  QVERIFY(std::abs(begin.secsTo(end.data(QueueModel::EndRole).toDateTime()) - 600) <= 1);
  QVERIFY(!view_->model().index(1, QueueModel::End).data(QueueModel::EndRole).toDateTime().isValid());  // another recipe
  QVERIFY(!view_->model().allDone());
  QVERIFY(view_->model().index(1, QueueModel::Begin).data(QueueModel::BeginRole).toDateTime().isValid());
}

void TestQueueView::theTableIsCopied() {
  start(2);
  find<QAction>("queueCopy")->trigger();
  const QString text = QGuiApplication::clipboard()->text();
  QVERIFY2(text.startsWith(QStringLiteral("\"Waiting\",\"Begins\",\"Ends\"\n\"Finetune\",")), qPrintable(text));
}

QTEST_MAIN(TestQueueView)
#include "tst_queue_view.moc"
