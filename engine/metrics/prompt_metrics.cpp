#include "engine/metrics/prompt_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <numeric>
#include <utility>

namespace palimpsest {
namespace {

using Row = std::span<const double>;

std::size_t sized(int count) { return static_cast<std::size_t>(std::max(count, 0)); }

Row rowOf(const Selections& s, std::size_t image) {
  return Row(s.weights).subspan(image * sized(s.prompts), sized(s.prompts));
}
int taskAt(const Selections& s, std::size_t image) { return image < s.tasks.size() ? s.tasks[image] : -1; }
double at(Row row, std::size_t m) { return m < row.size() ? row[m] : 0; }
int ownerOf(const std::vector<int>& owner, std::size_t m) { return m < owner.size() ? owner[m] : -1; }

int tasksIn(const std::vector<int>& tasks) {
  return tasks.empty() ? 0 : std::max(0, 1 + *std::max_element(tasks.begin(), tasks.end()));
}

bool nothingToChoose(const Selections& s) { return s.prompts <= std::max(s.per_image, 1); }

std::vector<double> usageDownwards(const Selections& s) {
  auto u = usage(s);
  std::sort(u.begin(), u.end(), std::greater<>());
  return u;
}

// Mean over images of what compares two rows; a row may lack columns at its end.
template <typename Compare>
std::optional<double> meanOver(const Selections& a, const Selections& b, Compare compare) {
  const std::size_t images = a.images(), prompts = sized(std::max(a.prompts, b.prompts));
  if (images == 0 || b.images() != images) return std::nullopt;
  double sum = 0;
  for (std::size_t i = 0; i < images; ++i) sum += compare(rowOf(a, i), rowOf(b, i), prompts);
  return sum / static_cast<double>(images);
}

}  // namespace

std::size_t Selections::images() const { return prompts > 0 ? weights.size() / sized(prompts) : 0; }
Selections hardSelections(int prompts, const std::vector<std::vector<int>>& chosen, std::vector<int> tasks) {
  Selections s{std::max(prompts, 0), 0, std::vector<double>(chosen.size() * sized(prompts)), std::move(tasks)};
  s.tasks.resize(chosen.size(), -1);
  bool alike = true;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    std::vector<int> set;
    for (const int m : chosen[i])
      if (m >= 0 && m < prompts) set.push_back(m);
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
    const int count = static_cast<int>(set.size());
    if (i == 0) s.per_image = count;
    alike = alike && count == s.per_image;
    if (set.empty()) {
      set.resize(sized(prompts));
      std::iota(set.begin(), set.end(), 0);
    }
    for (const int m : set) s.weights[i * sized(prompts) + sized(m)] = 1.0 / static_cast<double>(set.size());
  }
  if (!alike) s.per_image = 0;
  return s;
}

Selections softSelections(int prompts, const std::vector<float>& signed_weights, std::vector<int> tasks) {
  const std::size_t columns = sized(prompts), images = columns > 0 ? signed_weights.size() / columns : 0;
  Selections s{std::max(prompts, 0), 0, std::vector<double>(images * columns), std::move(tasks)};
  s.tasks.resize(images, -1);
  for (std::size_t i = 0; i < images; ++i) {
    double sum = 0;
    for (std::size_t m = 0; m < columns; ++m) sum += std::abs(static_cast<double>(signed_weights[i * columns + m]));
    const bool usable = sum > 0 && std::isfinite(sum);
    for (std::size_t m = 0; m < columns; ++m) {
      const double weight = std::abs(static_cast<double>(signed_weights[i * columns + m]));
      s.weights[i * columns + m] = usable ? weight / sum : 1.0 / static_cast<double>(columns);
    }
  }
  return s;
}

Selections ofTask(const Selections& s, int task) {
  Selections out{s.prompts, s.per_image, {}, {}};
  for (std::size_t i = 0; i < s.images(); ++i) {
    if (taskAt(s, i) != task) continue;
    const Row row = rowOf(s, i);
    out.weights.insert(out.weights.end(), row.begin(), row.end());
    out.tasks.push_back(task);
  }
  return out;
}

std::vector<double> usage(const Selections& s) {
  std::vector<double> u(sized(s.prompts));
  for (std::size_t i = 0; i < s.images(); ++i)
    for (std::size_t m = 0; m < u.size(); ++m) u[m] += rowOf(s, i)[m];
  for (double& share : u) share /= static_cast<double>(std::max<std::size_t>(s.images(), 1));
  return u;
}

