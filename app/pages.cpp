#include "app/pages.h"

#include "app/compare_with.h"
#include "app/fork_dialog.h"
#include "engine/protocol/error.h"
#include "engine/record/run_folder.h"
#include "engine/record/run_header.h"
#include "widgets/views/accuracy_page.h"
#include "widgets/views/compare_page.h"
#include "widgets/views/embedding_page.h"
#include "widgets/views/image_strip.h"
#include "widgets/views/pipeline_page.h"
#include "widgets/views/present_page.h"
#include "widgets/views/prompts_page.h"

namespace palimpsest {

namespace {
QString text(const std::string& s) { return QString::fromStdString(s); }

// The plan of a recorded run. Throws BadInput when its folder is gone.
RunPlan planOf(const RunData& run) {
  const record::RunHeader header = record::runHeader(record::Reader(run.source()).run());
  Issues none;
  return {header.recipe, readParams<RunOptions>(header.options, "", none)};
}

Value valueOf(const QVariant& option) {
  switch (option.typeId()) {
    case QMetaType::Bool: return option.toBool();
    case QMetaType::Int: case QMetaType::LongLong: return std::int64_t(option.toLongLong());
    case QMetaType::Double: return option.toDouble();
    default: return option.toString().toStdString();
  }
}

// What a recipe can say of a change to its selection.
std::vector<std::pair<std::string, Value>> settingsOf(const WhatIf& change, const Value& recipe) {
  std::vector<std::pair<std::string, Value>> settings;
  for (int entry = 0; recipe.at("prompts." + std::to_string(entry)); ++entry) {
    const std::string select = "prompts." + std::to_string(entry) + ".select.";
    if (change.top_k && recipe.at(select + "top_k")) settings.emplace_back(select + "top_k", *change.top_k);
    const auto joined = [&](const char* name, const std::vector<int>& more) {
      const Value* now = recipe.at(select + name);
      if (more.empty() || !now) return;
      Value::Array all = now->asArray();
      for (const int prompt : more)
        if (std::ranges::none_of(all, [&](const Value& one) { return one.asInt() == prompt; })) all.emplace_back(prompt);
      settings.emplace_back(select + name, Value(std::move(all)));
    };
    joined("mask", change.mask);
    joined("force", change.force);
    if (change.temperature && recipe.at(select + "temperature")) settings.emplace_back(select + "temperature", *change.temperature);
  }
  return settings;
}

bool onlySettings(const WhatIf& change) {
  return change.swap.empty() && change.reinitialise.empty() && change.freeze.empty() && !change.centre;
}
}  // namespace

Pages::Pages(Workspace& workspace, Laboratory& laboratory, RecipePanel& recipe, PlotArea& plots, QWidget* window)
    : QObject(window), workspace_(workspace), laboratory_(laboratory), recipe_(recipe), plots_(plots), window_(window),
      pipeline_(new PipelinePage(laboratory.lab, recipe.document())), prompts_(new PromptsPage(laboratory.lab)),
      embedding_(new EmbeddingPage(laboratory.lab)), accuracy_(new AccuracyPage(laboratory.lab)),
      compare_(new ComparePage(laboratory.lab)), present_(new PresentPage(laboratory.lab)), images_(new ImageStrip(laboratory.lab, window)) {
  plots.addPage(Perspective::Pipeline, pipeline_);
  plots.addPage(Perspective::Prompts, prompts_);
  plots.addPage(Perspective::Embedding, embedding_);
  plots.addPage(Perspective::Accuracy, accuracy_);
  plots.addPage(Perspective::Compare, compare_);
  plots.addPage(Perspective::Present, present_);
  present_->setFolders(workspace.api().resources / "scenes", workspace.api().resources / "recordings");
  connectPages();
}

void Pages::connectPages() {
  const auto problems = [this](const QString& what) { say(what); };
  connect(pipeline_, &PipelinePage::problem, this, problems);
  connect(prompts_, &PromptsPage::problem, this, problems);
  connect(embedding_, &EmbeddingPage::problem, this, problems);
  connect(accuracy_, &AccuracyPage::problem, this, problems);
  connect(compare_, &ComparePage::problem, this, problems);
  connect(present_, &PresentPage::problem, &workspace_, &Workspace::problem);
  connect(present_, &PresentPage::left, this, &Pages::leftPresent);
  connect(pipeline_, &PipelinePage::partSelected, this, [this](const QString& path) {
    Q_EMIT inspectorAsked();
    recipe_.reveal(path);
  });
  connect(prompts_, &PromptsPage::forkRequested, this, &Pages::askWhatIfFork);
  connect(&laboratory_.cursor, &Cursor::runChanged, this, [this](RunData* run) {
    if (run) connect(run, &RunData::changed, this, &Pages::lookForCollapse, Qt::UniqueConnection);
    lookForCollapse();
  });
  connect(compare_, &ComparePage::alignRequested, this, &Pages::align);
  connect(compare_, &ComparePage::compareWithRequested, this, [this] { compareWith(workspace_.focus()); });
}

void Pages::say(const QString& problem) { plots_.notices().show(QStringLiteral("page"), {Notice::Kind::Failure, problem, {}}); }

// The alarm of the run in focus, once, with the way to its cause; gone with the run.
void Pages::lookForCollapse() {
  RunData* run = laboratory_.cursor.run();
  const bool collapsed = run && !run->recording && !run->collapses().empty();
  if (!collapsed && told_collapse_ && told_collapse_ != run) plots_.notices().close(QStringLiteral("collapse"));
  if (!collapsed) {
    if (run != told_collapse_) told_collapse_ = nullptr;
    return;
  }
  if (told_collapse_ == run) return;
  told_collapse_ = run;
  plots_.notices().show(QStringLiteral("collapse"), {Notice::Kind::Warning, tr("%1: %2").arg(run->title(), text(run->collapses().front().sentence)),
                                                     {{tr("Show the cause"), [this] {
                                                         Q_EMIT perspectiveAsked(Perspective::Prompts);
                                                         prompts_->openCause();
                                                       }}}});
}

void Pages::loadPresets() {
  std::vector<RecipePreset> presets;
  for (const NamedRecipe& recipe : recipe_.recipes()) presets.push_back({text(recipe.name), text(recipe.title), recipe.recipe});
  pipeline_->setPresets(std::move(presets));
}

void Pages::align(const QStringList& runs, const QVariantMap& options) {
  for (const QString& id : runs) {
    const RunData* run = workspace_.runs().find(id);
    if (!run) continue;
    try {
      RunPlan plan = planOf(*run);
      Value values(valuesOf(plan.options));
      for (auto option = options.begin(); option != options.end(); ++option) values[option.key().toStdString()] = valueOf(option.value());
      Issues wrong;
      plan.options = readParams<RunOptions>(values, "", wrong);
      for (const Issue& issue : wrong) Q_EMIT workspace_.problem(issue);
      if (!hasErrors(wrong)) workspace_.start(std::move(plan));
    } catch (const BadInput& bad) {
      for (const Issue& issue : bad.issues) Q_EMIT workspace_.problem(issue);
    }
  }
}

void Pages::fork(RunData* run) {
  if (!run || run->folder.empty()) return;
  auto* dialog = new ForkDialog(*run, *workspace_.api().catalogue, window_);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &ForkDialog::forkRequested, this, [this, run = QPointer<RunData>(run)](const record::ForkPlan& plan) {
    if (run) workspace_.fork(*run, plan);
  });
  dialog->open();
}

