#include "widgets/models/xrays.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

#include "widgets/models/prediction_loader.h"

namespace palimpsest {

namespace {

enum class Along { Tasks, Labels, Numbers, Classes };  // what x is

struct Meaning {
  const char* name;
  Along along;
  bool logarithmic;
  double factor;  // of values: 100 makes percent
  const char *title, *definition, *x_title, *y_title;
};

constexpr Meaning kMeanings[] = {
    {"calibration", Along::Tasks, false, 100, QT_TRANSLATE_NOOP("Xray", "Calibration"),
     QT_TRANSLATE_NOOP("Xray", "how far confidence is from accuracy (ECE, 15 bins), on old and new classes apart"), "", QT_TRANSLATE_NOOP("Xray", "%")},
    {"reliability", Along::Numbers, false, 100, QT_TRANSLATE_NOOP("Xray", "Reliability"),
     QT_TRANSLATE_NOOP("Xray", "accuracy of images by how sure the model is; on the dotted line it is as often right as it is sure"), QT_TRANSLATE_NOOP("Xray", "confidence (%)"),
     QT_TRANSLATE_NOOP("Xray", "accuracy (%)")},
    {"temperature", Along::Tasks, false, 1, QT_TRANSLATE_NOOP("Xray", "Temperature"),
     QT_TRANSLATE_NOOP("Xray", "what logits are divided by so that confidence is right on held-out training images; above 1: the model was too sure"), "", QT_TRANSLATE_NOOP("Xray", "temperature")},
    {"movement", Along::Labels, true, 1, QT_TRANSLATE_NOOP("Xray", "Movement of layers"),
     QT_TRANSLATE_NOOP("Xray", "how far the weights of each layer went in a task, as a part of their length before it"), QT_TRANSLATE_NOOP("Xray", "layer"), QT_TRANSLATE_NOOP("Xray", "relative distance")},
    {"cka", Along::Tasks, false, 1, QT_TRANSLATE_NOOP("Xray", "Likeness to the pre-trained network"),
     QT_TRANSLATE_NOOP("Xray", "linear CKA of features now and as they came, on 64 test images; 1: the same up to rotation and scale"), "", QT_TRANSLATE_NOOP("Xray", "CKA")},
    {"fisher", Along::Labels, true, 1, QT_TRANSLATE_NOOP("Xray", "Fisher mass"),
     QT_TRANSLATE_NOOP("Xray", "how much the penalty holds each layer: the sum of its weights' importance"), QT_TRANSLATE_NOOP("Xray", "layer"), QT_TRANSLATE_NOOP("Xray", "importance")},
    {"ridge-errors", Along::Labels, true, 1, QT_TRANSLATE_NOOP("Xray", "Ridge curve"),
     QT_TRANSLATE_NOOP("Xray", "squared error on held-out images for each ridge that was tried; the lowest is taken"), QT_TRANSLATE_NOOP("Xray", "ridge"), QT_TRANSLATE_NOOP("Xray", "mean squared error")},
    {"spectrum", Along::Labels, true, 1, QT_TRANSLATE_NOOP("Xray", "Gram spectrum"),
     QT_TRANSLATE_NOOP("Xray", "eigenvalues of the features' Gram matrix by rank; where they fall, directions are empty"), QT_TRANSLATE_NOOP("Xray", "rank"), QT_TRANSLATE_NOOP("Xray", "eigenvalue")},
    {"prototype-similarity", Along::Tasks, false, 1, QT_TRANSLATE_NOOP("Xray", "Likeness of prototypes"),
     QT_TRANSLATE_NOOP("Xray", "mean cosine between classes, of their means and of the decorrelated solution; 0: told apart at best"), "", QT_TRANSLATE_NOOP("Xray", "cosine")},
    {"memory", Along::Classes, false, 1, QT_TRANSLATE_NOOP("Xray", "Content of the memory"), QT_TRANSLATE_NOOP("Xray", "images kept of each class"), QT_TRANSLATE_NOOP("Xray", "class"),
     QT_TRANSLATE_NOOP("Xray", "images")},
    {"stored-bytes", Along::Tasks, true, 1, QT_TRANSLATE_NOOP("Xray", "Stored bytes"), QT_TRANSLATE_NOOP("Xray", "what the model keeps, by kind"), "", QT_TRANSLATE_NOOP("Xray", "bytes")},
    {"compute", Along::Tasks, false, 1, QT_TRANSLATE_NOOP("Xray", "Compute"), QT_TRANSLATE_NOOP("Xray", "multiply-adds for one pass of the network, and for a test image"), "",
     QT_TRANSLATE_NOOP("Xray", "GMAC")}};

QString tr(const char* text) { return QCoreApplication::translate("Xray", text); }
QString say(const char* text) { return *text ? tr(text) : QString(); }

// A logarithm has no place for 0: the curve breaks there.
double shown(double value, const Meaning& meaning) { return meaning.logarithmic && !(value > 0) ? std::nan("") : meaning.factor * value; }

Xray::Line& lineOf(Xray& xray, const QString& name, int task) {
  const auto found = std::find_if(xray.lines.begin(), xray.lines.end(), [&](const Xray::Line& line) { return line.name == name; });
  if (found != xray.lines.end()) return *found;
  xray.lines.push_back({name, {}, task});
  return xray.lines.back();
}

QString afterTask(int task) { return tr("after T%1").arg(task + 1); }

QString placeName(const RunData& run, const Meaning& meaning, const std::string& label) {
  const QString text = QString::fromStdString(label);
  if (meaning.along == Along::Tasks) return QString(text).replace(QLatin1String("ece"), QLatin1String("ECE")).replace(QLatin1String("mce"), QLatin1String("MCE")).replace(QLatin1Char('-'), QLatin1Char(' '));
  if (meaning.along != Along::Classes) return text;
  bool number = false;
  const int at = text.toInt(&number);
  const auto& order = run.start().class_order;
  return number && at >= 0 && at < int(order.size()) ? classNameOf(&run, order[std::size_t(at)]) : text;
}

// Adds the events of one name to one x-ray.
class Reader {
 public:
  Reader(const RunData& run, const Meaning& meaning, Xray& xray) : run_(run), meaning_(meaning), xray_(xray) {}