std::vector<double> usageOf(const Selections& s, int task) { return usage(ofTask(s, task)); }

std::optional<double> evenness(const Selections& s) {
  if (s.images() == 0 || nothingToChoose(s)) return std::nullopt;
  const double least = std::log(std::max(s.per_image, 1));
  return std::clamp((entropy(usage(s)) - least) / (std::log(s.prompts) - least), 0.0, 1.0);  // but for rounding
}

EffectivePrompts effectivePrompts(const Selections& s) {
  if (s.images() == 0) return {};
  const auto u = usage(s);
  return {std::exp(entropy(u)), 1 / std::inner_product(u.begin(), u.end(), u.begin(), 0.0)};
}

std::optional<double> inputDependence(const Selections& s) {
  if (s.images() == 0) return std::nullopt;
  double within = 0;
  for (std::size_t i = 0; i < s.images(); ++i) within += entropy(rowOf(s, i));
  return std::max(0.0, entropy(usage(s)) - within / static_cast<double>(s.images()));  // but for rounding
}

SetDiversity setDiversity(const Selections& s) {
  if (s.images() == 0) return {};
  std::map<std::vector<bool>, double> share;
  for (std::size_t i = 0; i < s.images(); ++i) {
    std::vector<bool> support;
    for (const double weight : rowOf(s, i)) support.push_back(weight > 0);
    share[support] += 1 / static_cast<double>(s.images());
  }
  std::vector<double> shares;
  for (const auto& entry : share) shares.push_back(entry.second);
  return {static_cast<int>(shares.size()), std::exp(entropy(shares))};
}

double coverage(const Selections& s, int k) {
  const auto u = usageDownwards(s);
  return std::accumulate(u.begin(), u.begin() + static_cast<std::ptrdiff_t>(std::min(sized(k), u.size())), 0.0);
}

int k90(const Selections& s) {
  if (s.images() == 0) return 0;
  double sum = 0;
  int k = 0;
  for (const double share : usageDownwards(s)) {
    sum += share;
    ++k;
    if (sum >= 0.9 - 1e-9) break;  // nine times 0.1 is a little less in binary
  }
  return k;
}

DeadPrompts deadPrompts(const Selections& s) {
  DeadPrompts out;
  if (s.images() == 0) return out;
  for (const double share : usage(s)) {
    out.dead += share < 0.01 / s.prompts;
    out.never_selected += share == 0;
  }
  return out;
}

std::optional<double> gini(const Selections& s) {
  if (s.images() == 0) return std::nullopt;
  const auto u = usage(s);
  double sum = 0;
  for (const double a : u)
    for (const double b : u) sum += std::abs(a - b);
  return sum / (2.0 * s.prompts);
}

std::optional<double> jaccard(const Selections& a, const Selections& b) {
  return meanOver(a, b, [](Row p, Row q, std::size_t prompts) {
    double both = 0, either = 0;
    for (std::size_t m = 0; m < prompts; ++m) {
      both += at(p, m) > 0 && at(q, m) > 0;
      either += at(p, m) > 0 || at(q, m) > 0;
    }
    return both / either;  // no row is without weight
  });
}

std::optional<double> softJaccard(const Selections& a, const Selections& b) {
  return meanOver(a, b, [](Row p, Row q, std::size_t prompts) {
    double least = 0, most = 0;
    for (std::size_t m = 0; m < prompts; ++m) {
      least += std::min(at(p, m), at(q, m));
      most += std::max(at(p, m), at(q, m));
    }
    return least / most;
  });
}

double chanceJaccard(int prompts, int per_image) {
  if (per_image < 1 || prompts < 1) return 0;
  if (per_image >= prompts) return 1;
  const int least = std::max(0, 2 * per_image - prompts);
  // P(h + 1) / P(h) = (N - h)^2 / ((h + 1) (M - 2N + h + 1)), in logarithms: large pools leave the range of double.
  std::vector<double> logs{0};
  for (int h = least; h < per_image; ++h)
    logs.push_back(logs.back() + 2 * std::log(per_image - h) - std::log(h + 1) -
                   std::log(prompts - 2 * per_image + h + 1));
  const double largest = *std::max_element(logs.begin(), logs.end());
  double sum = 0, weighted = 0;
  for (int h = least; h <= per_image; ++h) {
    const double probability = std::exp(logs[sized(h - least)] - largest);
    sum += probability;
    weighted += probability * h / (2 * per_image - h);
  }
  return weighted / sum;
}

