#include "widgets/views/param_delegate.h"

#include <QComboBox>
#include <QLineEdit>
#include <algorithm>
#include <cmath>

#include "widgets/models/param_form.h"
#include "widgets/models/param_value.h"
#include "widgets/style/palette.h"
#include "widgets/views/number_box.h"

namespace palimpsest {
namespace {

const ParamSpec* specAt(const QModelIndex& index) {
  return static_cast<const ParamSpec*>(index.data(ParamFormModel::SpecRole).value<void*>());
}

// Says while it is typed what is wrong with it; the model says the same afterwards.
void judge(QLineEdit& line, const ParamSpec& spec, const QString& typed) {
  const param::Read read = param::read(spec, typed);
  QString problem = read.problem;
  if (problem.isEmpty())
    if (const auto wrong = misfit(spec, read.value)) problem = QString::fromStdString(*wrong);
  QPalette palette;
  if (!problem.isEmpty()) palette.setColor(QPalette::Text, style::error());
  line.setPalette(palette);
  line.setToolTip(problem);
  line.setAccessibleDescription(problem);
}

QWidget* makeLine(QWidget* parent, const ParamSpec& spec) {
  auto* line = new QLineEdit(parent);
  line->setFrame(false);
  QObject::connect(line, &QLineEdit::textChanged, line,
                   [line, spec](const QString& typed) { judge(*line, spec, typed); });
  return line;
}

}  // namespace

QWidget* ParamDelegate::createEditor(QWidget* parent, const QStyleOptionViewItem& option,
                                     const QModelIndex& index) const {
  const ParamSpec* spec = specAt(index);
  if (!spec) return QStyledItemDelegate::createEditor(parent, option, index);
  QWidget* editor = nullptr;
  if (spec->kind == Kind::Int || spec->kind == Kind::Double) {
    auto* box = new NumberBox(*spec, parent);
    box->setFrame(false);
    editor = box;
  } else if (const auto choices = spec->choices(); spec->kind == Kind::Text && !choices.empty()) {
    auto* combo = new QComboBox(parent);
    for (const std::string& choice : choices) combo->addItem(QString::fromStdString(choice));
    // A choice is made with one click: nobody has to leave the field to have it taken.
    auto* self = const_cast<ParamDelegate*>(this);
    connect(combo, &QComboBox::activated, self, [self, combo] {
      Q_EMIT self->commitData(combo);
      Q_EMIT self->closeEditor(combo);
    });
    editor = combo;
  } else {
    editor = makeLine(parent, *spec);
  }
  editor->setObjectName(index.data(ParamFormModel::PathRole).toString());
  editor->setAccessibleName(index.siblingAtColumn(ParamFormModel::Name).data().toString());
  editor->setAutoFillBackground(true);
  return editor;
}

void ParamDelegate::setEditorData(QWidget* editor, const QModelIndex& index) const {
  const QVariant value = index.data(Qt::EditRole);
  if (auto* box = qobject_cast<NumberBox*>(editor)) {
    bool number = false;
    const double present = value.toDouble(&number);
    if (number) box->setValue(present);
  } else if (auto* combo = qobject_cast<QComboBox*>(editor)) {
    if (combo->findText(value.toString()) < 0) combo->insertItem(0, value.toString());
    combo->setCurrentText(value.toString());
  } else if (auto* line = qobject_cast<QLineEdit*>(editor); line && specAt(index)) {
    if (line->text() != value.toString()) line->setText(value.toString());
  } else {
    QStyledItemDelegate::setEditorData(editor, index);
  }
}

void ParamDelegate::setModelData(QWidget* editor, QAbstractItemModel* model, const QModelIndex& index) const {
  if (auto* box = qobject_cast<NumberBox*>(editor)) {
    const ParamSpec* spec = specAt(index);
    const bool whole = spec && spec->kind == Kind::Int;
    model->setData(index, whole ? QVariant(qlonglong(std::llround(box->value()))) : QVariant(box->value()),
                   Qt::EditRole);
  } else if (auto* combo = qobject_cast<QComboBox*>(editor)) {
    model->setData(index, combo->currentText(), Qt::EditRole);
  } else if (auto* line = qobject_cast<QLineEdit*>(editor)) {
    model->setData(index, line->text(), Qt::EditRole);
  } else {
    QStyledItemDelegate::setModelData(editor, model, index);
  }
}

// High enough for an editor, so that rows do not jump when one opens.
QSize ParamDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QSize size = QStyledItemDelegate::sizeHint(option, index);
  if (specAt(index)) size.setHeight(std::max(size.height(), option.fontMetrics.height() + 8));
  return size;
}

}  // namespace palimpsest
