// The runs in the window: recordings, live ones, opened folders. One row a run; owns the RunData.
#pragma once

#include <QAbstractTableModel>
#include <map>
#include <memory>
#include <vector>

#include "widgets/models/run_data.h"

namespace palimpsest {

class RunListModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Name, Status, LastAccuracy, Forgetting, ColumnCount };
  enum Role { RunRole = Qt::UserRole + 1, ColourRole, SparklineRole };  // RunData*, QColor, QList<double>
  using QAbstractTableModel::QAbstractTableModel;

  RunData* add(std::unique_ptr<RunData> run);  // gives it the first free colour slot, beyond ten the least used one
  void remove(RunData* run);                   // it is told by signals first and destroyed in the next turn of the loop
  void setVisible(RunData* run, bool visible);
  // What stands beside a run's state, for people; empty takes it away. Origin: "from L2P after T2". News takes the
  // state's place: "no news for 40 s".
  void setOrigin(const RunData* run, const QString& origin);
  void setNews(const RunData* run, const QString& news);
  QString news(const RunData* run) const;
  RunData* find(const QString& id) const;
  RunData* at(int row) const { return runs_[std::size_t(row)].get(); }
  int rowOf(const RunData* run) const;
  std::vector<RunData*> visibleRuns() const;  // ticked ones, in order

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  bool setData(const QModelIndex& index, const QVariant& value,
               int role = Qt::EditRole) override;  // Qt::CheckStateRole
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;

 Q_SIGNALS:
  void visibleRunsChanged();
  void runChanged(palimpsest::RunData* run);

 private:
  QString display(const RunData& run, int column) const;
  QString toolTip(const RunData& run, int column) const;
  void announce(RunData* run);
  struct Notes {
    QString origin, news;
  };
  void note(const RunData* run, QString Notes::*which, const QString& text);
  std::vector<std::unique_ptr<RunData>> runs_;
  std::map<const RunData*, Notes> notes_;
};

// "running 62 %", "paused", "done", ...: for lists and window titles.
QString statusText(const RunData& run);

}  // namespace palimpsest
