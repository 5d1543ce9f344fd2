#include "app/compare_with.h"

#include <QDialogButtonBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

namespace palimpsest {

namespace {
QString text(const std::string& s) { return QString::fromStdString(s); }
}  // namespace

CompareWith::CompareWith(const std::vector<NamedRecipe>& recipes, RunPlan of, const QString& name, QWidget* parent)
    : QDialog(parent), recipes_(recipes), of_(std::move(of)), name_(name), search_(new QLineEdit(this)), list_(new QListWidget(this)),
      locked_(new QLabel(this)), queue_(new QPushButton(tr("Queue all"), this)) {
  setObjectName(QStringLiteral("compare_with"));
  setWindowTitle(tr("Compare %1 with").arg(name));
  search_->setObjectName(QStringLiteral("compare_search"));
  search_->setPlaceholderText(tr("Search methods"));
  search_->setAccessibleName(tr("Search methods"));
  search_->setClearButtonEnabled(true);
  list_->setObjectName(QStringLiteral("compare_methods"));
  list_->setAccessibleName(tr("Methods to compare with"));
  list_->setSpacing(1);  // boxes that do not touch
  queue_->setObjectName(QStringLiteral("queue_all"));
  queue_->setDefault(true);
  locked_->setWordWrap(true);
  locked_->setForegroundRole(QPalette::PlaceholderText);
  locked_->setText(tr("The same for all: %1, %2, backbone %3, %4, seed %5.")
                       .arg(text(of_.options.data), text(of_.options.scenario), text(of_.options.backbone),
                            of_.options.epochs == 0 ? tr("each recipe's own epochs") : of_.options.epochs == 1 ? tr("one epoch") : tr("%1 epochs").arg(of_.options.epochs))
                       .arg(of_.options.seed));
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
  buttons->addButton(queue_, QDialogButtonBox::AcceptRole);
  auto* column = new QVBoxLayout(this);
  for (QWidget* row : {static_cast<QWidget*>(search_), static_cast<QWidget*>(list_), static_cast<QWidget*>(locked_), static_cast<QWidget*>(buttons)}) column->addWidget(row);
  connect(search_, &QLineEdit::textChanged, this, &CompareWith::narrow);
  connect(list_, &QListWidget::itemChanged, this, &CompareWith::refresh);
  connect(buttons, &QDialogButtonBox::accepted, this, &CompareWith::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &CompareWith::reject);
  fill();
  refresh();
  resize(460, 520);
}

void CompareWith::fill() {
  for (const NamedRecipe& recipe : recipes_) {
    auto* item = new QListWidgetItem(text(recipe.title), list_);
    item->setToolTip(text(recipe.paper));
    item->setCheckState(Qt::Unchecked);
    item->setData(Qt::UserRole, text(recipe.name));
    if (text(recipe.title) == name_ || text(recipe.name) == name_) item->setFlags(item->flags() & ~Qt::ItemIsEnabled);
  }
}

void CompareWith::narrow(const QString& words) {
  for (int row = 0; row < list_->count(); ++row) {
    const QString all = list_->item(row)->text() + QLatin1Char(' ') + list_->item(row)->data(Qt::UserRole).toString();
    bool shown = true;
    for (const QString& word : words.split(QLatin1Char(' '), Qt::SkipEmptyParts)) shown &= all.contains(word, Qt::CaseInsensitive);
    list_->item(row)->setHidden(!shown);
  }
}

std::vector<RunPlan> CompareWith::plans() const {
  std::vector<RunPlan> plans;
  for (int row = 0; row < list_->count(); ++row)
    if (list_->item(row)->checkState() == Qt::Checked) plans.push_back({recipes_[std::size_t(row)].recipe, of_.options});
  return plans;
}

void CompareWith::refresh() {
  const int ticked = int(plans().size());
  queue_->setEnabled(ticked > 0);
  queue_->setText(ticked == 1 ? tr("Queue it") : tr("Queue all"));
  queue_->setToolTip(ticked == 0 ? tr("Tick the methods first") : ticked == 1 ? tr("One run, after those that wait") : tr("%1 runs, one after another").arg(ticked));
}

void CompareWith::accept() {
  const std::vector<RunPlan> all = plans();
  if (all.empty()) return;
  Q_EMIT queueRequested(all);
  QDialog::accept();
}

}  // namespace palimpsest
