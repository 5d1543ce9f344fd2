// What an accuracy matrix says of transfer and of the worst moment, what needs a reference beside it, and what
// toolboxes compute by rules of their own. R[i][j]: accuracy on task j after learning task i, T: finished stages of the
// matrix. std only, pure. Fractions are 0..1 and differences -1..1 unless per cent is said; nullopt where a figure is
// not defined, above all with one task or without its reference: it is then printed as "n/a", never as 0. The same
// functions over a matrix of hits with logits masked to the image's task (TIL) tell forgetting from competition.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/metrics/accuracy_matrix.h"

namespace palimpsest {

// ---- Transfer (Lopez-Paz & Ranzato 2017). The paper divides its sums by T - 1, as AccuracyMatrix::backwardTransfer
// does; the repositories of GEM and MER average a vector that also holds the one task without a term, and divide by T.

// (1/T) sum over j < T-1 of R[T-1][j] - R[j][j]. Needs two stages.
std::optional<double> backwardTransferGem(const AccuracyMatrix& m);
// (1/(T-1)) sum over j >= 1 of R[j-1][j] - b_j. baselines: [T] b_j, accuracy on task j before any training; b_0 is not
// read. Needs two stages and the cells above the diagonal, which growing heads do not have.
std::optional<double> forwardTransfer(const AccuracyMatrix& m, std::span<const double> baselines);
std::optional<double> forwardTransferGem(const AccuracyMatrix& m, std::span<const double> baselines);  // divided by T
// The same over given accuracies, both [T]: before_learning[j] is R[j-1][j]. Feature FWT: nearest class mean on the
// features of stage j - 1, and as baseline on those of the pre-trained network.
std::optional<double> forwardTransfer(std::span<const double> before_learning, std::span<const double> baselines);

// ---- Intransigence (Chaudhry et al. 2018).

// I_k = a*_k - R[k][k]; reference: a*_k, accuracy on task k of a model trained jointly on tasks 0..k. Negative:
// learning in a sequence helped.
std::optional<double> intransigence(const AccuracyMatrix& m, int task, std::optional<double> reference);
// Mean over the finished stages; references: [T] a*_k. nullopt when one is missing.
std::optional<double> intransigence(const AccuracyMatrix& m, const std::vector<std::optional<double>>& references);

// ---- Forgetting beside what had been learned.

// f_j^k / R[j][j], for tasks that differ in difficulty; at most 1 where R[j][j] is the best. nullopt for R[j][j] = 0.
std::optional<double> relativeForgettingOf(const AccuracyMatrix& m, int task, int stage);
// Mean over j < T-1 after the last finished stage; nullopt when one of them is not defined.
std::optional<double> relativeForgetting(const AccuracyMatrix& m);
struct StabilityPlasticity {
  double stability = 0;   // 1 - F, 0..2
  double plasticity = 0;  // LA, mean of R[i][i], 0..1
};
std::optional<StabilityPlasticity> stabilityPlasticity(const AccuracyMatrix& m);

// ---- Continual evaluation (De Lange et al. 2023). A matrix only sees the ends of tasks, where a stability gap has
// healed: with evaluations inside tasks, min-ACC is worked out from those and given to worstCase.

// min-ACC after stage k: mean over j < k of the minimum of R[l][j] over j < l <= k. Needs k >= 1.
std::optional<double> minimumAccuracy(const AccuracyMatrix& m, int stage);
// WC-ACC = current / k + (1 - 1/k) min_acc, with k = tasks learned so far >= 1; current: accuracy on the newest one.
// min_acc is not read for k = 1.
std::optional<double> worstCase(int tasks_learned, double current, std::optional<double> min_acc);
std::optional<double> worstCase(const AccuracyMatrix& m, int stage);  // from the ends of tasks 0..stage
// A_AUC: mean accuracy over evaluations that are evenly spaced in the stream of samples (Koh et al. 2022). nullopt
// without evaluations, or when one is not finite.
std::optional<double> anytime(std::span<const double> accuracies);

// ---- LAMDA-PILOT (and PyCIL) round every accuracy to two decimals of a per cent before they go on.

// 100 hits / count, rounded half to even as numpy.around does it, 0..100. nullopt for count < 1.
std::optional<double> pilotPercent(std::int64_t hits, std::int64_t count);
struct PilotFigures {
  std::vector<double> top1;          // [T] per cent, of all test images of tasks 0..i pooled
  double average = 0;                // per cent, mean of top1; up to 0.005 from the exact one
  double last = 0;                   // per cent
  std::optional<double> forgetting;  // points, >= 0: maximum over all stages; of rounded accuracies. Needs two stages
};
std::optional<PilotFigures> pilotFigures(const AccuracyMatrix& m);

}  // namespace palimpsest
