#include "engine/parts/prompts/selectors.h"

#include <algorithm>
#include <cmath>

#include "engine/parts/random_tensors.h"
#include "engine/parts/unit.h"
#include "engine/protocol/error.h"
#include "engine/protocol/random.h"

namespace palimpsest {
namespace {

constexpr double kTiny = 1e-12;

// The `count` largest of each row, first ones first; a stable sort lets the lower index win a tie on every device.
Tensor topK(const Tensor& x, std::int64_t count) { return std::get<1>(x.detach().sort(/*stable=*/true, 1, /*descending=*/true)).slice(1, 0, count).contiguous(); }

// Every group of `group` rows gets what most of its rows ask for; ties go to the lower index.
Tensor voted(const Tensor& asked, std::int64_t prompts, std::int64_t group) {
  std::vector<Tensor> winners;
  for (std::int64_t first = 0; first < asked.size(0); first += group) {
    const Tensor rows = asked.slice(0, first, std::min(first + group, asked.size(0)));
    const Tensor counts = torch::bincount(rows.flatten(), {}, prompts).to(torch::kFloat).unsqueeze(0);
    winners.push_back(topK(counts, asked.size(1)).expand({rows.size(0), -1}));
  }
  return torch::cat(winners);
}

// -inf on prompts that the task of the row does not own.
Tensor ownOnly(const Tensor& scores, const Tensor& tasks, const Pool& pool) {
  std::vector<std::int64_t> owners;
  for (std::int64_t m = 0; m < scores.size(1); ++m) owners.push_back(pool.owner(static_cast<int>(m)));
  const Tensor owner = torch::tensor(owners, torch::kLong).to(scores.device());
  return scores.masked_fill(owner.unsqueeze(0).ne(tasks.to(scores.device()).unsqueeze(1)), -INFINITY);
}

// A number for each image and prompt that depends on nothing else, so that a random choice has no batch-mates.
Tensor lots(const Inputs& inputs, std::int64_t images, std::int64_t prompts, std::uint64_t seed) {
  std::vector<float> drawn;
  drawn.reserve(static_cast<std::size_t>(images * prompts));
  for (std::int64_t b = 0; b < images; ++b) {
    const std::int64_t image = inputs.indices.empty() ? b : inputs.indices[static_cast<std::size_t>(b)];
    Rng rng = rngOf(seed, Purpose::Selection, image);
    for (std::int64_t m = 0; m < prompts; ++m) drawn.push_back(static_cast<float>(rng.uniform()));
  }
  return torch::tensor(drawn).view({images, prompts});
}

// Columns that are left to choose from; undefined where it leaves all.
Tensor leftBy(const Adjustments* adjusted, const Tensor& scores) {
  if (!adjusted || (adjusted->mask.empty() && adjusted->limit < 0)) return {};
  std::vector<std::int64_t> left;
  for (std::int64_t m = 0; m < scores.size(1); ++m) {
    const bool beyond = adjusted->limit >= 0 && m >= adjusted->limit;
    if (!beyond && std::find(adjusted->mask.begin(), adjusted->mask.end(), m) == adjusted->mask.end()) left.push_back(m);
  }
  return torch::tensor(left, torch::kLong).to(scores.device());
}

// Queries as they are compared with keys.
Tensor centred(const Query& query, const QueryMeans& means, bool centre) {
  if (query.adjusted && query.adjusted->centre.defined()) return query.rows - query.adjusted->centre;
  return centre ? query.rows - means.centre(query.rows) : query.rows;
}

}  // namespace

Choice ConstantSelector::choose(const Query& query, const Pool& pool) const {
  const Inputs& in = query.inputs;
  const std::int64_t batch = in.images.defined() ? in.images.size(0) : query.rows.size(0);
  Choice choice;
  choice.indices = torch::arange(pool.available(), torch::kLong).expand({batch, -1}).contiguous();
  if (in.images.defined()) choice.indices = choice.indices.to(in.images.device());
  return choice;
}

TopKCosine::TopKCosine(const Params& params, const Setting& setting)
    : params_(params), standing_{.mask = params.mask, .force = params.force}, setting_(setting), past_(torch::zeros({0}, torch::kDouble)), counts_(torch::zeros({0}, torch::kDouble)) {}

Tensor TopKCosine::similarities(const Query& query, const Pool& pool) const {
  const Adjustments* adjusted = query.adjusted;
  const Tensor rows = centred(query, means_, params_.centre);
  const int available = adjusted && adjusted->limit >= 0 ? std::min(adjusted->limit, pool.available()) : pool.available();
  return unit(rows.to(torch::kFloat)).matmul(unit(pool.keys(0).slice(0, 0, available)).t());
}

Tensor TopKCosine::allowed(const Query& query, const Tensor& similarity) const {
  if (!query.adjusted || (query.adjusted->mask.empty() && query.adjusted->force.empty())) return similarity;
  Tensor out = similarity.clone();
  for (const int prompt : query.adjusted->force)
    if (prompt < out.size(1)) out.select(1, prompt).add_(10);  // above every cosine
  for (const int prompt : query.adjusted->mask)
    if (prompt < out.size(1)) out.select(1, prompt).fill_(-INFINITY);
  return out;
}

// N, and no more than what is not masked.
std::int64_t TopKCosine::countOf(const Query& query, const Tensor& similarity) const {
  const int wanted = query.adjusted && query.adjusted->top_k ? *query.adjusted->top_k : params_.top_k;
  const auto masked = query.adjusted ? std::ranges::count_if(query.adjusted->mask, [&](int prompt) { return prompt < similarity.size(1); }) : 0;
  return std::clamp<std::int64_t>(wanted, 1, std::max<std::int64_t>(1, similarity.size(1) - masked));
}

Tensor TopKCosine::ranked(const Query& query, const Tensor& similarity, const Pool& pool, const std::string& rule) const {
  const auto count = countOf(query, similarity);
  const bool sliced = rule == "task" || rule == "nearest-mean";
  const Tensor gone = similarity.detach().eq(-INFINITY);
  if (rule == "all") return topK(similarity, similarity.size(1) - (similarity.size(0) > 0 ? gone[0].sum().item<std::int64_t>() : 0));
  if (rule == "random") {
    const auto salt = query.train ? static_cast<std::uint64_t>(1 + std::floor(query.inputs.epochs)) : 0;
    return topK(lots(query.inputs, similarity.size(0), similarity.size(1), mixed(setting_.seed, salt)).to(similarity.device()).masked_fill(gone, -1), count);
  }
  if (sliced && pool.perTask() > 0) {
    const Tensor tasks = rule == "task" ? query.inputs.tasks : means_.taskOf(query.rows);
    PALIMPSEST_EXPECT(tasks.defined(), "[top-k-cosine] nobody said which task the images belong to");
    if ((query.task + 1) * pool.perTask() <= pool.size()) return topK(ownOnly(similarity, tasks, pool), std::min<std::int64_t>(count, pool.perTask()));
  }
  if (query.train && params_.frequency_penalty && past_.numel() > 0 && past_.sum().item<double>() > 0) {
    // Counts end at the last prompt that was ever used.
    const Tensor all = torch::constant_pad_nd(past_ / past_.sum(), {0, std::max<std::int64_t>(0, similarity.size(1) - past_.size(0))});
    const Tensor often = all.slice(0, 0, similarity.size(1)).to(similarity.device(), torch::kFloat);
    return topK(((similarity.detach() - 1) * often).masked_fill(gone, -INFINITY), count);
  }
  return topK(similarity, count);
}

// The pull is on the keys that are applied, whoever chose them.
Tensor TopKCosine::pulled(const Choice& choice, const Tensor& similarity) const {
  Tensor chosen = similarity.gather(1, choice.indices);
  if (params_.balance_pull) {
    const Tensor counts = torch::bincount(choice.indices.flatten(), {}, similarity.size(1)).to(torch::kFloat);
    const double even = static_cast<double>(choice.indices.numel()) / static_cast<double>(similarity.size(1));
    chosen = chosen / (counts / even).clamp_min(1).index_select(0, choice.indices.flatten()).view_as(chosen);
  }
  return chosen.sum() * (-params_.pull / static_cast<double>(similarity.size(0)));
}

Choice TopKCosine::choose(const Query& query, const Pool& pool) const {
  const Tensor near = similarities(query, pool), similarity = allowed(query, near);
  const std::string& rule = query.adjusted && query.adjusted->rule ? *query.adjusted->rule : query.train ? params_.train : params_.test;
  Choice choice;
  choice.scores = near.detach().unsqueeze(0);
  choice.indices = ranked(query, similarity, pool, rule);
  const auto own = countOf(query, similarity);
  if (rule != "instance" || (query.train && params_.frequency_penalty)) choice.asked = topK(similarity, own);
  if (rule == "vote") {
    const std::int64_t group = query.train || params_.vote_batch == 0 ? similarity.size(0) : params_.vote_batch;
    choice.indices = voted(choice.indices, similarity.size(1), group);
  }
  if (query.train && params_.pull > 0) choice.penalty = pulled(choice, near);
  if (!query.train && params_.confine && pool.perTask() > 0)
    choice.confined = choice.indices.select(1, 0).div(pool.perTask(), "floor");
  return choice;
}

void TopKCosine::beginTask(const TaskScope&) { past_ = counts_.clone(); }

void TopKCosine::used(const Choice& choice) {
  const Tensor now = torch::bincount(choice.indices.flatten().cpu(), {}, counts_.size(0)).to(torch::kDouble);
  counts_ = now + torch::constant_pad_nd(counts_, {0, now.size(0) - counts_.size(0)});
}

void TopKCosine::study(const Tensor& queries, const Tensor& labels, const TaskScope& scope, Pool& pool) {
  means_.add(queries, labels, scope);
  const Tensor rows = params_.centre ? queries - means_.centre(queries) : queries;
  const auto seed = seedOf(setting_.seed, Purpose::Selection, 900 + setting_.entry, scope.task);
  if (scope.task == 0 && params_.keys_from_queries) pool.setKeys(0, 0, kMeansCentres(rows, pool.size(), seed));
  if (scope.task == 0 || params_.reset_dead <= 0 || past_.numel() == 0 || past_.sum().item<double>() <= 0) return;
  Rng rng(seed);
  const double even = past_.sum().item<double>() / pool.size();
  for (int m = 0; m < pool.size(); ++m)
    if (m >= past_.size(0) || past_[m].item<double>() < params_.reset_dead * even)
      pool.setKeys(0, m, rows[static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(rows.size(0))))].unsqueeze(0));
}