std::optional<double> totalVariation(const Selections& a, const Selections& b) {
  return meanOver(a, b, [](Row p, Row q, std::size_t prompts) {
    double sum = 0;
    for (std::size_t m = 0; m < prompts; ++m) sum += std::abs(at(p, m) - at(q, m)) / 2;
    return sum;
  });
}

std::optional<double> jensenShannon(const Selections& a, const Selections& b) {
  return meanOver(a, b, [](Row p, Row q, std::size_t prompts) {
    std::vector<double> middle;
    for (std::size_t m = 0; m < prompts; ++m) middle.push_back((at(p, m) + at(q, m)) / 2);
    return std::max(0.0, entropy(middle) - (entropy(p) + entropy(q)) / 2);  // but for rounding
  });
}

std::optional<double> mismatch(const Selections& a, const Selections& b) {
  const auto same = jaccard(a, b);
  return same ? std::optional(1 - *same) : std::nullopt;
}

std::optional<Retrieval> retrieval(const Selections& s, const std::vector<int>& owner) {
  const int size = std::max(tasksIn(s.tasks), tasksIn(owner));
  Retrieval out{0, 0, SquareMatrix(size)};
  double images = 0;
  for (std::size_t i = 0; i < s.images(); ++i) {
    const int task = taskAt(s, i);
    if (task < 0) continue;
    images += 1;
    const Row row = rowOf(s, i);
    const double largest = *std::max_element(row.begin(), row.end());
    const auto winners = static_cast<double>(std::count(row.begin(), row.end(), largest));
    for (std::size_t m = 0; m < row.size(); ++m) {
      const int whose = ownerOf(owner, m);
      if (whose == task) out.own_mass += row[m];
      if (whose >= 0 && row[m] == largest) out.confusion.at(task, whose) += 1 / winners;
    }
  }
  if (images == 0) return std::nullopt;
  for (int t = 0; t < size; ++t) out.accuracy += out.confusion.at(t, t) / images;
  out.own_mass /= images;
  return out;
}

namespace {

// Share of the images whose winner's owner stands to their task as asked.
template <typename Relation>
std::optional<double> theft(const Selections& s, const std::vector<int>& owner, Relation relation) {
  const auto found = retrieval(s, owner);
  if (!found) return std::nullopt;
  double stolen = 0, images = 0;
  for (int task = 0; task < found->confusion.size; ++task)
    for (int whose = 0; whose < found->confusion.size; ++whose)
      if (relation(whose, task)) stolen += found->confusion.at(task, whose);
  for (std::size_t i = 0; i < s.images(); ++i) images += taskAt(s, i) >= 0;  // those that fell to nobody count as well
  return stolen / images;
}

}  // namespace

std::optional<double> forwardTheft(const Selections& s, const std::vector<int>& owner) {
  return theft(s, owner, std::greater<>());
}
std::optional<double> backwardTheft(const Selections& s, const std::vector<int>& owner) {
  return theft(s, owner, std::less<>());
}

SquareMatrix usageOverlap(const Selections& s) {
  SquareMatrix out = SquareMatrix(tasksIn(s.tasks));
  std::vector<std::vector<double>> u;
  for (int t = 0; t < out.size; ++t) u.push_back(usageOf(s, t));
  for (int i = 0; i < out.size; ++i)
    for (int j = 0; j < out.size; ++j)
      for (std::size_t m = 0; m < sized(s.prompts); ++m) out.at(i, j) += std::min(u[sized(i)][m], u[sized(j)][m]);
  return out;
}

double usageWeighted(const std::vector<double>& u, const std::vector<double>& drift) {
  return std::inner_product(u.begin(), u.begin() + static_cast<std::ptrdiff_t>(std::min(u.size(), drift.size())),
                            drift.begin(), 0.0);
}

