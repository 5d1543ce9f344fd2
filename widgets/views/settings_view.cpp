#include "widgets/views/settings_view.h"

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QTableView>

namespace palimpsest {

namespace {
constexpr int kNameWidth = 190, kValueWidth = 120;

void prepare(QTableView& table) {
  table.setObjectName(QStringLiteral("settingsTable"));
  table.setAccessibleName(SettingsView::tr("Settings of the runs compared"));
  table.setShowGrid(false);
  table.setAlternatingRowColors(true);
  table.setWordWrap(false);
  table.setTabKeyNavigation(false);
  table.setContextMenuPolicy(Qt::CustomContextMenu);
  table.verticalHeader()->hide();
  table.verticalHeader()->setDefaultSectionSize(table.fontMetrics().height() + 6);
  table.horizontalHeader()->setHighlightSections(false);
  table.horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  table.horizontalHeader()->setDefaultSectionSize(kValueWidth);
}

}  // namespace

SettingsView::SettingsView(QWidget* parent)
    : QWidget(parent), table_(new QTableView), search_(new QLineEdit), only_(new QCheckBox(tr("Only differences"))), count_(new QLabel) {
  setObjectName(QStringLiteral("settingsView"));
  search_->setObjectName(QStringLiteral("settingsSearch"));
  search_->setPlaceholderText(tr("Search settings and values"));
  search_->setAccessibleName(search_->placeholderText());
  search_->setClearButtonEnabled(true);
  only_->setObjectName(QStringLiteral("onlyDifferences"));
  only_->setToolTip(tr("Hide the settings that all of these runs share"));
  only_->setChecked(true);
  count_->setObjectName(QStringLiteral("settingsCount"));
  prepare(*table_);
  filter_.setSourceModel(&diff_);
  table_->setModel(&filter_);
  table_->setSortingEnabled(true);
  table_->sortByColumn(0, Qt::AscendingOrder);
  auto* row = new QHBoxLayout;
  row->addWidget(search_, 1);
  row->addWidget(only_);
  row->addWidget(count_);
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(4, 4, 4, 4);
  whole->setSpacing(4);
  whole->addLayout(row);
  whole->addWidget(table_, 1);
  connect(search_, &QLineEdit::textChanged, this, [this](const QString& text) {
    filter_.setSearch(text);
    count();
  });
  connect(only_, &QCheckBox::toggled, this, &SettingsView::setOnlyDifferences);
  connect(table_, &QWidget::customContextMenuRequested, this, &SettingsView::showMenu);
}

void SettingsView::setRuns(const std::vector<RunFigures>& runs) {
  diff_.setRuns(runs);
  table_->setColumnWidth(0, kNameWidth);
  count();
}

void SettingsView::setOnlyDifferences(bool only) {
  filter_.setOnlyDifferences(only);
  only_->setChecked(only);
  count();
}

void SettingsView::count() {
  const QString text = tr("%1 of %2 differ").arg(diff_.differences()).arg(diff_.rowCount());
  count_->setText(text);
  table_->setAccessibleDescription(text);
}

TextTable SettingsView::shown() const {
  TextTable out;
  for (int column = 0; column < filter_.columnCount(); ++column) out.header << filter_.headerData(column, Qt::Horizontal).toString();
  for (int row = 0; row < filter_.rowCount(); ++row) {
    QStringList& cells = out.rows.emplace_back();
    cells << filter_.index(row, 0).data().toString();
    for (int column = 1; column < filter_.columnCount(); ++column) cells << filter_.index(row, column).data(SettingsDiff::SortRole).toString();
  }
  return out;
}

void SettingsView::showMenu(const QPoint& at) {
  const auto copy = [](const QString& text) { QApplication::clipboard()->setText(text); };
  QMenu menu;
  menu.addAction(tr("Copy as LaTeX"), this, [&] { copy(toLatex()); });
  menu.addAction(tr("Copy as Markdown"), this, [&] { copy(toMarkdown()); });
  menu.addAction(tr("Copy as CSV"), this, [&] { copy(toCsv()); });
  menu.exec(table_->viewport()->mapToGlobal(at));
}

}  // namespace palimpsest
