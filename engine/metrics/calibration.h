// Does a classifier know when it is right? Calibration of softmax probabilities (Guo et al. 2017; Nixon et al. 2019)
// and telling classes seen from classes to come. std only, pure. Probabilities and errors are 0..1; nullopt without
// images; no figure is ever NaN. Every figure is the same for permuted images, up to the rounding of sums. Heads
// without logits: -d / 2 for squared Mahalanobis distances; log p where scores are probabilities already. What adds two
// softmaxes is halved first. Cosine heads of scale 1 cannot be confident: read their ECE after a temperature.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace palimpsest {

// Minus infinity masks a class, NaN does the same. Functions over scores throw Error "internal" where logits are not
// [n, K] or a label is not in [0, K), and for a temperature that is not positive and finite.
struct Scores {
  int classes = 0;            // K
  std::vector<float> logits;  // [n, K] row-major
  std::vector<int> labels;    // [n]
  std::size_t images() const { return labels.size(); }
};
Scores ofLabels(const Scores& s, int from, int to);  // images labelled from..to-1 among all K classes: old, or new ones

// softmax(z / T), [n, K]. logits: [n, K]. Uniform where everything is masked. T = 1 is the softmax as trained.
std::vector<double> probabilities(std::span<const float> logits, int classes, double temperature = 1);

// ---- Bins, also what a reliability diagram draws.

struct Judgement {
  std::vector<double> confidence;  // [n] max p, in (0, 1]
  std::vector<bool> correct;       // [n] arg-max p = label; ties to the lowest class; no temperature changes it
};
Judgement judged(const Scores& s, double temperature = 1);
struct ReliabilityBin {
  double low = 0, high = 0;  // confidences in (low, high]; of equal mass: the smallest and the largest
  std::size_t count = 0;     // an empty bin has zeros below
  double confidence = 0;     // mean
  double accuracy = 0;
};
// M bins of equal width on (0, 1], empty ones too. Confidence 0 is in the first. Throws Error "internal" for bins < 1
// or lists of two lengths.
std::vector<ReliabilityBin> reliability(const Judgement& j, int bins = 15);
// At most M bins of as many images each as equal confidences, which are never parted, allow; none is empty.
std::vector<ReliabilityBin> reliabilityOfEqualMass(const Judgement& j, int bins = 15);
std::optional<double> calibrationError(const std::vector<ReliabilityBin>& bins);  // sum_b |b|/n |acc(b) - conf(b)|
std::optional<double> maximumCalibrationError(const std::vector<ReliabilityBin>& bins);  // max_b of it, over |b| > 0

// ---- Figures of scores. Those in bins have M = 15.

std::optional<double> ece(const Scores& s, double temperature = 1);          // bins of equal width
std::optional<double> adaptiveEce(const Scores& s, double temperature = 1);  // bins of equal mass
std::optional<double> mce(const Scores& s, double temperature = 1);
// (1/K) sum_c sum_b |b|/n |share of y = c in b - mean p_c in b|, b by p_c, equal width (Kull et al. 2019).
std::optional<double> classwiseEce(const Scores& s, double temperature = 1);
std::optional<double> nll(const Scores& s, double temperature = 1);    // mean of -ln max(p_y, 1e-12), 0..27.64 nats
std::optional<double> brier(const Scores& s, double temperature = 1);  // mean of sum_c (p_c - [y = c])^2, 0..2
struct Calibration {
  double confidence = 0, accuracy = 0;  // means
  double ece = 0, adaptive_ece = 0, mce = 0, classwise_ece = 0, nll = 0, brier = 0;
};
std::optional<Calibration> calibration(const Scores& s, double temperature = 1);  // all of them, one softmax

// ---- One temperature (Guo et al. 2017), fitted on a held-out part of the current task's training images.

// T in [1e-3, 1e3] that minimises the NLL, not clipped, over log T: the NLL is convex in 1/T, so halving on the sign of
// its slope finds the one minimum without anything random. 1 where no T changes it. The lower end: every image is
// right and the NLL falls for ever; the upper end: scores are no better than none. Images whose own class is masked say
// nothing of T and are left out; nullopt when none remains.
std::optional<double> fittedTemperature(const Scores& s);

// ---- Seen or unseen: scores that are higher for classes seen. Images of classes to come have no label to give.

std::vector<double> maxProbabilities(std::span<const float> logits, int classes);  // [n] (Hendrycks & Gimpel 2017)
// [n] T ln sum_c exp(z_c / T), the negative energy of Liu et al. 2020; the lowest double where everything is masked.
std::vector<double> negativeEnergies(std::span<const float> logits, int classes, double temperature = 1);
// P(score of a seen image > of an unseen one) + P(equal) / 2; chance 0.5. NaN counts as minus infinity.
std::optional<double> auroc(std::span<const double> seen, std::span<const double> unseen);

}  // namespace palimpsest
