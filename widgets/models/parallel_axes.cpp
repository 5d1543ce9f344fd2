#include "widgets/models/parallel_axes.h"

#include <QCoreApplication>
#include <QLocale>
#include <QSet>
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "engine/record/run_settings.h"
#include "widgets/style/format.h"

namespace palimpsest {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLogFrom = 100;  // largest through smallest
constexpr std::size_t kMostWords = 12, kTicks = 5;

struct Say {
  Q_DECLARE_TR_FUNCTIONS(ParallelAxes)
};

void placeNumbers(ParallelAxis& axis, const std::vector<double>& numbers) {
  std::set<double> distinct;
  for (const double number : numbers)
    if (std::isfinite(number)) distinct.insert(number);
  if (distinct.empty()) return;
  const double low = *distinct.begin(), high = *distinct.rbegin();
  const bool log = low > 0 && high / low >= kLogFrom;
  const auto place = [&](double x) {
    if (!(high > low)) return 0.5;
    return log ? std::log(x / low) / std::log(high / low) : (x - low) / (high - low);
  };
  for (const double number : numbers) axis.places.push_back(std::isfinite(number) ? place(number) : kNaN);
  if (distinct.size() <= kTicks) {
    for (const double x : distinct) axis.ticks.emplace_back(place(x), style::number(x));
    return;
  }
  for (std::size_t i = 0; i < kTicks; ++i) {
    const double at = double(i) / (kTicks - 1), x = log ? low * std::pow(high / low, at) : low + (high - low) * at;
    axis.ticks.emplace_back(at, style::number(x));
  }
}

// Evenly, in order of first appearance from the top.
void placeWords(ParallelAxis& axis) {
  QStringList distinct;
  for (const QString& value : axis.values)
    if (!value.isEmpty() && !distinct.contains(value)) distinct << value;
  const auto place = [&](const QString& value) {
    return distinct.size() < 2 ? 0.5 : 1 - double(distinct.indexOf(value)) / double(distinct.size() - 1);
  };
  for (const QString& value : axis.values) axis.places.push_back(value.isEmpty() ? kNaN : place(value));
  const qsizetype every = std::max<qsizetype>(1, (distinct.size() + qsizetype(kMostWords) - 1) / qsizetype(kMostWords));
  for (qsizetype i = distinct.size() - 1; i >= 0; --i)
    if (i % every == 0) axis.ticks.emplace_back(place(distinct[i]), distinct[i]);
}

ParallelAxis axisOf(const QString& name, const QStringList& values) {
  ParallelAxis axis{name, {}, values, {}};
  std::vector<double> numbers;
  bool all = true;
  for (const QString& value : values) {
    bool number = true;
    numbers.push_back(value.isEmpty() ? kNaN : value.toDouble(&number));
    all = all && number;
  }
  if (all) placeNumbers(axis, numbers);
  else placeWords(axis);
  return axis;
}

ParallelAxis resultAxis(const QString& name, const std::vector<RunFigures>& runs, std::optional<double> RunFigures::* figure) {
  ParallelAxis axis{name, {}, {}, {}};
  std::vector<double> numbers;
  for (const RunFigures& run : runs) {
    numbers.push_back((run.*figure).value_or(kNaN));
    axis.values << (run.*figure ? QString::number(*(run.*figure), 'f', 2) : QString());
  }
  placeNumbers(axis, numbers);
  axis.places.resize(runs.size(), kNaN);
  for (auto& [place, label] : axis.ticks) label = style::points(QLocale().toDouble(label));
  return axis;
}

}  // namespace

std::vector<ParallelAxis> parallelAxes(const std::vector<RunFigures>& runs) {
  std::vector<record::Settings> settings;
  QStringList methods, seeds;
  for (const RunFigures& run : runs) {
    settings.push_back(run.header ? record::settingsOf(run.header->header) : record::Settings());
    methods << run.title;
    seeds << QString::number(run.seed);
  }
  std::vector<ParallelAxis> out;
  const auto vary = [](const QStringList& values) { return QSet<QString>(values.begin(), values.end()).size() > 1; };
  if (vary(methods)) out.push_back(axisOf(Say::tr("method"), methods));
  for (const record::AlignedSetting& setting : record::alignSettings(settings)) {
    if (!setting.differs || (record::isFree(setting.path) && setting.path != "options.scenario")) continue;
    if (std::find(setting.values.begin(), setting.values.end(), std::string()) != setting.values.end()) continue;  // a method's own
    QStringList values;
    for (const std::string& value : setting.values) values << QString::fromStdString(value);
    out.push_back(axisOf(QString::fromStdString(setting.path), values));
  }
  if (vary(seeds)) out.push_back(axisOf(Say::tr("seed"), seeds));
  out.push_back(resultAxis(Say::tr("average"), runs, &RunFigures::average));
  out.push_back(resultAxis(Say::tr("last"), runs, &RunFigures::last));
  return out;
}

std::vector<bool> passing(const std::vector<ParallelAxis>& axes, const Brushes& brushes) {
  constexpr double kSlack = 1e-9;
  std::vector<bool> out(axes.empty() ? 0 : axes.front().places.size(), true);
  for (const ParallelAxis& axis : axes) {
    const auto brush = brushes.find(axis.name);
    if (brush == brushes.end()) continue;
    for (std::size_t run = 0; run < out.size(); ++run)
      out[run] = out[run] && axis.places[run] >= brush->low - kSlack && axis.places[run] <= brush->high + kSlack;
  }
  return out;
}

std::vector<ParallelAxis> ordered(std::vector<ParallelAxis> axes, const QStringList& names) {
  const auto rank = [&](const ParallelAxis& axis) {
    const qsizetype at = names.indexOf(axis.name);
    return at < 0 ? names.size() : at;
  };
  std::stable_sort(axes.begin(), axes.end(), [&](const ParallelAxis& a, const ParallelAxis& b) { return rank(a) < rank(b); });
  return axes;
}

}  // namespace palimpsest
