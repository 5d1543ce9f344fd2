#include "engine/session/watch.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/session/batches.h"

namespace palimpsest {
namespace {

constexpr int kWatched = 20;   // images of each class
constexpr int kPatience = 2;   // looks in a row that must agree
constexpr double kAlike = 0.1; // of the energy of weights: below, what varies from image to image counts for little
constexpr std::size_t kNamed = 10;  // winners that an alarm names

// Class by class, as an evaluation goes through them: a vote over neighbours is a vote of one class.
std::vector<std::int64_t> watchedOf(const Session& session, int task) {
  std::vector<std::int64_t> images;
  for (const int cls : session.scenario.tasks[static_cast<std::size_t>(task)].classes) {
    int taken = 0;
    for (const auto index : session.trainIndices(task))
      if (taken < kWatched && session.data.train->label(index) == cls) {
        images.push_back(index);
        ++taken;
      }
  }
  return images;
}

std::string listed(const std::vector<int>& prompts) {
  std::string text;
  for (const int prompt : prompts) text += (text.empty() ? "" : ", ") + std::to_string(prompt);
  return text;
}

double orNan(const std::optional<double>& x) { return x.value_or(std::numeric_limits<double>::quiet_NaN()); }

std::optional<double> winnersCosine(const Tensor& keys, const std::vector<int>& winners) {
  const std::vector<float> rows = floatsOf(keys);
  const auto cosines = keyCosines(rows, static_cast<int>(keys.size(1)), winners);
  return cosines ? std::optional(cosines->mean) : std::nullopt;
}

// Share of the energy of signed weights [B, M] that varies from image to image: 1 - |mean w|^2 / mean |w|^2. Sizes of
// dense signed weights look much alike for all images, while their signs make prompts of them that do not.
double variationOf(const Tensor& weights) {
  const Tensor w = weights.to(torch::kDouble);
  const double energy = w.square().sum(1).mean().item<double>();
  return energy > 0 ? 1 - w.mean(0).square().sum().item<double>() / energy : 0;
}

struct Look {
  double variation = 0;  // of soft weights
  Selections applied, asked;
  std::vector<int> winners;
  std::optional<double> winners_cosine;
};

Look lookAt(const Session& session, const Model::Selection& selection, const Choice& choice, const Tensor& tasks) {
  const Pool& pool = session.model.pool(selection.entry);
  Look look;
  look.applied = selectionsOf(choice, selection.choice, pool.available(), tasks);
  look.asked = selectionsOf(choice, selection.choice, pool.available(), tasks, true);
  look.winners = winnersOf(look.applied);
  if (choice.weights.defined()) look.variation = variationOf(choice.weights[selection.choice]);
  else look.winners_cosine = winnersCosine(pool.keys(selection.choice).detach(), look.winners);
  return look;
}

PromptHealth healthOf(const Session& session, int layer, const Model::Selection& selection, const Look& look) {
  const Pool& pool = session.model.pool(selection.entry);
  std::vector<int> owners;
  for (int m = 0; m < pool.available(); ++m) owners.push_back(pool.owner(m));
  PromptHealth told;
  told.task = session.clock.task;
  told.layer = layer;
  told.global_step = session.clock.global_step;
  told.images = static_cast<std::int64_t>(look.applied.images());
  told.available = pool.available();
  told.evenness = orNan(evenness(look.applied));
  told.asked_evenness = orNan(evenness(look.asked));
  told.effective = effectivePrompts(look.applied).n1;
  told.dependence = orNan(inputDependence(look.applied));
  told.sets = setDiversity(look.applied).sets;
  told.dead = deadPrompts(look.applied).dead;
  told.winners = look.winners;
  told.winners_cosine = orNan(look.winners_cosine);
  const auto found = pool.perTask() > 0 ? retrieval(look.applied, owners) : std::nullopt;
  told.retrieval = found ? found->accuracy : orNan({});
  told.own_mass = found ? found->own_mass : orNan({});
  double support = 0;
  for (const double weight : look.applied.weights) support += weight > 0;
  told.support = look.applied.images() > 0 ? support / static_cast<double>(look.applied.images()) : 0;
  return told;
}

void judge(Session& session, int layer, const Look& look) {
  PromptWatch& watch = session.watch[static_cast<std::size_t>(layer)];
  const CollapseFinding finding = collapse(look.applied, look.winners_cosine, std::nullopt);
  if (!finding.collapsed || look.variation >= kAlike) {
    watch.held = 0;
    if (!watch.raised) watch.first_step = -1;
    return;
  }
  if (watch.held++ == 0 && !watch.raised) {
    watch.first_step = session.clock.global_step;
    watch.winners = look.winners;
    watch.winners.resize(std::min(watch.winners.size(), kNamed));
  }
  if (watch.raised || watch.held < kPatience) return;
  watch.raised = true;
  PromptCollapse told;
  told.task = session.clock.task;
  told.layer = layer;
  told.global_step = session.clock.global_step;
  told.first_step = watch.first_step;
  told.winners = watch.winners;
  told.evenness = orNan(evenness(look.applied));
  told.dependence = orNan(inputDependence(look.applied));
  told.winners_cosine = orNan(look.winners_cosine);
  told.reasons = finding.reasons;
  told.sentence = fmt::format("Whatever the image, it gets nearly the same prompts ({}): the choice has collapsed, and the pool acts as one shared prompt since step {}.",
                              listed(watch.winners), watch.first_step + 1);
  session.bus.emit(told);
  session.log->warn("{}", told.sentence);
}

}  // namespace

std::vector<float> floatsOf(const Tensor& x) {
  const Tensor flat = x.detach().to(torch::kCPU, torch::kFloat).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

std::vector<double> singularValues(const Tensor& keys) {
  const Tensor unit = torch::nn::functional::normalize(keys.detach().to(torch::kCPU, torch::kDouble), torch::nn::functional::NormalizeFuncOptions().dim(-1));
  const Tensor values = torch::linalg_svdvals(unit).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

Selections selectionsOf(const Choice& choice, int which, int prompts, const Tensor& tasks, bool asked) {
  const Tensor owner = tasks.to(torch::kCPU, torch::kLong).contiguous();
  std::vector<int> of(static_cast<std::size_t>(owner.numel()));
  for (std::size_t i = 0; i < of.size(); ++i) of[i] = static_cast<int>(owner.data_ptr<std::int64_t>()[i]);
  if (choice.weights.defined()) return softSelections(prompts, floatsOf(choice.weights[which].slice(1, 0, prompts)), std::move(of));
  const Tensor indices = (asked && choice.asked.defined() ? choice.asked : choice.indices).cpu().contiguous();
  std::vector<std::vector<int>> chosen(of.size());
  for (std::size_t i = 0; i < of.size(); ++i)
    for (std::int64_t k = 0; k < indices.size(1); ++k) chosen[i].push_back(static_cast<int>(indices.data_ptr<std::int64_t>()[static_cast<std::int64_t>(i) * indices.size(1) + k]));
  return hardSelections(prompts, chosen, std::move(of));
}

std::vector<int> winnersOf(const Selections& s) {
  const std::vector<double> u = usage(s);
  std::vector<int> order(u.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return u[static_cast<std::size_t>(a)] > u[static_cast<std::size_t>(b)]; });
  order.resize(static_cast<std::size_t>(std::min<int>(static_cast<int>(order.size()), s.per_image > 0 ? s.per_image : k90(s))));
  return order;
}

void prepareWatch(Session& session) {
  if (!session.model.queried()) return;
  for (int task = 0; task <= session.clock.task; ++task)
    fillCache(session, session.watched_frozen, *session.data.train, watchedOf(session, task), session.test_transform, session.clock.task);
}

void watchPrompts(Session& session) {
  if (!session.model.queried()) return;
  const torch::NoGradGuard no_graph;
  Inputs in;
  std::vector<std::int64_t> tasks;
  for (int task = 0; task <= session.clock.task; ++task)
    for (const auto image : watchedOf(session, task)) {
      in.indices.push_back(image);
      tasks.push_back(task);
    }
  in.known = toDevice(session, session.watched_frozen.rows(in.indices));
  in.tasks = torch::tensor(tasks, torch::kLong);
  const std::vector<Choice> choices = session.model.choose(in, in.known, false);
  const auto selections = session.model.selections();
  for (std::size_t i = 0; i < selections.size(); ++i) {
    if (!session.model.selector(selections[i].entry).queries()) continue;
    const Look look = lookAt(session, selections[i], choices[static_cast<std::size_t>(selections[i].entry)], in.tasks);
    session.bus.emit(healthOf(session, static_cast<int>(i), selections[i], look));
    judge(session, static_cast<int>(i), look);
  }
}

}  // namespace palimpsest
