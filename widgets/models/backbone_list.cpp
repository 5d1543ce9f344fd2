#include "widgets/models/backbone_list.h"

#include <QApplication>
#include <QFont>
#include <QLocale>
#include <QRegularExpression>
#include <QStyle>
#include <algorithm>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {
namespace {

using State = BackbonePreview::State;

QString text(const std::string& s) { return QString::fromStdString(s); }

QString count(std::int64_t n) {
  if (n < 1000) return style::integer(n);
  const bool millions = n >= 999'500;
  const double value = double(n) / (millions ? 1e6 : 1e3);
  const QString digits = QLocale().toString(value, 'f', value < 99.95 ? 1 : 0);
  return millions ? BackboneListModel::tr("%1 M").arg(digits) : BackboneListModel::tr("%1 k").arg(digits);
}

QString inputOf(const BackboneInfo& info) {
  QStringList parts;
  if (info.image_size > 0) parts << BackboneListModel::tr("%1 px").arg(info.image_size);
  if (!info.input_range.empty()) parts << text(info.input_range);
  return parts.join(QStringLiteral(", "));
}

}  // namespace

QString shortNetwork(const std::string& architecture) {
  QStringList parts;
  for (const char* fact : {"width", "depth", "patch"}) {
    const QRegularExpression wanted(QStringLiteral("\\b%1 \\d+").arg(QLatin1String(fact)));
    const auto found = wanted.match(text(architecture));
    if (!found.hasMatch()) return text(architecture);  // another family: its own words
    parts << found.captured();
  }
  return parts.join(QStringLiteral(", "));
}

QString previewText(const BackbonePreview& preview) {
  switch (preview.state) {
    case State::None:
      return {};
    case State::Running:
      return BackboneListModel::tr("Measuring the nearest class mean on %1: %2 %")
          .arg(preview.data)
          .arg(int(preview.percent));
    case State::Done:
      return BackboneListModel::tr("Nearest class mean: %1 on %2 (%3)")
          .arg(style::percent(preview.percent), preview.data, preview.said);
    case State::Failed:
      return BackboneListModel::tr("The preview on %1 failed: %2").arg(preview.data, preview.said);
  }
  return {};
}

void BackboneListModel::setBackbones(std::vector<BackboneInfo> backbones) {
  beginResetModel();
  std::map<QString, BackbonePreview> kept;
  for (const BackboneInfo& info : backbones) {
    const int before = rowOf(text(info.name));
    const auto preview = previews_.find(text(info.name));
    if (before >= 0 && preview != previews_.end() && at(before).sha256 == info.sha256) kept.insert(*preview);
  }
  previews_ = std::move(kept);
  backbones_ = std::move(backbones);
  endResetModel();
}

void BackboneListModel::setPreview(const QString& name, BackbonePreview preview) {
  const int row = rowOf(name);
  if (row < 0) return;  // forgotten meanwhile
  previews_[name] = std::move(preview);
  announce(row);
}

void BackboneListModel::setNextRun(const QString& backbone, const QString& data) {
  if (next_ == backbone && data_ == data) return;
  next_ = backbone;
  data_ = data;
  for (int row = 0; row < rowCount(); ++row) announce(row);
}

int BackboneListModel::rowOf(const QString& name) const {
  const auto found =
      std::find_if(backbones_.begin(), backbones_.end(), [&](const auto& b) { return text(b.name) == name; });
  return found == backbones_.end() ? -1 : int(found - backbones_.begin());
}

BackbonePreview BackboneListModel::preview(const QString& name) const {
  const auto found = previews_.find(name);
  return found == previews_.end() ? BackbonePreview{} : found->second;
}

bool BackboneListModel::isNext(int row) const { return next_ == text(at(row).name) || next_ == text(at(row).file); }

bool BackboneListModel::hasAdded() const {
  return std::any_of(backbones_.begin(), backbones_.end(), [](const BackboneInfo& b) { return !b.bundled; });
}

void BackboneListModel::announce(int row) { Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1)); }

int BackboneListModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : int(backbones_.size());
}
int BackboneListModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant BackboneListModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const int row = index.row(), column = index.column();
  const bool figure = column == Parameters || column == NearestMean, warns = !at(row).problem.empty();
  switch (role) {
    case Qt::DisplayRole:
      return display(row, column);
    case Qt::AccessibleTextRole:
      return column == Name ? tr("%1, %2").arg(display(row, Name), note(row)) : display(row, column);
    case Qt::ToolTipRole:
      return toolTip(row, column);
    case Qt::DecorationRole:
      if (column != Name || !warns) return {};
      return QApplication::style()->standardIcon(QStyle::SP_MessageBoxWarning);
    case Qt::TextAlignmentRole:
      return figure ? QVariant(Qt::AlignRight | Qt::AlignVCenter) : QVariant();
    case Qt::FontRole:
      return figure ? QVariant(style::tabularFont()) : QVariant();
    case Qt::ForegroundRole:
      return foreground(row, column);
    case NameRole:
      return text(at(row).name);
    case NoteRole:
      return note(row);
    case WarningRole:
      return warns;
    default:
      return {};
  }
}

QString BackboneListModel::display(int row, int column) const {
  const BackboneInfo& info = at(row);
  switch (column) {
    case Name:
      return text(info.name);
    case Network:
      return shortNetwork(info.architecture);
    case Parameters:
      return info.parameters > 0 ? count(info.parameters) : QString();
    case Input:
      return inputOf(info);
    default:
      break;
  }
  const BackbonePreview shown = preview(text(info.name));
  switch (shown.state) {
    case State::Running:
      return tr("busy %1 %").arg(int(shown.percent));
    case State::Done:
      return style::percent(shown.percent);
    case State::Failed:
      return tr("failed");
    default:
      return {};
  }
}

QString BackboneListModel::note(int row) const {
  if (!at(row).problem.empty()) return text(at(row).problem);
  const QString kind = at(row).bundled ? tr("bundled") : tr("added");
  return isNext(row) ? tr("%1, used by the next run").arg(kind) : kind;
}

QVariant BackboneListModel::foreground(int row, int column) const {
  if (column != NearestMean) return {};
  const BackbonePreview shown = preview(text(at(row).name));
  if (shown.state == State::Failed) return style::error();
  return shown.state == State::Running || shown.data != data_ ? QVariant(style::muted()) : QVariant();
}

QString BackboneListModel::toolTip(int row, int column) const {
  const BackboneInfo& info = at(row);
  if (column == NearestMean) {
    const BackbonePreview shown = preview(text(info.name));
    if (shown.state == State::None) return tr("Not previewed yet.");
    if (shown.state != State::Done || shown.data == data_) return previewText(shown);
    return previewText(shown) + QLatin1Char('\n') +
           tr("The next run takes other data or settings: preview again to compare.");
  }
  QStringList lines{tr("%1, %2").arg(text(info.name), info.bundled ? tr("bundled with the program") : tr("added"))};
  if (!info.problem.empty()) lines << text(info.problem);
  lines << text(info.architecture) << tr("File: %1").arg(text(info.file)) << tr("SHA-256: %1").arg(text(info.sha256));
  if (!info.licence.empty()) lines << tr("Licence: %1").arg(text(info.licence));
  if (!info.origin.empty()) lines << tr("Origin: %1").arg(text(info.origin));
  return lines.join(QLatin1Char('\n'));
}

QVariant BackboneListModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole && (section == Parameters || section == NearestMean))
    return QVariant(Qt::AlignRight | Qt::AlignVCenter);
  if (role == Qt::ToolTipRole && section == NearestMean)
    return tr(
        "Accuracy of the nearest class mean by cosine over the frozen features: how far they carry before any "
        "training. Measured on one in six training images, so that choosing by it leaves the test images unseen.");
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case Name:
      return tr("Name");
    case Network:
      return tr("Network");
    case Parameters:
      return tr("Parameters");
    case Input:
      return tr("Input");
    case NearestMean:
      return tr("Nearest mean");
    default:
      return {};
  }
}

}  // namespace palimpsest
