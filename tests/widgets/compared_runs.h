// Runs to compare, made up: events with settled accuracies, and the run.json that belongs to them.
#pragma once

#include <QString>
#include <filesystem>
#include <memory>
#include <string>

#include "engine/record/json.h"
#include "engine/record/run_header.h"
#include "engine/record/run_settings.h"
#include "tests/support/story.h"
#include "widgets/models/run_groups.h"

namespace palimpsest::test {

struct Compared {
  std::string recipe = "l2p", title = "L2P";
  int seed = 1, epochs = 5;
  int first = 90, old = 70, fresh = 96;  // hits of 100: task 1 after it, task 1 after task 2, task 2
  std::string scenario = "cil:init=2,increment=2,order=1993", transform = "plain", evaluation = "instance", hash = "f0d7115769d1", fingerprint = "9b6c";
  int image_size = 0, memory = 0;  // memory 0: the recipe has none
  std::vector<int> order = {1, 0, 3, 2};
  bool whole = true;  // false: only the first task is told

  std::string id() const { return recipe + "-" + std::to_string(seed); }

  record::RunHeader header() const {
    record::RunHeader out;
    out.version = "0.1.0";
    Value::Object phase{{"use", "sgd"}, {"epochs", epochs}, {"batch", 16}};
    out.recipe = Value::Object{{"name", recipe}, {"title", title}, {"doc", "for people"}, {"phases", Value::Array{Value(phase)}}};
    if (memory > 0) out.recipe["memory"] = Value::Object{{"use", "exemplars"}, {"capacity", memory}};
    out.options = Value::Object{{"data", "fashion-mnist"}, {"scenario", scenario}, {"backbone", "micro"}, {"image_size", image_size},
                                {"train_transform", transform}, {"epochs", 0}, {"seed", seed}, {"device", "cpu"}};
    out.seed = seed;
    out.class_order = order;
    out.data = "fashion-mnist";
    out.data_fingerprint = fingerprint;
    out.backbone = "micro";
    out.backbone_sha256 = hash;
    out.evaluation = evaluation;
    return out;
  }

  std::vector<Event> events() const {
    const auto eval = [](int after, int on, int hits) { return "eval " + std::to_string(after) + " " + std::to_string(on) + " " + std::to_string(hits) + "/100;"; };
    std::string text = "start 2; task 0; steps 10;" + eval(0, 0, first) + "endtask 0;";
    if (whole) text += "task 1; steps 10;" + eval(1, 0, old) + eval(1, 1, fresh) + "endtask 1; wait 10; end done";
    std::vector<Event> out = Story().tell(text).events();
    auto& start = std::get<RunStarted>(out.front().what);
    start.recipe = recipe;
    start.title = title;
    start.seed = seed;
    return out;
  }

  std::unique_ptr<RunData> run() const {
    auto out = std::make_unique<RunData>(QString::fromStdString(id()));
    out->apply(events());
    return out;
  }

  // With its run.json below `folder`.
  std::unique_ptr<RunData> recorded(const std::filesystem::path& folder) const {
    auto out = run();
    out->folder = folder / id();
    std::filesystem::create_directories(out->folder);
    record::writeFileAtomically(out->folder / "run.json", record::toJson(record::runJson(header()), 2));
    return out;
  }

  RunFigures figures() const {
    auto known = std::make_shared<KnownHeader>();
    known->header = header();
    known->identity = record::identityOf(known->header);
    return figuresOf(*run(), known);
  }
};

}  // namespace palimpsest::test
