#include "widgets/models/part_list.h"

#include <QMimeData>
#include <algorithm>
#include <memory>

#include "widgets/style/palette.h"

namespace palimpsest {
namespace {
QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }
}  // namespace

QMimeData* mimeOf(const PartInfo& part) {
  auto mime = std::make_unique<QMimeData>();
  mime->setData(QLatin1String(kPartMime), QByteArray::fromStdString(part.slot + "/" + part.name));
  mime->setText(text(part.title));
  return mime.release();
}

const PartInfo* partIn(const QMimeData& mime, const RecipeDocument& document) {
  const QString written = QString::fromUtf8(mime.data(QLatin1String(kPartMime)));
  return document.part(written.section(QLatin1Char('/'), 0, 0), written.section(QLatin1Char('/'), 1));
}

PartListModel::PartListModel(RecipeDocument& document, QObject* parent) : QAbstractListModel(parent), document_(document) {
  connect(&document, &RecipeDocument::changed, this, [this] {
    if (rowCount() > 0) Q_EMIT dataChanged(index(0), index(rowCount() - 1));
  });
}

void PartListModel::setTarget(const QString& path) {
  if (path == target_) return;
  target_ = path;
  if (rowCount() > 0) Q_EMIT dataChanged(index(0), index(rowCount() - 1));
}

int PartListModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(document_.catalogue().size()); }

QString PartListModel::reason(const PartInfo& part) const {
  if (document_.empty()) return tr("There is no recipe yet: choose a preset first.");
  return target_.isEmpty() ? QString() : document_.whyNot(target_, part);
}

QVariant PartListModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const PartInfo& part = at(index.row());
  switch (role) {
    case Qt::DisplayRole:
      return tr("%1  (%2)", "a part and its slot").arg(text(part.title.empty() ? part.name : part.title), text(part.slot));
    case Qt::ToolTipRole: {
      const QString why = reason(part);
      return QStringLiteral("<p><b>%1</b></p><p>%2</p>%3").arg(text(part.name).toHtmlEscaped(), text(part.doc).toHtmlEscaped(),
                                                              why.isEmpty() ? QString() : QStringLiteral("<p>%1</p>").arg(why.toHtmlEscaped()));
    }
    case Qt::ForegroundRole:
      return reason(part).isEmpty() ? QVariant() : QVariant(style::muted());
    case Qt::AccessibleDescriptionRole:
    case ReasonRole:
      return reason(part);
    case SlotRole:
      return text(part.slot);
    case FitsRole:
      return reason(part).isEmpty();
    default:
      return {};
  }
}

Qt::ItemFlags PartListModel::flags(const QModelIndex& index) const {
  return index.isValid() ? Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsDragEnabled | Qt::ItemNeverHasChildren : Qt::NoItemFlags;
}

QMimeData* PartListModel::mimeData(const QModelIndexList& indexes) const { return indexes.isEmpty() ? nullptr : mimeOf(at(indexes.front().row())); }

void PartFilter::setWords(const QString& words) {
  words_ = words.split(QLatin1Char(' '), Qt::SkipEmptyParts);
  invalidateFilter();
}

void PartFilter::setOnlyFitting(bool only) {
  only_fitting_ = only;
  invalidateFilter();
}

bool PartFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
  const auto* parts = qobject_cast<const PartListModel*>(sourceModel());
  if (!parts) return true;
  if (only_fitting_ && !parts->index(row, 0, parent).data(PartListModel::FitsRole).toBool()) return false;
  const PartInfo& part = parts->at(row);
  const QString all = text(part.title + " " + part.name + " " + part.slot + " " + part.doc);
  return std::all_of(words_.begin(), words_.end(), [&](const QString& word) { return all.contains(word, Qt::CaseInsensitive); });
}

}  // namespace palimpsest
