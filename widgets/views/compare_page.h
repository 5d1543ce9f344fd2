// The Compare perspective: the ticked runs as methods over seeds. Curves with bands, results with ranks and a baseline,
// A minus B cell by cell, the settings in which they differ, and a guard that refuses to rank what is not comparable.
#pragma once

#include <QSet>
#include <QTimer>
#include <QVariantMap>
#include <QWidget>
#include <map>
#include <vector>

#include "widgets/models/fairness.h"
#include "widgets/models/group_table.h"
#include "widgets/models/lab.h"
#include "widgets/models/run_headers.h"

class QComboBox;
class QLabel;
class QPushButton;
class QSplitter;
class QStackedWidget;
class QTabWidget;

namespace palimpsest {

class FairnessBar;
class GroupPlot;
class HeatMap;
class ParallelView;
class ResultsView;
class SettingsView;

class ComparePage : public QWidget {
  Q_OBJECT
 public:
  explicit ComparePage(Lab& lab, QWidget* parent = nullptr);
  // Zoom excepted: what is drawn around means, baseline, brushes, accepted differences, splitters. For a saved layout.
  QVariantMap state() const;
  void restore(const QVariantMap& state);
  const Fairness& fairness() const { return fairness_; }

 Q_SIGNALS:
  // Queue these runs again with these run options ("epochs": 5), so that they compare with the baseline or first method.
  void alignRequested(const QStringList& run_ids, const QVariantMap& options);
  void compareWithRequested();  // queue the same set-up with another method
  void problem(const QString& message);

 protected:
  void showEvent(QShowEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  QWidget* makeEmptyState();
  QWidget* makeContent();
  QWidget* makeDifference();
  void connectAll();
  void markDirty();
  const RunFigures& figuresFor(const RunData& run);
  void reread();       // reads the runs again
  void regroup();      // of the runs that the brushes leave
  void updateEmpty();
  void updateChoosers();
  void updateDifference();
  const RunFigures* offered() const;  // as B while there is none: the other ticked run that ended best
  void accept(const QString& path, bool accepted);
  void alignNow();
  FairPlan alignment() const;

  struct Known {
    RunFigures figures;
    std::uint64_t revision = 0;
    RunData::State state = RunData::State::Preparing;
  };
  Lab& lab_;
  RunHeaders headers_;
  GroupTable table_;
  std::map<const RunData*, Known> known_;
  std::vector<RunFigures> figures_;  // of all ticked runs that have begun
  std::vector<RunGroup> groups_;
  Fairness fairness_;
  QSet<QString> accepted_;
  QTimer later_;  // a live run speaks thirty times a second
  bool dirty_ = true;
  QStringList settings_of_;  // runs whose settings are shown, with a mark for those that are not known yet

  QStackedWidget* pages_;
  QLabel *empty_title_, *empty_text_, *filter_text_;
  QPushButton *queue_, *show_all_, *offer_;
  QComboBox *a_, *b_;
  FairnessBar* bar_;
  GroupPlot* plot_;
  HeatMap* difference_;
  ResultsView* results_;
  SettingsView* settings_;
  ParallelView* parallel_;
  QTabWidget* tabs_;
  QSplitter *columns_, *left_, *right_;
};

}  // namespace palimpsest
