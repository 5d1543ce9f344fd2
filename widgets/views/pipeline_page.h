// The perspective in which recipes are made: canvas, catalogue, problems, and everything that is done with a whole recipe.
#pragma once

#include <QWidget>
#include <functional>
#include <vector>

#include "widgets/models/issues.h"
#include "widgets/models/lab.h"
#include "widgets/models/pipeline_model.h"

class QLabel;
class QMenu;
class QHBoxLayout;
class QToolButton;

namespace palimpsest {

class IssuesView;
class PartPalette;
class PipelineView;

struct RecipePreset {
  QString name, title;  // "l2p.pilot": a variant stands in the menu of its family
  Value recipe;
};

class PipelinePage : public QWidget {
  Q_OBJECT
 public:
  PipelinePage(Lab& lab, RecipeDocument& document, QWidget* parent = nullptr);  // both borrowed; the document is the inspector's

  void setPresets(std::vector<RecipePreset> presets);  // bundled recipes and their variants
  PipelineView& canvas() { return *canvas_; }
  void jump(const QString& path);             // to the place of an issue: selects it and tells partSelected()
  void openFile(const QString& file);         // also for files that are dropped on the window
  bool saveFile(const QString& file);
  void compareWith(const Value& other, const QString& name);  // written or resolved

 Q_SIGNALS:
  void partSelected(const QString& path);  // "phases.0", "--data": for the inspector to reveal
  void problem(const QString& sentence);   // what could not be read or written; also shown below the canvas

 protected:
  void changeEvent(QEvent* event) override;

 private:
  QHBoxLayout* buildTools();
  QToolButton* button(const char* name, const QString& text, const QString& tip);
  void fillPresets(QMenu& menu, const std::function<void(const RecipePreset&)>& chosen);
  void refresh();
  void say(const QString& sentence, bool refused);
  void askOpen();
  void askSave();
  void askCompare();
  RecipeDocument& document_;
  std::vector<RecipePreset> presets_;
  PipelineModel model_;
  IssuesModel issues_;
  PipelineView* canvas_;
  PartPalette* palette_;
  QLabel *title_, *status_;
  QMenu *new_menu_, *compare_menu_;
  QToolButton *save_ = nullptr, *duplicate_ = nullptr, *compare_ = nullptr;
  bool refused_ = false;
};

}  // namespace palimpsest
