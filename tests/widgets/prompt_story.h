// A made-up run of a method with prompts: 3 tasks of 40 steps, two classes each, as events and as a features blob.
#pragma once

#include <numeric>
#include <string>
#include <vector>

#include "engine/protocol/event.h"
#include "widgets/feed/blob_store.h"

struct PromptStory {
  enum class Kind { Counts, Slots, Mass };
  Kind kind = Kind::Counts;
  int tasks = 3, steps = 40, prompts = 6, learned = 3;
  bool votes = false;      // what is applied differs from what was asked for
  bool collapses = false;  // prompts 1 and 4 win at step 20 of T2, which is told at step 30
  bool recovers = false;   // from T3 on every task has prompts of its own again
  bool ends = true, looks = true, blobs = true;

  std::vector<palimpsest::Event> events() const;
  palimpsest::Blob features(int task) const;  // 4 images of each class seen; image i of class c is sample 100 c + i
  palimpsest::Blob keys(int task) const;      // [prompts, 4]; each task turns key 0

 private:
  using Out = std::vector<palimpsest::Event>;
  using Counts = std::vector<std::int64_t>;
  static void put(Out& out, palimpsest::Payload what) {
    const auto seq = out.size();
    out.push_back({seq, std::int64_t(1700000000000000 + seq * 20000), std::move(what)});
  }
  int available(int task) const { return kind == Kind::Slots ? 2 * (task + 1) : prompts; }
  int first(int on_task) const { return (2 * on_task) % prompts; }  // images of a task get this prompt and the next
  palimpsest::PromptUse use(int task, int on_task, const std::string& split, std::int64_t step, std::int64_t images) const;
  palimpsest::PromptHealth health(int task, std::int64_t step, bool collapsed) const;
  void learn(Out& out, int task) const;
};

inline palimpsest::PromptUse PromptStory::use(int task, int on_task, const std::string& split, std::int64_t step, std::int64_t images) const {
  palimpsest::PromptUse use;
  use.task = task;
  use.on_task = on_task;
  use.split = split;
  use.global_step = step;
  use.images = images;
  use.asked.assign(std::size_t(available(task)), 0);
  use.asked[std::size_t(first(on_task))] = use.asked[std::size_t(first(on_task) + 1)] = images;
  use.applied = use.asked;
  if (votes) std::swap(use.applied[std::size_t(first(on_task))], use.applied[std::size_t(first(on_task) == 0 ? 2 : 0)]);
  for (const auto n : use.applied) use.mass.push_back(double(n) / 2);
  if (kind == Kind::Mass) {
    use.asked.assign(use.asked.size(), images);
    use.applied = use.asked;
    for (std::size_t m = 0; m < use.mass.size(); ++m) use.mass[m] = double(images) * double(m + 1) / (double(prompts) * (prompts + 1) / 2);
  }
  return use;
}

inline palimpsest::PromptHealth PromptStory::health(int task, std::int64_t step, bool collapsed) const {
  palimpsest::PromptHealth health;
  const double none = std::numeric_limits<double>::quiet_NaN();
  health.task = task;
  health.global_step = step;
  health.images = 80;
  health.available = available(task);
  health.evenness = collapsed ? 0.05 : 0.8;
  health.effective = collapsed ? 2.1 : 0.9 * available(task);
  health.dependence = collapsed ? 0.01 : 1.1;
  health.support = 2;
  health.dead = collapsed ? 4 : 0;
  health.winners = collapsed ? std::vector<int>{1, 4} : std::vector<int>{0, 1};
  health.winners_cosine = kind == Kind::Mass ? none : collapsed ? 0.97 : 0.1;
  health.retrieval = kind == Kind::Slots ? 0.75 : none;
  health.own_mass = health.retrieval;
  return health;
}

