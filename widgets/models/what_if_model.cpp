#include "widgets/models/what_if_model.h"

#include <QCoreApplication>
#include <QRegularExpression>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"

namespace palimpsest {

namespace {

struct Text {
  Q_DECLARE_TR_FUNCTIONS(WhatIfModel)
};

const Value& in(const Value& object, std::string_view path) {
  static const Value kNothing;
  const Value* found = object.at(path);
  return found ? *found : kNothing;
}
double numberIn(const Value& object, std::string_view path) {
  const Value& found = in(object, path);
  return found.isNumber() ? found.asDouble() : std::nan("");
}
std::vector<double> numbersIn(const Value& object, std::string_view path) {
  std::vector<double> out;
  for (const Value& item : in(object, path).asArray()) out.push_back(item.isNumber() ? item.asDouble() : std::nan(""));
  return out;
}

// "3, 7" or "3 7"; what is no number becomes a problem.
QStringList pieces(const QString& text) {
  static const QRegularExpression kGap(QStringLiteral("[,;\\s]+"));
  return text.split(kGap, Qt::SkipEmptyParts);
}

struct Prompts {
  int count;
  QStringList& problems;
  int read(const QString& field, const QString& piece) const {
    bool good = false;
    const int prompt = piece.toInt(&good);
    if (!good) problems << Text::tr("%1: \"%2\" is no number; write prompts as 3, 7.").arg(field, piece);
    else if (prompt < 0 || (count > 0 && prompt >= count))
      problems << Text::tr("%1: there is no prompt %2; they are counted from 0 to %3.").arg(field).arg(prompt).arg(count - 1);
    return prompt;
  }
  std::vector<int> list(const QString& field, const QString& text) const {
    std::vector<int> out;
    for (const QString& piece : pieces(text)) out.push_back(read(field, piece));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
};

std::optional<std::pair<QString, QString>> pairIn(const QString& piece) {
  const auto colon = piece.indexOf(QLatin1Char(':'));
  if (colon < 0) return std::nullopt;
  return std::pair(piece.left(colon), piece.mid(colon + 1));
}

void readPairs(ReadWhatIf& out, const WhatIfFields& fields, const Prompts& prompts, int last_task) {
  const QString swap = Text::tr("Swap"), freeze = Text::tr("Freeze");
  for (const QString& piece : pieces(fields.swap)) {
    const auto pair = pairIn(piece);
    if (pair) out.change.swap.emplace_back(prompts.read(swap, pair->first), prompts.read(swap, pair->second));
    else out.problems << Text::tr("%1: \"%2\" is no pair; write 0:1 to exchange prompts 0 and 1.").arg(swap, piece);
  }
  for (const QString& piece : pieces(fields.freeze)) {
    const auto pair = pairIn(piece);
    bool good = false;
    const int task = pair ? QString(pair->second).remove(QLatin1Char('T'), Qt::CaseInsensitive).toInt(&good) : 0;
    if (!good) out.problems << Text::tr("%1: \"%2\" is no pair; write 3:1 for prompt 3 as it was after task 1.").arg(freeze, piece);
    else if (task < 1 || task > last_task + 1)
      out.problems << Text::tr("%1: there is no task %2 before what is looked at; they are counted from 1 to %3.").arg(freeze).arg(task).arg(last_task + 1);
    else out.change.freeze.emplace_back(prompts.read(freeze, pair->first), task - 1);
  }
}

QString listText(const std::vector<int>& all) {
  QStringList out;
  for (const int one : all) out << QString::number(one);
  return out.join(QStringLiteral(", "));
}

QString signedPoints(double x) { return std::isnan(x) ? QStringLiteral("–") : (x > 0 ? QStringLiteral("+") : QString()) + style::points(x); }

}  // namespace

ReadWhatIf readWhatIf(const WhatIfFields& fields, const WhatIfLimits& limits) {
  ReadWhatIf out;
  WhatIf& change = out.change;
  const Prompts prompts{limits.prompts, out.problems};
  change.mask = prompts.list(Text::tr("Mask"), fields.mask);
  change.force = prompts.list(Text::tr("Force"), fields.force);
  change.reinitialise = prompts.list(Text::tr("Re-initialise"), fields.reinitialise);
  readPairs(out, fields, prompts, fields.after_task >= 0 ? fields.after_task : limits.last_task);
  if (fields.top_k > 0) change.top_k = fields.top_k;
  if (fields.temperature > 0) change.temperature = fields.temperature;
  change.centre = fields.centre;
  change.layer = fields.layer;
  change.after_task = fields.after_task;
  if (limits.soft && !change.force.empty()) out.problems << Text::tr("Force: these prompts are weighed, not chosen; use mask, top-k or temperature.");
  if (!limits.soft && change.temperature) out.problems << Text::tr("Temperature: a choice of whole prompts has none; it belongs to weights.");
  if (limits.prompts > 0 && int(change.mask.size()) >= limits.prompts) out.problems << Text::tr("Mask: no prompt would be left to choose.");
  for (const int prompt : change.force)
    if (std::binary_search(change.mask.begin(), change.mask.end(), prompt)) out.problems << Text::tr("Force: prompt %1 is masked, too.").arg(prompt);
  out.nothing = out.problems.isEmpty() && change.mask.empty() && change.force.empty() && change.swap.empty() && change.reinitialise.empty() &&
                change.freeze.empty() && !change.top_k && !change.temperature && !change.centre;
  return out;
}

WhatIfFields fieldsOf(const WhatIf& change) {
  WhatIfFields out{listText(change.mask), listText(change.force), {}, listText(change.reinitialise), {}, change.top_k.value_or(0),
                   change.temperature.value_or(0), change.centre, change.layer, change.after_task};
  QStringList swaps, freezes;
  for (const auto& [a, b] : change.swap) swaps << QStringLiteral("%1:%2").arg(a).arg(b);
  for (const auto& [prompt, task] : change.freeze) freezes << QStringLiteral("%1:%2").arg(prompt).arg(task + 1);
  out.swap = swaps.join(QStringLiteral(", "));
  out.freeze = freezes.join(QStringLiteral(", "));
  return out;
}

QString whatIfText(const WhatIf& change) {
  QStringList out;
  if (!change.mask.empty()) out << Text::tr("mask %1").arg(listText(change.mask));
  if (!change.force.empty()) out << Text::tr("force %1").arg(listText(change.force));
  for (const auto& [a, b] : change.swap) out << Text::tr("swap %1 and %2").arg(a).arg(b);
  if (!change.reinitialise.empty()) out << Text::tr("re-initialise %1").arg(listText(change.reinitialise));
  for (const auto& [prompt, task] : change.freeze) out << Text::tr("freeze %1 at T%2").arg(prompt).arg(task + 1);
  if (change.top_k) out << Text::tr("top-k %1").arg(*change.top_k);
  if (change.temperature) out << Text::tr("temperature %1").arg(style::number(*change.temperature));
  if (change.centre) out << Text::tr("centre queries");
  if (out.isEmpty()) return Text::tr("nothing changed");
  if (change.layer >= 0) out << Text::tr("layer %1 only").arg(change.layer);
  if (change.after_task >= 0) out << Text::tr("after T%1").arg(change.after_task + 1);
  return out.join(QStringLiteral("; "));
}

std::optional<Trial> readTrial(const Value& answer) {
  if (!in(answer, "before.accuracy").isNumber() || !in(answer, "after.accuracy").isNumber()) return std::nullopt;
  Trial out;
  out.after_task = int(in(answer, "after_task").asInt(-1));
  out.images = in(answer, "images").asInt();
  out.changed = in(answer, "changed_predictions").asInt();
  out.before = numberIn(answer, "before.accuracy");
  out.after = numberIn(answer, "after.accuracy");
  out.moved = numberIn(answer, "changed_selections");
  out.seconds = numberIn(answer, "seconds");
  out.before_by_task = numbersIn(answer, "before.by_task");
  out.after_by_task = numbersIn(answer, "after.by_task");
  return out;
}

QString trialSentence(const Trial& trial) {
  const double difference = trial.after - trial.before;
  QString text = Text::tr("%1: accuracy %2 instead of %3 (%4 points) on %5 probe images")
                     .arg(whatIfText(trial.change), style::percent(trial.after), style::percent(trial.before), signedPoints(difference), style::integer(trial.images));
  if (trial.after_task >= 0) text += Text::tr(" after T%1").arg(trial.after_task + 1);
  text += Text::tr("; %1 predictions changed").arg(style::integer(trial.changed));
  if (!std::isnan(trial.moved)) text += Text::tr(", %1 of the prompts' weight went to others").arg(style::percent(100 * trial.moved));
  return text + QLatin1Char('.');
}

InvarianceAnswer readInvariance(const Value& answer) {
  InvarianceAnswer out;
  const Value& changed = in(answer, "changed_predictions");
  out.known = changed.isNumber();
  if (!out.known) {
    out.sentence = Text::tr("Whether predictions depend on the batch could not be judged.");
    return out;
  }
  out.invariant = changed.asInt() == 0;
  for (const Value& sample : in(answer, "changed_samples").asArray()) out.samples.push_back(sample.asInt());
  const QString images = style::integer(in(answer, "images").asInt());
  if (out.invariant) {
    out.sentence = Text::tr("Predictions do not depend on batch mates: %1 images are predicted alike alone and in batches of 2 to 128, in three orders.").arg(images);
    return out;
  }
  out.sentence = Text::tr("Predictions depend on batch mates: %1 of %2 images change with their batch, so this is no function of one image.")
                     .arg(style::integer(changed.asInt()), images);
  if (const double gain = numberIn(answer, "bwe"); !std::isnan(gain)) out.sentence += Text::tr(" Batches of one task: %1 points.").arg(signedPoints(gain));
  if (const double gain = numberIn(answer, "bwe_shuffled"); !std::isnan(gain)) out.sentence += Text::tr(" Shuffled batches: %1 points.").arg(signedPoints(gain));
  return out;
}

// ---- Tables

void TrialListModel::add(Trial trial) {
  beginInsertRows({}, 0, 0);
  trials_.insert(trials_.begin(), std::move(trial));
  endInsertRows();
}

int TrialListModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(trials_.size()); }
int TrialListModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(ColumnCount); }

