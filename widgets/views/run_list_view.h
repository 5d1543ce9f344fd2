// The runs: tick to show, click to bring into focus. What else can be done with a run is said by signals.
#pragma once

#include <QTreeView>

#include "widgets/models/run_list.h"

namespace palimpsest {

class RunListView : public QTreeView {
  Q_OBJECT
 public:
  explicit RunListView(RunListModel& runs, QWidget* parent = nullptr);
  RunData* currentRun() const;
  void setCurrentRun(RunData* run);

 Q_SIGNALS:
  void currentRunChanged(palimpsest::RunData* run);
  void removeRequested(palimpsest::RunData* run);
  void openFolderRequested(palimpsest::RunData* run);
  void resumeRequested(palimpsest::RunData* run);
  void modelRequested(palimpsest::RunData* run);
  void reportRequested(palimpsest::RunData* run);
  void runDemoRequested();   // from the empty list
  void openRunRequested();

 protected:
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;

 private:
  void showMenu(RunData* run, const QPoint& global);
  void refresh();
  void restyle();
  RunListModel& runs_;
  QWidget* empty_ = nullptr;
};

}  // namespace palimpsest