  void add(const Measured& event) {
    std::vector<std::pair<double, double>> points;
    const std::size_t count = std::min(event.labels.size(), event.values.size());
    for (std::size_t i = 0; i < count; ++i) {
      const double value = shown(event.values[i], meaning_);
      if (meaning_.along == Along::Tasks) lineOf(xray_, placeName(run_, meaning_, event.labels[i]), -1).points.append(event.task + 1, value);
      else points.emplace_back(meaning_.along == Along::Numbers ? 100 * QString::fromStdString(event.labels[i]).toDouble() : placeOf(event.labels[i]), value);
    }
    if (points.empty()) return;
    std::sort(points.begin(), points.end(), [](const auto& one, const auto& other) { return one.first < other.first; });
    Series& line = lineOf(xray_, afterTask(event.task), event.task).points;
    line.clear();  // what a task tells twice counts the second time
    for (const auto& [x, y] : points) line.append(x, y);
  }

 private:
  double placeOf(const std::string& label) {
    const auto [found, fresh] = places_.try_emplace(label, xray_.places.size() + 1);
    if (fresh) xray_.places.push_back(placeName(run_, meaning_, label));
    return double(found->second);
  }
  const RunData& run_;
  const Meaning& meaning_;
  Xray& xray_;
  std::unordered_map<std::string, std::size_t> places_;
};

Xray emptyOf(const Meaning& meaning, const std::string& name, const std::string& unit) {
  Xray out;
  out.id = QString::fromStdString(name);
  out.title = *meaning.title ? say(meaning.title) : out.id;
  out.definition = say(meaning.definition);
  out.x_title = say(meaning.x_title);
  out.y_title = *meaning.y_title ? say(meaning.y_title) : QString::fromStdString(unit);
  out.over_tasks = meaning.along == Along::Tasks;
  out.logarithmic = meaning.logarithmic;
  out.percent = out.agrees_on_diagonal = meaning.along == Along::Numbers;
  return out;
}

constexpr Meaning kUnknown{"", Along::Labels, false, 1, "", "", "", ""};

double share(std::int64_t part, std::int64_t whole) { return whole > 0 ? 100.0 * double(part) / double(whole) : std::nan(""); }

// Is the task found, and is the class found within it?
Xray routing() {
  Xray out;
  out.id = QStringLiteral("routing");
  out.title = tr("Task or class?");
  out.definition = tr("errors taken apart: is the right task found (TII), and the class where the task is known (WTP)");
  out.y_title = tr("% of test images");
  out.over_tasks = out.percent = true;
  return out;
}

void readRouting(Xray& out, const std::vector<Inferred>& all) {
  for (const Inferred& at : all) {
    std::int64_t within = 0;
    for (const std::int64_t hits : at.til_hits) within += hits;
    const double x = at.after_task + 1;
    lineOf(out, tr("right"), -1).points.append(x, share(at.hits, at.images));
    lineOf(out, tr("right task (TII)"), -1).points.append(x, share(at.task_hits, at.images));
    lineOf(out, tr("right where the task is known (WTP)"), -1).points.append(x, share(within, at.images));
    lineOf(out, tr("among the first five"), -1).points.append(x, share(at.top5_hits, at.images));
  }
}

Xray recency() {
  Xray out;
  out.id = QStringLiteral("recency");
  out.title = tr("Recency bias");
  out.definition = tr("how many more images are taken for a task's classes than belong to them; the newest task is mostly above 0");
  out.x_title = tr("task");
  out.y_title = tr("predicted minus true share (points)");
  return out;
}

void readRecency(Xray& out, const std::vector<Inferred>& all) {
  for (const Inferred& at : all) {
    if (at.after_task < 1) continue;  // all images are of the one task
    Xray::Line& line = lineOf(out, afterTask(at.after_task), at.after_task);
    for (std::size_t task = 0; task < std::min(at.predicted.size(), at.counts.size()); ++task) {
      if (out.places.size() <= task) out.places.push_back(QStringLiteral("T%1").arg(task + 1));
      line.points.append(double(task) + 1, share(at.predicted[task] - at.counts[task], at.images));
    }
  }
}

const Meaning& meaningOf(const std::string& name) {
  const auto found = std::find_if(std::begin(kMeanings), std::end(kMeanings), [&](const Meaning& meaning) { return name == meaning.name; });
  return found == std::end(kMeanings) ? kUnknown : *found;
}

}  // namespace

std::vector<Xray> xraysIn(const RunData& run) {
  std::vector<Xray> out;
  if (!run.inferred().empty()) out.push_back(routing());
  if (run.inferred().size() > 1) out.push_back(recency());
  std::map<std::string, std::string> units;  // by name
  for (const Measured& event : run.measured())
    if (!event.labels.empty() && !event.values.empty()) units.try_emplace(event.name, event.unit);
  for (const Meaning& meaning : kMeanings)
    if (const auto told = units.find(meaning.name); told != units.end()) {
      out.push_back(emptyOf(meaning, told->first, told->second));
      units.erase(told);
    }
  for (const auto& [name, unit] : units) out.push_back(emptyOf(kUnknown, name, unit));
  return out;
}

Xray xrayOf(const RunData& run, const QString& id) {
  const std::vector<Xray> all = xraysIn(run);
  const auto found = std::find_if(all.begin(), all.end(), [&](const Xray& xray) { return xray.id == id; });
  Xray out = found == all.end() ? Xray() : *found;
  const std::string name = id.toStdString();
  Reader reader(run, meaningOf(name), out);
  for (const Measured& event : run.measured())
    if (event.name == name) reader.add(event);
  if (id == routing().id) readRouting(out, run.inferred());
  if (id == recency().id) readRecency(out, run.inferred());
  return out;
}

}  // namespace palimpsest
