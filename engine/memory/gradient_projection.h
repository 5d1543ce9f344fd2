// The small quadratic programme of GEM (Lopez-Paz & Ranzato 2017, eq. 11): how much of each earlier task's gradient to
// add, so that a step increases the loss on none of their memories. std only, pure, in double.
#pragma once

#include <span>
#include <vector>

namespace palimpsest {

// For gradients G = [k, parameters] on the memories and g of the batch, returns v [k] of the projected gradient
// g + G'v: argmin v'Pv / 2 + c'v over v >= margin.
//   gram     G G', [k, k], symmetric    c       G g, [k]
//   margin   "memory strength", >= 0; 0 projects exactly, the paper uses 0.5
//   epsilon  >= 0; P = gram + epsilon I, or + epsilon max(1e-12, trace(gram) / k) I where relative, which does not
//            drown small gradients; the released code has 1e-3, not relative
// Where no gradient is opposed (all c >= 0) v is 0, below any margin: the step is to be taken as it is. With k = 1 and
// neither margin nor epsilon, v = -c / gram: A-GEM (Chaudhry et al. 2019, eq. 11).
// A row of zeros opposes nothing: its v is the margin. If P is singular, because gradients depend on each other and
// epsilon is 0, v is one of several solutions, and g + G'v is the same for all.
// Cyclic coordinate descent until kktResidual <= 1e-10 or 1,000 sweeps have passed, every tenth followed by the exact
// minimum over the free coordinates: descent alone does not get there where gradients are nearly parallel.
// Throws Error{"gradient-not-finite"}.
std::vector<double> gemDual(std::span<const double> gram, std::span<const double> c, double margin, double epsilon,
                            bool relative_epsilon);

// How far v is from the conditions of that optimum, v >= margin, Pv + c >= 0 and one of them an equality: the largest
// |min(v_i - margin, (Pv + c)_i)|, rows scaled to P_ii = 1, over the largest |(P margin 1 + c)_i|; free of units.
// Rows with P_ii = 0 have no say. Of the v = 0 that gemDual returns where nothing is opposed it speaks at margin 0
// only.
double kktResidual(std::span<const double> gram, std::span<const double> c, std::span<const double> v, double margin,
                   double epsilon, bool relative_epsilon);

}  // namespace palimpsest
