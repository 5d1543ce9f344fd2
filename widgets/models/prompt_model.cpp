#include "widgets/models/prompt_model.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace palimpsest {

namespace {

struct Text {
  Q_DECLARE_TR_FUNCTIONS(PromptModel)
};

constexpr std::size_t kMostRows = 200;  // of a table over training: more could not be told apart
constexpr double kLittle = 0.05;        // of ln M: dependence on the image below which all get the same (engine/metrics)
constexpr int kTelling = 16;            // counts after which a layer is known to be hard: a long record has tens of thousands
constexpr double kFewPrompts = 0.2;     // evenness below which it looks like a collapse (engine/metrics)

double sum(const std::vector<std::int64_t>& counts) { return double(std::accumulate(counts.begin(), counts.end(), std::int64_t(0))); }

// A hard choice of N gives every image N prompts and each of them 1/N of it.
bool isHard(const PromptUse& use) {
  if (use.mass.empty()) return true;  // older records have hard choices only
  const double given = sum(use.applied), mass = std::accumulate(use.mass.begin(), use.mass.end(), 0.0);
  if (given <= 0 || mass <= 0) return true;
  for (std::size_t m = 0; m < use.mass.size() && m < use.applied.size(); ++m)
    if (std::abs(use.mass[m] - double(use.applied[m]) * mass / given) > 1e-6 * mass) return false;
  return true;
}

bool allAlike(const PromptUse& use) {
  return std::all_of(use.applied.begin(), use.applied.end(), [&](std::int64_t n) { return n == use.images; });
}

struct Seen {  // of one layer
  bool hard = true, alike = true, looked = false, owned = false;
  int prompts = 0, per_image = 0, told = 0;
};

std::map<int, Seen> layersSeen(const RunData& run) {
  std::map<int, Seen> out;
  for (const PromptUse& use : run.promptUse()) {
    Seen& seen = out[use.layer];
    if (seen.told++ < kTelling) seen.hard = seen.hard && isHard(use);
    seen.alike = seen.alike && allAlike(use);
    seen.prompts = std::max(seen.prompts, int(std::max(use.asked.size(), use.applied.size())));
    if (use.images > 0) seen.per_image = std::max(seen.per_image, int(std::lround(sum(use.applied) / double(use.images))));
  }
  for (const PromptHealth& health : run.promptHealth()) {
    Seen& seen = out[health.layer];
    seen.looked = true;
    seen.owned = seen.owned || !std::isnan(health.retrieval);
    seen.prompts = std::max(seen.prompts, health.available);
    if (seen.per_image == 0) seen.per_image = int(std::lround(health.support));
  }
  return out;
}

PromptKind kindOf(const Seen& seen) {
  if (!seen.hard) return PromptKind::Mass;
  if (seen.alike && !seen.looked) return PromptKind::Shared;
  return seen.owned ? PromptKind::Slots : PromptKind::Counts;
}

// The blocks of each selection: an entry of the recipe's prompts, or each of its blocks where these choose apart.
std::vector<std::string> blocksOf(const Value& recipe, std::size_t layers) {
  std::vector<std::string> whole, apart;
  const Value* prompts = recipe.find("prompts");
  for (const Value& entry : prompts ? prompts->asArray() : Value::Array{}) {
    const Value *blocks = entry.at("inject.blocks"), *pool = entry.at("pool.use");
    std::string all;
    for (const Value& block : blocks ? blocks->asArray() : Value::Array{}) {
      all += (all.empty() ? "" : ", ") + block.text();
      if (pool && pool->asString() == "components") apart.push_back(block.text());
    }
    if (!pool || pool->asString() != "components") apart.push_back(all);
    whole.push_back(all);
  }
  if (apart.size() == layers) return apart;
  return whole.size() == layers ? whole : std::vector<std::string>(layers);
}

std::vector<double> numbers(const std::vector<std::int64_t>& counts) { return {counts.begin(), counts.end()}; }

// What one event says of a side: images for a hard choice, weight for a soft one (of which only what was applied is told).
std::vector<double> countsOf(const PromptUse& use, PromptSide side) {
  if (!isHard(use)) return use.mass;
  return numbers(side == PromptSide::Asked ? use.asked : use.applied);
}

void addRow(PromptTable& table, std::int64_t key, double images, const std::vector<double>& counts) {
  const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
  table.keys.push_back(key);
  table.images.push_back(images);
  for (std::size_t m = 0; m < std::size_t(table.prompts); ++m) {
    const bool there = m < counts.size() && all > 0;
    table.shares.push_back(there ? counts[m] / all : std::nan(""));
    table.counts.push_back(there ? counts[m] : std::nan(""));
  }
}

PromptTable minus(PromptTable a, const PromptTable& b) {
  for (std::size_t i = 0; i < a.shares.size() && i < b.shares.size(); ++i) {
    a.shares[i] -= b.shares[i];
    a.counts[i] -= b.counts[i];
  }
  return a;
}

PromptTable tableOf(const std::vector<const PromptUse*>& uses, PromptSide side, std::int64_t (*key)(const PromptUse&)) {
  if (side == PromptSide::Difference) return minus(tableOf(uses, PromptSide::Applied, key), tableOf(uses, PromptSide::Asked, key));
  PromptTable table;
  for (const PromptUse* use : uses) table.prompts = std::max(table.prompts, int(countsOf(*use, side).size()));
  for (const PromptUse* use : uses) addRow(table, key(*use), double(use->images), countsOf(*use, side));
  return table;
}

}  // namespace

