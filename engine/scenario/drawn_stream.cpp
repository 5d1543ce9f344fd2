#include "engine/scenario/drawn_stream.h"

#include <algorithm>
#include <utility>

#include "engine/protocol/error.h"
#include "engine/protocol/random.h"
#include "engine/scenario/scenario.h"

namespace palimpsest {
namespace {

using Indices = std::vector<std::int64_t>;

enum Draw : std::uint64_t { kSpread = 1, kMix, kTime };  // keeps the draws of one seed apart

std::vector<Indices> imagesByClass(const Split& split, int classes) {
  std::vector<Indices> images(static_cast<std::size_t>(classes));
  for (std::int64_t i = 0; i < split.size(); ++i) images.at(static_cast<std::size_t>(split.label(i))).push_back(i);
  return images;
}

// Dealt in turns along the class order: no task has more than one class more than another.
std::vector<int> majorTasks(const std::vector<int>& order, int tasks) {
  std::vector<int> major(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) major[order[k]] = static_cast<int>(k) % tasks;
  return major;
}

// How many of `images` leave their major task: M percent, rounded, yet never all.
std::int64_t spreadOf(std::int64_t images, int percent) {
  return std::min((images * percent + 50) / 100, std::max<std::int64_t>(images - 1, 0));
}

// Random images of one class go to the other tasks in turns, beginning with a random one; the rest stay.
void spread(Indices images, int major, int percent, Rng rng, std::vector<Indices>& train) {
  const auto others = static_cast<std::int64_t>(train.size()) - 1;
  const std::int64_t away = spreadOf(static_cast<std::int64_t>(images.size()), percent);
  rng.shuffle(images);
  const auto first = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(others)));
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(images.size()); ++i) {
    const std::int64_t other = (first + i) % others;
    const std::int64_t task = i >= away ? major : other < major ? other : other + 1;
    train[static_cast<std::size_t>(task)].push_back(images[static_cast<std::size_t>(i)]);
  }
}

}  // namespace

DrawnStream drawBlurry(const Split& split, int classes, const Blur& blur) {
  PALIMPSEST_EXPECT(blur.tasks >= 2 && blur.tasks <= classes,
                    "[scenario] a blurry stream has 2 tasks or more, each with a class");
  const std::vector<int> order = pilotClassOrder(classes, blur.seed);
  const std::vector<Indices> images = imagesByClass(split, classes);
  const int disjoint = (classes * blur.disjoint + 50) / 100;
  DrawnStream out{majorTasks(order, blur.tasks), std::vector<Indices>(static_cast<std::size_t>(blur.tasks))};
  for (int k = 0; k < classes; ++k) {
    const int cls = order[static_cast<std::size_t>(k)];
    spread(images[static_cast<std::size_t>(cls)], out.major[static_cast<std::size_t>(cls)],
           k < disjoint ? 0 : blur.blurry, rngOf(blur.seed, Purpose::Stream, kSpread, cls), out.train);
  }
  for (std::size_t task = 0; task < out.train.size(); ++task)
    rngOf(blur.seed, Purpose::Stream, kMix, task).shuffle(out.train[task]);
  return out;
}

DrawnStream drawDrift(const Split& split, int classes, int tasks, std::uint32_t seed) {
  PALIMPSEST_EXPECT(tasks >= 2 && tasks <= classes,
                    "[scenario] a drifting stream has 2 tasks or more, each with a class");
  constexpr std::int64_t unit = std::int64_t{1}
                                << 32;  // one task's time; integers, because rounding differs between machines
  const std::int64_t end = tasks * unit;
  DrawnStream out{majorTasks(pilotClassOrder(classes, seed), tasks),
                  std::vector<Indices>(static_cast<std::size_t>(tasks))};
  std::vector<std::pair<std::int64_t, std::int64_t>> timed;  // when, which
  for (std::int64_t i = 0; i < split.size(); ++i) {
    Rng rng = rngOf(seed, Purpose::Stream, kTime, i);
    const auto u = static_cast<std::int64_t>(rng.next() >> 32), v = static_cast<std::int64_t>(rng.next() >> 32);
    std::int64_t when = out.major.at(static_cast<std::size_t>(split.label(i))) * unit + unit / 2 + u - v;
    if (when < 0) when = -1 - when;
    if (when >= end) when = 2 * end - 1 - when;
    timed.emplace_back(when, i);
  }
  std::sort(timed.begin(), timed.end());
  for (const auto& [when, index] : timed) out.train[static_cast<std::size_t>(when / unit)].push_back(index);
  return out;
}

}  // namespace palimpsest
