#include "widgets/models/recipe_form.h"

#include <QScopedValueRollback>

#include "engine/protocol/options.h"
#include "widgets/models/param_value.h"

namespace palimpsest {
namespace {

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }

}  // namespace

RecipeForm::RecipeForm(RecipeDocument& document, ParamFormModel& form, QObject* parent)
    : QObject(parent), document_(document), form_(form) {
  connect(&document, &RecipeDocument::changed, this, &RecipeForm::fromDocument);
  connect(&form, &ParamFormModel::edited, this, &RecipeForm::fromForm);
  fromDocument();
}

// A part that was put in by the user starts from its defaults, one that the recipe came with from the recipe's values.
Value RecipeForm::startOf(const std::string& path, const PartInfo& part) const {
  const Value* place = document_.resolvedOriginal().at(path);
  const Value* use = place ? place->find("use") : nullptr;
  return param::declared(use && use->asString() == part.name ? place : nullptr, part.params);
}

void RecipeForm::build(const Shape& shape) {
  std::vector<ParamFormModel::Group> groups;
  groups.push_back({tr("Run"), tr("Which data, which stream of tasks, which network, which machine."), "", specsOf<RunOptions>(), document_.startOptions()});
  for (const auto& [path, part] : shape)
    groups.push_back({text(part->title), text(part->doc), path, part->params, startOf(path, *part)});
  form_.setGroups(std::move(groups));
  shape_ = shape;
  original_ = document_.original();
  start_options_ = document_.startOptions();
  shown_.clear();
}

void RecipeForm::fromDocument() {
  if (syncing_) return;
  const QScopedValueRollback guard(syncing_, true);
  if (document_.empty()) {
    if (form_.rowCount() > 0) form_.setGroups({});
    shape_.clear();
    original_ = Value();
    return;
  }
  Shape shape;
  for (const RecipePart& part : partsOf(document_.resolved(), document_.catalogue()))
    if (!part.info->params.empty()) shape.emplace_back(part.path, part.info);
  if (form_.groups().empty() || shape != shape_ || !(original_ == document_.original()) || !(start_options_ == document_.startOptions())) build(shape);
  for (int group = 0; group < int(form_.groups().size()); ++group) {
    const std::string path = form_.groups()[std::size_t(group)].path;
    const Value* values = group == 0 ? &document_.options() : document_.resolved().at(path);
    const Value shown = form_.values(group);
    // Only what differs is set: a row whose text could not be read keeps what was typed.
    for (const auto& [name, value] : shown.asObject())
      if (const Value* now = values ? values->find(name) : nullptr; now && !(*now == value)) form_.set(path, name, *now);
  }
  if (document_.issues() != shown_) {
    shown_ = document_.issues();
    form_.setIssues(shown_);
  }
}

void RecipeForm::fromForm() {
  if (syncing_ || form_.groups().empty()) return;
  const Value options = form_.values(0);
  for (const auto& [name, value] : options.asObject())
    if (const Value* now = document_.options().find(name); !now || !(*now == value)) document_.setOption(text(name), value);
  for (int group = 1; group < int(form_.groups().size()); ++group) {
    const std::string path = form_.groups()[std::size_t(group)].path;
    const Value values = form_.values(group);
    for (const auto& [name, value] : values.asObject())
      if (const Value* now = document_.resolved().at(path + "." + name); !now || !(*now == value)) document_.set(text(path + "." + name), value);
  }
}

}  // namespace palimpsest