void TopKCosine::visit(State& state) {
  means_.visit(state);
  state.tensor("past", past_, false);
  state.tensor("counts", counts_, false);
}

Tensor gatedCosine(const Tensor& query, const Tensor& gates, const Tensor& keys) {
  const Tensor q = query.to(torch::kFloat);
  const Tensor dots = q.matmul((gates * unit(keys)).t());
  const Tensor lengths = q.square().matmul(gates.square().t()).clamp_min(kTiny * kTiny).sqrt();
  return dots / lengths;
}

GatedCosine::GatedCosine(const Params& params, const Setting& setting) : params_(params), standing_{.mask = params.mask}, setting_(setting) {
  temperatures_ = torch::full({setting.places}, params.temperature, torch::kDouble);
  gains_ = torch::ones({setting.places}, torch::kDouble);
  learning_ = torch::ones({1}, torch::kLong);
  if (params.learn_temperature != "never") log_temperatures_ = temperatures_.log().to(setting.device, torch::kFloat);
}

void GatedCosine::beginTask(const TaskScope& scope) {
  if (params_.learn_temperature == "first-task" && scope.task > 0) learning_.zero_();
}

void GatedCosine::check(Issues& issues) const {
  if (params_.intrusion > 0 && !isSparse(params_.normaliser))
    issues.push_back(error("select.intrusion", "[gated-cosine] \"" + params_.normaliser + "\" has no threshold that a new component could stay below", "take entmax15, sparsemax or signed-entmax, or set intrusion to 0"));
  if (params_.learn_temperature != "never" && !hasTemperature(params_.normaliser))
    issues.push_back(error("select.learn_temperature", "[gated-cosine] \"" + params_.normaliser + "\" has no temperature to learn", "set learn_temperature to never"));
}

