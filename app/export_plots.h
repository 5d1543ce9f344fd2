// Plots to files. The suffix decides: png, svg, pdf for the picture, csv for the data.
#pragma once

#include <QString>
#include <QStringList>
#include <optional>
#include <vector>

#include "app/plot_area.h"

namespace palimpsest {

// What went wrong, in words; nullopt when the file is there.
std::optional<QString> exportTo(const PlotExport& plot, const QString& path);

// Every plot in every format into `folder`, which is made where it is missing.
struct Exported {
  QStringList files;     // written
  QStringList problems;
};
Exported exportAll(const std::vector<PlotExport>& plots, const QString& folder);

}  // namespace palimpsest
