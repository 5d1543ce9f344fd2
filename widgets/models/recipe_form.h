// Keeps a form and a recipe under edit in step: what is typed in the form becomes a step of undo, and whatever else changes
// the document is shown in the form. Group 0 are the options of the run.
#pragma once

#include <QObject>
#include <string>
#include <utility>
#include <vector>

#include "widgets/models/param_form.h"
#include "widgets/models/recipe_document.h"

namespace palimpsest {

class RecipeForm : public QObject {
  Q_OBJECT
 public:
  RecipeForm(RecipeDocument& document, ParamFormModel& form, QObject* parent = nullptr);  // borrowed

 private:
  // Which parts stand where, and what their settings start from: a change of it builds the groups anew.
  using Shape = std::vector<std::pair<std::string, const PartInfo*>>;
  void fromDocument();
  void fromForm();
  void build(const Shape& shape);
  Value startOf(const std::string& path, const PartInfo& part) const;
  RecipeDocument& document_;
  ParamFormModel& form_;
  Shape shape_;
  Value original_, start_options_;
  Issues shown_;
  bool syncing_ = false;
};

}  // namespace palimpsest
