#include "widgets/views/pipeline_page.h"

#include <QAction>
#include <QEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHash>
#include <QLabel>
#include <QMenu>
#include <QScrollArea>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>

#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "widgets/style/palette.h"
#include "widgets/views/issues_view.h"
#include "widgets/views/part_palette.h"
#include "widgets/views/pipeline_view.h"
#include "widgets/views/recipe_dialogs.h"

namespace palimpsest {

PipelinePage::PipelinePage(Lab& lab, RecipeDocument& document, QWidget* parent)
    : QWidget(parent), document_(document), model_(document), canvas_(new PipelineView(model_)), palette_(new PartPalette(document)),
      title_(new QLabel), status_(new QLabel), new_menu_(new QMenu(this)), compare_menu_(new QMenu(this)) {
  setObjectName(QStringLiteral("pipelinePage"));
  setAccessibleName(tr("Pipeline"));
  title_->setObjectName(QStringLiteral("recipeTitle"));
  status_->setObjectName(QStringLiteral("pipelineStatus"));
  status_->setAccessibleName(tr("What happened last"));
  status_->setWordWrap(true);
  status_->setContentsMargins(8, 2, 8, 2);
  status_->setMinimumHeight(2 * fontMetrics().height() + 4);  // two lines: the canvas does not jump when a sentence is long
  auto* scroll = new QScrollArea;
  scroll->setObjectName(QStringLiteral("pipelineScroll"));
  scroll->setAccessibleName(tr("Pipeline"));
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setWidget(canvas_);
  auto* issues = new IssuesView(issues_);
  auto* middle = new QSplitter(Qt::Horizontal);
  middle->setObjectName(QStringLiteral("pipelineSplit"));
  middle->addWidget(scroll);
  middle->addWidget(palette_);
  middle->setStretchFactor(0, 1);
  middle->setSizes({720, 240});
  auto* whole = new QSplitter(Qt::Vertical);
  whole->setObjectName(QStringLiteral("pipelineIssuesSplit"));
  whole->addWidget(middle);
  whole->addWidget(issues);
  whole->setStretchFactor(0, 1);
  whole->setSizes({560, 110});
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addLayout(buildTools());
  column->addWidget(whole, 1);
  column->addWidget(status_);

  connect(canvas_, &PipelineView::partSelected, this, [this, scroll](const QString& path) {
    palette_->setTarget(path);
    if (const QRect place = canvas_->rectOf(path); !place.isEmpty()) scroll->ensureVisible(place.center().x(), place.center().y(), place.width() / 2, place.height());
    if (!path.isEmpty()) Q_EMIT partSelected(path);
  });
  connect(canvas_, &PipelineView::addRequested, this, [this](const QString& path) {
    palette_->setTarget(path);
    palette_->search({});
    say(tr("Choose a part for %1.").arg(path), false);
  });
  connect(canvas_, &PipelineView::typed, palette_, &PartPalette::search);
  connect(canvas_, &PipelineView::wholeRequested, this, [this] { if (!document_.empty()) showWholeRecipe(this, document_); });
  connect(canvas_, &PipelineView::said, this, &PipelinePage::say);
  connect(canvas_, &PipelineView::problem, this, &PipelinePage::problem);
  connect(palette_, &PartPalette::said, this, &PipelinePage::say);
  connect(palette_, &PartPalette::left, canvas_, [this] { canvas_->setFocus(); });
  connect(palette_, &PartPalette::chosen, this, [this](const PartInfo& part, const QString& path) {
    const QString target = path.isEmpty() ? document_.placeFor(part) : path;
    if (canvas_->add(part, target)) canvas_->setFocus();
  });
  connect(issues, &IssuesView::jumpRequested, this, &PipelinePage::jump);
  connect(&document, &RecipeDocument::changed, this, &PipelinePage::refresh);
  connect(&lab.cursor, &Cursor::runChanged, &model_, &PipelineModel::setRun);
  setPresets({});
  model_.setRun(lab.cursor.run());
  refresh();
}

QToolButton* PipelinePage::button(const char* name, const QString& text, const QString& tip) {
  auto* made = new QToolButton;
  made->setObjectName(QLatin1String(name));
  made->setText(text);
  made->setToolTip(tip);
  made->setAccessibleName(text);
  return made;
}

QHBoxLayout* PipelinePage::buildTools() {
  auto* row = new QHBoxLayout;
  row->setContentsMargins(8, 6, 8, 6);
  row->setSpacing(4);
  auto* fresh = button("newFromPreset", tr("New from preset"), tr("Takes one of the bundled recipes, or a variant of it; options of the run stay. Can be undone."));
  fresh->setMenu(new_menu_);
  fresh->setPopupMode(QToolButton::InstantPopup);
  auto* open = button("openRecipe", tr("Open..."), tr("Opens a recipe from a file. Can be undone."));
  save_ = button("saveRecipe", tr("Save..."), tr("Writes the recipe to a file, whole or not at all."));
  duplicate_ = button("duplicateRecipe", tr("Duplicate"), tr("Goes on with a copy under another name."));
  compare_ = button("compareRecipe", tr("Compare with"), tr("Shows in which settings this recipe and another differ."));
  compare_->setMenu(compare_menu_);
  compare_->setPopupMode(QToolButton::InstantPopup);
  for (QToolButton* one : {fresh, open, save_, duplicate_, compare_}) row->addWidget(one);
  QUndoStack& stack = document_.undoStack();
  for (QAction* action : {stack.createUndoAction(this, tr("Undo")), stack.createRedoAction(this, tr("Redo"))}) {
    const bool undo = row->count() == 5;
    action->setShortcuts(undo ? QKeySequence::Undo : QKeySequence::Redo);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    addAction(action);
    // The action's own text names the step and would move the row with each edit.
    auto* made = button(undo ? "undoRecipe" : "redoRecipe", undo ? tr("Undo") : tr("Redo"), action->text());
    made->setEnabled(action->isEnabled());
    connect(made, &QToolButton::clicked, action, &QAction::trigger);
    connect(action, &QAction::changed, made, [made, action] {
      made->setEnabled(action->isEnabled());
      made->setToolTip(action->text());
    });
    row->addWidget(made);
  }
  title_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  title_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  row->addWidget(title_, 1);
  connect(open, &QToolButton::clicked, this, &PipelinePage::askOpen);
  connect(save_, &QToolButton::clicked, this, &PipelinePage::askSave);
  connect(duplicate_, &QToolButton::clicked, this, [this] {
    const QString why = document_.duplicate();
    say(why.isEmpty() ? tr("This is a copy now: %1.").arg(document_.title()) : why, !why.isEmpty());
  });
  return row;
}

void PipelinePage::setPresets(std::vector<RecipePreset> presets) {
  presets_ = std::move(presets);
  fillPresets(*new_menu_, [this](const RecipePreset& preset) {
    document_.take(preset.recipe, tr("Take %1").arg(preset.title));
    say(tr("%1 was taken. Undo brings back what was there before.").arg(preset.title), false);
  });
  fillPresets(*compare_menu_, [this](const RecipePreset& preset) { compareWith(preset.recipe, preset.title); });
  QAction* before = compare_menu_->actions().isEmpty() ? nullptr : compare_menu_->actions().front();
  const auto first = [&](const QString& text, auto what) {
    auto* action = new QAction(text, compare_menu_);
    connect(action, &QAction::triggered, this, what);
    compare_menu_->insertAction(before, action);
  };
  first(tr("The recipe this began with"), [this] { compareWith(document_.original(), tr("As it began")); });
  first(tr("A file..."), [this] { askCompare(); });
  if (before) compare_menu_->insertSeparator(before);
}

// A family is a menu of its recipe and the variants behind it.
void PipelinePage::fillPresets(QMenu& menu, const std::function<void(const RecipePreset&)>& chosen) {
  menu.clear();
  QHash<QString, QMenu*> families;
  for (const RecipePreset& preset : presets_)
    if (preset.name.contains(QLatin1Char('.'))) families.insert(preset.name.section(QLatin1Char('.'), 0, 0), nullptr);
  for (const RecipePreset& preset : presets_) {
    const QString family = preset.name.section(QLatin1Char('.'), 0, 0);
    QMenu* in = &menu;
    if (families.contains(family)) {
      if (!families[family]) families[family] = menu.addMenu(preset.title);
      in = families[family];
    }
    QAction* action = in->addAction(preset.title);
    action->setData(preset.name);
    connect(action, &QAction::triggered, this, [preset, chosen] { chosen(preset); });
  }
}

void PipelinePage::refresh() {
  issues_.setIssues(document_.issues());
  for (QToolButton* button : {save_, duplicate_, compare_}) button->setEnabled(!document_.empty());
  const QString title = document_.empty() ? tr("No recipe") : document_.dirty() ? tr("%1, changed").arg(document_.title()) : document_.title();
  title_->setText(title);
  title_->setToolTip(document_.file().isEmpty() ? tr("Not saved to a file") : document_.file());
  setAccessibleDescription(model_.summary());
}

void PipelinePage::say(const QString& sentence, bool refused) {
  refused_ = refused;
  QPalette colours = palette();
  colours.setColor(QPalette::WindowText, refused ? style::error() : style::muted());
  status_->setPalette(colours);
  status_->setText(sentence);
}

void PipelinePage::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && status_) say(status_->text(), refused_);
}

