#include "widgets/models/fairness.h"

#include <QCoreApplication>
#include <QMap>
#include <algorithm>
#include <array>

#include "engine/record/fairness.h"

namespace palimpsest {
namespace {

constexpr int kShownOfDigest = 8, kShownOfOrder = 14;

struct Say {
  Q_DECLARE_TR_FUNCTIONS(Fairness)
};

std::vector<std::vector<const record::RunHeader*>> headersOf(const std::vector<RunGroup>& groups) {
  std::vector<std::vector<const record::RunHeader*>> out;
  for (const RunGroup& group : groups)
    for (auto& headers = out.emplace_back(); const RunFigures& run : group.runs)
      if (run.header) headers.push_back(&run.header->header);
  return out;
}

// Who does what, with %1 for who and %2 for the value.
QString clauseOf(const QString& path) {
  if (path == QLatin1String("data")) return Say::tr("%1 learned the data %2");
  if (path == QLatin1String("data_fingerprint")) return Say::tr("%1 used images and labels with the digest %2");
  if (path == QLatin1String("backbone")) return Say::tr("%1 used the backbone %2");
  if (path == QLatin1String("backbone_sha256")) return Say::tr("%1 used backbone weights with the hash %2");
  if (path == QLatin1String("scenario")) return Say::tr("%1 learned the stream %2");
  if (path == QLatin1String("class_order")) return Say::tr("%1 met the classes in the order %2");
  if (path == QLatin1String("epochs")) return Say::tr("%1 used %2 epochs");
  if (path == QLatin1String("batch")) return Say::tr("%1 trained in batches of %2");
  if (path == QLatin1String("memory")) return Say::tr("%1 kept %2 images in memory");
  if (path == QLatin1String("evaluation")) return Say::tr("%1 was evaluated by “%2”");
  if (path == QLatin1String("seeds")) return Say::tr("%1 ran with seed %2");
  if (path == QLatin1String("options.image_size")) return Say::tr("%1 saw images at a size of %2");
  if (path == QLatin1String("options.train_transform")) return Say::tr("%1 augmented training images by “%2”");
  if (path == QLatin1String("options.test_transform")) return Say::tr("%1 prepared test images by “%2”");
  if (path == QLatin1String("options.held_out")) return Say::tr("%1 held %2 images of each class back");
  return Say::tr("%1 had %3 set to %2").arg(QStringLiteral("%1"), QStringLiteral("%2"), path.section(QLatin1Char('.'), -1));
}

QString shortened(const QString& path, const std::string& value) {
  const QString text = QString::fromStdString(value);
  const auto cut = [&](int most) { return text.size() > most ? text.left(most) + QChar(0x2026) : text; };
  if (path == QLatin1String("backbone_sha256")) return cut(kShownOfDigest);
  if (path == QLatin1String("class_order")) return cut(kShownOfOrder);
  if (path == QLatin1String("options.image_size") && text == QLatin1String("0")) return Say::tr("the weights’ own");
  // Files by their name: the folder they lie in is nobody's business on a shared screen.
  return path == QLatin1String("backbone") || path == QLatin1String("data") ? text.section(QLatin1Char('/'), -1) : text;
}

QString listed(const QStringList& names) {
  return names.size() < 2 ? names.join(QString()) : Say::tr("%1 and %2").arg(names.mid(0, names.size() - 1).join(Say::tr(", ")), names.last());
}

QString sentenceOf(const record::Mismatch& mismatch, const std::vector<RunGroup>& groups) {
  const QString path = QString::fromStdString(mismatch.criterion->path);
  std::vector<std::pair<std::string, QStringList>> by_value;  // in order of first appearance
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::string& value = mismatch.values[g];
    if (value.empty()) continue;
    auto at = std::find_if(by_value.begin(), by_value.end(), [&](const auto& entry) { return entry.first == value; });
    if (at == by_value.end()) at = by_value.insert(at, {value, {}});
    at->second << groups[g].name;
  }
  QStringList parts;
  for (const auto& [value, names] : by_value) {
    const QString who = listed(names);
    parts << (parts.isEmpty() ? clauseOf(path).arg(who, shortened(path, value)) : Say::tr("%1 %2").arg(who, shortened(path, value)));
  }
  return Say::tr("%1.").arg(parts.join(Say::tr(", ")));
}

// Option of a run that settles a criterion; empty where none does.
QString optionOf(const QString& path) {
  static const QMap<QString, QString> kOptions{
      {QStringLiteral("data"), QStringLiteral("data")},         {QStringLiteral("data_fingerprint"), QStringLiteral("data")},
      {QStringLiteral("backbone"), QStringLiteral("backbone")}, {QStringLiteral("backbone_sha256"), QStringLiteral("backbone")},
      {QStringLiteral("scenario"), QStringLiteral("scenario")}, {QStringLiteral("class_order"), QStringLiteral("scenario")},
      {QStringLiteral("epochs"), QStringLiteral("epochs")}};
  return path.startsWith(QLatin1String("options.")) ? path.mid(8) : kOptions.value(path);
}

QVariant wished(const record::RunHeader& header, const QString& option, const std::string& value) {
  if (option == QLatin1String("epochs")) {  // of every phase alike, or not at all
    bool number = false;
    const int epochs = QString::fromStdString(value).toInt(&number);
    return number && epochs > 0 ? QVariant(epochs) : QVariant();
  }
  const Value* set = header.options.find(option.toStdString());
  if (!set) return {};
  return set->isInt() ? QVariant(qlonglong(set->asInt())) : QVariant(QString::fromStdString(set->asString()));
}

}  // namespace

