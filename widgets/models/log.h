// The log of the window: bounded, filled from any thread, filtered by level, run and text.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>
#include <QTimer>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace palimpsest {

struct LogLine {
  enum class Level { Trace, Debug, Info, Warning, Error };
  std::int64_t at_us = 0;  // microseconds since 1970, UTC
  Level level = Level::Info;
  QString run;  // empty: the program itself
  QString text;
};

class LogModel;

// Where lines are posted, from any thread; never blocks longer than another post. Outlives the model: after that,
// lines are dropped.
class LogInbox {
 public:
  void post(LogLine line);

 private:
  friend class LogModel;
  std::vector<LogLine> takeAll();
  std::mutex mutex_;  // guards all below
  LogModel* model_ = nullptr;
  std::vector<LogLine> lines_;
  std::size_t capacity_ = 0;
};

class LogModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Time, LevelName, RunName, Text, ColumnCount };
  enum Role { LevelRole = Qt::UserRole + 1 /* int */, RunRole, TextRole, TimeRole /* qint64, microseconds */ };
  static constexpr int kCapacity = 50000;

  explicit LogModel(QObject* parent = nullptr, int capacity = kCapacity);
  ~LogModel() override;
  std::shared_ptr<LogInbox> inbox() const { return inbox_; }
  void post(LogLine line) { inbox_->post(std::move(line)); }
  const LogLine& line(int row) const { return lines_[std::size_t(row)]; }
  void clear();

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  void collect();
  const int capacity_;
  std::deque<LogLine> lines_;
  std::shared_ptr<LogInbox> inbox_;
  QTimer frame_;
  friend class LogInbox;
};

class LogFilter : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  using QSortFilterProxyModel::QSortFilterProxyModel;
  void setLowestLevel(LogLine::Level level);
  void setRun(const QString& run);    // empty: every run
  void setText(const QString& text);  // every word must occur, whatever its case

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  LogLine::Level level_ = LogLine::Level::Info;
  QString run_;
  QStringList words_;
};

QString levelName(LogLine::Level level);

}  // namespace palimpsest
