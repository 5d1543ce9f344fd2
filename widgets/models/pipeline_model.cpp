#include "widgets/models/pipeline_model.h"

#include <algorithm>

#include "engine/protocol/options.h"
#include "widgets/models/param_value.h"

namespace palimpsest {
namespace {

using StageKind = PipelineStage::Kind;
using Lamp = PipelinePlace::Lamp;
constexpr int kSettings = 3;

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }

// "phases" of "phases.1", "prompts" of "prompts.0.pool".
QString keyOf(const QString& path) { return path.section(QLatin1Char('.'), 0, 0); }

StageKind stageOf(const QString& key) {
  static const std::vector<std::pair<StageKind, QStringList>> kStages{
      {StageKind::Backbone, {QStringLiteral("backbone")}},
      {StageKind::Adaptation, {QStringLiteral("query"), QStringLiteral("prompts"), QStringLiteral("adapt"), QStringLiteral("bank")}},
      {StageKind::Head, {QStringLiteral("feature"), QStringLiteral("proxy"), QStringLiteral("head"), QStringLiteral("statistics")}},
      {StageKind::Memory, {QStringLiteral("memory")}},
      {StageKind::Penalties, {QStringLiteral("penalties"), QStringLiteral("gradient")}},
      {StageKind::Phases, {QStringLiteral("phases")}}};
  for (const auto& [kind, keys] : kStages)
    if (keys.contains(key)) return kind;
  return StageKind::Evaluation;  // what is done with trained models: merge, ensemble
}

// Singular, and with a number where there may be several.
QString roleOf(const QString& path) {
  static const std::vector<std::pair<QString, QString>> kNames{
      {QStringLiteral("prompts"), PipelineModel::tr("prompt")}, {QStringLiteral("adapt"), PipelineModel::tr("adaptation")}, {QStringLiteral("penalties"), PipelineModel::tr("penalty")},
      {QStringLiteral("gradient"), PipelineModel::tr("gradient rule")}, {QStringLiteral("phases"), PipelineModel::tr("phase")}};
  const QStringList keys = path.split(QLatin1Char('.'));
  QString name = keys[0];
  for (const auto& [key, shown] : kNames)
    if (key == keys[0]) name = shown;
  if (keys.size() > 1) name = PipelineModel::tr("%1 %2", "phase 1").arg(name).arg(keys[1].toInt() + 1);
  return keys.size() > 2 ? PipelineModel::tr("%1: %2", "prompt 1: pool").arg(name, keys[2]) : name;
}

bool within(const QString& path, const QString& place) { return path == place || path.startsWith(place + QLatin1Char('.')); }

// Order of work in a task: what lies before the present stage is done, what lies behind waits.
Lamp lampOf(StageKind kind, const RunData& run) {
  using State = RunData::State;
  const State state = run.state();
  if (state == State::Done) return Lamp::Done;
  if (state == State::Queued || state == State::Preparing || !run.started()) return state == State::Failed || state == State::Refused ? Lamp::Failed : Lamp::Pending;
  const QString stage = text(run.progress().stage);
  if (stage.isEmpty() && state == State::Running) return Lamp::Pending;  // it has said that it is there, and no more
  const bool halted = state != State::Running && state != State::Paused;
  const Lamp now = halted ? Lamp::Failed : Lamp::Running;
  if (stage == QLatin1String("data")) return kind == StageKind::Data ? now : Lamp::Pending;
  if (kind == StageKind::Data || kind == StageKind::Stream || kind == StageKind::Backbone) return Lamp::Done;
  if (stage == QLatin1String("evaluation")) return kind == StageKind::Evaluation ? now : Lamp::Done;
  if (kind == StageKind::Evaluation) return Lamp::Pending;
  if (stage == QLatin1String("statistics") && kind != StageKind::Head && kind != StageKind::Phases) return Lamp::Done;
  return now;
}

}  // namespace

PipelineModel::PipelineModel(RecipeDocument& document, QObject* parent) : QObject(parent), document_(document) {
  connect(&document, &RecipeDocument::changed, this, &PipelineModel::rebuild);
  rebuild();
}

void PipelineModel::setRun(RunData* run) {
  if (run_ == run) return;
  if (run_) run_->disconnect(this);
  run_ = run;
  if (run_) {
    connect(run_, &RunData::changed, this, &PipelineModel::light);
    connect(run_, &RunData::stateChanged, this, &PipelineModel::light);
    connect(run_, &QObject::destroyed, this, &PipelineModel::light);
  }
  light();
}

bool PipelineModel::lit() const { return run_ && !document_.empty() && text(run_->start().recipe) == document_.name(); }

void PipelineModel::light() {
  bool any = false;
  for (PipelineStage& stage : stages_)
    for (PipelinePlace& place : stage.places) {
      const Lamp lamp = lit() && !place.vacant ? lampOf(stage.kind, *run_) : Lamp::None;
      any = any || lamp != place.lamp;
      place.lamp = lamp;
    }
  if (any) Q_EMIT changed();  // runs speak many times a second; lamps change seldom
}

PipelinePlace PipelineModel::option(const char* name, const QString& role) const {
  static const std::vector<ParamSpec> specs = specsOf<RunOptions>();
  PipelinePlace place;
  place.path = QStringLiteral("--") + QLatin1String(name);
  place.role = role;
  const Value* value = document_.options().find(name);
  for (const ParamSpec& spec : specs)
    if (spec.name == name && value) place.title = param::displayed(spec, *value);
  place.changed = document_.changedAt(place.path);
  judge(place);
  return place;
}

