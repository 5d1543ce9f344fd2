// The list of backbones: what it says of each, what can be done with the selected one and when.
#include <QAbstractItemModelTester>
#include <QAction>
#include <QApplication>
#include <QIcon>
#include <QLabel>
#include <QSignalSpy>
#include <QTest>
#include <QTextBrowser>
#include <QToolButton>
#include <QTreeView>

#include "widgets/models/backbone_list.h"
#include "widgets/style/palette.h"
#include "widgets/views/backbone_view.h"

using namespace palimpsest;
using Model = BackboneListModel;
using State = BackbonePreview::State;

namespace {

const QString kData = QStringLiteral("fashion-mnist, 500 training images per class");

BackboneInfo micro() {
  return {"micro",
          "/share/micro.safetensors",
          "vit: 28 px, patch 7, width 192, depth 5, heads 3, no patch bias",
          1'905'600,
          28,
          "0..1",
          std::string(64, 'a'),
          "GPL-3.0-or-later",
          "drawn worlds",
          true,
          ""};
}
BackboneInfo added(const std::string& name = "deit", const std::string& problem = "") {
  return {name,
          "/disk/" + name + ".pth",
          "vit: 224 px, patch 16, width 768, depth 12, heads 12",
          85'798'656,
          224,
          "imagenet",
          std::string(64, 'b'),
          "",
          "",
          false,
          problem};
}

QString cell(const Model& model, int row, int column, int role = Qt::DisplayRole) {
  return model.index(row, column).data(role).toString();
}

struct Shown {
  Model model;
  BackboneView view{model};
  explicit Shown(std::vector<BackboneInfo> backbones = {micro(), added()}) {
    model.setNextRun(QStringLiteral("micro"), kData);
    model.setBackbones(std::move(backbones));
    view.resize(700, 500);
    view.show();
    view.activateWindow();
    if (!QTest::qWaitForWindowActive(&view)) qWarning("not active");
  }
  QTreeView& table() { return *view.findChild<QTreeView*>(QStringLiteral("backbones")); }
  QToolButton& button(const char* name) { return *view.findChild<QToolButton*>(QLatin1String(name)); }
  QString note() { return view.findChild<QLabel*>(QStringLiteral("note"))->text(); }
  QString details() { return view.findChild<QTextBrowser*>(QStringLiteral("details"))->toPlainText(); }
};

}  // namespace