void PipelinePage::jump(const QString& path) {
  canvas_->select(path);
  canvas_->setFocus();
  palette_->setTarget(canvas_->selected());
  Q_EMIT partSelected(path);  // the whole path: the inspector knows the setting
}

void PipelinePage::openFile(const QString& file) {
  const QString why = document_.open(file);
  if (!why.isEmpty()) Q_EMIT problem(why);
  const bool variants = why.isEmpty() && document_.file().isEmpty();
  say(!why.isEmpty() ? why : variants ? tr("%1 was opened. The file has variants, too; saving writes another file.").arg(document_.title()) : tr("%1 was opened.").arg(document_.title()), !why.isEmpty());
}

bool PipelinePage::saveFile(const QString& file) {
  const QString why = document_.save(file);
  if (!why.isEmpty()) Q_EMIT problem(why);
  say(why.isEmpty() ? tr("Saved as %1.").arg(file) : why, !why.isEmpty());
  return why.isEmpty();
}

void PipelinePage::askOpen() {
  const QString file = QFileDialog::getOpenFileName(this, tr("Open a recipe"), QFileInfo(document_.file()).path(), tr("Recipes (*.json)"));
  if (!file.isEmpty()) openFile(file);
}

void PipelinePage::askSave() {
  const QString proposed = document_.file().isEmpty() ? document_.name() + QStringLiteral(".json") : document_.file();
  const QString file = QFileDialog::getSaveFileName(this, tr("Save the recipe"), proposed, tr("Recipes (*.json)"));
  if (!file.isEmpty()) saveFile(file);
}

void PipelinePage::askCompare() try {
  const QString file = QFileDialog::getOpenFileName(this, tr("Compare with a recipe"), QFileInfo(document_.file()).path(), tr("Recipes (*.json)"));
  if (!file.isEmpty()) compareWith(recipesIn(record::readJsonFile(file.toStdString())).front(), QFileInfo(file).fileName());
} catch (const BadInput& bad) {
  say(tr("The file cannot be read: %1").arg(QString::fromStdString(bad.what())), true);
}

void PipelinePage::compareWith(const Value& other, const QString& name) {
  showDifference(this, document_.resolved(), document_.title(), resolve(other, document_.catalogue()).recipe, name);
}

}  // namespace palimpsest
