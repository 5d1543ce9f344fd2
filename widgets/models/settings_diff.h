// Settings of runs side by side, one column a run: where a number comes from first (weights, class order, seed), then
// options and recipe. Computed once per set of runs; what differs is known per row.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>
#include <vector>

#include "engine/record/run_settings.h"
#include "widgets/models/run_groups.h"

namespace palimpsest {

class SettingsDiff : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Role { DiffersRole = Qt::UserRole + 1, ProvenanceRole, OddRole /* the cell is not as in most runs */, SortRole };
  using QAbstractTableModel::QAbstractTableModel;

  void setRuns(const std::vector<RunFigures>& runs);  // one without a header has empty cells
  int differences() const;
  const std::vector<record::AlignedSetting>& settings() const { return rows_; }
  int provenanceRows() const { return provenance_; }
  const std::vector<RunFigures>& runs() const { return runs_; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;  // setting, then one a run
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  QString cell(int row, int run) const;  // as it is shown: digests are cut
  std::vector<RunFigures> runs_;
  std::vector<record::AlignedSetting> rows_;  // provenance first
  std::vector<std::string> usual_;            // by row: the value of most runs
  int provenance_ = 0;
};

// Only what differs, until a switch shows all; and only what a word is found in, in names or values.
class SettingsFilter : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  explicit SettingsFilter(QObject* parent = nullptr);
  void setOnlyDifferences(bool only);
  bool onlyDifferences() const { return only_; }
  void setSearch(const QString& words);

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
  bool lessThan(const QModelIndex& a, const QModelIndex& b) const override;  // numbers as numbers

 private:
  bool only_ = true;
  QString search_;
};

}  // namespace palimpsest