std::vector<PromptLayer> promptLayers(const RunData& run, const Value& recipe) {
  const auto seen = layersSeen(run);
  const auto blocks = blocksOf(recipe, seen.empty() ? 0 : std::size_t(seen.rbegin()->first) + 1);
  std::vector<PromptLayer> out;
  for (const auto& [layer, about] : seen) {
    if (layer < 0) continue;  // of a damaged record
    PromptLayer one{layer, kindOf(about), about.prompts, about.hard ? about.per_image : 0, Text::tr("Layer %1").arg(layer)};
    if (const std::string& where = blocks[std::size_t(layer)]; !where.empty())
      one.name = where.find(',') == std::string::npos ? Text::tr("Layer %1, block %2").arg(layer).arg(QString::fromStdString(where))
                                                      : Text::tr("Layer %1, blocks %2").arg(layer).arg(QString::fromStdString(where));
    if (one.kind == PromptKind::Shared) one.name += Text::tr(" (shared by all images)");
    out.push_back(one);
  }
  return out;
}

const PromptLayer* firstChoosing(const std::vector<PromptLayer>& layers) {
  const auto found = std::find_if(layers.begin(), layers.end(), [](const PromptLayer& layer) { return layer.kind != PromptKind::Shared; });
  if (found != layers.end()) return &*found;
  return layers.empty() ? nullptr : &layers.front();
}

QString promptKindText(const RunData& run, PromptKind kind) {
  switch (kind) {
    case PromptKind::Shared: return Text::tr("Every image gets the same prompts here: nothing is chosen.");
    case PromptKind::Counts: return Text::tr("Each image is given a few prompts of the pool: shares of all that were given.");
    case PromptKind::Slots: return Text::tr("Each task has prompts of its own, found by their keys at test: shares of all that were given.");
    case PromptKind::Mass: return Text::tr("Every prompt has a weight in each image: shares of the weight.");
    case PromptKind::None: break;
  }
  if (!run.started()) return Text::tr("Prompts show here when the run has begun.");
  const bool over = run.lastEndedTask() >= 0 || run.state() == RunData::State::Done;
  return over ? Text::tr("%1 has no prompts. It classifies without choosing any, so there is nothing to show here.").arg(run.title())
              : Text::tr("%1 has not chosen any prompts yet. If it has some, their use shows after its first epoch.").arg(run.title());
}

PromptTable promptsByTask(const RunData& run, int task, int layer, PromptSide side) {
  std::map<int, const PromptUse*> newest;  // by the images' task
  for (const PromptUse& use : run.promptUse())
    if (use.split == "test" && use.task == task && use.layer == layer) newest[use.on_task] = &use;
  std::vector<const PromptUse*> uses;
  for (const auto& [on, use] : newest) uses.push_back(use);
  return tableOf(uses, side, [](const PromptUse& use) { return std::int64_t(use.on_task); });
}

PromptTable promptsOverTraining(const RunData& run, int layer, PromptSide side, double until) {
  std::vector<const PromptUse*> uses;
  for (const PromptUse& use : run.promptUse())
    if (use.split != "test" && use.layer == layer && (std::isnan(until) || double(use.global_step) <= until)) uses.push_back(&use);
  if (uses.size() > kMostRows) uses.erase(uses.begin(), uses.end() - kMostRows);
  return tableOf(uses, side, [](const PromptUse& use) { return use.global_step; });
}

