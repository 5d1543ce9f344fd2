// From which task on a run is told anew, and with what: the recipe and the options as the run has them, with what was
// changed marked. Reading the run's events may take seconds, so that happens on a thread of its own.
#pragma once

#include <QDialog>
#include <QThreadPool>
#include <vector>

#include "engine/record/fork.h"
#include "widgets/models/param_form.h"

class QComboBox;
class QLabel;
class QPushButton;

namespace palimpsest {

class InspectorView;
class RunData;
struct PartInfo;

class ForkDialog : public QDialog {
  Q_OBJECT
 public:
  // `run`: a run with a folder; only read here. `catalogue` is borrowed.
  ForkDialog(const RunData& run, const std::vector<PartInfo>& catalogue, QWidget* parent = nullptr);
  ~ForkDialog() override;

  bool ready() const { return ready_; }  // it has been read, and can be forked
  record::ForkPlan plan() const;         // what was chosen; call when ready()
  ParamFormModel& form() { return form_; }

 Q_SIGNALS:
  void loaded();  // or found to be without a task to fork after
  void forkRequested(const palimpsest::record::ForkPlan& plan);

 private:
  struct Found {
    std::vector<int> tasks;
    record::ForkPlan plan;
    QString problem;
  };
  static Found read(const std::filesystem::path& folder);
  void take(Found found);
  void fill();
  void refresh();
  void accept() override;

  const std::vector<PartInfo>& catalogue_;
  record::ForkPlan source_;
  ParamFormModel form_;
  QComboBox* task_;
  QLabel *about_, *changes_;
  InspectorView* inspector_;
  QPushButton* fork_;
  bool ready_ = false;
  QThreadPool disk_;
};

}  // namespace palimpsest