QVariant TrialListModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Trial& trial = at(index.row());
  if (role == Qt::ToolTipRole) return trialSentence(trial);
  if (role == Qt::TextAlignmentRole && index.column() >= Before) return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role == FigureRole && index.column() == Difference) return trial.after - trial.before;
  if (role != Qt::DisplayRole) return {};
  switch (index.column()) {
    case Run: return trial.run;
    case Change: return whatIfText(trial.change);
    case Before: return style::percent(trial.before);
    case After: return style::percent(trial.after);
    case Difference: return signedPoints(trial.after - trial.before);
    case Changed: return Text::tr("%1 of %2").arg(style::integer(trial.changed), style::integer(trial.images));
    default: return {};
  }
}

QVariant TrialListModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  const QString names[] = {Text::tr("Run"), Text::tr("Change"), Text::tr("Before"), Text::tr("After"), Text::tr("Difference"), Text::tr("Changed")};
  if (role == Qt::DisplayRole) return names[section];
  if (role == Qt::ToolTipRole && section == Changed) return Text::tr("Probe images whose prediction changed");
  if (role == Qt::ToolTipRole && section == Difference) return Text::tr("Percentage points of accuracy on the probe images: after - before");
  return {};
}

void TrialTasksModel::set(std::optional<Trial> trial) {
  beginResetModel();
  trial_ = std::move(trial);
  endResetModel();
}