Tensor GatedCosine::tempered(const Tensor& scores, int place) const {
  if (params_.learn_temperature == "never") return scores / temperatures_[place].item<double>();
  return scores / log_temperatures_[place].exp();
}

// Scores that may not be used are -inf; a normaliser then gives them nothing.
Tensor GatedCosine::weightsOf(const Tensor& scores, int place, const Query& query, const Pool& pool) const {
  const Adjustments* adjusted = query.adjusted;
  const std::string& rule = adjusted && adjusted->rule ? *adjusted->rule : query.train ? params_.train : params_.test;
  const double gain = gains_[place].item<double>();
  const int top_k = adjusted && adjusted->top_k ? *adjusted->top_k : params_.top_k;
  const auto weighed = [&](const Tensor& some) {
    if (!hasTemperature(params_.normaliser)) return normalised(params_.normaliser, some, 1, top_k);
    const Tensor z = adjusted && adjusted->temperature ? some / *adjusted->temperature : tempered(some, place);
    return normalised(params_.normaliser, z, 1, top_k);
  };
  // Only some components: the others' columns are cut out and come back as zeros.
  const auto within = [&](const Tensor& tasks) {
    const std::int64_t n = pool.perTask();
    const Tensor columns = tasks.to(scores.device()).unsqueeze(1) * n + torch::arange(n, scores.options().dtype(torch::kLong)).unsqueeze(0);
    return torch::zeros_like(scores).scatter(1, columns, weighed(scores.gather(1, columns)));
  };
  Tensor weights;
  if (const Tensor left = leftBy(adjusted, scores); left.defined()) weights = torch::zeros_like(scores).index_copy(1, left, weighed(scores.index_select(1, left)));
  else if (rule == "all") weights = weighed(scores);
  else weights = within(rule == "task" ? query.inputs.tasks : means_.taskOf(query.rows));
  if (query.train && rule == "all" && params_.guaranteed_share && query.task > 0 && query.inputs.epochs < 1) {
    const double share = 1 - query.inputs.epochs;
    weights = share * within(torch::full({scores.size(0)}, query.task, torch::kLong)) + (1 - share) * weights;
  }
  if (params_.shuffle) {
    const Tensor drawn = lots(query.inputs, scores.size(0), scores.size(1), mixed(setting_.seed, static_cast<std::uint64_t>(place)));
    weights = weights.gather(1, std::get<1>(drawn.sort(1)).to(scores.device()));
  }
  return gain == 1 ? weights : weights * gain;
}

