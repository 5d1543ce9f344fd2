// "Compare with...": the set-up of one run, its data, stream, network, epochs and seed, with other methods, queued at once.
#pragma once

#include <QDialog>
#include <vector>

#include "app/engine_api.h"

class QLabel;
class QLineEdit;
class QListWidget;
class QPushButton;

namespace palimpsest {

class CompareWith : public QDialog {
  Q_OBJECT
 public:
  // `of`: the plan that the others are to be like; `name`: what its recipe is called, which is listed but not ticked again.
  CompareWith(const std::vector<NamedRecipe>& recipes, RunPlan of, const QString& name, QWidget* parent = nullptr);
  std::vector<RunPlan> plans() const;  // of those that are ticked, in the order of the list

 Q_SIGNALS:
  void queueRequested(const std::vector<palimpsest::RunPlan>& plans);

 private:
  void fill();
  void narrow(const QString& words);
  void refresh();
  void accept() override;
  const std::vector<NamedRecipe> recipes_;
  const RunPlan of_;
  const QString name_;
  QLineEdit* search_;
  QListWidget* list_;
  QLabel* locked_;
  QPushButton* queue_;
};

}  // namespace palimpsest