class TestBackboneViews : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { style::apply(*qApp, style::Theme::Light); }

  void everyColumnSaysItsFact() {
    Model model;
    QAbstractItemModelTester tester(&model);
    model.setBackbones({micro(), added()});
    QCOMPARE(cell(model, 0, Model::Name), QStringLiteral("micro"));
    QCOMPARE(cell(model, 0, Model::Network), QStringLiteral("width 192, depth 5, patch 7"));
    QCOMPARE(cell(model, 0, Model::Parameters), QStringLiteral("1.9 M"));
    QCOMPARE(cell(model, 0, Model::Input), QStringLiteral("28 px, 0..1"));
    QCOMPARE(cell(model, 0, Model::NearestMean), QString());
    QCOMPARE(cell(model, 1, Model::Parameters), QStringLiteral("85.8 M"));
    for (int column = 0; column < Model::ColumnCount; ++column)
      QVERIFY(!model.headerData(column, Qt::Horizontal).toString().isEmpty());
    for (const char* fact : {"micro.safetensors", "aaaa", "GPL-3.0", "drawn worlds", "no patch bias"})
      QVERIFY2(cell(model, 0, Model::Name, Qt::ToolTipRole).contains(QLatin1String(fact)), fact);
  }

  void parametersAreRoundedToTheirSize() {
    Model model;
    std::vector<BackboneInfo> all;
    for (const std::int64_t count : {0, 999, 650'400, 999'499, 999'500, 303'301'632})
      all.push_back(micro()), all.back().parameters = count;
    model.setBackbones(all);
    QStringList said;
    for (int row = 0; row < model.rowCount(); ++row) said << cell(model, row, Model::Parameters);
    QCOMPARE(said, QStringList({QString(), QStringLiteral("999"), QStringLiteral("650 k"), QStringLiteral("999 k"),
                                QStringLiteral("1.0 M"), QStringLiteral("303 M")}));
  }

  void aNetworkOfAnotherFamilyKeepsItsOwnWords() {
    QCOMPARE(shortNetwork("mixer: 12 blocks"), QStringLiteral("mixer: 12 blocks"));
  }

  void bundledAndAddedAreToldApartAndTheNextRunsIsMarked() {
    Model model;
    model.setBackbones({micro(), added()});
    QCOMPARE(cell(model, 0, Model::Name, Model::NoteRole), QStringLiteral("bundled"));
    QCOMPARE(cell(model, 1, Model::Name, Model::NoteRole), QStringLiteral("added"));
    model.setNextRun(QStringLiteral("deit"), kData);
    QVERIFY(cell(model, 1, Model::Name, Model::NoteRole).contains(QStringLiteral("next run")));
    QVERIFY(!model.isNext(0) && model.isNext(1));
    model.setNextRun(QStringLiteral("/disk/deit.pth"), kData);  // or by its file
    QVERIFY(model.isNext(1));
    QVERIFY(cell(model, 1, Model::Name, Qt::AccessibleTextRole).contains(QStringLiteral("added")));
  }

  void aProblemWarnsInPlaceOfTheNote() {
    Model model;
    model.setBackbones({micro(), added("deit", "the file is gone")});
    QCOMPARE(cell(model, 1, Model::Name, Model::NoteRole), QStringLiteral("the file is gone"));
    QVERIFY(model.index(1, Model::Name).data(Model::WarningRole).toBool());
    QVERIFY(!model.index(1, Model::Name).data(Qt::DecorationRole).value<QIcon>().isNull());
    QVERIFY(cell(model, 1, Model::Name, Qt::ToolTipRole).contains(QStringLiteral("the file is gone")));
    QVERIFY(!model.index(0, Model::Name).data(Model::WarningRole).toBool());
    QVERIFY(!model.index(0, Model::Name).data(Qt::DecorationRole).isValid());
  }

  void aPreviewGoesThroughItsStates() {
    Model model;
    QAbstractItemModelTester tester(&model);
    model.setBackbones({micro(), added()});
    model.setNextRun(QStringLiteral("micro"), kData);
    const QModelIndex at = model.index(0, Model::NearestMean);
    model.setPreview(QStringLiteral("micro"), {State::Running, 37, kData, {}});
    QCOMPARE(at.data().toString(), QStringLiteral("busy 37 %"));
    QCOMPARE(at.data(Qt::ForegroundRole).value<QColor>(), style::muted());
    model.setPreview(QStringLiteral("micro"), {State::Done, 84.23, kData, QStringLiteral("5 000 images")});
    QCOMPARE(at.data().toString(), QStringLiteral("84.2 %"));
    QVERIFY(!at.data(Qt::ForegroundRole).isValid());
    QVERIFY(at.data(Qt::ToolTipRole).toString().contains(QStringLiteral("5 000 images")));
    model.setPreview(QStringLiteral("micro"), {State::Failed, 0, kData, QStringLiteral("no such data set")});
    QCOMPARE(at.data().toString(), QStringLiteral("failed"));
    QCOMPARE(at.data(Qt::ForegroundRole).value<QColor>(), style::error());
    QVERIFY(at.data(Qt::ToolTipRole).toString().contains(QStringLiteral("no such data set")));
    QCOMPARE(cell(model, 1, Model::NearestMean), QString());
    model.setPreview(QStringLiteral("unknown"), {State::Done, 1, kData, {}});  // forgotten meanwhile
  }

  void aPreviewOnOtherDataIsMutedAndSaysSo() {
    Model model;
    model.setBackbones({micro()});
    model.setNextRun(QStringLiteral("micro"), QStringLiteral("cifar100"));
    model.setPreview(QStringLiteral("micro"), {State::Done, 84.2, kData, {}});
    QCOMPARE(model.index(0, Model::NearestMean).data(Qt::ForegroundRole).value<QColor>(), style::muted());
    QVERIFY(cell(model, 0, Model::NearestMean, Qt::ToolTipRole).contains(QStringLiteral("other data")));
  }

  void aPreviewBelongsToTheFileAsItWas() {
    Model model;
    model.setBackbones({micro(), added()});
    model.setPreview(QStringLiteral("deit"), {State::Done, 84.2, kData, {}});
    model.setBackbones({added(), micro()});
    QCOMPARE(cell(model, 0, Model::NearestMean), QStringLiteral("84.2 %"));
    BackboneInfo changed = added();
    changed.sha256 = std::string(64, 'c');
    model.setBackbones({changed});
    QCOMPARE(cell(model, 0, Model::NearestMean), QString());
  }

  void buttonsAreOnWhenTheyMeanSomething() {
    Shown shown({micro(), added(), added("gone", "the file is gone")});
    shown.view.setCurrent(QStringLiteral("micro"));
    QVERIFY(shown.button("add").isEnabled());
    QVERIFY(!shown.button("use").isEnabled());  // the next run uses it already
    QVERIFY(shown.button("preview").isEnabled());
    QVERIFY(!shown.button("forget").isEnabled());  // part of the program
    shown.view.setCurrent(QStringLiteral("deit"));
    QVERIFY(shown.button("use").isEnabled() && shown.button("preview").isEnabled() &&
            shown.button("forget").isEnabled());
    shown.view.setCurrent(QStringLiteral("gone"));
    QVERIFY(!shown.button("use").isEnabled() && !shown.button("preview").isEnabled());
    QVERIFY(shown.button("forget").isEnabled());
    QCOMPARE(shown.button("use").toolTip(), QStringLiteral("the file is gone"));
    shown.view.setCurrent(QString());
    for (const char* name : {"use", "preview", "forget"}) QVERIFY2(!shown.button(name).isEnabled(), name);
  }

  void aBlockedPreviewSaysWhyAndOneUnderWayCanBeStopped() {
    Shown shown;
    shown.view.setCurrent(QStringLiteral("deit"));
    shown.view.setPreviewBlocked(QStringLiteral("A run is under way."));
    QVERIFY(!shown.button("preview").isEnabled());
    QCOMPARE(shown.button("preview").toolTip(), QStringLiteral("A run is under way."));
    shown.view.setPreviewBlocked({});
    QSignalSpy begin(&shown.view, &BackboneView::previewRequested),
        stop(&shown.view, &BackboneView::previewStopRequested);
    QTest::mouseClick(&shown.button("preview"), Qt::LeftButton);
    QCOMPARE(begin.size(), 1);
    QCOMPARE(begin[0][0].toString(), QStringLiteral("deit"));
    shown.model.setPreview(QStringLiteral("deit"), {State::Running, 5, kData, {}});
    QCOMPARE(shown.button("preview").text(), QStringLiteral("Stop preview"));
    QTest::mouseClick(&shown.button("preview"), Qt::LeftButton);
    QCOMPARE(stop.size(), 1);
    QCOMPARE(begin.size(), 1);
  }

  void keysAndClicksAskForTheSelectedOne() {
    Shown shown;
    QSignalSpy use(&shown.view, &BackboneView::useRequested), forget(&shown.view, &BackboneView::forgetRequested),
        add(&shown.view, &BackboneView::addRequested);
    QTest::mouseClick(shown.table().viewport(), Qt::LeftButton, {},
                      shown.table().visualRect(shown.model.index(1, 0)).center());
    QCOMPARE(shown.view.current(), QStringLiteral("deit"));
    shown.table().setFocus();
    QTest::keyClick(&shown.table(), Qt::Key_Return);
    QCOMPARE(use.size(), 1);
    QCOMPARE(use[0][0].toString(), QStringLiteral("deit"));
    QTest::keyClick(&shown.table(), Qt::Key_Delete);
    QCOMPARE(forget.size(), 1);
    QCOMPARE(forget[0][0].toString(), QStringLiteral("deit"));
    QTest::mouseClick(&shown.button("use"), Qt::LeftButton);
    QTest::mouseClick(&shown.button("forget"), Qt::LeftButton);
    QTest::mouseClick(&shown.button("add"), Qt::LeftButton);
    QCOMPARE(use.size() + forget.size() + add.size(), 5);
    QTest::keyClick(&shown.table(), Qt::Key_Up);
    QCOMPARE(shown.view.current(), QStringLiteral("micro"));
    QTest::keyClick(&shown.table(), Qt::Key_Delete);  // bundled ones stay
    QTest::keyClick(&shown.table(), Qt::Key_Return);  // it is in use
    QCOMPARE(use.size() + forget.size() + add.size(), 5);
  }

  void theEmptyPartSaysWhatToDrop() {
    Shown shown({micro()});
    QVERIFY(shown.note().startsWith(QStringLiteral("Drop a weights file here")));
    shown.view.setBusy(QStringLiteral("Checking deit.pth…"));
    QCOMPARE(shown.note(), QStringLiteral("Checking deit.pth…"));
    QCOMPARE(shown.view.accessibleDescription(), QStringLiteral("Checking deit.pth…"));
    shown.view.setBusy({});
    shown.model.setBackbones({micro(), added()});
    QVERIFY(shown.note().isEmpty());
  }

  void theDetailsAreThoseOfTheSelectedOne() {
    Shown shown;
    QCOMPARE(shown.view.current(), QStringLiteral("micro"));  // what the next run uses
    for (const char* fact : {"micro.safetensors", "aaaa", "GPL-3.0", "drawn worlds", "0..1", "heads 3"})
      QVERIFY2(shown.details().contains(QLatin1String(fact)), fact);
    shown.view.setCurrent(QStringLiteral("deit"));
    QVERIFY(shown.details().contains(QStringLiteral("not said")));  // no licence
    shown.model.setPreview(QStringLiteral("deit"), {State::Done, 61.5, kData, QStringLiteral("5 000 images")});
    QVERIFY(shown.details().contains(QStringLiteral("61.5 %")));
    QVERIFY(shown.view.findChild<QTextBrowser*>(QStringLiteral("details"))->textInteractionFlags() &
            Qt::TextSelectableByMouse);
    QVERIFY(shown.view.findChild<QLabel*>(QStringLiteral("previewOn"))->text().contains(kData));
  }

  void theSelectionSurvivesANewList() {
    Shown shown;
    shown.view.setCurrent(QStringLiteral("deit"));
    shown.model.setBackbones({added("another"), added(), micro()});
    QCOMPARE(shown.view.current(), QStringLiteral("deit"));
    shown.model.setBackbones({added("another"), micro()});
    QCOMPARE(shown.view.current(), QStringLiteral("micro"));
    shown.model.setBackbones({});
    QVERIFY(shown.view.current().isEmpty());
    QVERIFY(shown.details().isEmpty());
  }

  void aNarrowPanelKeepsTheNameAndTheFigure() {
    Shown shown;
    QVERIFY(!shown.table().isColumnHidden(Model::Network));
    shown.view.resize(280, 500);
    QTRY_VERIFY(shown.table().isColumnHidden(Model::Network));
    QVERIFY(!shown.table().isColumnHidden(Model::NearestMean));
    QVERIFY(shown.table().columnWidth(Model::Name) >= 100);
    QVERIFY2(shown.view.minimumSizeHint().width() <= 300,
             qPrintable(QString::number(shown.view.minimumSizeHint().width())));
  }

  void everyPartHasANameForPeopleWhoDoNotSeeIt() {
    Shown shown;
    QVERIFY(!shown.view.accessibleName().isEmpty() && !shown.view.accessibleDescription().isEmpty());
    QVERIFY(!shown.table().accessibleName().isEmpty());
    QVERIFY(!shown.view.findChild<QTextBrowser*>(QStringLiteral("details"))->accessibleName().isEmpty());
    for (QToolButton* button : shown.view.findChildren<QToolButton*>())
      if (!button->objectName().startsWith(QStringLiteral("qt_")))
        QVERIFY(!button->text().isEmpty() && !button->toolTip().isEmpty());
  }
};

QTEST_MAIN(TestBackboneViews)
#include "tst_backbone_views.moc"
