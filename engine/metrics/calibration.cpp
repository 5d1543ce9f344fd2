#include "engine/metrics/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

constexpr int kBins = 15;
constexpr double kLeastProbability = 1e-12;
constexpr double kLargestLogTemperature = 6.907755278982137;  // ln 1000

using Row = std::span<const float>;

std::size_t sized(int count) { return static_cast<std::size_t>(std::max(count, 0)); }

// NaN is masked; plus infinity becomes finite, so that differences of scores stay defined.
double score(float logit) {
  if (std::isnan(logit)) return -std::numeric_limits<double>::infinity();
  return std::min(logit, std::numeric_limits<float>::max());
}

double largest(Row row) {
  double found = -std::numeric_limits<double>::infinity();
  for (const float logit : row) found = std::max(found, score(logit));
  return found;
}

std::size_t rows(std::span<const float> logits, int classes, double temperature) {
  PALIMPSEST_EXPECT(classes > 0 || logits.empty(), "logits need classes");
  PALIMPSEST_EXPECT(classes < 1 || logits.size() % sized(classes) == 0, "logits must be [images, classes]");
  PALIMPSEST_EXPECT(temperature > 0 && std::isfinite(temperature), "a temperature must be positive");
  return classes > 0 ? logits.size() / sized(classes) : 0;
}

void expectShapes(const Scores& s) {
  PALIMPSEST_EXPECT(s.logits.size() == s.labels.size() * sized(s.classes), "logits must be [images, classes]");
  for (const int label : s.labels)
    PALIMPSEST_EXPECT(label >= 0 && label < s.classes, "a label is no class of the scores");
}

// Number of the bin (b/M, (b+1)/M] that holds the value; the edges are these quotients to the last bit.
std::size_t binOf(double value, int bins) {
  int b = std::clamp(static_cast<int>(std::ceil(value * bins)) - 1, 0, bins - 1);
  if (b > 0 && value <= static_cast<double>(b) / bins) --b;
  if (b + 1 < bins && value > static_cast<double>(b + 1) / bins) ++b;
  return sized(b);
}

// Sums of confidence and hits become means.
void settle(ReliabilityBin& bin) {
  if (bin.count == 0) return;
  bin.confidence /= static_cast<double>(bin.count);
  bin.accuracy /= static_cast<double>(bin.count);
}

void expectJudgement(const Judgement& j, int bins) {
  PALIMPSEST_EXPECT(j.confidence.size() == j.correct.size(), "every confidence needs to be right or wrong");
  PALIMPSEST_EXPECT(bins > 0, "a reliability diagram needs a bin");
}

Judgement judgementOf(const Scores& s, const std::vector<double>& p) {
  Judgement j;
  const std::size_t k = sized(s.classes);
  for (std::size_t i = 0; i < s.images(); ++i) {
    const std::span<const double> row(p.data() + i * k, k);
    // Scores decide the class: a temperature may make different scores the same probability.
    const Row scores(s.logits.data() + i * k, k);
    const auto top =
        std::max_element(scores.begin(), scores.end(), [](float a, float b) { return score(a) < score(b); });
    j.confidence.push_back(*std::max_element(row.begin(), row.end()));
    j.correct.push_back(top - scores.begin() == s.labels[i]);
  }
  return j;
}

double nllOf(const Scores& s, const std::vector<double>& p) {
  double sum = 0;
  for (std::size_t i = 0; i < s.images(); ++i)
    sum -= std::log(std::max(p[i * sized(s.classes) + sized(s.labels[i])], kLeastProbability));
  return std::max(sum, 0.0) / static_cast<double>(s.images());  // never a negative zero
}

double brierOf(const Scores& s, const std::vector<double>& p) {
  double sum = 0;
  for (std::size_t i = 0; i < s.images(); ++i)
    for (int c = 0; c < s.classes; ++c) {
      const double off = p[i * sized(s.classes) + sized(c)] - (c == s.labels[i] ? 1 : 0);
      sum += off * off;
    }
  return sum / static_cast<double>(s.images());
}

double classwiseOf(const Scores& s, const std::vector<double>& p) {
  double sum = 0;
  for (int c = 0; c < s.classes; ++c) {
    Judgement j;
    for (std::size_t i = 0; i < s.images(); ++i) {
      j.confidence.push_back(p[i * sized(s.classes) + sized(c)]);
      j.correct.push_back(s.labels[i] == c);
    }
    sum += *calibrationError(reliability(j, kBins));
  }
  return sum / s.classes;
}

// Checked scores' probabilities; empty without images.
std::vector<double> checked(const Scores& s, double temperature) {
  expectShapes(s);
  return probabilities(s.logits, s.classes, temperature);
}

