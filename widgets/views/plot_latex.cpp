#include "widgets/views/plot_latex.h"

#include <cmath>

#include "widgets/views/figure.h"
#include "widgets/views/table_text.h"

namespace palimpsest {

namespace {
constexpr std::size_t kMostPoints = 2000;
constexpr int kColumns = 1000;

void addPoint(QString& out, double x, double y) {
  if (std::isfinite(x) && std::isfinite(y)) out += QStringLiteral(" (%1,%2)").arg(exact(x), exact(y));
}

QString coordinates(const Curve& curve) {
  QString out;
  const Series& series = *curve.series;
  const auto at = [&](double x) { return curve.in_tasks ? x : curve.time.x(x); };
  if (series.size() <= kMostPoints) {
    for (std::size_t i = 0; i < series.size(); ++i) addPoint(out, at(series.x(i)), series.y(i));
    return out;
  }
  for (const Column& column : series.columns(series.x(0), series.x(series.size() - 1), kColumns)) {
    addPoint(out, at(column.x), column.min);
    if (column.max != column.min) addPoint(out, at(column.x), column.max);
  }
  return out;
}
// What is not a number against numbers.
QString axisExtras(const Scene& scene) {
  QString out;
  if (scene.logarithmic) out += QStringLiteral(", ymode=log");
  if (scene.places.empty()) return out;
  QStringList names;
  for (const QString& place : scene.places) names << QLatin1Char('{') + latexText(place) + QLatin1Char('}');
  return out + QStringLiteral(", xtick={1,...,%1}, xticklabels={%2}, x tick label style={rotate=90}").arg(scene.places.size()).arg(names.join(QLatin1Char(',')));
}
}  // namespace

QString pgfplotsOf(const Scene& scene, const QString& title, const QString& x_axis, const QString& y_axis) {
  QString out = QStringLiteral("% needs \\usepackage{pgfplots}\n\\begin{tikzpicture}\n\\begin{axis}[title={%1}, xlabel={%2}, ylabel={%3}, xmin=0, xmax=%4, ymin=%5, ymax=%6, legend pos=outer north east, no markers%7]\n")
                    .arg(latexText(title), latexText(x_axis), latexText(y_axis), exact(scene.end), exact(scene.low), exact(scene.high), axisExtras(scene));
  for (const Curve& curve : scene.curves) {
    if (!curve.series || curve.series->empty() || !curve.in_legend) continue;
    out += QStringLiteral("\\addplot coordinates {%1 };\n\\addlegendentry{%2}\n").arg(coordinates(curve), latexText(curve.name));
  }
  return out + QStringLiteral("\\end{axis}\n\\end{tikzpicture}\n");
}

}  // namespace palimpsest
