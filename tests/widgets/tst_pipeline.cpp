// The pipeline page: what fits is dropped, what does not says why, and all of it goes by keys, too.
#include <QAbstractItemModelTester>
#include <QApplication>
#include <QClipboard>
#include <QDialog>
#include <QDropEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QMimeData>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>
#include <QTreeView>

#include "tests/widgets/small_catalogue.h"
#include "widgets/models/part_list.h"
#include "widgets/style/palette.h"
#include "widgets/views/frame_clock.h"
#include "widgets/views/issues_view.h"
#include "widgets/views/part_palette.h"
#include "widgets/views/pipeline_page.h"
#include "widgets/views/pipeline_view.h"

using namespace palimpsest;
using Lamp = PipelinePlace::Lamp;

class PipelineTest : public QObject {
  Q_OBJECT
  const std::vector<PartInfo> catalogue_ = small::catalogue();
  RunListModel runs_;
  Cursor cursor_;
  Selection selection_;
  BlobStore blobs_{[](const std::filesystem::path&) { return Blob{}; }};
  ImageStore images_{[](const std::filesystem::path&, std::int64_t) { return Picture{}; }};
  FrameClock frames_;
  Lab lab_{runs_, cursor_, selection_, blobs_, images_, frames_, {}};
  std::unique_ptr<RecipeDocument> document_;
  std::unique_ptr<PipelinePage> page_;

  template <typename T>
  T* child(const char* name) const { return page_->findChild<T*>(QLatin1String(name)); }
  PipelineView& canvas() const { return page_->canvas(); }
  QString status() const { return child<QLabel>("pipelineStatus")->text(); }
  const PartInfo& part(const char* slot, const char* name) const { return *document_->part(QLatin1String(slot), QLatin1String(name)); }
  const Value* at(const char* path) const { return document_->recipe().at(path); }
  // As the mouse would: what the canvas says to a drag over a point, and what it does with the drop.
  bool drop(const PartInfo& part, const QPoint& where) {
    const std::unique_ptr<QMimeData> mime(mimeOf(part));
    QDragEnterEvent enter(where, Qt::CopyAction, mime.get(), Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&canvas(), &enter);
    QDragMoveEvent over(where, Qt::CopyAction, mime.get(), Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&canvas(), &over);
    if (!over.isAccepted()) return false;
    QDropEvent dropped(where, Qt::CopyAction, mime.get(), Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&canvas(), &dropped);
    return dropped.isAccepted();
  }
  QPoint middle(const char* path) const { return canvas().rectOf(QLatin1String(path)).center(); }

 private Q_SLOTS:
  void initTestCase() { style::apply(*qApp, style::Theme::Light); }
  void init() {
    document_ = std::make_unique<RecipeDocument>(catalogue_);
    document_->take(small::l2p());
    page_ = std::make_unique<PipelinePage>(lab_, *document_);
    page_->setPresets({{QStringLiteral("l2p"), QStringLiteral("L2P"), small::l2p()}, {QStringLiteral("l2p.wide"), QStringLiteral("L2P, wide"), small::l2p()}, {QStringLiteral("head"), QStringLiteral("Head only"), small::head()}});
    page_->resize(1200, 800);
    page_->show();
    QVERIFY(QTest::qWaitForWindowExposed(page_.get()));
  }
  void cleanup() { page_.reset(); }

  void everyPlaceOfTheRecipeIsShown() {
    PipelineModel model(*document_);
    QCOMPARE(model.stages().size(), std::size_t(9));
    for (const char* path : {"--data", "--scenario", "backbone", "query", "prompts.0.pool", "prompts.0.select", "prompts.0.inject", "prompts.1.pool", "adapt.0", "head", "proxy",
                             "memory", "penalties.0", "phases.0", "phases.1", "phases.2", "--test_transform"}) {
      QVERIFY2(model.paths().contains(QLatin1String(path)), path);
      QVERIFY2(!canvas().rectOf(QLatin1String(path)).isEmpty(), path);
    }
    QVERIFY(!model.paths().contains(QStringLiteral("merge")));  // no part of the catalogue goes there
    QCOMPARE(model.find(QStringLiteral("phases.0.lr"))->title, QStringLiteral("Gradient descent"));
    QVERIFY(model.find(QStringLiteral("phases.2"))->vacant);
    QCOMPARE(model.find(QStringLiteral("nowhere")), nullptr);
  }

