#include "widgets/models/class_table_model.h"

#include <algorithm>
#include <cmath>

#include "widgets/models/prediction_loader.h"
#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {

namespace {
double share(std::int64_t hits, std::int64_t images) { return images > 0 ? 100.0 * double(hits) / double(images) : std::nan(""); }
double now(const ClassFigures& row) { return share(row.hits, row.images); }
double learned(const ClassFigures& row) { return share(row.learned_hits, row.learned_images); }
}  // namespace

void ClassTableModel::set(const RunData* run, const PredictionHistory& history, int upto) {
  std::vector<ClassFigures> rows;
  if (run) rows = history.classes(upto, run->start().class_order);
  const auto same = [](const ClassFigures& a, const ClassFigures& b) { return a.cls == b.cls; };
  if (run == run_ && rows.size() == rows_.size() && std::equal(rows.begin(), rows.end(), rows_.begin(), same)) {
    rows_ = std::move(rows);  // selection and scroll position stay
    if (!rows_.empty()) Q_EMIT dataChanged(index(0, 0), index(int(rows_.size()) - 1, ColumnCount - 1));
    return;
  }
  beginResetModel();
  run_ = run;
  rows_ = std::move(rows);
  endResetModel();
}

QVariant ClassTableModel::sortKey(const ClassFigures& row, int column) const {
  switch (column) {
    case Name: return classNameOf(run_, row.cls);
    case Task: return row.task;
    case Now: return now(row);
    case Learned: return learned(row);
    case Forgetting: return learned(row) - now(row);
    case Images: return qlonglong(row.images);
    case Error: return qlonglong(row.error_images);
    default: return {};
  }
}

QString ClassTableModel::text(const ClassFigures& row, int column) const {
  switch (column) {
    case Name: return classNameOf(run_, row.cls);
    case Task: return tr("T%1").arg(row.task + 1);
    case Now: return style::points(now(row));
    case Learned: return row.learned_images > 0 ? style::points(learned(row)) : QStringLiteral("–");
    case Forgetting: return row.learned_images > 0 ? style::points(learned(row) - now(row)) : QStringLiteral("–");
    case Images: return style::integer(row.images);
    case Error: return row.error < 0 ? QString() : tr("%1 (%2)").arg(classNameOf(run_, row.error), style::integer(row.error_images));
    default: return {};
  }
}

QString ClassTableModel::toolTip(const ClassFigures& row, int column) const {
  const QString name = classNameOf(run_, row.cls);
  switch (column) {
    case Learned: return tr("%1 of %2 images right after T%3, the first task after which it was tested").arg(style::integer(row.learned_hits), style::integer(row.learned_images)).arg(row.task + 1);
    case Forgetting: return tr("Accuracy when learned minus accuracy now, in percentage points; negative: it got better");
    case Error: return row.error < 0 ? tr("No image of %1 is wrong").arg(name) : tr("%1 images of %2 are taken for %3; a click selects them").arg(style::integer(row.error_images), name, classNameOf(run_, row.error));
    default: return tr("%1: %2 of %3 images right; a click selects them").arg(name, style::integer(row.hits), style::integer(row.images));
  }
}

QVariant ClassTableModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const ClassFigures& row = rows_[std::size_t(index.row())];
  const int column = index.column();
  const bool words = column == Name || column == Error;
  switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole: return text(row, column);
    case Qt::ToolTipRole: return toolTip(row, column);
    case Qt::TextAlignmentRole: return int(Qt::AlignVCenter | (words ? Qt::AlignLeft : Qt::AlignRight));
    case Qt::FontRole: return words ? QVariant() : QVariant(style::tabularFont());
    case Qt::BackgroundRole: return column == Now && row.images > 0 ? QVariant(style::accuracy(now(row))) : QVariant();
    case Qt::ForegroundRole: return column == Now && row.images > 0 ? QVariant(style::textOn(style::accuracy(now(row)))) : QVariant();
    case SortRole: return sortKey(row, column);
    case ClassRole: return row.cls;
    default: return {};
  }
}

QVariant ClassTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation == Qt::Vertical) return QAbstractTableModel::headerData(section, orientation, role);
  static const char* const kNames[] = {QT_TR_NOOP("Class"), QT_TR_NOOP("Task"), QT_TR_NOOP("Now %"), QT_TR_NOOP("Learned %"), QT_TR_NOOP("Forgotten"), QT_TR_NOOP("Images"), QT_TR_NOOP("Most often taken for")};
  static const char* const kTips[] = {QT_TR_NOOP("Name in the data set"), QT_TR_NOOP("Task in which it was learned: after which it was first tested"), QT_TR_NOOP("Share of its test images that are right after the task looked at"),
                                      QT_TR_NOOP("Share that was right just after it was learned"), QT_TR_NOOP("Learned minus now, in percentage points"), QT_TR_NOOP("Its test images"), QT_TR_NOOP("The class that most of its wrong images are taken for, and how many")};
  if (section < 0 || section >= ColumnCount) return {};
  if (role == Qt::DisplayRole) return tr(kNames[section]);
  if (role == Qt::ToolTipRole) return tr(kTips[section]);
  return {};
}

}  // namespace palimpsest
