#include "app/exporter.h"

#include <QDesktopServices>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QSettings>
#include <QUrl>

#include "app/background.h"
#include "app/export_plots.h"
#include "app/model_export_dialog.h"
#include "engine/export/compare.h"
#include "engine/protocol/error.h"

namespace palimpsest {

namespace {
const QString kFolder = QStringLiteral("export/folder");
}

Exporter::Exporter(Workspace& workspace, PlotArea& plots, QWidget* window)
    : QObject(window), workspace_(workspace), plots_(plots), window_(window) {}

Exporter::~Exporter() { disk_.waitForDone(); }

void Exporter::fill(QMenu& menu) {
  int which = 0;
  for (const PlotExport& plot : plots_.exports()) {
    QAction* entry = menu.addAction(plot.title + QStringLiteral("..."));
    entry->setObjectName(QStringLiteral("export_") + plot.name);
    connect(entry, &QAction::triggered, this, [this, which] { askPlot(which); });
    ++which;
  }
}

void Exporter::ask(const QString& title, const QString& filters, const QString& name,
                   std::function<void(const QString&)> then) {
  auto* dialog = new QFileDialog(window_, title, QSettings().value(kFolder, QDir::homePath()).toString(), filters);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setObjectName(QStringLiteral("export_dialog"));
  dialog->setAcceptMode(QFileDialog::AcceptSave);
  if (filters.isEmpty()) dialog->setFileMode(QFileDialog::Directory);
  else dialog->setDefaultSuffix(QFileInfo(name).suffix());
  dialog->selectFile(name);
  connect(dialog, &QFileDialog::filterSelected, dialog, [dialog](const QString& filter) {
    dialog->setDefaultSuffix(filter.section(QStringLiteral("*."), 1).section(QLatin1Char(')'), 0, 0));
  });
  connect(dialog, &QFileDialog::fileSelected, this, [then = std::move(then)](const QString& path) {
    QSettings().setValue(kFolder, QFileInfo(path).absolutePath());
    then(path);
  });
  dialog->open();
}

void Exporter::say(const QString& path, const QStringList& problems) {
  if (!problems.isEmpty()) {
    plots_.notices().show(QStringLiteral("export"), {Notice::Kind::Failure, problems.join(QLatin1Char(' ')), {}});
    return;
  }
  const QUrl place = QUrl::fromLocalFile(path);
  plots_.notices().show(QStringLiteral("export"), {Notice::Kind::Good, tr("Written: %1").arg(QDir::toNativeSeparators(path)),
                                                   {{tr("Open"), [place] { QDesktopServices::openUrl(place); }}}});
  Q_EMIT written(path);
}

void Exporter::askPlot(int which) {
  const PlotExport plot = plots_.exports()[std::size_t(which)];
  ask(tr("Export: %1").arg(plot.title), tr("Picture (*.png);;Drawing (*.svg);;Page (*.pdf);;Data (*.csv)"),
      plot.name + QStringLiteral(".png"), [this, plot](const QString& path) {
        const auto wrong = exportTo(plot, path);
        say(path, wrong ? QStringList{*wrong} : QStringList{});
      });
}

void Exporter::askAll() {
  ask(tr("Export all plots into a folder"), QString(), QString(), [this](const QString& folder) {
    say(folder, exportAll(plots_.exports(), folder).problems);
  });
}

void Exporter::askReport(RunData* only) {
  std::vector<std::filesystem::path> folders;
  for (const RunData* run : workspace_.runs().visibleRuns())
    if ((!only || run == only) && !run->folder.empty() && run->started()) folders.push_back(run->folder);
  if (folders.empty()) {
    say({}, {tr("There is nothing to report yet: tick a run that has begun.")});
    return;
  }
  ask(tr("Export a report"), tr("Report (*.html)"), QStringLiteral("report.html"),
      [this, folders](const QString& path) { writeReport(path, folders); });
}

void Exporter::askModel(const RunData& run) {
  if (run.folder.empty() || run.lastEndedTask() < 0) return;
  auto* dialog = new ModelExportDialog(run, QSettings().value(kFolder, QDir::homePath()).toString(), window_);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &ModelExportDialog::exportRequested, this, &Exporter::writeModel);
  dialog->open();
}

void Exporter::writeModel(const ExportRequest& request) {
  const QString file = QString::fromStdString(request.out.string());
  QSettings().setValue(kFolder, QFileInfo(file).absolutePath());
  plots_.notices().show(QStringLiteral("export"), {Notice::Kind::Note, tr("Writing %1 and checking it…").arg(QDir::toNativeSeparators(file)), {}, false});
  struct Outcome {
    ExportedModel model;
    QStringList problems;
  };
  const auto write = [request, write_model = workspace_.api().exportModel]() -> Outcome {
    try {
      return {write_model(request), {}};
    } catch (const BadInput& bad) {
      QStringList all;
      for (const Issue& issue : bad.issues) all << QString::fromStdString(lineOf(issue));
      return {{}, all};
    } catch (const Error& failed) {
      return {{}, {QString::fromUtf8(failed.what()), QString::fromStdString(failed.hint)}};
    } catch (const std::exception& failed) {
      return {{}, {QString::fromUtf8(failed.what())}};
    }
  };
  inBackground(disk_, this, write, [this, file](const Outcome& outcome) {
    if (!outcome.problems.isEmpty()) return say(file, outcome.problems);
    const ExportedModel& model = outcome.model;
    const QUrl place = QUrl::fromLocalFile(QFileInfo(file).absolutePath());
    plots_.notices().show(QStringLiteral("export"),
                          {Notice::Kind::Good,
                           tr("Written: %1 (%2). Read again, it classifies all %3 test images that it was checked with as the model does; %4 % of them right.")
                               .arg(QDir::toNativeSeparators(file), QLocale().formattedDataSize(qint64(model.bytes), 1, QLocale::DataSizeSIFormat), QLocale().toString(model.images), QLocale().toString(model.accuracy, 'f', 1)),
                           {{tr("Open folder"), [place] { QDesktopServices::openUrl(place); }}}});
    Q_EMIT written(file);
  });
}

void Exporter::writeReport(const QString& file, const std::vector<std::filesystem::path>& folders) {
  const auto write = [file, folders]() -> QStringList {
    try {
      std::vector<report::RunSummary> runs;
      for (const auto& folder : folders) runs.push_back(report::summarise(folder));
      report::writeReport(file.toStdString(), runs);
      return {};
    } catch (const Error& failed) {
      return {QString::fromUtf8(failed.what()), QString::fromStdString(failed.hint)};
    } catch (const std::exception& failed) {
      return {QString::fromUtf8(failed.what())};
    }
  };
  inBackground(disk_, this, write, [this, file](const QStringList& problems) { say(file, problems); });
}

}  // namespace palimpsest