inline void PromptStory::learn(Out& out, int task) const {
  using namespace palimpsest;
  const std::int64_t from = std::int64_t(task) * steps;
  put(out, TaskStarted{task, 400, 40, {2 * task, 2 * task + 1}});
  for (int step = 1; step <= steps; ++step) {
    put(out, StepMeasured{task, 0, 0, step - 1, from + step - 1, 1.0 / step, 1.0 / step, 0, 0.001, 1, 12, 16});
    if (step % 10 != 0) continue;
    put(out, use(task, task, "train", from + step, 160));
    const bool collapsed = collapses && ((task > 1 && !recovers) || (task == 1 && step >= 20));
    if (looks) put(out, health(task, from + step, collapsed));
    if (!collapses || task != 1 || step != 30) continue;
    PromptCollapse alarm;
    alarm.task = task;
    alarm.global_step = from + 30;
    alarm.first_step = from + 20;
    alarm.winners = {1, 4};
    alarm.reasons = {"evenness 0.05 is below 0.2"};
    alarm.sentence = "Whatever the image, it gets nearly the same prompts.";
    put(out, alarm);
  }
  for (int on = 0; on <= task; ++on) {
    put(out, Evaluated{task, on, 18, 20, from + steps});
    put(out, use(task, on, "test", from + steps, 20));
  }
  if (blobs) put(out, Keys{task, 0, "keys-0-task-" + std::to_string(task) + ".safetensors"});
  if (blobs) put(out, Features{task, "features-task-" + std::to_string(task) + ".safetensors"});
  put(out, TaskEnded{task, from + steps, 12});
}

inline std::vector<palimpsest::Event> PromptStory::events() const {
  using namespace palimpsest;
  Out out;
  RunStarted start;
  start.recipe = "l2p";
  start.title = "L2P";
  start.tasks = tasks;
  for (int i = 0; i < 2 * tasks; ++i) {
    start.class_order.push_back(i);
    start.class_names.push_back("class " + std::to_string(i));
  }
  start.task_sizes.assign(std::size_t(tasks), 2);
  put(out, start);
  for (int task = 0; task < learned; ++task) learn(out, task);
  if (ends && learned == tasks) put(out, RunEnded{"done", 60});
  return out;
}

inline palimpsest::Blob PromptStory::features(int task) const {
  palimpsest::Blob blob;
  palimpsest::Blob::Tensor sample, label, asked, applied, weights, queries;
  for (int cls = 0; cls < 2 * (task + 1); ++cls)
    for (int i = 0; i < 4; ++i) {
      sample.integers.push_back(100 * cls + i);
      label.integers.push_back(cls);
      const int own = first(cls / 2);
      for (const int prompt : {own, own + 1}) asked.integers.push_back(prompt);
      for (const int prompt : {votes ? (own == 0 ? 2 : 0) : own, own + 1}) applied.integers.push_back(prompt);
      for (int m = 0; m < prompts; ++m) weights.values.push_back(m == cls ? -3.F : 0.5F);  // signed, as CODA's are
      for (int d = 0; d < 4; ++d) queries.values.push_back(float(d == cls % 4) + 0.05F * float(i));
    }
  const auto n = std::int64_t(sample.integers.size());
  sample.shape = label.shape = {n};
  asked.shape = applied.shape = {n, 2};
  weights.shape = {n, prompts};
  queries.shape = {n, 4};
  blob.tensors = {{"sample", sample}, {"label", label}, {"queries", queries}};
  if (kind == Kind::Mass) blob.tensors["weights.0"] = weights;
  else blob.tensors["asked.0"] = asked, blob.tensors["applied.0"] = applied;
  return blob;
}

inline palimpsest::Blob PromptStory::keys(int task) const {
  palimpsest::Blob blob;
  palimpsest::Blob::Tensor keys;
  keys.shape = {available(task), 4};
  for (int m = 0; m < available(task); ++m)
    for (int d = 0; d < 4; ++d) keys.values.push_back(m == 0 ? float(d == 0) + float(task) * float(d == 1) : float(d == m % 4) + 0.1F * float(m));
  blob.tensors["keys"] = keys;
  return blob;
}
