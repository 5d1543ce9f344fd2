// Why a task was forgotten: a waterfall from its accuracy when learned to the present one, made by putting parts of the old
// model back. Asked for on demand, on a thread of its own, because it evaluates the run's models anew.
#pragma once

#include <QThreadPool>
#include <QWidget>
#include <atomic>
#include <map>
#include <memory>

#include "widgets/models/attribution.h"
#include "widgets/models/lab.h"
#include "widgets/models/prediction_loader.h"
#include "widgets/views/table_text.h"

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;

namespace palimpsest {

class Waterfall : public QWidget {
  Q_OBJECT
 public:
  explicit Waterfall(QWidget* parent = nullptr);
  struct Bar {
    QString name, tool_tip;
    double from = 0, to = 0;    // percent
    bool whole = false;         // learned and now: from zero
    bool clickable = false;
  };
  void set(std::vector<Bar> bars, const QString& title, const QString& empty);
  const std::vector<Bar>& bars() const { return bars_; }
  QRectF barRect(int bar) const;
  std::optional<QString> exportImage(const QString& path);
  QSize sizeHint() const override { return {460, 280}; }

 Q_SIGNALS:
  void chosen(int bar, Qt::KeyboardModifiers keys);

 protected:
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void changeEvent(QEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  int barAt(const QPoint& at) const;
  QRectF field() const;
  double yOf(double percent) const;  // in pixels
  void paint(QPainter& painter, bool on_screen) const;
  void paintBar(QPainter& painter, int bar) const;
  std::vector<Bar> bars_;
  QString title_, empty_;
  double low_ = 0, high_ = 100;
  int current_ = -1;
};

class AttributionView : public QWidget {
  Q_OBJECT
 public:
  AttributionView(Lab& lab, PredictionLoader& loader, QWidget* parent = nullptr);
  ~AttributionView() override;  // waits until the engine has noticed
  Waterfall& waterfall() const { return *waterfall_; }
  bool asking() const { return asking_; }
  void ask();     // as the button does
  void cancel();
  TextTable text() const;

 Q_SIGNALS:
  void problem(const QString& message);

 protected:
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  struct Answer {
    std::vector<TaskAttribution> tasks;
    int after = -1;   // last task that had ended when it was asked
    QString problem;  // why there is none
  };
  void refresh();
  void show(const TaskAttribution& one, int after);
  void take(const QString& run, Answer answer);
  void choose(int bar, Qt::KeyboardModifiers keys);
  QString reason() const;  // why it cannot be asked; empty: it can
  const Answer* answer() const;
  const TaskAttribution* shown() const;
  Lab& lab_;
  PredictionLoader& loader_;
  QComboBox* task_;
  QPushButton* ask_;
  QProgressBar* progress_;
  QLabel* words_;
  Waterfall* waterfall_;
  std::map<QString, Answer> answers_;  // by run
  std::shared_ptr<std::atomic<bool>> cancelled_;
  QThreadPool pool_;
  bool asking_ = false;
};

}  // namespace palimpsest