Choice GatedCosine::choose(const Query& query, const Pool& pool) const {
  const Tensor rows = centred(query, means_, params_.centre);
  std::vector<Tensor> scores, weights;
  for (int place = 0; place < pool.choices(); ++place) {
    scores.push_back(gatedCosine(rows, pool.gates(place), pool.keys(place)));
    weights.push_back(weightsOf(scores.back(), place, query, pool));
  }
  Choice choice;
  choice.weights = torch::stack(weights);
  choice.scores = torch::stack(scores).detach();
  if (query.train && params_.balance > 0 && pool.perTask() > 0) {
    const std::int64_t n = pool.perTask();
    const Tensor own = choice.weights.narrow(2, query.task * n, n).abs().mean(1);  // [places, n]
    const Tensor share = own / own.sum(1, true).clamp_min(kTiny);
    choice.penalty = params_.balance * (share * (share.clamp_min(kTiny) * static_cast<double>(n)).log()).sum(1).mean();
  }
  if (query.train && params_.intrusion > 0 && query.task > 0 && pool.perTask() > 0) {
    const Tensor cost = params_.intrusion * intrusionOf(query, pool);
    choice.penalty = choice.penalty.defined() ? choice.penalty + cost : cost;
  }
  return choice;
}

// What a newcomer must stay below is the threshold of the old components alone: then nothing changes for that query.
Tensor GatedCosine::intrusionOf(const Query& query, const Pool& pool) const {
  const std::int64_t n = pool.perTask(), old = query.task * n;
  const auto moment = static_cast<std::int64_t>(query.inputs.epochs * 1e6);
  Query drawn{moments_.draw(query.rows.size(0), setting_.first_labels[static_cast<std::size_t>(query.task)],
                            seedOf(setting_.seed, Purpose::Selection, 700 + setting_.entry, query.task, moment), query.rows),
              query.inputs};
  const Tensor rows = centred(drawn, means_, params_.centre);
  Tensor cost;
  for (int place = 0; place < pool.choices(); ++place) {
    const Tensor z = tempered(gatedCosine(rows, pool.gates(place), pool.keys(place)), place);
    const Tensor margin = tempered(torch::full({1}, params_.intrusion_margin, z.options()), place);
    const Tensor sized = params_.normaliser == "signed-entmax" ? z.abs() : z;
    const Tensor limit = thresholdOf(params_.normaliser, sized.slice(1, 0, old).detach());
    const Tensor over = (sized.slice(1, old, old + n).amax(1) - limit + margin).clamp_min(0).mean();
    cost = cost.defined() ? cost + over : over;
  }
  return cost / pool.choices();
}

