#include "app/conveniences.h"

#include <QAbstractButton>
#include <QComboBox>
#include <QMainWindow>
#include <QSettings>
#include <QSplitter>
#include <array>
#include <memory>

#include "app/actions.h"
#include "app/docks.h"
#include "app/laboratory.h"
#include "app/pages.h"
#include "app/palette_entries.h"
#include "app/plot_area.h"
#include "app/recipe_panel.h"
#include "app/workspace.h"
#include "engine/record/run_folder.h"
#include "widgets/views/accuracy_page.h"
#include "widgets/views/compare_page.h"
#include "widgets/views/live_plot.h"

namespace palimpsest {

namespace {
// How somebody likes to look at things, whatever the run. What is looked at (a run, a task, a layer) is chosen anew.
constexpr std::array kChoosers{"confusionRows", "costAxis", "costLog", "lifeSort", "selectionSort", "mapOf", "mapMethod", "mapDimensions", "mapColour", "mapDensity", "mapTrails",
                               "mapSpread", "promptsBy", "promptsSide", "onlyFitting"};

QString text(const std::string& s) { return QString::fromStdString(s); }
}  // namespace

Conveniences::Conveniences(const Parts& parts)
    : QObject(&parts.window), laboratory_(parts.laboratory), palette_(&parts.window),
      notifications_(parts.workspace.runs(), parts.window, [&workspace = parts.workspace](const RunData& run) {
        return workspace.launcher().live() == &run || record::isBeingWritten(run.folder);
      }),
      open_runs_(parts.workspace.runs(), parts.laboratory.cursor, [&workspace = parts.workspace](const std::filesystem::path& folder) { workspace.open(folder); },
                 [&workspace = parts.workspace](RunData* run) { workspace.setFocus(run); }) {
  fillPalette(parts);
  listViews(parts);
  connect(&parts.workspace.launcher(), &RunLauncher::liveChanged, this, [this](RunData* run) {
    if (run) open_runs_.giveUp();
  });
  connect(&notifications_, &Notifications::activated, &parts.window, [&window = parts.window] {
    window.raise();
    window.activateWindow();
  });
}

void Conveniences::fillPalette(const Parts& parts) {
  palette_.add(actionEntries(parts.actions));
  palette_.add(runEntries(parts.workspace.runs(), [&workspace = parts.workspace](RunData* run) { workspace.setFocus(run); }));
  palette_.add(classEntries(parts.laboratory.cursor, [this](int dataset_class) { selectClass(dataset_class); }));
  palette_.add(settingEntries(parts.recipe.form(), [&docks = parts.docks, &recipe = parts.recipe](const QString& path) {
    docks.reveal(Panel::Inspector);
    recipe.reveal(path);
  }));
  palette_.add(namedEntries(
      [&recipe = parts.recipe] {
        std::vector<PaletteChoice> choices;
        for (const NamedRecipe& known : recipe.recipes()) choices.push_back({text(known.name), text(known.title), text(known.paper)});
        return choices;
      },
      tr("recipe"), [&docks = parts.docks, &recipe = parts.recipe](const QString& name) {
        docks.reveal(Panel::Inspector);
        recipe.choose(name);
      }));
}

void Conveniences::listViews(const Parts& parts) {
  for (LivePlot* plot : parts.plots.plots()) views_.add(QStringLiteral("plot_") + plot->objectName(), *plot);
  for (QSplitter* splitter : parts.window.findChildren<QSplitter*>())
    if (!splitter->objectName().isEmpty()) views_.add(QStringLiteral("sizes_") + splitter->objectName(), *splitter);
  for (const char* chooser : kChoosers) {
    const QString name = QLatin1String(chooser), key = QStringLiteral("chooser_") + name;
    if (auto* box = parts.window.findChild<QComboBox*>(name)) views_.add(key, *box);
    else if (auto* button = parts.window.findChild<QAbstractButton*>(name)) views_.add(key, *button);
  }
  views_.add(QStringLiteral("selection"), parts.laboratory.selection);
  views_.add(QStringLiteral("docks"), [&docks = parts.docks] { return docks.save(); }, [&docks = parts.docks](const QVariantMap& kept) { docks.restore(kept); });
  views_.add(QStringLiteral("compare"), [&page = parts.pages.compare()] { return page.state(); }, [&page = parts.pages.compare()](const QVariantMap& kept) { page.restore(kept); });
  views_.add(QStringLiteral("accuracy"), [&page = parts.pages.accuracy()] { return page.state(); }, [&page = parts.pages.accuracy()](const QVariantMap& kept) { page.restore(kept); });
  views_.add(QStringLiteral("runs"), [this] { return open_runs_.save(); }, [this](const QVariantMap& kept) { runs_ = kept; });
}

void Conveniences::save() const {
  QSettings settings;
  views_.save(settings);
}

void Conveniences::restore() { views_.restore(QSettings()); }
void Conveniences::resetSizes() { views_.resetSizes(); }

bool Conveniences::reopenRuns() {
  open_runs_.restore(runs_);
  return open_runs_.waiting();
}

// From what the run in focus said of all its test images, which may have to be read first.
void Conveniences::selectClass(int dataset_class) {
  const RunData* run = laboratory_.cursor.run();
  const int task = laboratory_.cursor.task();
  if (!run || run->predictionsAfter(task).empty()) return;
  const std::filesystem::path file = run->blob(run->predictionsAfter(task));
  const std::size_t place = std::size_t(dataset_class);
  const QString name = place < run->start().class_names.size() ? text(run->start().class_names[place]) : QString::number(dataset_class);
  const auto take = [this, dataset_class, name](const Blob& blob) {
    const Blob::Tensor *samples = blob.find("sample"), *labels = blob.find("label");
    if (!samples || !labels) return;
    std::vector<std::int64_t> found;
    for (std::size_t i = 0; i < std::min(samples->integers.size(), labels->integers.size()); ++i)
      if (labels->integers[i] == dataset_class) found.push_back(samples->integers[i]);
    laboratory_.selection.select(std::move(found), tr("class %1").arg(name));
  };
  if (const auto blob = laboratory_.blobs.get(file)) return take(*blob);
  auto once = std::make_shared<QMetaObject::Connection>();
  *once = connect(&laboratory_.blobs, &BlobStore::loaded, this, [this, file, take, once](const QString& loaded) {
    if (loaded != text(file.string())) return;
    disconnect(*once);
    if (const auto blob = laboratory_.blobs.get(file)) take(*blob);
  });
}

}  // namespace palimpsest
