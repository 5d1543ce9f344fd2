#include "app/recipe_panel.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "app/default_comparison.h"
#include "engine/protocol/error.h"
#include "widgets/views/inspector_view.h"

namespace palimpsest {

namespace {
// The members of `values` that `part` declares: a recipe's place also holds "use", "when" and nested parts.
Value declaredOf(const Value* place, const PartInfo& part) {
  Value out{Value::Object{}};
  for (const ParamSpec& spec : part.params) {
    const Value* written = place ? place->find(spec.name) : nullptr;
    out[spec.name] = written ? *written : spec.fallback;
  }
  return out;
}

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }
}  // namespace

RecipePanel::RecipePanel(const EngineApi& api, QWidget* parent)
    : QWidget(parent), api_(api), chooser_(new QComboBox(this)), about_(new QLabel(this)),
      inspector_(new InspectorView(form_, this)), go_(new QPushButton(this)) {
  chooser_->setObjectName(QStringLiteral("recipe_chooser"));
  chooser_->setAccessibleName(tr("Recipe of the next run"));
  chooser_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  chooser_->setMinimumContentsLength(12);
  about_->setWordWrap(true);
  about_->setForegroundRole(QPalette::PlaceholderText);
  go_->setObjectName(QStringLiteral("run_recipe"));
  auto* first = new QHBoxLayout;
  first->addWidget(chooser_, 1);
  first->addWidget(go_);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 8, 8, 8);
  column->setSpacing(6);
  column->addLayout(first);
  column->addWidget(about_);
  column->addWidget(inspector_, 1);
  connect(chooser_, &QComboBox::currentIndexChanged, this, &RecipePanel::showRecipe);
  connect(go_, &QPushButton::clicked, this, &RecipePanel::go);
  connect(&form_, &ParamFormModel::edited, this, [this] { go_->setEnabled(form_.valid()); });
  setBusy(false);
}

void RecipePanel::loadRecipes() try {
  recipes_ = api_.recipes();
  chooser_->clear();
  for (const NamedRecipe& recipe : recipes_) chooser_->addItem(text(recipe.title), text(recipe.name));
} catch (const BadInput& bad) {
  go_->setEnabled(false);
  for (const Issue& issue : bad.issues) Q_EMIT problem(issue);
}

bool RecipePanel::choose(const QString& name) {
  const int index = chooser_->findData(name);
  if (index >= 0) chooser_->setCurrentIndex(index);
  return index >= 0;
}

QString RecipePanel::chosen() const { return chooser_->currentData().toString(); }

void RecipePanel::showRecipe(int index) {
  if (index < 0 || index >= int(recipes_.size())) return;
  const NamedRecipe& recipe = recipes_[std::size_t(index)];
  about_->setText(text(recipe.paper));
  about_->setVisible(!recipe.paper.empty());
  const Value options = form_.groups().empty() ? Value(valuesOf(defaultComparisonOptions())) : form_.values(0);
  Resolved resolved = resolve(recipe.recipe, *api_.catalogue);
  for (const Issue& issue : resolved.issues) Q_EMIT problem(issue);
  resolved_ = std::move(resolved.recipe);
  std::vector<ParamFormModel::Group> groups;
  groups.push_back({tr("Run"), tr("Which data, which stream of tasks, which network, which machine."), "",
                    specsOf<RunOptions>(), Value(valuesOf(defaultComparisonOptions()))});
  for (const RecipePart& part : partsOf(resolved_, *api_.catalogue)) {
    if (part.info->params.empty()) continue;
    groups.push_back({text(part.info->title), text(part.info->doc), part.path, part.info->params,
                      declaredOf(resolved_.at(part.path), *part.info)});
  }
  form_.setGroups(std::move(groups));
  // Options outlive the choice of a recipe: the comparison stays a fair one.
  for (const auto& [name, value] : options.asObject()) form_.set("", name, value);
  go_->setEnabled(form_.valid());
}

RunOptions RecipePanel::options() const {
  if (form_.groups().empty()) return {};
  Issues none;
  return readParams<RunOptions>(form_.values(0), "", none);
}

RunPlan RecipePanel::plan() const {
  RunPlan plan;
  if (form_.groups().empty()) return plan;
  plan.recipe = resolved_;
  plan.options = options();
  for (int group = 1; group < int(form_.groups().size()); ++group) {
    Value* place = plan.recipe.at(form_.groups()[std::size_t(group)].path);
    if (!place) continue;
    const Value values = form_.values(group);  // named: a temporary would not outlive the loop's first step
    for (const auto& [name, value] : values.asObject()) (*place)[name] = value;
  }
  return plan;
}

void RecipePanel::reveal(const QString& path) { inspector_->reveal(path); }

void RecipePanel::setBusy(bool busy) {
  go_->setText(busy ? tr("Add to queue") : tr("Run"));
  go_->setToolTip(busy ? tr("Runs this recipe when those before it have ended") : tr("Runs this recipe now"));
}

void RecipePanel::go() {
  if (!form_.groups().empty() && form_.valid()) Q_EMIT runRequested(plan());
}

}  // namespace palimpsest