bool Fairness::mayRank() const {
  return unknown.isEmpty() && std::none_of(found.begin(), found.end(), [](const Unfairness& u) { return u.blocks && !u.accepted; });
}

QString Fairness::reason() const {
  QStringList out;
  for (const Unfairness& u : found)
    if (u.blocks && !u.accepted) out << u.sentence;
  if (!unknown.isEmpty()) out << unknown;
  return out.join(QLatin1Char(' '));
}

Fairness fairnessOf(const std::vector<RunGroup>& groups, const QSet<QString>& accepted) {
  Fairness out;
  if (groups.size() < 2) return out;
  for (const record::Mismatch& mismatch : record::mismatches(headersOf(groups))) {
    const QString path = QString::fromStdString(mismatch.criterion->path);
    out.found.push_back({path, sentenceOf(mismatch, groups), mismatch.criterion->blocks, accepted.contains(path)});
  }
  QStringList unknown;
  for (const RunGroup& group : groups)
    if (std::any_of(group.runs.begin(), group.runs.end(), [](const RunFigures& run) { return !run.header; })) unknown << group.name;
  if (!unknown.isEmpty() && !accepted.contains(QLatin1String("unknown"))) out.unknown = Say::tr("The settings of %1 are not known.").arg(unknown.join(Say::tr(", ")));
  return out;
}

FairPlan alignmentTo(const std::vector<RunGroup>& groups, std::size_t reference, const QSet<QString>& accepted) {
  FairPlan out;
  if (reference >= groups.size() || !groups[reference].runs.front().header) return out;
  const record::RunHeader& header = groups[reference].runs.front().header->header;
  for (const record::Mismatch& mismatch : record::mismatches(headersOf(groups))) {
    const QString path = QString::fromStdString(mismatch.criterion->path);
    const std::string& value = mismatch.values[reference];
    if (!mismatch.criterion->blocks || accepted.contains(path) || value.empty()) continue;
    const QString option = optionOf(path);
    const QVariant wish = option.isEmpty() ? QVariant() : wished(header, option, value);
    if (!wish.isValid()) {
      out.beyond << path;
      continue;
    }
    if (!out.options.contains(option)) out.sentences << Say::tr("%1 = %2").arg(option, wish.toString());
    out.options[option] = wish;
    for (std::size_t g = 0; g < groups.size(); ++g)
      if (!mismatch.values[g].empty() && mismatch.values[g] != value) out.runs << groups[g].ids();
  }
  out.runs.removeDuplicates();
  return out;
}

}  // namespace palimpsest
