// Steps of undo keep the whole state before and after: recipes are a few kilobytes, and nothing can come back wrong.
#include "widgets/models/recipe_document.h"

#include <QFile>
#include <QFileInfo>
#include <QSaveFile>
#include <QUndoCommand>
#include <algorithm>

#include "engine/protocol/error.h"
#include "engine/protocol/options.h"
#include "engine/record/json.h"
#include "widgets/models/param_value.h"

namespace palimpsest {
namespace {

constexpr qint64 kLargestFile = 1 << 20;  // a recipe is a few kilobytes; what is larger is something else
constexpr int kSteps = 1000;

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }
QString before(const QString& path) { return path.left(std::max<qsizetype>(0, path.lastIndexOf(QLatin1Char('.')))); }
QString last(const QString& path) { return path.mid(path.lastIndexOf(QLatin1Char('.')) + 1); }

const ParamSpec* named(const std::vector<ParamSpec>& specs, const std::string& name) {
  const auto found = std::find_if(specs.begin(), specs.end(), [&](const ParamSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

const std::vector<ParamSpec>& optionSpecs() {
  static const std::vector<ParamSpec> specs = specsOf<RunOptions>();
  return specs;
}

Value withoutItem(const Value& list, std::size_t index) {
  Value::Array items = list.asArray();
  items.erase(items.begin() + std::ptrdiff_t(index));
  return Value(std::move(items));
}

// Takes away what is at `path` of a recipe. False when nothing is.
bool cut(Value& recipe, const QString& path) {
  const std::string parent = before(path).toStdString(), key = last(path).toStdString();
  Value* holder = parent.empty() ? &recipe : recipe.at(parent);
  if (!holder || !recipe.at(path.toStdString())) return false;
  if (!holder->isArray()) return holder->erase(key);
  *holder = withoutItem(*holder, std::stoul(key));
  if (holder->asArray().empty() && parent != "phases") recipe.erase(parent);  // an empty list is no list
  return true;
}

}  // namespace

QString entryOf(const QString& path) {
  const QStringList keys = path.split(QLatin1Char('.'));
  bool number = false;
  if (keys.size() > 1) keys[1].toUInt(&number);
  return number ? keys[0] + QLatin1Char('.') + keys[1] : QString();
}

class RecipeDocument::Edit final : public QUndoCommand {
 public:
  Edit(RecipeDocument& document, State after, const QString& what, QString merge)
      : QUndoCommand(what), document_(document), before_(document.now_), after_(std::move(after)), merge_(std::move(merge)) {}
  void undo() override { document_.apply(before_); }
  void redo() override { document_.apply(after_); }
  int id() const override { return merge_.isEmpty() ? -1 : 1; }
  bool mergeWith(const QUndoCommand* other) override {
    const auto* next = static_cast<const Edit*>(other);
    if (next->merge_ != merge_) return false;
    after_ = next->after_;
    setObsolete(after_ == before_);
    return true;
  }

 private:
  RecipeDocument& document_;
  State before_, after_;
  QString merge_;  // the parameter, of which edits in a row are one step
};

RecipeDocument::RecipeDocument(const std::vector<PartInfo>& catalogue, QObject* parent)
    : QObject(parent), catalogue_(catalogue), start_options_(valuesOf(RunOptions{})) {
  undo_.setUndoLimit(kSteps);
  now_.options = start_options_;
}

void RecipeDocument::setStartOptions(const Value& options) {
  start_options_ = now_.options = options;
  undo_.clear();
  refresh();
}

void RecipeDocument::setRules(Rules rules) {
  rules_ = std::move(rules);
  refresh();
}

void RecipeDocument::apply(const State& state) {
  if (!(now_.original == state.original)) resolved_original_ = state.original.isNull() ? Value() : resolve(state.original, catalogue_).recipe;
  now_ = state;
  refresh();
}

void RecipeDocument::refresh() {
  issues_.clear();
  if (!empty()) {
    Resolved resolved = resolve(now_.recipe, catalogue_);
    resolved_ = std::move(resolved.recipe);
    issues_ = std::move(resolved.issues);
    if (rules_ && !hasErrors(issues_))
      for (Issue& issue : rules_(resolved_)) issues_.push_back(std::move(issue));
  } else {
    resolved_ = Value();
  }
  for (const ParamSpec& spec : optionSpecs())
    if (const Value* value = now_.options.find(spec.name))
      if (const auto wrong = misfit(spec, *value)) issues_.push_back(error("--" + spec.name, spec.name + ": " + *wrong, rangeText(spec)));
  Q_EMIT changed();
}

void RecipeDocument::push(State next, const QString& what, const QString& merge) {
  if (next == now_) return;
  undo_.push(new Edit(*this, std::move(next), what, merge));
}

QString RecipeDocument::name() const {
  const Value* name = now_.recipe.find("name");
  return name ? text(name->asString()) : QString();
}

QString RecipeDocument::title() const {
  const Value* title = now_.recipe.find("title");
  return title && !title->asString().empty() ? text(title->asString()) : name();
}

bool RecipeDocument::dirty() const {
  const auto found = on_disk_.find(now_.file);
  return !(now_.recipe == (found == on_disk_.end() ? now_.original : found->second));
}

bool RecipeDocument::changedAt(const QString& path) const {
  if (path.startsWith(QLatin1String("--"))) {
    const std::string name = path.mid(2).toStdString();
    const Value *start = start_options_.find(name), *now = now_.options.find(name);
    return start && now && !(*start == *now);
  }
  const Value *start = resolved_original_.at(path.toStdString()), *now = resolved_.at(path.toStdString());
  return start && now ? !(*start == *now) : start != now;
}

const PartInfo* RecipeDocument::part(const QString& slot, const QString& name) const {
  for (const PartInfo& part : catalogue_)
    if (text(part.slot) == slot && text(part.name) == name) return &part;
  return nullptr;
}

const PartInfo* RecipeDocument::partAt(const QString& path) const {
  for (const RecipePart& part : partsOf(resolved_, catalogue_))
    if (text(part.path) == path) return part.info;
  return nullptr;
}

QString RecipeDocument::slotAt(const QString& path) const {
  for (const RecipePlace& place : placesIn(now_.recipe))
    if (text(place.path) == path) return text(place.slot);
  return {};
}

QString RecipeDocument::whyNot(const QString& path, const PartInfo& part) const {
  if (empty()) return tr("There is no recipe yet: choose a preset first.");
  const QString slot = slotAt(path);
  if (slot.isEmpty()) return tr("%1 is no place for a part.").arg(path.isEmpty() ? tr("This") : path);
  if (slot == text(part.slot)) return {};
  QStringList fitting;
  for (const PartInfo& other : catalogue_)
    if (text(other.slot) == slot) fitting << text(other.name);
  const QString takes = fitting.isEmpty() ? tr("no part of the catalogue does") : fitting.join(QStringLiteral(", "));
  return tr("%1 is a part for \"%2\" and does not fit %3, which is for \"%4\" (%5).").arg(text(part.title), text(part.slot), path, slot, takes);
}

QString RecipeDocument::placeFor(const PartInfo& part) const {
  QString taken;
  if (empty()) return {};
  for (const RecipePlace& place : placesIn(now_.recipe)) {
    if (place.slot != part.slot) continue;
    if (!now_.recipe.at(place.path) && place.slot != "backbone") return text(place.path);
    if (taken.isEmpty()) taken = text(place.path);
  }
  return taken;
}

const ParamSpec* RecipeDocument::specOf(const QString& path) const {
  const PartInfo* part = partAt(before(path));
  return part ? named(part->params, last(path).toStdString()) : nullptr;
}

QString RecipeDocument::take(const Value& recipe, const QString& what) {
  State next{recipe, recipe, now_.options, {}};
  const Value* title = recipe.find("title");
  push(std::move(next), what.isEmpty() ? tr("Take %1").arg(title ? text(title->asString()) : tr("a recipe")) : what);
  return {};
}

QString RecipeDocument::set(const QString& path, const Value& value) {
  State next = now_;
  if (!empty() && QStringList{QStringLiteral("name"), QStringLiteral("title"), QStringLiteral("paper"), QStringLiteral("doc")}.contains(path)) {
    next.recipe[path.toStdString()] = value;
    push(std::move(next), tr("Set %1").arg(path), path);
    return {};
  }
  const ParamSpec* spec = specOf(path);
  if (!spec) return tr("%1 is no setting of this recipe.").arg(path);
  const std::string holder = before(path).toStdString();
  Value* here = next.recipe.at(holder);
  if (!here && holder == "backbone") here = &(next.recipe["backbone"] = Value(Value::Object{}));  // implied where it is not written
  if (!here) return tr("%1 is no setting of this recipe.").arg(path);
  const Value now = param::settled(*spec, value);
  if (const Value* written = here->find(spec->name); param::settled(*spec, written ? *written : spec->fallback) == now) return {};
  // What was not written and is the default again is not written again, so that back is really back.
  if (now == spec->fallback && !now_.original.at(path.toStdString())) here->erase(spec->name);
  else (*here)[spec->name] = now;
  push(std::move(next), tr("Set %1").arg(path), path);
  return {};
}

QString RecipeDocument::setOption(const QString& name, const Value& value) {
  const ParamSpec* spec = named(optionSpecs(), name.toStdString());
  if (!spec) return tr("A run has no option %1.").arg(name);
  State next = now_;
  next.options[spec->name] = param::settled(*spec, value);
  push(std::move(next), tr("Set option %1").arg(name), QStringLiteral("--") + name);
  return {};
}

QString RecipeDocument::put(const QString& path, const PartInfo& part) {
  if (QString why = whyNot(path, part); !why.isEmpty()) return why;
  State next = now_;
  if (path.startsWith(QLatin1String("prompts."))) {  // a new entry is made by its first part
    Value& prompts = next.recipe["prompts"];
    Value::Array entries = prompts.asArray();
    if (last(entryOf(path)).toULong() == entries.size()) entries.emplace_back(Value::Object{});
    prompts = Value(std::move(entries));
  }
  Issues problems;
  applySetting(next.recipe, path.toStdString() + ".use", part.name, catalogue_, problems);
  const Value* use = next.recipe.at(path.toStdString() + ".use");
  if (!problems.empty() || !use || use->asString() != part.name) return tr("Something else stands at %1.").arg(path);
  push(std::move(next), tr("Put %1 at %2").arg(text(part.title), path));
  return {};
}

QString RecipeDocument::remove(const QString& path) {
  if (path == QLatin1String("backbone")) return tr("There is always a backbone: it can be changed, not removed.");
  const bool entry = !path.isEmpty() && entryOf(path) == path;
  State next = now_;
  if ((!entry && slotAt(path).isEmpty()) || !cut(next.recipe, path)) return tr("There is nothing at %1 to remove.").arg(path.isEmpty() ? tr("this place") : path);
  if (const QString holder = entryOf(path); !entry && !holder.isEmpty())
    if (const Value* left = next.recipe.at(holder.toStdString()); left && left->isObject() && left->asObject().empty())
      cut(next.recipe, holder);
  push(std::move(next), tr("Remove %1").arg(path));
  return {};
}

QString RecipeDocument::move(const QString& path, int by) {
  const QString entry = entryOf(path);
  State next = now_;
  Value* list = entry.isEmpty() ? nullptr : next.recipe.at(before(entry).toStdString());
  if (!list || !list->isArray()) return tr("%1 is in no list and has no order.").arg(path);
  Value::Array items = list->asArray();
  const auto from = std::int64_t(last(entry).toULong()), to = from + by, size = std::int64_t(items.size());
  if (from >= size || to < 0 || to >= size) return tr("%1 cannot be moved further.").arg(entry);
  Value moved = std::move(items[std::size_t(from)]);
  items.erase(items.begin() + from);
  items.insert(items.begin() + to, std::move(moved));
  *list = Value(std::move(items));
  push(std::move(next), tr("Move %1").arg(entry));
  return {};
}

QString RecipeDocument::duplicate() {
  if (empty()) return tr("There is no recipe to duplicate.");
  State next = now_;
  next.recipe["name"] = (name() + QStringLiteral("-copy")).toStdString();
  next.recipe["title"] = tr("%1, copy").arg(title()).toStdString();
  next.file.clear();
  push(std::move(next), tr("Duplicate %1").arg(title()));
  return {};
}

QString RecipeDocument::open(const QString& file) try {
  const QFileInfo info(file);
  if (info.size() > kLargestFile) return tr("%1 is too large for a recipe. Nothing was changed.").arg(file);
  const Value written = record::readJsonFile(file.toStdString());
  if (!written.isObject()) return tr("%1 holds no recipe: it must be a JSON object. Nothing was changed.").arg(file);
  const Value recipe = recipesIn(written).front();
  const bool whole = recipe == written;
  if (whole) on_disk_[info.absoluteFilePath()] = recipe;
  push({recipe, recipe, now_.options, whole ? info.absoluteFilePath() : QString()}, tr("Open %1").arg(info.fileName()));
  return {};
} catch (const BadInput& bad) {
  return tr("%1 cannot be read: %2. Nothing was changed.").arg(file, bad.issues.empty() ? QString() : text(bad.issues.front().message));
}

QString RecipeDocument::save(const QString& file) {
  if (empty()) return tr("There is no recipe to save.");
  const QString path = QFileInfo(file).absoluteFilePath();
  const QByteArray json = QByteArray::fromStdString(record::toJson(now_.recipe, 2) + "\n");
  QSaveFile out(path);
  if (!out.open(QIODevice::WriteOnly) || out.write(json) != json.size() || !out.commit())
    return tr("%1 could not be written: %2. The recipe is still here; save it somewhere else.").arg(file, out.errorString());
  on_disk_[path] = now_.recipe;
  State next = now_;
  next.file = path;
  push(std::move(next), tr("Save as %1").arg(QFileInfo(path).fileName()));
  if (now_.file == path) Q_EMIT changed();  // dirty() may have changed where nothing else did
  return {};
}

}  // namespace palimpsest
