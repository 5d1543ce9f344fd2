#include "widgets/views/part_palette.h"

#include <QCheckBox>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QVBoxLayout>

namespace palimpsest {

PartPalette::PartPalette(RecipeDocument& document, QWidget* parent)
    : QWidget(parent), document_(document), parts_(new PartListModel(document, this)), filter_(new PartFilter(this)), search_(new QLineEdit),
      fitting_(new QCheckBox(tr("Only what fits the selected place"))), list_(new QListView), empty_(new QLabel) {
  setObjectName(QStringLiteral("partPalette"));
  setAccessibleName(tr("Parts"));
  filter_->setSourceModel(parts_);
  search_->setObjectName(QStringLiteral("partSearch"));
  search_->setAccessibleName(tr("Search parts"));
  search_->setPlaceholderText(tr("Search parts: cosine, replay..."));
  search_->setToolTip(tr("Words in a part's title, name, slot or description. Return puts the first one found; Down goes to the list."));
  search_->setClearButtonEnabled(true);
  search_->installEventFilter(this);
  fitting_->setObjectName(QStringLiteral("onlyFitting"));
  fitting_->setChecked(true);
  list_->setObjectName(QStringLiteral("partList"));
  list_->setAccessibleName(tr("Parts of the catalogue"));
  list_->setModel(filter_);
  list_->setDragEnabled(true);
  list_->setDragDropMode(QAbstractItemView::DragOnly);
  list_->setUniformItemSizes(true);
  list_->setTextElideMode(Qt::ElideRight);
  list_->installEventFilter(this);
  empty_->setWordWrap(true);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(6, 6, 6, 6);
  column->setSpacing(6);
  column->addWidget(search_);
  column->addWidget(fitting_);
  column->addWidget(list_, 1);
  column->addWidget(empty_, 1);
  connect(search_, &QLineEdit::textChanged, this, [this](const QString& words) {
    filter_->setWords(words);
    refresh();
  });
  connect(search_, &QLineEdit::returnPressed, this, [this] { choose(filter_->index(0, 0)); });
  connect(fitting_, &QCheckBox::toggled, this, &PartPalette::refresh);
  connect(list_, &QListView::activated, this, &PartPalette::choose);
  connect(&document, &RecipeDocument::changed, this, &PartPalette::refresh);
  refresh();
}

void PartPalette::setTarget(const QString& path) {
  // Options take no part: there the whole catalogue stays to choose from.
  parts_->setTarget(document_.slotAt(path).isEmpty() ? QString() : path);
  refresh();
}

void PartPalette::search(const QString& text) {
  search_->setFocus();
  search_->setText(text);
}

void PartPalette::refresh() {
  filter_->setOnlyFitting(fitting_->isChecked());
  const int rows = filter_->rowCount();
  list_->setVisible(rows > 0);
  empty_->setVisible(rows == 0);
  empty_->setText(document_.empty() ? tr("Parts can be chosen when there is a recipe.")
                                    : tr("No part is found. Search for other words, or look beyond what fits the selected place."));
  setAccessibleDescription(tr("Parts shown: %1").arg(rows));
}

void PartPalette::choose(const QModelIndex& row) {
  if (!row.isValid()) return Q_EMIT said(tr("No part has these words."), true);
  const PartInfo& part = parts_->at(filter_->mapToSource(row).row());
  const QString target = parts_->target();
  search_->clear();
  Q_EMIT chosen(part, target);
}

bool PartPalette::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::KeyPress) return QWidget::eventFilter(watched, event);
  const int key = static_cast<QKeyEvent*>(event)->key();
  if (key == Qt::Key_Escape) {
    search_->clear();
    Q_EMIT left();
    return true;
  }
  if (watched == search_ && key == Qt::Key_Down && filter_->rowCount() > 0) {
    list_->setFocus();
    list_->setCurrentIndex(filter_->index(0, 0));
    return true;
  }
  return QWidget::eventFilter(watched, event);
}

}  // namespace palimpsest