void PipelineModel::judge(PipelinePlace& place) const {
  for (const Issue& issue : document_.issues()) {
    const QString path = text(issue.path);
    // "phases is empty" belongs to the place where the first one would go.
    const bool list = place.vacant && path == keyOf(place.path);
    if (!within(path, place.path) && !list && !(path == entryOf(place.path) && place.path.endsWith(QLatin1String(".pool")))) continue;
    place.error = place.error || issue.severity == Severity::Error;
    place.issue += (place.issue.isEmpty() ? QString() : QStringLiteral("\n")) + path + QStringLiteral(": ") + text(issue.message);
    if (!issue.hint.empty()) place.issue += QStringLiteral(" (") + text(issue.hint) + QLatin1Char(')');
  }
}

PipelinePlace PipelineModel::part(const RecipePlace& at) const {
  PipelinePlace place;
  place.path = text(at.path);
  place.slot = text(at.slot);
  place.role = roleOf(place.path);
  const PartInfo* info = document_.partAt(place.path);
  const Value* written = document_.recipe().at(at.path);
  place.vacant = !info && !written;
  if (info) place.title = text(info->title.empty() ? info->name : info->title);
  else if (written) place.title = written->find("use") ? text(written->find("use")->asString()) : tr("unknown");
  place.changed = document_.changedAt(place.path);
  judge(place);
  if (!info) return place;
  QStringList changed, own;
  for (const ParamSpec& spec : info->params) {
    const QString path = place.path + QLatin1Char('.') + text(spec.name);
    const Value* value = document_.resolved().at(path.toStdString());
    if (!value || value->isObject() || value->isArray()) continue;
    const QString shown = text(spec.name).replace(QLatin1Char('_'), QLatin1Char(' ')) + QLatin1Char(' ') + param::displayed(spec, *value);
    if (document_.changedAt(path)) changed << shown;
    else if (document_.recipe().at(path.toStdString())) own << shown;  // the recipe speaks of it
  }
  place.settings = (changed + own).mid(0, kSettings);
  return place;
}

void PipelineModel::rebuild() {
  stages_ = {{StageKind::Data, tr("Data"), {}}, {StageKind::Stream, tr("Stream"), {}}, {StageKind::Backbone, tr("Backbone"), {}},
             {StageKind::Adaptation, tr("Adaptation"), {}}, {StageKind::Head, tr("Head"), {}}, {StageKind::Memory, tr("Memory"), {}},
             {StageKind::Penalties, tr("Penalties"), {}}, {StageKind::Phases, tr("Phases"), {}}, {StageKind::Evaluation, tr("Evaluation"), {}}};
  if (document_.empty()) {
    stages_.clear();
    Q_EMIT changed();
    return;
  }
  const auto places = [this](StageKind kind) -> auto& { return stages_[std::size_t(kind)].places; };
  places(StageKind::Data).push_back(option("data", tr("data set")));
  places(StageKind::Stream).push_back(option("scenario", tr("scenario")));
  places(StageKind::Backbone).push_back(option("backbone", tr("weights")));
  for (const RecipePlace& at : placesIn(document_.recipe())) {
    PipelinePlace place = part(at);
    // A prompt that could come next is offered by its pool, and a slot for which there are no parts not at all.
    const bool next = place.vacant && place.path.startsWith(QLatin1String("prompts.")) && !document_.recipe().at(entryOf(place.path).toStdString());
    const bool parts = std::any_of(document_.catalogue().begin(), document_.catalogue().end(), [&](const PartInfo& p) { return p.slot == at.slot; });
    if (next && !place.path.endsWith(QLatin1String(".pool"))) continue;
    if (place.vacant && !parts && place.issue.isEmpty()) continue;
    if (next) place.role = tr("prompts");
    places(stageOf(keyOf(place.path))).push_back(std::move(place));
  }
  places(StageKind::Evaluation).insert(places(StageKind::Evaluation).begin(), option("test_transform", tr("test images")));
  light();
  Q_EMIT changed();
}

const PipelinePlace* PipelineModel::find(const QString& path) const {
  const PipelinePlace* found = nullptr;
  for (const PipelineStage& stage : stages_)
    for (const PipelinePlace& place : stage.places)
      if (within(path, place.path) || (!found && (within(place.path, path) && !path.isEmpty()))) {
        if (within(path, place.path)) return &place;
        found = &place;  // of a list or an entry the first place
      }
  return found;
}

QStringList PipelineModel::paths() const {
  QStringList paths;
  for (const PipelineStage& stage : stages_)
    for (const PipelinePlace& place : stage.places) paths << place.path;
  return paths;
}

QString PipelineModel::summary() const {
  if (document_.empty()) return tr("No recipe yet");
  int parts = 0, changed = 0, wrong = 0;
  for (const PipelineStage& stage : stages_)
    for (const PipelinePlace& place : stage.places) {
      parts += !place.vacant && !place.slot.isEmpty();
      changed += place.changed;
      wrong += place.error;
    }
  return tr("%1: parts: %2, changed: %3, with problems: %4").arg(document_.title()).arg(parts).arg(changed).arg(wrong);
}

QString PipelineModel::toMarkdown() const {
  QString out = tr("| Stage | Place | Part | Settings |") + QStringLiteral("\n|---|---|---|---|\n");
  for (const PipelineStage& stage : stages_)
    for (const PipelinePlace& place : stage.places)
      if (!place.vacant)
        out += QStringLiteral("| %1 | %2 | %3 | %4 |\n").arg(stage.title, place.path, place.title, place.settings.join(QStringLiteral(", ")));
  return out;
}

}  // namespace palimpsest