Attribution attribution(const Swap& swap) {
  // Of the six orders, two restore the part first, two last, and one after either of the others alone.
  const auto part = [&v = swap.value](std::size_t own, std::size_t a, std::size_t b) {
    return (v[own] - v[0]) / 3 + (v[own | a] - v[a]) / 6 + (v[own | b] - v[b]) / 6 + (v[7] - v[a | b]) / 3;
  };
  return {part(1, 2, 4), part(2, 1, 4), part(4, 1, 2), swap.value[7] - swap.value[0]};
}

double classExpansion(double learned, const Swap& swap) { return learned - swap.value[7]; }

std::optional<Intrusion> intrusion(const Selections& s, int before_task, int first_new_prompt) {
  Intrusion out;
  double images = 0;
  for (std::size_t i = 0; i < s.images(); ++i) {
    if (taskAt(s, i) < 0 || taskAt(s, i) >= before_task) continue;
    const Row fresh = rowOf(s, i).subspan(std::min(sized(first_new_prompt), sized(s.prompts)));
    images += 1;
    out.rate += std::any_of(fresh.begin(), fresh.end(), [](double weight) { return weight > 0; });
    out.mass += std::accumulate(fresh.begin(), fresh.end(), 0.0);
  }
  if (images == 0) return std::nullopt;
  out.rate /= images;
  out.mass /= images;
  out.invariant = 1 - out.rate;
  return out;
}

std::optional<double> premature(const Selections& s, const std::vector<bool>& trained) {
  if (s.images() == 0) return std::nullopt;
  const auto u = usage(s);
  double sum = 0;
  for (std::size_t m = 0; m < u.size(); ++m)
    if (m >= trained.size() || !trained[m]) sum += u[m];
  return sum;
}

std::optional<ChangedPredictions> changedPredictions(const std::vector<int>& a, const std::vector<int>& b) {
  if (a.empty() || a.size() != b.size()) return std::nullopt;
  ChangedPredictions out;
  for (std::size_t i = 0; i < a.size(); ++i) out.count += a[i] != b[i];
  out.share = static_cast<double>(out.count) / static_cast<double>(a.size());
  return out;
}

std::optional<double> batchPurity(const std::vector<int>& tasks, int batch) {
  if (tasks.empty() || batch < 1) return std::nullopt;
  double sum = 0, batches = 0;
  for (std::size_t from = 0; from < tasks.size(); from += sized(batch)) {
    const std::size_t count = std::min(sized(batch), tasks.size() - from);
    std::map<int, int> images;
    int largest = 0;
    for (std::size_t i = from; i < from + count; ++i) largest = std::max(largest, ++images[tasks[i]]);
    sum += largest / static_cast<double>(count);
    batches += 1;
  }
  return sum / batches;
}

namespace {

std::string sentence(const char* format, double figure, double limit) {
  char text[240];
  std::snprintf(text, sizeof text, format, figure, limit);
  return text;
}

}  // namespace

CollapseFinding collapse(const Selections& s, std::optional<double> winners_cosine, std::optional<double> useful_points,
                         const CollapseThresholds& thresholds) {
  CollapseFinding out;
  const auto holds = [&](const char* format, double figure, double limit) {
    out.reasons.push_back(sentence(format, figure, limit));
  };
  if (const auto even = evenness(s)) {  // otherwise nothing is chosen: then these three say nothing
    const double dependence = *inputDependence(s), least = thresholds.dependence * std::log(s.prompts);
    if (*even < thresholds.evenness)
      holds("Few prompts are used: the normalised entropy of their use is %.3g, below %.3g.", *even,
            thresholds.evenness);
    if (dependence < least)
      holds("The choice hardly depends on the image: they share %.3g nats of information, below %.3g.", dependence,
            least);
    // Keys of one task's own slice meet legitimately: each is drawn to the same queries. They have only collapsed if
    // the choice among all prompts says little about the image as well.
    if (winners_cosine && *winners_cosine > thresholds.winner_cosine && dependence < 4 * least)
      holds("The keys of the chosen prompts have met in one point: their mean cosine is %.3g, above %.3g.",
            *winners_cosine, thresholds.winner_cosine);
  }
  if (useful_points && *useful_points < thresholds.usefulness)
    holds("Choosing is of little use: it gains %.3g points of accuracy over one fixed set, below %.3g.", *useful_points,
          thresholds.usefulness);
  out.collapsed = !out.reasons.empty();
  return out;
}

}  // namespace palimpsest