std::vector<double> promptUsage(const PromptTable& table) {
  std::vector<double> usage(std::size_t(table.prompts), 0);
  const double all = std::accumulate(table.images.begin(), table.images.end(), 0.0);
  for (int row = 0; row < table.rows() && all > 0; ++row)
    for (int m = 0; m < table.prompts; ++m)
      if (const double share = table.share(row, m); !std::isnan(share)) usage[std::size_t(m)] += share * table.images[std::size_t(row)] / all;
  return usage;
}

std::vector<int> taskOfClass(const RunStarted& start) {
  const auto classes = std::accumulate(start.task_sizes.begin(), start.task_sizes.end(), std::size_t(0),
                                       [](std::size_t n, int size) { return n + std::size_t(std::max(0, size)); });
  if (start.class_order.empty() || classes != start.class_order.size()) return {};
  std::vector<int> out(start.class_names.size(), -1);
  std::size_t at = 0;
  for (std::size_t task = 0; task < start.task_sizes.size(); ++task)
    for (int i = 0; i < start.task_sizes[task]; ++i, ++at)
      if (const int cls = start.class_order[at]; cls >= 0 && std::size_t(cls) < out.size()) out[std::size_t(cls)] = int(task);
  return out;
}

int taskAt(const RunData& run, double step) {
  int task = -1;
  for (const TaskBand& band : run.bands())
    if (std::isnan(step) || band.from <= step) task = band.task;
  return task;
}

QString stepInTask(const RunData& run, double step) {
  const int task = taskAt(run, step);
  for (const TaskBand& band : run.bands())
    if (band.task == task) return Text::tr("step %1 of T%2").arg(std::int64_t(step - band.from) + 1).arg(task + 1);
  return Text::tr("step %1").arg(std::int64_t(step) + 1);
}

QString promptList(const std::vector<int>& prompts) {
  QStringList out;
  for (const int prompt : prompts) out << QString::number(prompt);
  return out.join(QStringLiteral(", "));
}

int mostAvailable(const RunData& run, int layer) {
  int most = 0;
  for (const PromptHealth& health : run.promptHealth())
    if (health.layer == layer) most = std::max(most, health.available);
  return most;
}

Series promptFigure(const RunData& run, int layer, PromptFigure figure) {
  Series out;
  for (const PromptHealth& health : run.promptHealth()) {
    if (health.layer != layer) continue;
    double y = std::nan("");
    switch (figure) {
      case PromptFigure::Effective: y = health.effective; break;
      case PromptFigure::Evenness: y = health.evenness; break;
      case PromptFigure::Dead: y = health.dead; break;
      case PromptFigure::Retrieval: y = 100 * health.retrieval; break;
      case PromptFigure::WinnersCosine: y = health.winners_cosine; break;
      case PromptFigure::KeyDrift: return {};
    }
    out.append(double(health.global_step), y);
  }
  return out;
}

// ---- The verdict

