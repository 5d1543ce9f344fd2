// The slim line above the plots while a recording plays: what to watch, and the two ways to go on.
#pragma once

#include <QPointer>
#include <QWidget>

#include "widgets/models/run_data.h"

class QLabel;
class QPushButton;

namespace palimpsest {

class CaptionBanner : public QWidget {
  Q_OBJECT
 public:
  explicit CaptionBanner(QWidget* parent = nullptr);
  void setRun(RunData* run);                // captions follow its tasks; nullptr: a plain greeting
  void setCaption(const QString& caption);  // replaces the caption until the next task of the recording
  QString caption() const;

 Q_SIGNALS:
  void compareRequested();  // "Run the default comparison"
  void openRequested();     // "Open a run folder..."
  void dismissed();

 protected:
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  static constexpr int kUnknown = -2, kOver = -3;  // beside tasks, and -1 before the first
  void refresh();
  void restyle();
  QPointer<RunData> run_;
  int task_ = kUnknown;
  QLabel* caption_;
  QPushButton *compare_, *open_;
};

}  // namespace palimpsest
