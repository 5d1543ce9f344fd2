// What was tried on a run's prompts: the change as a person writes it, the engine's answer, and tables of both.
#pragma once

#include <QAbstractTableModel>
#include <QStringList>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/protocol/inspect.h"
#include "engine/protocol/value.h"

namespace palimpsest {

struct WhatIfFields {  // as typed: "3, 7", swap "0:1, 2:3", freeze "3:1" (prompt 3 as it was after T1)
  QString mask = {}, force = {}, swap = {}, reinitialise = {}, freeze = {};
  int top_k = 0;           // 0: as it is
  double temperature = 0;  // 0: as it is
  bool centre = false;
  int layer = -1;       // -1: all
  int after_task = -1;  // from 0; -1: as it is now
};
struct WhatIfLimits {
  int prompts = 0;     // of the layer, or the most of all
  bool soft = false;   // weights, which have a temperature and cannot be forced
  int last_task = -1;  // from 0, whose model is looked at
};
struct ReadWhatIf {
  WhatIf change;
  QStringList problems;  // what is wrong and what would be right, a sentence each
  bool nothing = false;  // nothing would change
};
ReadWhatIf readWhatIf(const WhatIfFields& fields, const WhatIfLimits& limits);
WhatIfFields fieldsOf(const WhatIf& change);  // as a person would type it
QString whatIfText(const WhatIf& change);     // "mask 3, 7; top-k 2"

struct Trial {
  QString run;  // its title, for people
  WhatIf change;
  int after_task = -1;
  std::int64_t images = 0, changed = 0;  // probe images, predictions that changed
  double before = 0, after = 0;          // accuracy in percent
  double moved = 0;                      // share of the prompts' weight that went to others, 0..1
  double seconds = 0;
  std::vector<double> before_by_task, after_by_task;  // percent
};
std::optional<Trial> readTrial(const Value& answer);  // of Inspectors::whatIf; nullopt when it is no such answer
QString trialSentence(const Trial& trial);            // what came of it, with figures

struct InvarianceAnswer {
  bool known = false, invariant = false;
  QString sentence;                   // whether predictions depend on batch mates
  std::vector<std::int64_t> samples;  // that changed, in the test split, where the answer names them
};
InvarianceAnswer readInvariance(const Value& answer);

// One row a trial, the newest first. FigureRole: the number of a cell, for bars.
class TrialListModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Run, Change, Before, After, Difference, Changed, ColumnCount };
  enum Role { FigureRole = Qt::UserRole + 1 };
  using QAbstractTableModel::QAbstractTableModel;
  void add(Trial trial);
  const Trial& at(int row) const { return trials_[std::size_t(row)]; }
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  std::vector<Trial> trials_;
};

// One trial by task; the first row is all tasks together.
class TrialTasksModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Task, Before, After, Difference, ColumnCount };
  using QAbstractTableModel::QAbstractTableModel;
  void set(std::optional<Trial> trial);
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  double figure(int row, int column) const;
  std::optional<Trial> trial_;
};

}  // namespace palimpsest
