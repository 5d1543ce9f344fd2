// One x-ray of the run in focus: a figure of its instruments, chosen at the top, with a curve for each task, the one that the
// cursor is at strong, or over tasks, with a curve for each thing that was measured.
#pragma once

#include "widgets/models/lab.h"
#include "widgets/models/xrays.h"
#include "widgets/views/live_plot.h"

class QComboBox;

namespace palimpsest {

class XrayView final : public LivePlot {
  Q_OBJECT
 public:
  explicit XrayView(Lab& lab, QWidget* parent = nullptr);
  QStringList offered() const;  // ids of the x-rays that the run in focus has
  QString shown() const;        // id; empty: none
  void choose(const QString& id);  // kept, for runs that have it
  QString wanted() const { return wanted_; }  // what was chosen, whether the run in focus has it or not; empty: nothing yet

 protected:
  Scene scene() const override;
  QString summary() const override;
  QString emptyText() const override;

 private:
  void measure() const;  // anew where events have come, or another one was chosen
  void offer() const;    // what the chooser lists
  Lab& lab_;
  QComboBox* chooser_;
  QString wanted_;
  Series diagonal_;
  mutable std::vector<Xray> offered_;  // without lines
  mutable Xray xray_;                  // the chosen one; without id: none
  mutable const RunData* measured_ = nullptr;
  mutable std::size_t events_ = 0;
  mutable QString read_;  // wanted_ when it was read
};

}  // namespace palimpsest
