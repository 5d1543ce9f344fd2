#include "app/drops.h"

#include <QFileInfo>

#include "app/background.h"
#include "engine/protocol/error.h"
#include "engine/record/pilot_config.h"
#include "widgets/models/recipe_document.h"

namespace palimpsest {

namespace {

QString text(const std::string& s) { return QString::fromStdString(s); }
QString nameOf(const Dropped& dropped) { return text(dropped.path.filename().string()); }

// The sentences of warnings, and what to do about each.
QString wordsOf(const Issues& issues) {
  QStringList lines;
  for (const Issue& issue : issues) lines << text(issue.message) + (issue.hint.empty() ? QString() : QStringLiteral(": ") + text(issue.hint));
  return lines.join(QLatin1Char('\n'));
}
}  // namespace

Drops::Drops(Workspace& workspace, RecipePanel& recipe, NoticeArea& notices, QObject* parent)
    : QObject(parent), workspace_(workspace), recipe_(recipe), notices_(notices) {
  disk_.setMaxThreadCount(1);
}

Drops::~Drops() { disk_.waitForDone(); }

void Drops::take(const QList<QUrl>& urls) {
  for (const QUrl& url : urls) {
    if (!url.isLocalFile()) continue;
    inBackground(disk_, this, [path = std::filesystem::path(url.toLocalFile().toStdString())] { return lookAt(path); },
                 [this](const Dropped& dropped) { act(dropped); });
  }
}

void Drops::act(const Dropped& dropped) {
  for (const Issue& issue : dropped.issues) Q_EMIT problem(issue);
  if (hasErrors(dropped.issues)) return;
  switch (dropped.kind) {
    case Dropped::Kind::Run: return workspace_.open(dropped.path);
    case Dropped::Kind::SharedFolder: return workspace_.watcher().watchFolder(dropped.path);
    case Dropped::Kind::Recipe: return takeRecipe(dropped);
    case Dropped::Kind::PilotConfig: return takePilot(dropped);
    case Dropped::Kind::Weights: return Q_EMIT weightsDropped({text(dropped.path.string())});
    case Dropped::Kind::ImageFolder: return offerImages(dropped);
    case Dropped::Kind::Unknown: return;
  }
}

void Drops::takeRecipe(const Dropped& dropped) {
  if (const QString wrong = recipe_.document().open(text(dropped.path.string())); !wrong.isEmpty())
    return Q_EMIT problem(error(dropped.path.string(), wrong.toStdString()));
  notices_.show(QStringLiteral("dropped"), {Notice::Kind::Note, tr("%1 is the recipe of the next run.").arg(nameOf(dropped)), {}});
  Q_EMIT recipeTaken();
}

void Drops::takePilot(const Dropped& dropped) {
  const record::PilotPlan plan = record::pilotPlan(dropped.content);
  if (plan.recipe.empty()) {
    notices_.show(QStringLiteral("dropped"), {Notice::Kind::Warning, tr("%1 is a configuration of PILOT.\n%2").arg(nameOf(dropped), wordsOf(plan.issues)), {}});
    return;
  }
  Value recipe = workspace_.api().recipe(plan.recipe);
  Issues left = plan.issues;
  for (const std::string& path : record::takeSettings(plan, recipe)) left.push_back(warning(path, "the recipe has no " + path));
  RecipeDocument& document = recipe_.document();
  document.undoStack().beginMacro(tr("take %1").arg(nameOf(dropped)));
  document.take(recipe, nameOf(dropped));
  for (const auto& [name, value] : plan.options.asObject()) document.setOption(text(name), value);
  document.undoStack().endMacro();
  const QString said = tr("%1 is a configuration of PILOT: the next run is %2 with its settings.").arg(nameOf(dropped), text(plan.recipe));
  notices_.show(QStringLiteral("dropped"), {left.empty() ? Notice::Kind::Note : Notice::Kind::Warning, left.empty() ? said : said + QLatin1Char('\n') + wordsOf(left), {}});
  Q_EMIT recipeTaken();
}

void Drops::offerImages(const Dropped& dropped) {
  const std::string scenario = suggestedScenario(dropped.classes);
  const auto use = [this, data = dropped.data, scenario] {
    recipe_.document().setOption(QStringLiteral("data"), data);
    recipe_.document().setOption(QStringLiteral("scenario"), scenario);
  };
  use();
  Q_EMIT recipeTaken();
  notices_.show(QStringLiteral("dropped"), {Notice::Kind::Note,
                                            tr("%1: %2 classes, %3 training and %4 test images. They are the data of the next run, as the stream %5.")
                                                .arg(nameOf(dropped)).arg(dropped.classes).arg(dropped.train_images).arg(dropped.test_images).arg(text(scenario)),
                                            {{tr("Start with suggested stream"), [this, use] {
                                                use();
                                                recipe_.go();
                                              }}}});
}

}  // namespace palimpsest
