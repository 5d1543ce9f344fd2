#include "app/fork_dialog.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

#include "app/background.h"
#include "engine/protocol/error.h"
#include "engine/protocol/recipe.h"
#include "widgets/models/param_value.h"
#include "widgets/models/run_data.h"
#include "widgets/views/inspector_view.h"

namespace palimpsest {

namespace {
QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }

// Options that a fork may change; the others are what the shared past was learned with.
std::vector<ParamSpec> openOptions() {
  std::vector<ParamSpec> specs = specsOf<RunOptions>();
  const std::vector<std::string>& fixed = record::fixedInForks();
  std::erase_if(specs, [&](const ParamSpec& spec) { return std::find(fixed.begin(), fixed.end(), spec.name) != fixed.end(); });
  return specs;
}

int changesIn(const ParamFormModel& form) {
  int changed = 0;
  for (int group = 0; group < form.rowCount(); ++group) {
    const QModelIndex parent = form.index(group, 0);
    for (int row = 0; row < form.rowCount(parent); ++row) changed += form.index(row, ParamFormModel::Setting, parent).data(ParamFormModel::ChangedRole).toBool();
  }
  return changed;
}
}  // namespace

ForkDialog::ForkDialog(const RunData& run, const std::vector<PartInfo>& catalogue, QWidget* parent)
    : QDialog(parent), catalogue_(catalogue), task_(new QComboBox(this)), about_(new QLabel(this)), changes_(new QLabel(this)), inspector_(new InspectorView(form_, this)) {
  setObjectName(QStringLiteral("forkDialog"));
  setWindowTitle(tr("Fork %1").arg(run.title()));
  resize(560, 620);
  task_->setObjectName(QStringLiteral("forkTask"));
  task_->setAccessibleName(tr("Last task that both runs share"));
  task_->setToolTip(tr("The new run shares everything up to the end of this task. Only tasks whose checkpoint is still there can be chosen."));
  about_->setObjectName(QStringLiteral("forkAbout"));
  about_->setWordWrap(true);
  about_->setText(tr("Reading the run…"));
  changes_->setObjectName(QStringLiteral("forkChanges"));
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
  fork_ = buttons->addButton(tr("Fork and queue"), QDialogButtonBox::AcceptRole);
  fork_->setObjectName(QStringLiteral("forkAndQueue"));
  fork_->setDefault(true);
  auto* choice = new QFormLayout;
  choice->addRow(tr("Run"), new QLabel(run.title() == run.id() ? run.id() : tr("%1 (%2)").arg(run.title(), run.id())));
  choice->addRow(tr("Fork &after"), task_);
  auto* column = new QVBoxLayout(this);
  column->addLayout(choice);
  column->addWidget(about_);
  column->addWidget(inspector_, 1);
  column->addWidget(changes_);
  column->addWidget(buttons);
  connect(buttons, &QDialogButtonBox::accepted, this, &ForkDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &ForkDialog::reject);
  connect(&form_, &ParamFormModel::edited, this, &ForkDialog::refresh);
  refresh();
  inBackground(disk_, this, [folder = run.source()] { return read(folder); }, [this](Found found) { take(std::move(found)); });
}

ForkDialog::~ForkDialog() { disk_.waitForDone(); }

ForkDialog::Found ForkDialog::read(const std::filesystem::path& folder) try {
  return {record::forkPoints(folder), record::forkPlanOf(folder, 0), {}};
} catch (const BadInput& bad) {
  return {{}, {}, text(lineOf(bad.issues.front()))};
} catch (const std::exception& failed) {
  return {{}, {}, QString::fromUtf8(failed.what())};
}

void ForkDialog::take(Found found) {
  source_ = std::move(found.plan);
  ready_ = !found.tasks.empty();
  for (const int task : found.tasks) task_->addItem(tr("Task %1").arg(task + 1), task);
  task_->setCurrentIndex(task_->count() - 1);
  if (!found.problem.isEmpty()) about_->setText(found.problem);
  else if (!ready_) about_->setText(tr("This run cannot be forked: no task has ended that others follow, or their checkpoints are gone. Of large checkpoints only the newest two stay."));
  else about_->setText(tr("The new run shares the past of this one and goes on with what you change here. Data, stream and network stay."));
  if (ready_) fill();
  refresh();
  Q_EMIT loaded();
}

void ForkDialog::fill() {
  Value options{Value::Object{}};
  const Value had(valuesOf(source_.options));
  for (const ParamSpec& spec : openOptions()) options[spec.name] = *had.find(spec.name);
  std::vector<ParamFormModel::Group> groups;
  for (const RecipePart& part : partsOf(source_.recipe, catalogue_))
    if (!part.info->params.empty())
      groups.push_back({text(part.info->title), text(part.info->doc), part.path, part.info->params, param::declared(source_.recipe.at(part.path), part.info->params)});
  groups.push_back({tr("Run"), tr("What may differ between runs that share a past."), "", openOptions(), std::move(options)});
  form_.setGroups(std::move(groups));
}

void ForkDialog::refresh() {
  task_->setEnabled(ready_);
  inspector_->setEnabled(ready_);
  fork_->setEnabled(ready_ && form_.valid());
  if (!ready_) return changes_->clear();
  const int changed = changesIn(form_);
  if (!form_.valid()) changes_->setText(tr("A setting does not fit."));
  else if (changed == 0) changes_->setText(tr("Nothing is changed: the new run would repeat this one."));
  else changes_->setText(tr("Changed settings: %1").arg(changed));
}

record::ForkPlan ForkDialog::plan() const {
  record::ForkPlan plan = source_;
  plan.after_task = task_->currentData().toInt();
  Value options(valuesOf(source_.options));
  for (int group = 0; group < int(form_.groups().size()); ++group) {
    const std::string& path = form_.groups()[std::size_t(group)].path;
    Value* place = path.empty() ? &options : plan.recipe.at(path);
    const Value values = form_.values(group);  // named: a temporary would not outlive the loop's first step
    for (const auto& [name, value] : values.asObject())
      if (place) (*place)[name] = value;
  }
  Issues none;
  plan.options = readParams<RunOptions>(options, "", none);
  return plan;
}

void ForkDialog::accept() {
  if (!ready_ || !form_.valid()) return;
  Q_EMIT forkRequested(plan());
  QDialog::accept();
}

}  // namespace palimpsest
