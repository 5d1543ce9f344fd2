#include "widgets/models/accuracy_matrix_model.h"

#include <QLocale>
#include <algorithm>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {

void AccuracyMatrixModel::setRun(const RunData* run) {
  if (run == run_) return;
  if (run_) run_->disconnect(this);
  beginResetModel();
  run_ = run;
  tasks_ = run ? run->matrix().tasks() : 0;
  cells_ = read(tasks_);
  endResetModel();
  if (!run) return;
  connect(run, &RunData::changed, this, &AccuracyMatrixModel::update);
  connect(run, &QObject::destroyed, this, [this] { update(); });
}

std::vector<AccuracyMatrixModel::Cell> AccuracyMatrixModel::read(int tasks) const {
  std::vector<Cell> cells(std::size_t(tasks) * std::size_t(tasks));
  if (!run_) return cells;
  const AccuracyMatrix& matrix = run_->matrix();
  for (int i = 0; i < tasks; ++i)
    for (int j = 0; j < tasks; ++j)
      if (const auto accuracy = matrix.at(i, j))
        cells[std::size_t(i) * std::size_t(tasks) + std::size_t(j)] = {matrix.hits(i, j).value_or(0),
                                                                       matrix.count(j).value_or(0), 100 * *accuracy};
  return cells;
}

void AccuracyMatrixModel::update() {
  const int tasks = run_ ? run_->matrix().tasks() : 0;
  std::vector<Cell> cells = read(tasks);
  if (tasks != tasks_) {
    beginResetModel();
    tasks_ = tasks;
    cells_ = std::move(cells);
    endResetModel();
    return;
  }
  std::swap(cells, cells_);
  for (int row = 0; row < tasks_; ++row) {  // `cells` holds what was shown
    const auto begin = std::ptrdiff_t(row) * tasks_, end = begin + tasks_;
    const auto first =
        std::mismatch(cells_.begin() + begin, cells_.begin() + end, cells.begin() + begin).first - cells_.begin();
    if (first == end) continue;
    std::ptrdiff_t last = end - 1;
    while (cells_[std::size_t(last)] == cells[std::size_t(last)]) --last;
    Q_EMIT dataChanged(index(row, int(first - begin)), index(row, int(last - begin)));
  }
}

int AccuracyMatrixModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : tasks_; }

QVariant AccuracyMatrixModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Cell& cell = cells_[std::size_t(index.row()) * std::size_t(tasks_) + std::size_t(index.column())];
  if (cell.hits < 0) {
    if (role == Qt::AccessibleTextRole) return tr("not measured");
    return {};
  }
  switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
      return QLocale().toString(cell.percent, 'f', 1);
    case Qt::TextAlignmentRole:
      return int(Qt::AlignCenter);
    case Qt::FontRole:
      return style::tabularFont();
    case Qt::BackgroundRole:
      return style::accuracy(cell.percent);
    case Qt::ForegroundRole:
      return style::textOn(style::accuracy(cell.percent));
    case Qt::ToolTipRole:
      return tr("Task %1 after task %2: %3 of %4 images = %5")
          .arg(index.column() + 1)
          .arg(index.row() + 1)
          .arg(style::integer(cell.hits), style::integer(cell.count), style::percent(cell.percent));
    case AccuracyRole:
      return cell.percent;
    default:
      return {};
  }
}

QVariant AccuracyMatrixModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role == Qt::DisplayRole) return tr("T%1").arg(section + 1);
  if (role != Qt::ToolTipRole) return {};
  return orientation == Qt::Horizontal ? tr("Accuracy on task %1").arg(section + 1)
                                       : tr("After learning task %1").arg(section + 1);
}

}  // namespace palimpsest