  void changedSettingsComeFirstWithADot() {
    document_->set(QStringLiteral("phases.0.when"), Value("first-task"));
    PipelineModel model(*document_);
    const PipelinePlace* phase = model.find(QStringLiteral("phases.0"));
    QVERIFY(phase->changed);
    QCOMPARE(phase->settings.front(), QStringLiteral("when first-task"));
    QVERIFY(phase->settings.size() <= 3);
    QVERIFY(!model.find(QStringLiteral("head"))->changed);
  }

  void whatFitsIsDroppedAndTakenBack() {
    const std::size_t before = document_->undoStack().count();
    QVERIFY(drop(part("memory", "exemplars"), middle("memory")));
    QCOMPARE(at("memory.use")->asString(), std::string("exemplars"));
    QCOMPARE(canvas().selected(), QStringLiteral("memory"));
    QCOMPARE(std::size_t(document_->undoStack().count()), before + 1);
    child<QToolButton>("undoRecipe")->click();
    QVERIFY(!at("memory"));
    child<QToolButton>("redoRecipe")->click();
    QVERIFY(at("memory"));
    QVERIFY(drop(part("head", "ridge"), middle("head")));  // in place of another
    QCOMPARE(at("head.use")->asString(), std::string("ridge"));
    QVERIFY(drop(part("phase", "observe"), QPoint(canvas().width() - 1, 1)));  // beside everything: to its own place
    QCOMPARE(at("phases")->asArray().size(), std::size_t(3));
  }

  void whatDoesNotFitSaysWhy() {
    const std::string before = document_->recipe().text();
    QVERIFY(!drop(part("phase", "sgd"), middle("head")));
    QVERIFY2(status().contains(QStringLiteral("\"phase\"")) && status().contains(QStringLiteral("linear, ridge")), qPrintable(status()));
    QVERIFY(!drop(part("memory", "exemplars"), middle("--data")));
    QVERIFY(!status().isEmpty());
    QCOMPARE(document_->recipe().text(), before);
    QMimeData nonsense;
    nonsense.setData(QLatin1String(kPartMime), "no/part");
    QDropEvent dropped(middle("head"), Qt::CopyAction, &nonsense, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&canvas(), &dropped);
    QCOMPARE(document_->recipe().text(), before);
  }

