// Who does not see the window, or has no pointer: every widget that takes the focus says what it is, Tab reaches it, and what is
// written can be told from what it is written on, in both themes.
#include <QAbstractButton>
#include <QAccessible>
#include <QLabel>
#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <set>

#include "app/command_palette.h"
#include "app/main_window.h"
#include "app/palette_entries.h"
#include "tests/support/fake_run.h"
#include "widgets/style/palette.h"
#include "widgets/views/live_plot.h"

using namespace palimpsest;

namespace {

QString called(const QWidget* widget) {
  return QStringLiteral("%1 %2 (in %3)").arg(QLatin1String(widget->metaObject()->className()), widget->objectName(),
                                             widget->parentWidget() ? widget->parentWidget()->objectName() : QString());
}

bool focusable(const QWidget* widget) {
  // The window keeps tab bars of docks that are away; one with tabs is named after the present one.
  if (const auto* tabs = qobject_cast<const QTabBar*>(widget); tabs && tabs->count() == 0) return false;
  return widget->isVisible() && widget->isEnabled() && (widget->focusPolicy() & Qt::TabFocus) && !widget->focusProxy();
}

std::vector<QWidget*> focusables(QWidget& window) {
  std::vector<QWidget*> out;
  for (QWidget* widget : window.findChildren<QWidget*>())
    if (focusable(widget) && widget->window() == &window) out.push_back(widget);
  return out;
}

// What is wrong with how a widget presents itself; empty: nothing.
QString fault(QWidget* widget) {
  QAccessibleInterface* face = QAccessible::queryAccessibleInterface(widget);
  if (!face || !face->isValid()) return QStringLiteral("no accessible interface");
  if (face->text(QAccessible::Name).trimmed().isEmpty()) return QStringLiteral("no name");
  const QAccessible::Role role = face->role();
  return role == QAccessible::NoRole ? QStringLiteral("no role") : QString();
}

}  // namespace

