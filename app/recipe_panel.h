// What the next run will be: a recipe, its settings and the options of the run, all from their declarations.
#pragma once

#include <QWidget>
#include <vector>

#include "app/engine_api.h"
#include "widgets/models/param_form.h"
#include "widgets/models/recipe_document.h"
#include "widgets/models/recipe_form.h"

class QComboBox;
class QLabel;
class QPushButton;

namespace palimpsest {

class InspectorView;

class RecipePanel : public QWidget {
  Q_OBJECT
 public:
  explicit RecipePanel(const EngineApi& api, QWidget* parent = nullptr);  // borrowed

  void loadRecipes();                      // problems are emitted
  bool choose(const QString& name);        // a bundled recipe by name
  QString chosen() const;
  RunPlan plan() const;                    // the chosen recipe with what was changed
  RunOptions options() const;              // of that plan
  RecipeDocument& document() { return document_; }  // what is edited: by the form, the pipeline, undo and redo
  const std::vector<NamedRecipe>& recipes() const { return recipes_; }
  ParamFormModel& form() { return form_; }
  void reveal(const QString& path);        // opens the row of an issue; of a part, its first setting
  void setBusy(bool busy);                 // an engine is at work: the button queues
  void go();                               // as the button does

 Q_SIGNALS:
  void runRequested(const palimpsest::RunPlan& plan);
  void problem(const palimpsest::Issue& issue);

 private:
  void takeRecipe(int index);
  void refresh();
  const EngineApi& api_;
  RecipeDocument document_;
  ParamFormModel form_;
  RecipeForm binding_;
  std::vector<NamedRecipe> recipes_;
  QComboBox* chooser_;
  QLabel* about_;
  InspectorView* inspector_;
  QPushButton* go_;
};

}  // namespace palimpsest