  void allOfItGoesByKeys() {
    QSignalSpy selected(page_.get(), &PipelinePage::partSelected);
    canvas().setFocus();
    QTest::keyClick(&canvas(), Qt::Key_Home);
    QCOMPARE(canvas().selected(), QStringLiteral("--data"));
    QTest::keyClick(&canvas(), Qt::Key_Right);
    QCOMPARE(canvas().selected(), QStringLiteral("--scenario"));
    for (int i = 0; i < 4; ++i) QTest::keyClick(&canvas(), Qt::Key_Right);
    QCOMPARE(canvas().selected(), QStringLiteral("memory"));
    QCOMPARE(selected.back().front().toString(), QStringLiteral("memory"));
    QTest::keyClick(&canvas(), Qt::Key_Return);  // an empty place: choose a part for it
    auto* search = child<QLineEdit>("partSearch");
    QTRY_COMPARE(QApplication::focusWidget(), search);
    QTest::keyClicks(search, QStringLiteral("exem"));
    QTest::keyClick(search, Qt::Key_Return);
    QCOMPARE(at("memory.use")->asString(), std::string("exemplars"));
    QTest::keyClick(&canvas(), Qt::Key_Delete);
    QVERIFY(!at("memory"));
    canvas().select(QStringLiteral("phases.1"));
    QTest::keyClick(&canvas(), Qt::Key_Up, Qt::AltModifier);
    QCOMPARE(at("phases.0.use")->asString(), std::string("observe"));
    QCOMPARE(canvas().selected(), QStringLiteral("phases.0"));
    QTest::keyClick(&canvas(), Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(at("phases.0.use")->asString(), std::string("sgd"));
    canvas().select(QStringLiteral("backbone"));
    QTest::keyClick(&canvas(), Qt::Key_Delete);
    QVERIFY(status().contains(QStringLiteral("always a backbone")));
  }

  void typingOnTheCanvasSearchesTheCatalogue() {
    canvas().setFocus();
    canvas().select({});
    QTest::keyClicks(&canvas(), QStringLiteral("l"));
    auto* search = child<QLineEdit>("partSearch");
    QCOMPARE(search->text(), QStringLiteral("l"));
    QTest::keyClicks(search, QStringLiteral("ora"));
    QTest::keyClick(search, Qt::Key_Return);
    QCOMPARE(at("adapt.0.use")->asString(), std::string("low-rank"));
    QTest::keyClick(search, Qt::Key_Escape);
    QTRY_COMPARE(QApplication::focusWidget(), &canvas());
  }

  void thePaletteOffersWhatFits() {
    PartListModel parts(*document_);
    QAbstractItemModelTester tester(&parts, QAbstractItemModelTester::FailureReportingMode::QtTest);
    PartFilter filter;
    filter.setSourceModel(&parts);
    QCOMPARE(filter.rowCount(), int(catalogue_.size()));
    parts.setTarget(QStringLiteral("head"));
    filter.setOnlyFitting(true);
    QCOMPARE(filter.rowCount(), 2);
    filter.setWords(QStringLiteral("SOLVED"));
    QCOMPARE(filter.rowCount(), 1);
    filter.setOnlyFitting(false);
    filter.setWords({});
    QVERIFY(!parts.index(0).data(PartListModel::ReasonRole).toString().isEmpty());
    QTest::mouseClick(&canvas(), Qt::LeftButton, {}, middle("phases.2"));
    QCOMPARE(child<QListView>("partList")->model()->rowCount(), 2);
  }

  void anIssueLeadsToItsPlace() {
    document_->set(QStringLiteral("phases.0.epochs"), Value(-1));
    PipelineModel model(*document_);
    QVERIFY(model.find(QStringLiteral("phases.0"))->error);
    QVERIFY(model.find(QStringLiteral("phases.0"))->issue.contains(QStringLiteral("below the minimum")));
    auto* list = child<QTreeView>("issues");
    QCOMPARE(list->model()->rowCount(), 1);
    QSignalSpy selected(page_.get(), &PipelinePage::partSelected);
    Q_EMIT list->activated(list->model()->index(0, 0));
    QCOMPARE(canvas().selected(), QStringLiteral("phases.0"));
    QCOMPARE(selected.back().front().toString(), QStringLiteral("phases.0.epochs"));
    document_->undoStack().undo();
    QCOMPARE(list->model()->rowCount(), 0);
    document_->remove(QStringLiteral("phases.1"));
    document_->remove(QStringLiteral("phases.0"));
    page_->jump(QStringLiteral("phases"));  // a list that is empty: the place where its first entry goes
    QCOMPARE(canvas().selected(), QStringLiteral("phases.0"));
  }

  void aPresetIsTakenAndTakenBack() {
    QMenu* menu = child<QToolButton>("newFromPreset")->menu();
    QCOMPARE(menu->actions().size(), 2);  // a family and a recipe alone
    QCOMPARE(menu->actions()[0]->menu()->actions().size(), 2);
    menu->actions()[1]->trigger();
    QCOMPARE(document_->name(), QStringLiteral("head"));
    document_->undoStack().undo();
    QCOMPARE(document_->name(), QStringLiteral("l2p"));
  }

  void twoRecipesAreCompared() {
    document_->set(QStringLiteral("phases.0.epochs"), Value(9));
    page_->compareWith(small::l2p(), QStringLiteral("the preset"));
    auto* dialog = child<QDialog>("recipeDifference");
    QVERIFY(dialog);
    QCOMPARE(dialog->findChild<QTableView*>(QStringLiteral("differenceTable"))->model()->rowCount(), 1);
    dialog->findChild<QPushButton*>(QStringLiteral("copyCsv"))->click();
    QCOMPARE(QApplication::clipboard()->text(), QStringLiteral("Setting,L2P,the preset\nphases.0.epochs,9,5\n"));
  }

  void aDoubleClickShowsTheWholeRecipe() {
    QTest::mouseDClick(&canvas(), Qt::LeftButton, {}, middle("head"));
    auto* dialog = child<QDialog>("wholeRecipe");
    QVERIFY(dialog);
    auto* tree = dialog->findChild<QTreeView*>(QStringLiteral("wholeTree"));
    const int rows = tree->model()->rowCount();
    document_->put(QStringLiteral("memory"), part("memory", "exemplars"));
    QCOMPARE(tree->model()->rowCount(), rows + 1);
  }

  void aFileIsSavedAndOpened() {
    QTemporaryDir folder;
    const QString file = folder.filePath(QStringLiteral("mine.json"));
    document_->set(QStringLiteral("phases.0.epochs"), Value(9));
    QVERIFY(child<QLabel>("recipeTitle")->text().contains(QStringLiteral("changed")));
    QVERIFY(page_->saveFile(file));
    QCOMPARE(child<QLabel>("recipeTitle")->text(), QStringLiteral("L2P"));
    document_->take(small::head());
    page_->openFile(file);
    QCOMPARE(at("phases.0.epochs")->asInt(), 9);
    QSignalSpy problem(page_.get(), &PipelinePage::problem);
    page_->openFile(folder.filePath(QStringLiteral("absent.json")));
    QCOMPARE(problem.size(), 1);
    QVERIFY(!page_->saveFile(folder.filePath(QStringLiteral("no/folder.json"))));
  }

  void lampsFollowARunOfThisRecipe() {
    PipelineModel model(*document_);
    const auto lamp = [&](const char* path) { return int(model.find(QLatin1String(path))->lamp); };
    auto run = std::make_unique<RunData>(QStringLiteral("a"));
    RunStarted started;
    started.recipe = "l2p";
    started.tasks = 2;
    std::uint64_t seq = 0;
    const auto say = [&](Payload what) { run->apply({Event{seq++, 0, std::move(what)}}); };
    model.setRun(run.get());
    QCOMPARE(lamp("head"), int(Lamp::None));  // nobody knows yet whose run it is
    say(started);
    QCOMPARE(lamp("head"), int(Lamp::Pending));
    say(TaskStarted{});
    Progress progress;
    progress.stage = "training";
    say(progress);
    QCOMPARE(lamp("--data"), int(Lamp::Done));
    QCOMPARE(lamp("phases.0"), int(Lamp::Running));
    QCOMPARE(lamp("phases.2"), int(Lamp::None));  // an empty place
    QCOMPARE(lamp("--test_transform"), int(Lamp::Pending));
    progress.stage = "evaluation";
    say(progress);
    QCOMPARE(lamp("phases.0"), int(Lamp::Done));
    QCOMPARE(lamp("--test_transform"), int(Lamp::Running));
    document_->take(small::head());
    QCOMPARE(lamp("head"), int(Lamp::None));  // another recipe
    document_->undoStack().undo();
    run.reset();  // while it is shown
    QCOMPARE(lamp("head"), int(Lamp::None));
  }

  void narrowWindowsWrapTheChain() {
    const auto rows = [&](double width) {
      PipelineModel model(*document_);
      const PipelineLayout layout(model.stages(), width, canvas().font());
      double right = 0;
      int begun = 1;
      for (const auto& card : layout.cards()) {
        right = std::max(right, card.rect.right());
        begun += card.begins_row;
      }
      return right <= width ? begun : -1;
    };
    QCOMPARE(rows(240), 9);
    QVERIFY(rows(700) > 1 && rows(700) < 9);
    QVERIFY(rows(1500) < rows(700));
    QVERIFY(canvas().heightForWidth(240) > canvas().heightForWidth(1500));
  }

  void withoutARecipeThePageSaysWhatToDo() {
    RecipeDocument empty(catalogue_);
    PipelinePage page(lab_, empty);
    page.resize(500, 400);
    page.show();
    QVERIFY(!page.findChild<QToolButton*>(QStringLiteral("saveRecipe"))->isEnabled());
    QVERIFY(page.canvas().accessibleDescription().contains(QStringLiteral("No recipe")));
    QVERIFY(!page.canvas().add(part("head", "linear"), {}));
    QTest::keyClick(&page.canvas(), Qt::Key_Down);
    QTest::keyClick(&page.canvas(), Qt::Key_Delete);
    QTest::mouseDClick(&page.canvas(), Qt::LeftButton);
    page.grab();
  }

  void itIsDrawnInBothThemes() {
    document_->set(QStringLiteral("phases.0.epochs"), Value(-1));
    const QImage light = canvas().grab().toImage();
    style::apply(*qApp, style::Theme::Dark);
    const QImage dark = canvas().grab().toImage();
    style::apply(*qApp, style::Theme::Light);
    QCOMPARE(light.size(), dark.size());
    QVERIFY(light.pixelColor(2, 2).lightness() > 200 && dark.pixelColor(2, 2).lightness() < 60);
  }
};

QTEST_MAIN(PipelineTest)
#include "tst_pipeline.moc"
