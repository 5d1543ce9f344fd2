#include "widgets/views/recipe_dialogs.h"

#include <QApplication>
#include <QClipboard>
#include <QDialog>
#include <QDialogButtonBox>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <QTreeView>
#include <QVBoxLayout>
#include <functional>

#include "engine/record/json.h"
#include "widgets/models/recipe_difference.h"
#include "widgets/models/recipe_document.h"
#include "widgets/models/value_tree.h"

namespace palimpsest {
namespace {

struct RecipeDialogs {
  Q_DECLARE_TR_FUNCTIONS(RecipeDialogs)
};

QDialog* made(QWidget* parent, const char* name, const QString& title, QSize size) {
  auto* dialog = new QDialog(parent);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setObjectName(QLatin1String(name));
  dialog->setWindowTitle(title);
  dialog->resize(size);
  new QVBoxLayout(dialog);
  return dialog;
}

// Buttons in the last row: what is copied, and Close.
QDialogButtonBox* buttonsOf(QDialog* dialog) {
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close);
  QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
  return buttons;
}

void copies(QDialogButtonBox* buttons, const char* name, const QString& title, std::function<QString()> text) {
  QPushButton* button = buttons->addButton(title, QDialogButtonBox::ActionRole);
  button->setObjectName(QLatin1String(name));
  button->setAutoDefault(false);
  QObject::connect(button, &QPushButton::clicked, buttons, [text = std::move(text)] { QApplication::clipboard()->setText(text()); });
}

}  // namespace

QDialog* showWholeRecipe(QWidget* parent, RecipeDocument& document) {
  QDialog* dialog = made(parent, "wholeRecipe", RecipeDialogs::tr("Whole recipe: %1").arg(document.title()), {560, 640});
  auto* tree = new QTreeView;
  auto* model = new ValueTreeModel(tree);
  tree->setObjectName(QStringLiteral("wholeTree"));
  tree->setAccessibleName(RecipeDialogs::tr("Whole recipe with every default"));
  tree->setModel(model);
  tree->setAlternatingRowColors(true);
  tree->header()->setSectionResizeMode(ValueTreeModel::Name, QHeaderView::ResizeToContents);
  const auto show = [model, tree, &document] {
    model->setValue(document.resolved());
    tree->expandAll();
  };
  show();
  QObject::connect(&document, &RecipeDocument::changed, tree, show);
  auto* buttons = buttonsOf(dialog);
  copies(buttons, "copyJson", RecipeDialogs::tr("Copy as JSON"), [&document] { return QString::fromStdString(record::toJson(document.resolved(), 2)); });
  dialog->layout()->addWidget(tree);
  dialog->layout()->addWidget(buttons);
  dialog->show();
  return dialog;
}

QDialog* showDifference(QWidget* parent, const Value& left, const QString& left_name, const Value& right, const QString& right_name) {
  QDialog* dialog = made(parent, "recipeDifference", RecipeDialogs::tr("%1 and %2").arg(left_name, right_name), {720, 480});
  auto* table = new QTableView;
  auto* model = new RecipeDifferenceModel(table);
  model->compare(left, left_name, right, right_name);
  table->setObjectName(QStringLiteral("differenceTable"));
  table->setAccessibleName(RecipeDialogs::tr("Settings in which two recipes differ"));
  table->setAccessibleDescription(RecipeDialogs::tr("Differences: %1").arg(model->rowCount()));
  table->setModel(model);
  table->setAlternatingRowColors(true);
  table->verticalHeader()->hide();
  table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  auto* about = new QLabel(model->rowCount() == 0 ? RecipeDialogs::tr("The two recipes are the same, defaults included.")
                                                  : RecipeDialogs::tr("Differences: %1. Settings that are equal, defaults included, are left out.").arg(model->rowCount()));
  about->setObjectName(QStringLiteral("differenceAbout"));
  about->setWordWrap(true);
  auto* buttons = buttonsOf(dialog);
  copies(buttons, "copyMarkdown", RecipeDialogs::tr("Copy as Markdown"), [model] { return model->toMarkdown(); });
  copies(buttons, "copyCsv", RecipeDialogs::tr("Copy as CSV"), [model] { return model->toCsv(); });
  dialog->layout()->addWidget(about);
  dialog->layout()->addWidget(table);
  dialog->layout()->addWidget(buttons);
  dialog->show();
  return dialog;
}

}  // namespace palimpsest
