#include "widgets/views/difference_map.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {
namespace {

constexpr double kSmallestRange = 5;  // points; less would paint noise in full colour

struct Say {
  Q_DECLARE_TR_FUNCTIONS(DifferenceMap)
};

QString withSign(double points) { return (std::abs(points) < 0.05 ? QString() : points > 0 ? QStringLiteral("+") : QString(QChar(0x2212))) + style::points(std::abs(points)); }

}  // namespace

HeatMapData differenceOf(const RunData* a, const RunData* b) {
  HeatMapData out;
  out.title = Say::tr("Accuracy, A minus B");
  out.row_title = Say::tr("after task");
  out.column_title = Say::tr("on task");
  out.empty = !a || !b ? Say::tr("Choose A and B: each cell shows by how many points A is better.") : Say::tr("The first cell comes when both runs have been evaluated after task 1.");
  if (!a || !b) return out;
  const int tasks = std::min(a->matrix().stages(), b->matrix().stages());
  double range = kSmallestRange, sum = 0;
  int cells = 0, better = 0;
  for (int i = 0; i < tasks; ++i) {
    out.rows << Say::tr("T%1").arg(i + 1);
    for (int j = 0; j < tasks; ++j) {
      const auto ours = a->matrix().at(i, j), theirs = b->matrix().at(i, j);
      const double by = ours && theirs ? 100 * (*ours - *theirs) : std::nan("");
      out.values.push_back(by);
      if (std::isnan(by)) continue;
      range = std::max(range, std::abs(by));
      sum += by;
      ++cells;
      better += by > 0;
    }
  }
  out.columns = out.rows;
  range = std::ceil(range / 5) * 5;
  out.low = -range;
  out.high = range;
  out.colour = [range](double value) { return style::difference(value, range); };
  const auto value = [values = out.values, tasks](int row, int column) { return values[std::size_t(row) * std::size_t(tasks) + std::size_t(column)]; };
  out.text = [value](int row, int column) { return std::isnan(value(row, column)) ? QString() : withSign(value(row, column)); };
  const QString first = a->title(), second = b->title();
  out.tool_tip = [value, first, second](int row, int column) {
    const double by = value(row, column);
    return std::isnan(by) ? QString() : Say::tr("On task %1 after task %2: %3 points, %4 minus %5").arg(column + 1).arg(row + 1).arg(withSign(by), first, second);
  };
  if (cells > 0) out.summary = Say::tr("%1 is better than %2 in %3 of %4 cells, by %5 points on average").arg(first, second).arg(better).arg(cells).arg(withSign(sum / cells));
  return out;
}

}  // namespace palimpsest