// Keys first: what the temperature is set by is how the new block competes.
void GatedCosine::study(const Tensor& queries, const Tensor& labels, const TaskScope& scope, Pool& pool) {
  means_.add(queries, labels, scope);
  if (params_.intrusion > 0) moments_.add(queries, labels, scope);
  const Tensor rows = params_.centre ? queries - means_.centre(queries) : queries;
  for (int place = 0; place < pool.choices(); ++place) {
    if (params_.warm_start) {
      const int n = pool.perTask(), first = scope.task * n;
      const Tensor gates = pool.gates(place).slice(0, first, first + n);
      std::vector<Tensor> keys;
      for (int m = 0; m < n; ++m) keys.push_back(unit(unit(rows * gates[m]).mean(0)));
      pool.setKeys(place, first, torch::stack(keys));
    }
    if (scope.task > 0) continue;  // set once: another value would change what old images get
    const Tensor scores = gatedCosine(rows, pool.gates(place), pool.keys(place));
    if (params_.support > 0 && isSparse(params_.normaliser)) {
      temperatures_[place] = temperatureFor(params_.normaliser, scores, params_.support);
      if (log_temperatures_.defined()) log_temperatures_[place] = std::log(temperatures_[place].item<double>());
    }
    if (!params_.match_gain) continue;
    Choice dense, own;
    dense.weights = torch::zeros({pool.choices(), rows.size(0), pool.size()}, rows.options());
    own.weights = torch::zeros_like(dense.weights);
    dense.weights[place] = scores;
    own.weights[place] = normalised(params_.normaliser, scores, temperatures_[place].item<double>(), params_.top_k);
    const auto norm = [&](const Choice& choice) { return pool.rows(choice, place).flatten(1).norm(2, 1).mean().item<double>(); };
    gains_[place] = norm(dense) / std::max(norm(own), kTiny);
  }
}

void GatedCosine::visit(State& state) {
  means_.visit(state);
  if (params_.intrusion > 0) moments_.visit(state);
  state.tensor("temperatures", temperatures_, false);
  state.tensor("gains", gains_, false);
  if (params_.learn_temperature == "never") return;
  state.tensor("learning", learning_, false);
  state.tensor("log_temperatures", log_temperatures_, learning_.item<std::int64_t>() != 0);
}

}  // namespace palimpsest
