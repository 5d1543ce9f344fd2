#include "widgets/views/time_axis.h"

#include <algorithm>

#include "widgets/models/run_data.h"

namespace palimpsest {

namespace {

// Where the task being learned will end, in steps. Early on the task before it is the better guide.
double expectedEnd(const RunData& run, const TaskBand& band) {
  const double now = std::max<double>(double(run.step()), band.to);
  const Progress& progress = run.progress();
  double done = 0;
  if (progress.task == band.task && progress.epochs > 0 && progress.steps > 0)
    done = (progress.epoch + std::clamp(double(progress.step) / progress.steps, 0.0, 1.0)) / progress.epochs;
  double length = 0;
  if (done > 0.02 && now > band.from) length = (now - band.from) / std::min(done, 1.0);
  else if (band.task > 0 && run.bands().size() > 1) length = run.bands()[run.bands().size() - 2].to - run.bands()[run.bands().size() - 2].from;
  else length = 2 * (now - band.from);
  return std::max({now, band.from + length, band.from + 1});
}

}  // namespace

TimeAxis TimeAxis::ofTasks(const RunData& run) {
  TimeAxis axis;
  for (const TaskBand& band : run.bands())
    axis.pieces_.push_back({band.from, band.ended ? band.to : expectedEnd(run, band), double(band.task), band.task + 1.0});
  if (axis.pieces_.empty()) axis.pieces_.push_back({0, 1, 0, 1});
  return axis;
}

double TimeAxis::x(double step) const {
  if (pieces_.empty()) return step;
  for (const Piece& piece : pieces_) {
    if (step > piece.step_to) continue;
    if (step <= piece.step_from && &piece != pieces_.data()) return piece.x_from;
    const double length = piece.step_to - piece.step_from;
    if (length <= 0) return piece.x_to;  // a task without steps: what was measured was measured at its end
    return piece.x_from + (std::max(step, piece.step_from) - piece.step_from) / length * (piece.x_to - piece.x_from);
  }
  return pieces_.back().x_to;
}

double TimeAxis::step(double x) const {
  if (pieces_.empty()) return x;
  for (const Piece& piece : pieces_) {
    if (x > piece.x_to) continue;
    const double part = std::max(0.0, (x - piece.x_from) / (piece.x_to - piece.x_from));
    return piece.step_from + part * (piece.step_to - piece.step_from);
  }
  return pieces_.back().step_to;
}

std::vector<TimeAxis::Piece> TimeAxis::within(double low, double high) const {
  if (pieces_.empty()) return {{low, high, low, high}};
  std::vector<Piece> out;
  for (const Piece& piece : pieces_) {
    const double from = std::max(low, piece.x_from), to = std::min(high, piece.x_to);
    if (from >= to || piece.step_to <= piece.step_from) continue;
    const double scale = (piece.step_to - piece.step_from) / (piece.x_to - piece.x_from);
    out.push_back({piece.step_from + (from - piece.x_from) * scale, piece.step_from + (to - piece.x_from) * scale, from, to});
  }
  return out;
}

}  // namespace palimpsest
