// What a model is written as, and where, and what is said of it.
#include <QComboBox>
#include <QDir>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include "app/main_window.h"
#include "app/model_export_dialog.h"
#include "tests/support/fake_run.h"

using namespace palimpsest;

class TestModelExportDialog : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase();
  void init() { dir_ = std::make_unique<QTemporaryDir>(); }
  void everythingIsChosenBeforehand();
  void aNameThatIsTakenGetsANumber();
  void whatCannotBeWrittenIsSaid();
  void aRefusalIsReadWhole();
  void aRunWithoutATaskHasNothingToExport();

 private:
  std::unique_ptr<RunData> finished(int tasks = 3);
  std::unique_ptr<QTemporaryDir> dir_;
};

void TestModelExportDialog::initTestCase() {
  QStandardPaths::setTestModeEnabled(true);
  QCoreApplication::setOrganizationName(QStringLiteral("PalimpsestTest"));
  QCoreApplication::setApplicationName(QStringLiteral("tst_model_export_dialog"));
}

// A run over five tasks of two classes, of which some have ended.
std::unique_ptr<RunData> TestModelExportDialog::finished(int tasks) {
  auto run = std::make_unique<RunData>(QStringLiteral("l2p/odd name"));
  run->folder = dir_->path().toStdString();
  RunStarted start;
  start.title = "L2P";
  start.tasks = 5;
  for (int cls = 0; cls < 10; ++cls) start.class_names.push_back("class " + std::to_string(cls));
  start.class_order = {3, 1, 4, 0, 5, 9, 2, 6, 8, 7};
  start.task_sizes = {2, 2, 2, 2, 2};
  std::vector<Event> events{{0, 0, start}};
  for (int task = 0; task < tasks; ++task) {
    events.push_back({events.size(), 1, TaskStarted{.task = task}});
    events.push_back({events.size(), 2, TaskEnded{.task = task}});
  }
  run->apply(events);
  return run;
}

void TestModelExportDialog::everythingIsChosenBeforehand() {
  const auto run = finished();
  ModelExportDialog dialog(*run, dir_->path());
  auto* go = dialog.findChild<QPushButton*>(QStringLiteral("exportModel"));
  QVERIFY(go->isEnabled() && go->isDefault());
  QStringList said;
  for (const QLabel* label : dialog.findChildren<QLabel*>()) said << label->text();
  const QString all = said.join(QLatin1Char('\n'));
  QVERIFY2(all.contains(QStringLiteral("after task 3 of 5")), qPrintable(all));
  QVERIFY2(all.contains(QStringLiteral("class 3, class 1, class 4, class 0, class 5, class 9")), qPrintable(all));
  QSignalSpy asked(&dialog, &ModelExportDialog::exportRequested);
  auto* format = dialog.findChild<QComboBox*>(QStringLiteral("exportFormat"));
  QCOMPARE(format->count(), int(exportFormats().size()));
  for (int i = 0; i < format->count(); ++i) {
    format->setCurrentIndex(i);
    QCOMPARE(dialog.request().format, exportFormats()[std::size_t(i)].name);
    QCOMPARE(dialog.request().out.extension().string(), exportFormats()[std::size_t(i)].ending);
    QCOMPARE(QString::fromStdString(dialog.request().out.parent_path().string()), dir_->path());
  }
  QCOMPARE(dialog.request().run_folder, run->folder);
  QVERIFY(!dialog.request().overwrite);
  go->click();
  QCOMPARE(asked.count(), 1);
}

void TestModelExportDialog::aNameThatIsTakenGetsANumber() {
  const auto run = finished();
  const QString first = QString::fromStdString(ModelExportDialog(*run, dir_->path()).request().out.string());
  QCOMPARE(QFileInfo(first).fileName(), QStringLiteral("l2p-odd-name.pt"));
  QFile taken(first);
  QVERIFY(taken.open(QIODevice::WriteOnly));
  QCOMPARE(QString::fromStdString(ModelExportDialog(*run, dir_->path()).request().out.filename().string()), QStringLiteral("l2p-odd-name-2.pt"));
}

void TestModelExportDialog::whatCannotBeWrittenIsSaid() {
  const auto run = finished();
  ModelExportDialog dialog(*run, dir_->path());
  auto* file = dialog.findChild<QLineEdit*>(QStringLiteral("exportFile"));
  auto* note = dialog.findChild<QLabel*>(QStringLiteral("exportNote"));
  auto* go = dialog.findChild<QPushButton*>(QStringLiteral("exportModel"));
  QFile taken(dir_->filePath(QStringLiteral("taken.pt")));
  QVERIFY(taken.open(QIODevice::WriteOnly));
  const std::vector<std::pair<QString, QString>> cases{{QString(), QStringLiteral("needs a name")}, {dir_->path(), QStringLiteral("is a folder")},
                                                       {dir_->filePath(QStringLiteral("no/x.pt")), QStringLiteral("no folder")}, {taken.fileName(), QStringLiteral("already")}};
  for (const auto& [name, problem] : cases) {
    file->setText(name);
    QVERIFY2(note->text().contains(problem), qPrintable(note->text()));
    QVERIFY(!go->isEnabled());
  }
  file->setText(dir_->filePath(QStringLiteral("fine.pt")));
  QVERIFY(go->isEnabled());
}

void TestModelExportDialog::aRefusalIsReadWhole() {
  FakeEngine engine;
  LogModel log;
  Workspace workspace(engine.api(), dir_->path().toStdString() + "/runs");
  MainWindow window(workspace, log, style::Theme::Light);
  window.exporter().writeModel({.run_folder = dir_->path().toStdString(), .out = dir_->filePath(QStringLiteral("refused.pt")).toStdString()});
  QVERIFY(window.plots().notices().text(QStringLiteral("export")).contains(QStringLiteral("checking")));
  QTRY_VERIFY(window.plots().notices().text(QStringLiteral("export")).contains(QStringLiteral("others by now")));
  QVERIFY(window.plots().notices().text(QStringLiteral("export")).contains(QStringLiteral("bring them back")));
}

void TestModelExportDialog::aRunWithoutATaskHasNothingToExport() {
  FakeEngine engine;
  LogModel log;
  Workspace workspace(engine.api(), dir_->path().toStdString() + "/runs");
  MainWindow window(workspace, log, style::Theme::Light);
  const auto fresh = finished(0);
  window.exporter().askModel(*fresh);
  QVERIFY(!window.findChild<QDialog*>(QStringLiteral("modelExportDialog")));
}

QTEST_MAIN(TestModelExportDialog)
#include "tst_model_export_dialog.moc"
