#include "app/recipe_panel.h"

#include <QAction>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include "app/default_comparison.h"
#include "engine/protocol/error.h"
#include "widgets/views/inspector_view.h"

namespace palimpsest {

namespace {
QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }
}  // namespace

RecipePanel::RecipePanel(const EngineApi& api, QWidget* parent)
    : QWidget(parent), api_(api), document_(*api.catalogue), binding_(document_, form_), chooser_(new QComboBox(this)), about_(new QLabel(this)),
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
  document_.setStartOptions(Value(valuesOf(defaultComparisonOptions())));
  connect(chooser_, &QComboBox::currentIndexChanged, this, &RecipePanel::takeRecipe);
  connect(go_, &QPushButton::clicked, this, &RecipePanel::go);
  connect(&form_, &ParamFormModel::edited, this, [this] { go_->setEnabled(form_.valid()); });
  connect(&document_, &RecipeDocument::changed, this, &RecipePanel::refresh);
  for (QAction* action : {document_.undoStack().createUndoAction(this), document_.undoStack().createRedoAction(this)}) {
    action->setShortcuts(actions().isEmpty() ? QKeySequence::Undo : QKeySequence::Redo);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    addAction(action);
  }
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

void RecipePanel::takeRecipe(int index) {
  if (index < 0 || index >= int(recipes_.size())) return;
  const NamedRecipe& recipe = recipes_[std::size_t(index)];
  // Options outlive the choice of a recipe: the comparison stays a fair one.
  const bool untouched = !document_.undoStack().canUndo() && !document_.undoStack().canRedo();
  document_.take(recipe.recipe, tr("Take %1").arg(text(recipe.title)));
  if (untouched) document_.undoStack().clear();  // nothing was edited: there is nothing to come back to
  for (const Issue& issue : document_.issues()) Q_EMIT problem(issue);
}

// The chooser follows what became of the document elsewhere: on the canvas, by undo, from a file.
void RecipePanel::refresh() {
  const QSignalBlocker quiet(chooser_);
  chooser_->setCurrentIndex(chooser_->findData(document_.name()));
  if (chooser_->currentIndex() < 0) chooser_->setPlaceholderText(document_.title());
  const Value* paper = document_.recipe().find("paper");
  about_->setText(paper ? text(paper->asString()) : QString());
  about_->setVisible(!about_->text().isEmpty());
  go_->setEnabled(!document_.empty() && form_.valid());
}

RunOptions RecipePanel::options() const {
  if (form_.groups().empty()) return {};
  Issues none;
  return readParams<RunOptions>(document_.options(), "", none);
}

RunPlan RecipePanel::plan() const {
  RunPlan plan;
  if (form_.groups().empty()) return plan;
  plan.recipe = document_.resolved();
  plan.options = options();
  return plan;
}

void RecipePanel::reveal(const QString& path) {
  const PartInfo* part = document_.partAt(path);
  inspector_->reveal(part && !part->params.empty() ? path + QLatin1Char('.') + text(part->params.front().name) : path);
}

void RecipePanel::setBusy(bool busy) {
  go_->setText(busy ? tr("Add to queue") : tr("Run"));
  go_->setToolTip(busy ? tr("Runs this recipe when those before it have ended") : tr("Runs this recipe now"));
}

void RecipePanel::go() {
  if (!form_.groups().empty() && form_.valid()) Q_EMIT runRequested(plan());
}

}  // namespace palimpsest