namespace {

std::optional<PromptVerdict> collapseAt(const RunData& run, double step, bool several_layers) {
  const PromptCollapse* first = nullptr;
  int layers = 0;
  for (const PromptCollapse& collapse : run.collapses()) {
    if (!std::isnan(step) && double(collapse.first_step) > step) continue;
    ++layers;
    if (!first || collapse.first_step < first->first_step) first = &collapse;
  }
  if (!first) return std::nullopt;
  PromptVerdict out;
  out.level = PromptVerdict::Level::Collapsed;
  out.layer = first->layer;
  out.winners = first->winners;
  out.began = double(first->first_step);
  out.task = taskAt(run, out.began);
  out.text = Text::tr("Whatever the image, prompts %1 since %2").arg(promptList(out.winners), stepInTask(run, out.began));
  if (several_layers) out.text += layers > 1 ? Text::tr(" (layer %1, and %n more)", nullptr, layers - 1).arg(out.layer) : Text::tr(" (layer %1)").arg(out.layer);
  QStringList why{QString::fromStdString(first->sentence)};
  for (const std::string& reason : first->reasons) why << QStringLiteral("• ") + QString::fromStdString(reason);
  out.detail = why.join(QLatin1Char('\n'));
  return out;
}

// The latest look at a layer whose choice had collapsed, where it says that images get different prompts again.
const PromptHealth* recovered(const RunData& run, const PromptVerdict& collapsed, double step) {
  const PromptHealth* latest = nullptr;
  for (const PromptHealth& health : run.promptHealth())
    if (health.layer == collapsed.layer && double(health.global_step) > collapsed.began && (std::isnan(step) || double(health.global_step) <= step)) latest = &health;
  const bool even = latest && latest->evenness >= kFewPrompts && latest->dependence >= kLittle * std::log(std::max(2, latest->available));
  return even ? latest : nullptr;
}

// "Whatever the image" is no longer so, but its cause may still be there: an alarm becomes a doubt that leads to it.
void eased(PromptVerdict& verdict, const RunData& run, const PromptHealth& since) {
  verdict.level = PromptVerdict::Level::Doubtful;
  verdict.text = Text::tr("%1 of %2 prompts in use; had collapsed onto %3 at %4")
                     .arg(since.effective, 0, 'f', 1).arg(since.available).arg(promptList(verdict.winners), stepInTask(run, verdict.began));
}

// The latest look at each layer; the one that uses its prompts least evenly speaks for all.
std::optional<PromptVerdict> healthAt(const RunData& run, double step, bool several_layers) {
  std::map<int, const PromptHealth*> latest;
  for (const PromptHealth& health : run.promptHealth())
    if (std::isnan(step) || double(health.global_step) <= step) latest[health.layer] = &health;
  const auto badness = [](const PromptHealth& h) { return std::isnan(h.evenness) ? 2 : h.evenness; };
  const PromptHealth* worst = nullptr;
  for (const auto& [layer, health] : latest)
    if (!worst || badness(*health) < badness(*worst)) worst = health;
  if (!worst) return std::nullopt;
  PromptVerdict out;
  const bool few = worst->evenness < kFewPrompts;
  out.level = few ? PromptVerdict::Level::Doubtful : PromptVerdict::Level::Healthy;
  out.layer = worst->layer;
  out.winners = worst->winners;
  out.text = Text::tr("%1 of %2 prompts in use").arg(worst->effective, 0, 'f', 1).arg(worst->available);
  if (few) out.text += Text::tr(": few do nearly all the work");
  if (several_layers) out.text += Text::tr(" (layer %1, the least even)").arg(out.layer);
  const auto figure = [](double x) { return std::isnan(x) ? QStringLiteral("–") : QString::number(x, 'f', 2); };
  out.detail = Text::tr("Effective number of prompts (exponential of the entropy of their use) at %1: %2 of %3. Evenness %4 "
                        "(1 even, 0 always the same), dependence on the image %5 nats, dead prompts %6.")
                   .arg(stepInTask(run, double(worst->global_step))).arg(worst->effective, 0, 'f', 2).arg(worst->available)
                   .arg(figure(worst->evenness), figure(worst->dependence)).arg(worst->dead);
  return out;
}

// Older records count prompts without looking at their health.
PromptVerdict usageAt(const RunData& run, int layer, double step) {
  PromptVerdict out;
  int task = -1;
  for (const PromptUse& use : run.promptUse())
    if (use.split == "test" && use.layer == layer && (std::isnan(step) || double(use.global_step) <= step)) task = use.task;
  const PromptTable table = promptsByTask(run, task, layer, PromptSide::Applied);
  const std::vector<double> usage = promptUsage(table);
  if (std::accumulate(usage.begin(), usage.end(), 0.0) <= 0) {
    out.text = Text::tr("How prompts are chosen is known after the first look at them");
    return out;
  }
  out.level = PromptVerdict::Level::Healthy;
  out.layer = layer;
  out.text = Text::tr("%1 of %2 prompts in use").arg(std::exp(entropy(usage)), 0, 'f', 1).arg(table.prompts);
  out.detail = Text::tr("Effective number of prompts on the test images after T%1. This record has no looks at the choice itself, so a collapse would not be told.").arg(task + 1);
  return out;
}

}  // namespace

PromptVerdict promptVerdict(const RunData& run, double step) {
  const std::vector<PromptLayer> layers = promptLayers(run);
  const PromptLayer* first = firstChoosing(layers);
  if (!first) return {};
  const auto choosing = std::count_if(layers.begin(), layers.end(), [](const PromptLayer& l) { return l.kind != PromptKind::Shared; });
  if (auto collapsed = collapseAt(run, step, choosing > 1)) {
    if (const PromptHealth* since = recovered(run, *collapsed, step)) eased(*collapsed, run, *since);
    return *collapsed;
  }
  if (first->kind == PromptKind::Shared) {
    PromptVerdict out;
    out.level = PromptVerdict::Level::Healthy;
    out.layer = first->layer;
    out.text = Text::tr("One set of prompts for all images: nothing is chosen");
    return out;
  }
  if (const auto health = healthAt(run, step, choosing > 1)) return *health;
  return usageAt(run, first->layer, step);
}

}  // namespace palimpsest
