// A plot as pgfplots, for papers.
#pragma once

#include <QString>

#include "widgets/views/live_plot.h"

namespace palimpsest {

// A tikzpicture with one \addplot for each curve that the legend names. Curves of more than two thousand points are drawn by
// the smallest and largest value of each of a thousand columns.
QString pgfplotsOf(const Scene& scene, const QString& title, const QString& x_axis, const QString& y_axis);

}  // namespace palimpsest