void Pages::compareWith(RunData* run) {
  RunPlan plan = recipe_.plan();
  QString name = recipe_.document().title();
  if (run && !run->recording) {
    try {
      plan = planOf(*run);
      name = run->title();
    } catch (const BadInput& bad) {
      for (const Issue& issue : bad.issues) Q_EMIT workspace_.problem(issue);
      return;
    }
  }
  auto* dialog = new CompareWith(recipe_.recipes(), std::move(plan), name, window_);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &CompareWith::queueRequested, this, [this](const std::vector<RunPlan>& plans) {
    for (const RunPlan& each : plans) workspace_.start(each);
  });
  dialog->open();
}

// What a recipe can say is kept as a fork. A swap holds for looking only: no recipe trains with it.
void Pages::askWhatIfFork(RunData* run, const WhatIf& change) {
  if (!onlySettings(change))
    return say(tr("Masks, forced prompts, top-k and temperature can be kept as a new run: they are settings of the recipe. Swapping, drawing anew, freezing and centring are for looking."));
  try {
    const int after = change.after_task >= 0 ? change.after_task : run->lastEndedTask();
    record::ForkPlan plan = record::forkPlanOf(run->folder, after);
    const auto settings = settingsOf(change, plan.recipe);
    for (const auto& [path, value] : settings) *plan.recipe.at(path) = value;
    if (settings.empty()) return say(tr("The recipe of this run has no such setting, so there is nothing to keep."));
    workspace_.fork(*run, std::move(plan));
  } catch (const BadInput& bad) {
    for (const Issue& issue : bad.issues) Q_EMIT workspace_.problem(issue);
  }
}

}  // namespace palimpsest
