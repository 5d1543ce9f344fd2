// The queue: the run that is going on, and below it those that wait, to be put in another order by dragging or with
// Alt+Up and Alt+Down, and taken back with Delete.
#pragma once

#include <QTimer>
#include <QWidget>

#include "app/queue_model.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QTreeView;

namespace palimpsest {

class QueueView : public QWidget {
  Q_OBJECT
 public:
  explicit QueueView(Workspace& workspace, QWidget* parent = nullptr);  // borrowed
  QueueModel& model() { return model_; }

 protected:
  void changeEvent(QEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void build();
  void buildList();
  void addActions();
  void refresh();      // all but the rows
  void refreshLive();
  void moveCurrent(int by);
  void removeCurrent();
  void holdOrGoOn();
  void copyTable();
  int currentRow() const;

  Workspace& workspace_;
  QueueModel model_;
  QTreeView* list_;
  QLabel *live_, *left_, *empty_, *done_;
  QProgressBar* progress_;
  QPushButton *hold_, *remove_;
  QTimer tick_;
};

}  // namespace palimpsest
