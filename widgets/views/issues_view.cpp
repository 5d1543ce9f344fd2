#include "widgets/views/issues_view.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QLabel>
#include <QTreeView>
#include <QVBoxLayout>

#include "widgets/models/issues.h"

namespace palimpsest {

IssuesView::IssuesView(IssuesModel& issues, QWidget* parent) : QWidget(parent), issues_(issues), list_(new QTreeView), empty_(new QLabel(tr("No issues. Problems of recipes, options and runs are listed here, all of them at once."))) {
  setObjectName(QStringLiteral("issuesView"));
  setAccessibleName(tr("Issues"));
  list_->setObjectName(QStringLiteral("issues"));
  list_->setAccessibleName(tr("Issues"));
  list_->setModel(&issues);
  list_->setRootIsDecorated(false);
  list_->setWordWrap(true);
  list_->setAlternatingRowColors(true);
  list_->setAllColumnsShowFocus(true);
  list_->header()->setStretchLastSection(true);
  list_->header()->setSectionResizeMode(IssuesModel::Message, QHeaderView::Stretch);
  list_->header()->setSectionResizeMode(IssuesModel::Where, QHeaderView::ResizeToContents);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(list_);
  column->addWidget(empty_);

  connect(list_, &QTreeView::activated, this, [this](const QModelIndex& index) { Q_EMIT jumpRequested(index.data(IssuesModel::PathRole).toString()); });
  auto* copies = new QAction(tr("Copy"), list_);
  copies->setShortcut(QKeySequence::Copy);
  copies->setShortcutContext(Qt::WidgetShortcut);
  connect(copies, &QAction::triggered, this, [this] {
    QString out;
    for (const QModelIndex& row : list_->selectionModel()->selectedRows()) out += row.data(Qt::ToolTipRole).toString() + QLatin1Char('\n');
    QApplication::clipboard()->setText(out);
  });
  list_->addAction(copies);
  list_->setContextMenuPolicy(Qt::ActionsContextMenu);
  for (auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved}) connect(&issues, signal, this, &IssuesView::refresh);
  connect(&issues, &QAbstractItemModel::modelReset, this, &IssuesView::refresh);
  refresh();
}

void IssuesView::refresh() {
  const int count = issues_.rowCount();
  list_->setVisible(count > 0);
  empty_->setVisible(count == 0);
  setAccessibleDescription(count == 0 ? tr("No issues") : tr("Errors: %1, warnings: %2").arg(issues_.errors()).arg(count - issues_.errors()));
}

}  // namespace palimpsest
