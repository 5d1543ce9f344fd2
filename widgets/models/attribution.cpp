#include "widgets/models/attribution.h"

#include <QCoreApplication>
#include <algorithm>
#include <array>
#include <cmath>

#include "widgets/style/format.h"

namespace palimpsest {

namespace {
using Kind = ForgettingCause::Kind;
constexpr double kNothing = 0.05;  // points; below it a figure prints as 0.0

struct Words {
  Kind kind;
  const char *key, *name, *definition;
};
constexpr std::array<Words, 4> kWords{{
    {Kind::Expansion, "class_expansion", QT_TRANSLATE_NOOP("Attribution", "new classes"),
     QT_TRANSLATE_NOOP("Attribution", "Lost only because there are more classes to choose from: with matching, prompts and head as they were")},
    {Kind::Head, "head", QT_TRANSLATE_NOOP("Attribution", "head"), QT_TRANSLATE_NOOP("Attribution", "Regained when the task's rows of the head are put back: the classifier moved away from its classes (Shapley value)")},
    {Kind::Prompts, "prompts", QT_TRANSLATE_NOOP("Attribution", "prompts"), QT_TRANSLATE_NOOP("Attribution", "Regained when the prompts' contents are put back: later tasks wrote over them (Shapley value)")},
    {Kind::Matching, "matching", QT_TRANSLATE_NOOP("Attribution", "matching"), QT_TRANSLATE_NOOP("Attribution", "Regained when keys are put back: images are given other prompts than when the task was learned (Shapley value)")},
}};

QString said(const char* text) { return QCoreApplication::translate("Attribution", text); }

double number(const Value& object, std::string_view key) {
  const Value* found = object.find(key);
  return found && found->isNumber() ? found->asDouble() : std::nan("");
}
}  // namespace

const ForgettingCause* TaskAttribution::largest() const {
  const ForgettingCause* most = nullptr;
  for (const ForgettingCause& cause : causes)
    if (cause.points >= kNothing && (!most || cause.points > most->points)) most = &cause;
  return most;
}

std::vector<TaskAttribution> attributionsOf(const Value& diagnosis) {
  std::vector<TaskAttribution> out;
  const Value* rows = diagnosis.find("attribution");
  if (!rows) return out;
  for (const Value& row : rows->asArray()) {
    const Value* task = row.find("task");
    if (!task || !task->isNumber()) continue;
    TaskAttribution one;
    one.task = int(task->asInt());
    one.learned = number(row, "learned");
    one.now = number(row, "now");
    one.drift = number(row, "feature_drift");
    for (const Words& words : kWords) {
      ForgettingCause cause{words.kind, number(row, words.key), {}};
      if (const Value* images = row.find(std::string(words.key) + "_images"))
        for (const Value& image : images->asArray()) cause.samples.push_back(image.asInt(-1));
      one.causes.push_back(std::move(cause));
    }
    out.push_back(std::move(one));
  }
  return out;
}

QString causeName(Kind kind) { return said(kWords[std::size_t(kind)].name); }
QString causeDefinition(Kind kind) { return said(kWords[std::size_t(kind)].definition); }

QString inWords(const TaskAttribution& one) {
  const double lost = one.learned - one.now;
  const QString task = QCoreApplication::translate("Attribution", "T%1").arg(one.task + 1);
  if (std::isnan(lost)) return QCoreApplication::translate("Attribution", "%1: accuracy could not be measured.").arg(task);
  if (lost < kNothing) return QCoreApplication::translate("Attribution", "%1 has lost nothing since it was learned (%2 then, %3 now).").arg(task, style::percent(one.learned), style::percent(one.now));
  const ForgettingCause* most = one.largest();
  const QString start = QCoreApplication::translate("Attribution", "%1 has lost %2 points since it was learned.").arg(task, style::points(lost));
  if (!most) return start;
  return start + QLatin1Char(' ') + QCoreApplication::translate("Attribution", "The largest cause: %1, %2 points. %3.").arg(causeName(most->kind), style::points(most->points), causeDefinition(most->kind));
}

}  // namespace palimpsest
