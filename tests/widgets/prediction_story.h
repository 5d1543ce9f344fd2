// A made-up run with predictions: six classes in three tasks, in an order of their own, ten test images a class, whose
// fates are written out. Image 10 * class + i; i of a class: 0..5 kept, 6 and 7 forgotten when the next task comes (taken for
// the first class of that task), 8 lost and relearned where there is time, 9 never right.
#pragma once

#include <string>
#include <vector>

#include "engine/protocol/event.h"
#include "widgets/feed/blob_store.h"
#include "widgets/models/prediction_history.h"

struct PredictionStory {
  static constexpr int kTasks = 3, kClasses = 6, kEach = 10;
  static std::vector<int> order() { return {4, 1, 0, 5, 2, 3}; }  // tasks (4, 1), (0, 5), (2, 3)
  static int taskOf(int cls) {
    const auto all = order();
    for (int i = 0; i < kClasses; ++i)
      if (all[std::size_t(i)] == cls) return i / 2;
    return -1;
  }
  static int prediction(int task, int cls, int i) {
    const int own = taskOf(cls), other = order()[std::size_t(2 * own)] == cls ? order()[std::size_t(2 * own + 1)] : order()[std::size_t(2 * own)];
    if (i == 9) return other;
    const int next = task > own ? order()[std::size_t(2 * (own + 1))] : cls;
    if (i == 6 || i == 7) return next;
    if (i == 8) return task == own + 1 ? next : cls;
    return cls;
  }
  static palimpsest::PredictionHistory::Stage stage(int task) {
    palimpsest::PredictionHistory::Stage out;
    for (int cls = 0; cls < kClasses; ++cls)
      for (int i = 0; i < kEach && taskOf(cls) <= task; ++i) {
        out.samples.push_back(kEach * cls + i);
        out.labels.push_back(cls);
        out.predictions.push_back(prediction(task, cls, i));
      }
    return out;
  }
  static palimpsest::Blob blob(int task) {
    const auto from = stage(task);
    palimpsest::Blob out;
    const auto add = [&](const char* name, const auto& values) { out.tensors[name] = {{std::int64_t(values.size())}, {}, {values.begin(), values.end()}}; };
    add("sample", from.samples);
    add("label", from.labels);
    add("prediction", from.predictions);
    return out;
  }
  // By the number in "predictions-task-N.safetensors".
  static palimpsest::Blob read(const std::filesystem::path& file) {
    const std::string name = file.filename().string();
    return blob(std::stoi(name.substr(name.find("task-") + 5)));
  }
  static std::vector<palimpsest::Event> events(int learned = kTasks, bool probes = false) {
    using namespace palimpsest;
    std::vector<Event> out;
    const auto put = [&](Payload what) { out.push_back({out.size(), std::int64_t(1700000000000000 + out.size() * 20000), std::move(what)}); };
    RunStarted start;
    start.recipe = "l2p";
    start.title = "L2P";
    start.data = "pets";
    start.tasks = kTasks;
    start.class_order = order();
    start.class_names = {"cat", "dog", "horse", "ship", "frog", "truck"};
    start.task_sizes = {2, 2, 2};
    put(start);
    for (int task = 0; task < learned; ++task) {
      put(TaskStarted{task, 100, 20, {order()[std::size_t(2 * task)], order()[std::size_t(2 * task + 1)]}});
      for (int step = 1; probes && step <= 10; ++step)
        for (int on = 0; on <= task; ++on) put(Probed{task, on, on < task ? 8 - std::min(step, 6 - std::min(step, 5)) : 9, 10, 10 * task + step});
      put(PhaseStarted{task, 0, 1, 10, "sgd"});
      put(EpochEnded{task, 0, 0, 5, 10, 10 * (task + 1), 1.0, 1.0});
      const auto told = stage(task);
      for (int on = 0; on <= task; ++on) {
        int hits = 0;
        for (std::size_t i = 0; i < told.samples.size(); ++i) hits += taskOf(told.labels[i]) == on && told.labels[i] == told.predictions[i];
        put(Evaluated{task, on, hits, 20, 10 * (task + 1)});
      }
      put(Predictions{task, "predictions-task-" + std::to_string(task) + ".safetensors"});
      put(Measured{task, "stored-bytes", "bytes", {"head", "prompts"}, {1000.0 * (task + 1), 500}});
      put(Measured{task, "memory", "images", {"0", "1"}, {10, 20}});
      put(TaskEnded{task, 10 * (task + 1), 4.0 + task});
    }
    return out;
  }
};
