// The runs that wait, in the order in which they will run, each with the time at which it would begin and end. Rows are
// moved by dragging or by moveRun(); the queue decides, and the model follows it. Window's thread.
#pragma once

#include <QAbstractTableModel>
#include <QThreadPool>
#include <optional>
#include <vector>

#include "app/workspace.h"
#include "widgets/models/queue_forecast.h"

namespace palimpsest {

class QueueModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Title, Begin, End, ColumnCount };
  enum Role { IdRole = Qt::UserRole + 1, BeginRole, EndRole };  // the latter QDateTime; invalid: not known
  explicit QueueModel(Workspace& workspace, QObject* parent = nullptr);  // borrowed
  ~QueueModel() override;

  bool moveRun(int row, int to);  // false when nothing moved
  QString idAt(int row) const { return rows_[std::size_t(row)].id; }
  void tick();  // times anew; call while somebody looks
  // When the last run would end, in seconds from now; none where that is not known.
  std::optional<double> allDone() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  Qt::DropActions supportedDropActions() const override { return Qt::MoveAction; }
  QStringList mimeTypes() const override;
  QMimeData* mimeData(const QModelIndexList& indexes) const override;
  bool dropMimeData(const QMimeData* data, Qt::DropAction action, int row, int column, const QModelIndex& parent) override;

 private:
  struct Row {
    QString id, title, origin;
    std::optional<double> seconds;  // how long it would take
    QueueForecast::Slot slot{};
  };
  Row rowOf(const QueuedRun& run) const;
  void follow();     // the queue has changed
  void readRuns();   // what earlier runs took has changed
  std::optional<double> untilFree() const;
  QString time(const std::optional<double>& from_now) const;
  QString toolTip(const Row& row, int column) const;

  Workspace& workspace_;
  QueueForecast forecast_;
  std::vector<Row> rows_;
  QThreadPool disk_;
};

}  // namespace palimpsest
