// Two windows beside the canvas: the whole recipe as a tree, and in what two recipes differ. They delete themselves.
#pragma once

#include <QString>

class QDialog;
class QWidget;

namespace palimpsest {

class RecipeDocument;
class Value;

QDialog* showWholeRecipe(QWidget* parent, RecipeDocument& document);  // follows every edit
QDialog* showDifference(QWidget* parent, const Value& left, const QString& left_name, const Value& right, const QString& right_name);  // resolved ones

}  // namespace palimpsest