// d NLL / d beta of one image at beta = 1/T: the mean score under softmax(beta z) minus the label's, both below the
// best.
double slope(Row row, int label, double beta) {
  const double best = largest(row);
  double weights = 0, weighted = 0;
  for (const float logit : row) {
    const double below = score(logit) - best;
    if (std::isinf(below)) continue;
    const double weight = std::exp(beta * below);
    weights += weight;
    weighted += weight * below;
  }
  return weighted / weights - (score(row[sized(label)]) - best);
}

double slope(const Scores& s, double log_temperature) {
  double sum = 0;
  for (std::size_t i = 0; i < s.images(); ++i)
    sum +=
        slope(Row(s.logits).subspan(i * sized(s.classes), sized(s.classes)), s.labels[i], std::exp(-log_temperature));
  return sum;
}

Scores withoutMaskedLabels(const Scores& s) {
  Scores out{s.classes, {}, {}};
  const std::size_t k = sized(s.classes);
  for (std::size_t i = 0; i < s.images(); ++i) {
    const Row row = Row(s.logits).subspan(i * k, k);
    if (std::isinf(score(row[sized(s.labels[i])]))) continue;
    out.logits.insert(out.logits.end(), row.begin(), row.end());
    out.labels.push_back(s.labels[i]);
  }
  return out;
}

// Pairs that the seen image wins, ties half, by merging the two sorted lists.
double wins(const std::vector<double>& seen, const std::vector<double>& unseen) {
  double total = 0;
  std::size_t below = 0, up_to = 0;
  for (const double value : seen) {
    while (below < unseen.size() && unseen[below] < value) ++below;
    while (up_to < unseen.size() && unseen[up_to] <= value) ++up_to;
    total += (static_cast<double>(below) + static_cast<double>(up_to)) / 2;
  }
  return total;
}

std::vector<double> sorted(std::span<const double> values) {
  std::vector<double> out(values.begin(), values.end());
  for (double& value : out)
    if (std::isnan(value)) value = -std::numeric_limits<double>::infinity();
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Scores ofLabels(const Scores& s, int from, int to) {
  expectShapes(s);
  Scores out{s.classes, {}, {}};
  const std::size_t k = sized(s.classes);
  for (std::size_t i = 0; i < s.images(); ++i) {
    if (s.labels[i] < from || s.labels[i] >= to) continue;
    const Row row = Row(s.logits).subspan(i * k, k);
    out.logits.insert(out.logits.end(), row.begin(), row.end());
    out.labels.push_back(s.labels[i]);
  }
  return out;
}

std::vector<double> probabilities(std::span<const float> logits, int classes, double temperature) {
  const std::size_t n = rows(logits, classes, temperature), k = sized(classes);
  std::vector<double> out(logits.size(), classes > 0 ? 1.0 / classes : 0);
  for (std::size_t i = 0; i < n; ++i) {
    const Row row = logits.subspan(i * k, k);
    const double best = largest(row);
    if (std::isinf(best)) continue;
    double sum = 0;
    for (std::size_t c = 0; c < k; ++c) sum += out[i * k + c] = std::exp((score(row[c]) - best) / temperature);
    for (std::size_t c = 0; c < k; ++c) out[i * k + c] /= sum;
  }
  return out;
}

Judgement judged(const Scores& s, double temperature) { return judgementOf(s, checked(s, temperature)); }

std::vector<ReliabilityBin> reliability(const Judgement& j, int bins) {
  expectJudgement(j, bins);
  std::vector<ReliabilityBin> out(sized(bins));
  for (std::size_t i = 0; i < j.confidence.size(); ++i) {
    ReliabilityBin& bin = out[binOf(j.confidence[i], bins)];
    ++bin.count;
    bin.confidence += j.confidence[i];
    bin.accuracy += j.correct[i];
  }
  for (std::size_t b = 0; b < out.size(); ++b) {
    out[b].low = static_cast<double>(b) / bins;
    out[b].high = static_cast<double>(b + 1) / bins;
    settle(out[b]);
  }
  return out;
}

std::vector<ReliabilityBin> reliabilityOfEqualMass(const Judgement& j, int bins) {
  expectJudgement(j, bins);
  const std::size_t n = j.confidence.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return j.confidence[a] < j.confidence[b]; });
  std::vector<ReliabilityBin> out;
  std::size_t i = 0;
  for (int b = 1; b <= bins; ++b) {
    const std::size_t end = n * sized(b) / sized(bins);
    if (i >= end) continue;
    ReliabilityBin bin{j.confidence[order[i]], 0, 0, 0, 0};
    for (; i < end || (i < n && j.confidence[order[i]] == bin.high); ++i) {
      bin.high = j.confidence[order[i]];
      ++bin.count;
      bin.confidence += bin.high;
      bin.accuracy += j.correct[order[i]];
    }
    settle(bin);
    out.push_back(bin);
  }
  return out;
}

