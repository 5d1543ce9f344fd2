// What if the prompts had been chosen otherwise? A form, the engine's answer by task, what was tried, and whether
// predictions depend on their batch. The run itself is never changed.
#pragma once

#include <QPointer>
#include <QWidget>
#include <map>

#include "widgets/models/inspection_job.h"
#include "widgets/models/lab.h"
#include "widgets/models/prompt_model.h"
#include "widgets/models/what_if_model.h"

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QSpinBox;
class QTableView;

namespace palimpsest {

class WhatIfPanel : public QWidget {
  Q_OBJECT
 public:
  explicit WhatIfPanel(Lab& lab, QWidget* parent = nullptr);
  // Of the run in focus: its layers, and why it cannot be asked (empty: it can).
  void setRun(const std::vector<PromptLayer>& layers, const QString& refusal);
  void propose(const WhatIfFields& fields);  // fills the form in
  WhatIfFields fields() const;
  TrialListModel& trials() { return trials_; }

 Q_SIGNALS:
  void forkRequested(palimpsest::RunData* run, const palimpsest::WhatIf& change);

 private:
  void buildForm(QFormLayout& form);
  void buildTables();
  QWidget* buildButtons();
  void fillChoosers();
  void check();  // the form: problems, estimate, which buttons work and why not
  void tryIt();
  void checkInvariance();
  void begin(const QString& what, InspectionJob::Ask ask);
  void answer(const Value& answer);
  void answerTrial(const Value& answer);
  void end(const QString& sentence);
  void follow(RunData* run);  // the question is dropped when its run goes
  QString estimate(const ReadWhatIf& read) const;
  WhatIfLimits limits() const;
  Lab& lab_;
  InspectionJob job_;
  TrialListModel trials_;
  TrialTasksModel tasks_;
  std::vector<PromptLayer> layers_;
  QString refusal_;
  QPointer<RunData> asked_;  // run of the question under way
  WhatIf change_;            // of the question under way
  bool asked_invariance_ = false;
  std::vector<std::int64_t> affected_;  // images whose prediction depends on the batch
  QLineEdit *mask_, *force_, *swap_, *reinitialise_, *freeze_;
  QSpinBox *top_k_, *images_;
  QDoubleSpinBox* temperature_;
  QCheckBox* centre_;
  QComboBox *layer_, *after_;
  QLabel *problem_, *estimate_, *result_;
  QProgressBar* progress_;
  QPushButton *try_, *keep_, *invariance_, *cancel_, *affected_button_;
  QTableView *task_table_, *trial_table_;
};

}  // namespace palimpsest
