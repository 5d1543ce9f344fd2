// A made-up run as events: every task takes `steps` steps; accuracy on a task falls by `fall` points with each later one.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/protocol/event.h"

struct RunStory {
  std::string title = "L2P";
  int tasks = 5, steps = 100, learned = 5;  // how many tasks the story tells
  double first = 92, fall = 7;
  int part_of_next = 0;                     // steps told of the task after the last learned one
  bool ends = true;

  std::vector<palimpsest::Event> events() const;

 private:
  using Out = std::vector<palimpsest::Event>;
  static void put(Out& out, palimpsest::Payload what) {
    const auto seq = out.size();
    out.push_back({seq, std::int64_t(1700000000000000 + seq * 20000), std::move(what)});
  }
  int hits(int after, int on) const { return int(std::lround(2 * std::clamp(first - 1.5 * on - fall * (after - on), 0.0, 100.0))); }
  void learn(Out& out, int task, int told) const;
};

inline void RunStory::learn(Out& out, int task, int told) const {
  using namespace palimpsest;
  put(out, TaskStarted{task, 400, 200, {2 * task, 2 * task + 1}});
  put(out, PhaseStarted{task, 0, 2, steps / 2, "sgd"});
  for (int step = 0; step < told; ++step) {
    const int global = task * steps + step;
    const double loss = 0.3 + 1.8 * std::exp(-step / (0.15 * steps)) + 0.12 * std::sin(global * 1.7) + 0.08 * std::sin(global * 5.1);
    put(out, StepMeasured{task, 0, step / (steps / 2), step % (steps / 2), global, loss, loss, 0, 0.001, 1, 12, 16});
    if (step % 10 != 9) continue;
    for (int on = 0; on <= task; ++on) {
      const double part = double(step) / steps, rise = on == task ? std::min(1.0, 2 * part) : 1;
      const double from = on == task ? hits(task, task) : hits(task - 1, on), to = hits(task, on);
      put(out, Probed{task, on, int(std::lround(rise * (from + (to - from) * part) / 2)), 100, global + 1});
    }
    put(out, Progress{"training", task, step / (steps / 2), 2, step % (steps / 2) + 1, steps / 2, 612, 41, 370, (task + double(step) / steps) / tasks, 1900000000, 0});
  }
}

inline std::vector<palimpsest::Event> RunStory::events() const {
  using namespace palimpsest;
  Out out;
  RunStarted start;
  start.recipe = "l2p";
  start.title = title;
  start.device = "cpu";
  start.tasks = tasks;
  start.class_names = {"airplane", "bird", "deer", "frog", "ship", "truck", "cat", "dog", "horse", "car"};
  for (int i = 0; i < tasks; ++i) start.task_sizes.push_back(2);
  put(out, start);
  for (int task = 0; task < learned; ++task) {
    learn(out, task, steps);
    for (int on = 0; on <= task; ++on) put(out, Evaluated{task, on, hits(task, on), 200, std::int64_t(task + 1) * steps});
    put(out, TaskEnded{task, std::int64_t(task + 1) * steps, 12});
    put(out, CheckpointSaved{task, std::int64_t(task + 1) * steps, 1000, "task.ckpt", 0.1});
  }
  if (part_of_next > 0 && learned < tasks) learn(out, learned, part_of_next);
  if (ends && learned == tasks) put(out, RunEnded{"done", 60});
  return out;
}