int TrialTasksModel::rowCount(const QModelIndex& parent) const { return parent.isValid() || !trial_ ? 0 : 1 + int(trial_->before_by_task.size()); }
int TrialTasksModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(ColumnCount); }

double TrialTasksModel::figure(int row, int column) const {
  const auto pick = [&](double all, const std::vector<double>& by_task) {
    if (row == 0) return all;
    return std::size_t(row) <= by_task.size() ? by_task[std::size_t(row) - 1] : std::nan("");
  };
  const double before = pick(trial_->before, trial_->before_by_task), after = pick(trial_->after, trial_->after_by_task);
  return column == Before ? before : column == After ? after : after - before;
}

QVariant TrialTasksModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid) || !trial_) return {};
  const int column = index.column();
  if (role == Qt::TextAlignmentRole && column != Task) return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role == TrialListModel::FigureRole && column != Task) return figure(index.row(), column);
  if (role != Qt::DisplayRole) return {};
  if (column == Task) return index.row() == 0 ? Text::tr("all tasks") : Text::tr("T%1").arg(index.row());
  return column == Difference ? signedPoints(figure(index.row(), column)) : style::percent(figure(index.row(), column));
}

QVariant TrialTasksModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= ColumnCount) return {};
  const QString names[] = {Text::tr("Images of"), Text::tr("Before"), Text::tr("After"), Text::tr("Difference")};
  return names[section];
}

}  // namespace palimpsest