class TestAccessibility : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() {
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("PalimpsestTest"));
    QCoreApplication::setApplicationName(QStringLiteral("tst_accessibility"));
  }

  // With a run in it, so that no view is empty.
  void init() {
    QSettings().clear();
    dir_ = std::make_unique<QTemporaryDir>();
    engine_ = std::make_unique<FakeEngine>();
    log_ = std::make_unique<LogModel>();
    const std::filesystem::path home = dir_->path().toStdString();
    FakeScript quick;
    quick.pace = std::chrono::microseconds(0);
    FakeRun(quick, {FakeEngine::recipe("l2p"), {}}, home / "a", {}, false).wait();
    workspace_ = std::make_unique<Workspace>(engine_->api(), home / "runs");
    window_ = std::make_unique<MainWindow>(*workspace_, *log_, style::Theme::Light);
    window_->show();
    QVERIFY(QTest::qWaitForWindowActive(window_.get()));
    workspace_->open(home / "a");
    QTRY_COMPARE(workspace_->runs().rowCount(), 1);
    QTRY_COMPARE(workspace_->runs().at(0)->state(), RunData::State::Done);
  }

  void cleanup() {
    window_.reset();
    workspace_.reset();
    log_.reset();
  }

  void everyFocusableWidgetHasANameAndARole() {
    QStringList faults;
    int looked = 0;
    for (const char* perspective : {"run_view", "learn", "compare_runs", "pipeline_view", "prompts_view", "embedding_view", "accuracy_view"}) {
      window_->findChild<QAction*>(QLatin1String(perspective))->trigger();
      QCoreApplication::processEvents();
      for (QWidget* widget : focusables(*window_)) {
        ++looked;
        if (const QString what = fault(widget); !what.isEmpty()) faults << called(widget) + QStringLiteral(": ") + what;
      }
    }
    qInfo("%d widgets that take the focus", looked);
    QVERIFY(looked > 20);
    faults.removeDuplicates();
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join(QLatin1Char('\n'))));
  }

  void dialogsHaveNamesToo() {
    CommandPalette palette(window_.get());
    palette.add(actionEntries(window_->actions()));
    palette.popUp();
    for (QWidget* widget : focusables(palette)) QVERIFY2(fault(widget).isEmpty(), qPrintable(called(widget) + fault(widget)));
    palette.reject();
    window_->actions()[Act::Keys]->trigger();
    auto* sheet = window_->findChild<QWidget*>(QStringLiteral("keys_sheet"));
    QVERIFY(sheet);
    for (QWidget* widget : focusables(*sheet)) QVERIFY2(fault(widget).isEmpty(), qPrintable(called(widget) + fault(widget)));
    sheet->close();
  }

  void tabReachesEverything() {
    QTRY_VERIFY(window_->isActiveWindow());
    std::set<QWidget*> reached;
    const std::vector<QWidget*> wanted = focusables(*window_);
    QVERIFY(!wanted.empty());
    wanted.front()->setFocus();
    for (std::size_t i = 0; i < 4 * wanted.size(); ++i) {
      QWidget* at = QApplication::focusWidget();
      if (!at) break;
      reached.insert(at);
      QTest::keyClick(at, Qt::Key_Tab);
    }
    QStringList missed;
    for (QWidget* widget : wanted) {
      // Buttons of one exclusive group are one stop: arrows move inside it.
      const auto* button = qobject_cast<QAbstractButton*>(widget);
      if (!reached.count(widget) && !(button && button->autoExclusive())) missed << called(widget);
    }
    QVERIFY2(missed.isEmpty(), qPrintable(QStringLiteral("%1 of %2 reached; not:\n").arg(reached.size()).arg(wanted.size()) + missed.join(QLatin1Char('\n'))));
  }

  void whatIsWrittenCanBeRead() {
    for (const ThemeChoice theme : {ThemeChoice::Light, ThemeChoice::Dark}) {
      window_->setTheme(theme);
      QCoreApplication::processEvents();
      QStringList faults;
      for (QWidget* widget : window_->findChildren<QWidget*>()) {
        if (!widget->isVisible() || !widget->isEnabled()) continue;
        const auto* label = qobject_cast<QLabel*>(widget);
        const auto* button = qobject_cast<QAbstractButton*>(widget);
        if (!(label && !label->text().isEmpty()) && !(button && !button->text().isEmpty())) continue;
        const QPalette& colours = widget->palette();
        const double ratio = style::contrast(colours.color(widget->foregroundRole()), colours.color(widget->backgroundRole()));
        if (ratio < 4.5) faults << QStringLiteral("%1: %2").arg(called(widget)).arg(ratio);
      }
      QVERIFY2(faults.isEmpty(), qPrintable(nameOf(theme) + QLatin1Char('\n') + faults.join(QLatin1Char('\n'))));
    }
    window_->setTheme(ThemeChoice::Light);
  }

  void graphicsStandOutInBothThemes() {
    for (const ThemeChoice theme : {ThemeChoice::Light, ThemeChoice::Dark}) {
      window_->setTheme(theme);
      for (const QColor& graphic : {style::accent(), style::warning(), style::error(), style::good(), style::axis(), style::muted()})
        for (const QColor& ground : {style::plotBackground(), style::band(true), style::band(false), qApp->palette().color(QPalette::Window), qApp->palette().color(QPalette::Base)})
          QVERIFY2(style::contrast(graphic, ground) >= 3, qPrintable(nameOf(theme) + graphic.name() + ground.name()));
      for (int slot = 0; slot < 6; ++slot) QVERIFY(style::contrast(style::run(slot), style::plotBackground()) >= 3);
    }
    window_->setTheme(ThemeChoice::Light);
  }

  // Plots say in a sentence what they show.
  void everyPlotHasASummary() {
    for (LivePlot* plot : window_->plots().plots()) {
      if (!plot->isVisible()) continue;
      QTRY_VERIFY2(!plot->accessibleDescription().isEmpty(), qPrintable(plot->objectName()));
    }
  }

 private:
  std::unique_ptr<QTemporaryDir> dir_;
  std::unique_ptr<FakeEngine> engine_;
  std::unique_ptr<LogModel> log_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<MainWindow> window_;
};

QTEST_MAIN(TestAccessibility)
#include "tst_accessibility.moc"
