#include "app/export_plots.h"

#include <QDir>
#include <QFileInfo>

namespace palimpsest {

std::optional<QString> exportTo(const PlotExport& plot, const QString& path) {
  const QString suffix = QFileInfo(path).suffix().toLower();
  if (suffix == QStringLiteral("csv")) return plot.csv(path);
  if (suffix == QStringLiteral("png") || suffix == QStringLiteral("svg") || suffix == QStringLiteral("pdf"))
    return plot.image(path);
  return PlotArea::tr("%1 was not written: the name must end in .png, .svg, .pdf or .csv.").arg(path);
}

Exported exportAll(const std::vector<PlotExport>& plots, const QString& folder) {
  Exported done;
  if (!QDir().mkpath(folder)) {
    done.problems << PlotArea::tr("The folder %1 could not be made.").arg(folder);
    return done;
  }
  for (const PlotExport& plot : plots)
    for (const char* suffix : {"png", "svg", "pdf", "csv"}) {
      const QString path = QDir(folder).filePath(plot.name + QLatin1Char('.') + QLatin1String(suffix));
      if (const auto wrong = exportTo(plot, path)) done.problems << *wrong;
      else done.files << path;
    }
  return done;
}

}  // namespace palimpsest
