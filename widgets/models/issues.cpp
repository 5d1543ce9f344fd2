#include "widgets/models/issues.h"

#include <QApplication>
#include <QStyle>
#include <algorithm>

namespace palimpsest {
namespace {

QString text(const std::string& s) { return QString::fromStdString(s); }

}  // namespace

void IssuesModel::setIssues(Issues issues) {
  if (issues == issues_) return;
  beginResetModel();
  issues_ = std::move(issues);
  std::stable_partition(issues_.begin(), issues_.end(), [](const Issue& i) { return i.severity == Severity::Error; });
  endResetModel();
}

void IssuesModel::add(const Issue& issue) {
  if (std::find(issues_.begin(), issues_.end(), issue) != issues_.end()) return;
  const int row = issue.severity == Severity::Error ? errors() : rowCount();
  beginInsertRows({}, row, row);
  issues_.insert(issues_.begin() + row, issue);
  endInsertRows();
}

int IssuesModel::errors() const {
  return int(
      std::count_if(issues_.begin(), issues_.end(), [](const Issue& i) { return i.severity == Severity::Error; }));
}

int IssuesModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(issues_.size()); }
int IssuesModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant IssuesModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const Issue& issue = at(index.row());
  const bool is_error = issue.severity == Severity::Error;
  switch (role) {
    case Qt::DisplayRole:
      return text(index.column() == Message ? issue.message : index.column() == Where ? issue.path : issue.hint);
    case Qt::DecorationRole:
      if (index.column() != Message) return {};
      return QApplication::style()->standardIcon(is_error ? QStyle::SP_MessageBoxCritical
                                                          : QStyle::SP_MessageBoxWarning);
    case Qt::ToolTipRole:
      return text(lineOf(issue));
    case Qt::AccessibleTextRole:
      return index.column() != Message ? data(index, Qt::DisplayRole)
             : is_error                ? tr("Error: %1").arg(text(issue.message))
                                       : tr("Warning: %1").arg(text(issue.message));
    case PathRole:
      return text(issue.path);
    case SeverityRole:
      return int(issue.severity);
    default:
      return {};
  }
}

QVariant IssuesModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  switch (section) {
    case Message:
      return tr("Problem");
    case Where:
      return tr("Where");
    case Remedy:
      return tr("What to do");
    default:
      return {};
  }
}

}  // namespace palimpsest
