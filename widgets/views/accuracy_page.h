// What a run has forgotten, which images, why, how it dips, what goes on inside, and what it costs: one question a tab, with one sentence above
// that answers the first. Follows the cursor; B is what the run in focus is compared to.
#pragma once

#include <QVariantMap>
#include <QWidget>

#include "widgets/models/lab.h"
#include "widgets/models/prediction_loader.h"

class QLabel;
class QTabWidget;

namespace palimpsest {

class AttributionView;
class ClassTable;
class ConfusionView;
class CostView;
class LifelineView;
class StabilityView;
class XrayView;

class AccuracyPage : public QWidget {
  Q_OBJECT
 public:
  enum class Tab { Confusions, LifeLines, Causes, StabilityGap, Inside, Costs };
  explicit AccuracyPage(Lab& lab, QWidget* parent = nullptr);
  Tab tab() const;
  void setTab(Tab tab);
  QVariantMap state() const;  // the tab and the x-ray, for the next session
  void restore(const QVariantMap& state);
  QString headline() const;  // "After T5: 62.1 % right. 412 images forgotten. ..."

  ConfusionView& confusions() const { return *confusions_; }
  ClassTable& classes() const { return *classes_; }
  LifelineView& lifelines() const { return *lifelines_; }
  AttributionView& causes() const { return *causes_; }
  StabilityView& stability() const { return *stability_; }
  XrayView& inside() const { return *inside_; }
  CostView& costs() const { return *costs_; }

 Q_SIGNALS:
  void problem(const QString& message);  // of an export, for the window to show

 private:
  void refresh();
  Lab& lab_;
  PredictionLoader a_, b_;
  QLabel* headline_;
  QTabWidget* tabs_;
  ConfusionView* confusions_;
  ClassTable* classes_;
  LifelineView* lifelines_;
  AttributionView* causes_;
  StabilityView* stability_;
  XrayView* inside_;
  CostView* costs_;
};

}  // namespace palimpsest