std::optional<double> calibrationError(const std::vector<ReliabilityBin>& bins) {
  double sum = 0, images = 0;
  for (const ReliabilityBin& bin : bins) {
    sum += static_cast<double>(bin.count) * std::abs(bin.accuracy - bin.confidence);
    images += static_cast<double>(bin.count);
  }
  return images > 0 ? std::optional(sum / images) : std::nullopt;
}

std::optional<double> maximumCalibrationError(const std::vector<ReliabilityBin>& bins) {
  std::optional<double> worst;
  for (const ReliabilityBin& bin : bins)
    if (bin.count > 0) worst = std::max(worst.value_or(0), std::abs(bin.accuracy - bin.confidence));
  return worst;
}

std::optional<double> ece(const Scores& s, double temperature) {
  return calibrationError(reliability(judged(s, temperature), kBins));
}
std::optional<double> adaptiveEce(const Scores& s, double temperature) {
  return calibrationError(reliabilityOfEqualMass(judged(s, temperature), kBins));
}
std::optional<double> mce(const Scores& s, double temperature) {
  return maximumCalibrationError(reliability(judged(s, temperature), kBins));
}
std::optional<double> classwiseEce(const Scores& s, double temperature) {
  const auto p = checked(s, temperature);
  return p.empty() ? std::nullopt : std::optional(classwiseOf(s, p));
}
std::optional<double> nll(const Scores& s, double temperature) {
  const auto p = checked(s, temperature);
  return p.empty() ? std::nullopt : std::optional(nllOf(s, p));
}
std::optional<double> brier(const Scores& s, double temperature) {
  const auto p = checked(s, temperature);
  return p.empty() ? std::nullopt : std::optional(brierOf(s, p));
}

std::optional<Calibration> calibration(const Scores& s, double temperature) {
  const auto p = checked(s, temperature);
  if (p.empty()) return std::nullopt;
  const Judgement j = judgementOf(s, p);
  const auto n = static_cast<double>(s.images());
  const auto bins = reliability(j, kBins);
  Calibration out;
  out.confidence = std::accumulate(j.confidence.begin(), j.confidence.end(), 0.0) / n;
  out.accuracy = static_cast<double>(std::count(j.correct.begin(), j.correct.end(), true)) / n;
  out.ece = *calibrationError(bins);
  out.adaptive_ece = *calibrationError(reliabilityOfEqualMass(j, kBins));
  out.mce = *maximumCalibrationError(bins);
  out.classwise_ece = classwiseOf(s, p);
  out.nll = nllOf(s, p);
  out.brier = brierOf(s, p);
  return out;
}

std::optional<double> fittedTemperature(const Scores& s) {
  expectShapes(s);
  const Scores used = withoutMaskedLabels(s);
  if (used.images() == 0) return std::nullopt;
  double low = -kLargestLogTemperature, high = kLargestLogTemperature;
  if (slope(used, 0) == 0) return 1.0;
  while (high - low > 1e-12) {
    const double middle = (low + high) / 2;
    // A positive slope in 1/T: the minimum is at a smaller 1/T, a larger T.
    (slope(used, middle) > 0 ? low : high) = middle;
  }
  return std::exp((low + high) / 2);
}

std::vector<double> maxProbabilities(std::span<const float> logits, int classes) {
  const auto p = probabilities(logits, classes);
  std::vector<double> out;
  for (std::size_t i = 0; i < p.size(); i += sized(classes))
    out.push_back(*std::max_element(p.begin() + static_cast<std::ptrdiff_t>(i),
                                    p.begin() + static_cast<std::ptrdiff_t>(i + sized(classes))));
  return out;
}

std::vector<double> negativeEnergies(std::span<const float> logits, int classes, double temperature) {
  const std::size_t n = rows(logits, classes, temperature), k = sized(classes);
  std::vector<double> out(n, std::numeric_limits<double>::lowest());
  for (std::size_t i = 0; i < n; ++i) {
    const Row row = logits.subspan(i * k, k);
    const double best = largest(row);
    if (std::isinf(best)) continue;
    double sum = 0;
    for (const float logit : row) sum += std::exp((score(logit) - best) / temperature);
    out[i] = best + temperature * std::log(sum);
  }
  return out;
}

std::optional<double> auroc(std::span<const double> seen, std::span<const double> unseen) {
  if (seen.empty() || unseen.empty()) return std::nullopt;
  return wins(sorted(seen), sorted(unseen)) / (static_cast<double>(seen.size()) * static_cast<double>(unseen.size()));
}

}  // namespace palimpsest
