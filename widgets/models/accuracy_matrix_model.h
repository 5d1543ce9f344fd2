// The accuracy matrix of one run as a table: row = after learning task i, column = on task j. Reads RunData, keeps what
// it last showed so that only changed cells are announced.
#pragma once

#include <QAbstractTableModel>
#include <QPointer>
#include <cstdint>
#include <vector>

#include "widgets/models/run_data.h"

namespace palimpsest {

class AccuracyMatrixModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Role { AccuracyRole = Qt::UserRole + 1 /* double, percent; invalid where nothing was measured */ };
  using QAbstractTableModel::QAbstractTableModel;

  void setRun(const RunData* run);  // borrowed; nullptr empties the table
  const RunData* run() const { return run_; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override { return rowCount(parent); }
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  struct Cell {
    std::int64_t hits = -1, count = 0;  // hits < 0: nothing measured
    double percent = 0;
    friend bool operator==(const Cell&, const Cell&) = default;
  };
  void update();
  std::vector<Cell> read(int tasks) const;
  QPointer<const RunData> run_;
  int tasks_ = 0;
  std::vector<Cell> cells_;  // row-major
};

}  // namespace palimpsest
