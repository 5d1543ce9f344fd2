// The window program `palimpsest`: reads its options, builds the graph of objects, runs.
#include <spdlog/spdlog.h>

#include <QApplication>
#include <QCommandLineParser>
#include <QIcon>
#include <QStandardPaths>
#include <QTimer>

#include "app/main_window.h"
#include "engine/protocol/error.h"
#include "widgets/models/log_sink.h"

using namespace palimpsest;

namespace {

struct Wishes {
  bool compare = false;
  QStringList open;
  QString recipe, runs, theme, perspective, screenshot;
  double after = 3;
};

Wishes read(const QApplication& app) {
  QCommandLineParser parser;
  parser.setApplicationDescription(QApplication::translate("main", "A visual laboratory for continual learning"));
  parser.addHelpOption();
  parser.addVersionOption();
  const QCommandLineOption compare(QStringLiteral("compare"), QStringLiteral("Start the default comparison at once."));
  const QCommandLineOption open(QStringLiteral("open"), QStringLiteral("Open a run's folder; may be given again."), QStringLiteral("folder"));
  const QCommandLineOption recipe(QStringLiteral("recipe"), QStringLiteral("Recipe of the next run."), QStringLiteral("name"));
  const QCommandLineOption runs(QStringLiteral("runs"), QStringLiteral("Where runs are recorded."), QStringLiteral("folder"));
  const QCommandLineOption theme(QStringLiteral("theme"), QStringLiteral("light, dark or system."), QStringLiteral("name"));
  const QCommandLineOption perspective(QStringLiteral("perspective"), QStringLiteral("learn, run, compare, pipeline, prompts, embedding, accuracy or present."), QStringLiteral("name"));
  const QCommandLineOption screenshot(QStringLiteral("screenshot"), QStringLiteral("Save a picture of the window, then quit."), QStringLiteral("file"));
  const QCommandLineOption after(QStringLiteral("after"), QStringLiteral("Seconds before the picture is taken (3)."), QStringLiteral("seconds"));
  parser.addOptions({compare, open, recipe, runs, theme, perspective, screenshot, after});
  parser.addPositionalArgument(QStringLiteral("folder"), QStringLiteral("Run folders to open."), QStringLiteral("[folder...]"));
  parser.process(app);
  Wishes wishes{parser.isSet(compare), parser.values(open) + parser.positionalArguments(), parser.value(recipe),
                parser.value(runs), parser.value(theme), parser.value(perspective), parser.value(screenshot)};
  if (parser.isSet(after)) wishes.after = parser.value(after).toDouble();
  return wishes;
}

std::filesystem::path runsFolder(const Wishes& wishes) {
  if (!wishes.runs.isEmpty()) return std::filesystem::absolute(wishes.runs.toStdString());
  const QString home = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
  return std::filesystem::path(home.toStdString()) / "runs";
}

void photograph(MainWindow& window, const QString& file, double after) {
  QTimer::singleShot(int(after * 1000), &window, [&window, file] {
    const bool saved = window.grab().save(file);
    if (!saved) spdlog::error("{} could not be written", file.toStdString());
    window.close();
  });
}

int show(QApplication& app, const Wishes& wishes) {
  LogModel log;
  spdlog::default_logger()->sinks().push_back(std::make_shared<LogSink>(log.inbox()));
  const style::Theme desktop = desktopTheme(app);
  Workspace workspace(realEngine(), runsFolder(wishes));
  MainWindow window(workspace, log, desktop);
  if (const auto theme = themeNamed(wishes.theme)) window.setTheme(*theme);
  if (!wishes.recipe.isEmpty()) window.recipe().choose(wishes.recipe);
  if (const auto perspective = perspectiveNamed(wishes.perspective.toStdString())) window.setPerspective(*perspective);
  window.show();
  for (const QString& folder : wishes.open) workspace.open(folder.toStdString());
  if (wishes.compare) workspace.startComparison();
  else if (wishes.open.isEmpty() && !window.conveniences().reopenRuns()) workspace.playRecording();
  if (!wishes.screenshot.isEmpty()) photograph(window, wishes.screenshot, wishes.after);
  return app.exec();
}

}  // namespace

int main(int argc, char** argv) {
  prepareProcess(argc, argv);
  QApplication app(argc, argv);
  QApplication::setApplicationName(QStringLiteral("Palimpsest"));
  QApplication::setOrganizationName(QStringLiteral("Palimpsest"));
  QApplication::setOrganizationDomain(QStringLiteral("palimpsest.org"));
  QApplication::setDesktopFileName(QStringLiteral("org.palimpsest.Palimpsest"));
  QApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/org.palimpsest.Palimpsest.svg")));
  QApplication::setApplicationVersion(QString::fromStdString(programVersion()));
  try {
    return show(app, read(app));
  } catch (const BadInput& bad) {
    for (const Issue& issue : bad.issues) spdlog::error("{}", lineOf(issue));
    return 2;
  } catch (const Error& failed) {
    spdlog::error("{} {}", failed.what(), failed.hint);
    return 1;
  }
}
