#include "tests/record/made_run.h"

#include <algorithm>
#include <cmath>

#include "engine/protocol/random.h"

namespace palimpsest::tests {
namespace {

std::int64_t hitsOf(const MadeRun& run, int after, int on) {
  Rng rng = rngOf(static_cast<std::uint64_t>(run.seed), Purpose::World, after, on, run.recipe.size());
  const double share = std::clamp(run.start - 0.02 * on - run.fall * (after - on) + rng.uniform(-0.02, 0.02), 0.0, 1.0);
  return std::llround(share * static_cast<double>(run.test_images));
}

class Narrator {
 public:
  Narrator(const MadeRun& run, record::Writer& writer) : run_(run), writer_(writer) {}

  void tell() {
    const std::vector<int> sizes(static_cast<std::size_t>(run_.tasks), 2);
    const std::vector<int> images(static_cast<std::size_t>(run_.tasks), static_cast<int>(run_.test_images));
    say(RunStarted{.recipe = run_.recipe,
                   .title = run_.title,
                   .data = "fashion-mnist",
                   .scenario = "cil:init=2,increment=2,order=1993",
                   .backbone = "micro",
                   .device = "cpu",
                   .version = "0.1.0",
                   .tasks = run_.tasks,
                   .threads = 2,
                   .seed = run_.seed,
                   .class_order = run_.class_order,
                   .class_names = {},
                   .task_sizes = sizes,
                   .train_images = images,
                   .test_images = images});
    for (int t = 0; t < run_.finished; ++t) task(t);
    if (run_.finished < run_.tasks) begin(run_.finished);
    if (run_.state == "failed")
      say(RunFailed{"out-of-memory", "Out of memory in task 3. Task 2 is saved.", "Use a smaller batch."});
    if (!run_.state.empty()) say(RunEnded{run_.state, 12.5});
  }

 private:
  void say(Payload what) {
    writer_.on(
        {writer_.nextSeq(), 1763769600000000 + 1000 * static_cast<std::int64_t>(writer_.nextSeq()), std::move(what)});
  }

  void begin(int t) {
    say(TaskStarted{.task = t, .train_images = 1000, .test_images = 1000, .classes = {2 * t, 2 * t + 1}});
    for (int e = 0; e < run_.epochs; ++e) {
      if (e == 0) say(PhaseStarted{.task = t, .phase = 0, .epochs = run_.epochs, .steps = run_.steps, .name = "sgd"});
      for (int s = 0; s < run_.steps; ++s) step(t, e, s);
    }
  }

  void step(int t, int e, int s) {
    Rng rng = rngOf(static_cast<std::uint64_t>(run_.seed), Purpose::DataOrder, step_);
    const double progress = static_cast<double>(e * run_.steps + s) / (run_.epochs * run_.steps);
    say(StepMeasured{.task = t,
                     .phase = 0,
                     .epoch = e,
                     .step = s,
                     .global_step = step_,
                     .loss = (1.2 + 0.1 * t) * std::exp(-3 * progress) + 0.15 + rng.uniform(0, 0.15),
                     .cross_entropy = 0.2,
                     .penalty = 0.1,
                     .lr = 0.001,
                     .gradient_norm = 1,
                     .hits = 10,
                     .count = 16});
    if (run_.probe_every > 0 && step_ % run_.probe_every == 0)
      for (int j = 0; j <= t; ++j) {
        const double settled = run_.start - run_.fall * (t - 1 - j + progress) + rng.uniform(-0.03, 0.03);
        say(Probed{.task = t,
                   .on_task = j,
                   .hits = static_cast<int>(
                       100 * std::clamp(j == t ? run_.start * (1 - std::exp(-5 * progress)) : settled, 0.0, 1.0)),
                   .count = 100,
                   .global_step = step_});
      }
    ++step_;
  }

  void task(int t) {
    begin(t);
    say(EvaluationStarted{t, static_cast<int>(run_.test_images) * (t + 1)});
    for (int j = 0; j <= t; ++j)
      say(Evaluated{.after_task = t,
                    .on_task = j,
                    .hits = static_cast<int>(hitsOf(run_, t, j)),
                    .count = static_cast<int>(run_.test_images),
                    .global_step = step_});
    say(TaskEnded{.task = t, .global_step = step_, .seconds = 4});
  }

  const MadeRun& run_;
  record::Writer& writer_;
  std::int64_t step_ = 0;
};

}  // namespace

record::RunHeader headerOf(const MadeRun& run) {
  record::RunHeader header;
  header.version = "0.1.0";
  header.torch = "1.13.1";
  Value phase = Value::Object{{"use", "sgd"}, {"epochs", run.epochs}, {"batch", 16}, {"lr", 0.001875}};
  if (run.epochs == 0) phase = Value::Object{{"use", "observe"}};
  header.recipe = Value::Object{{"name", run.recipe},
                                {"title", run.title},
                                {"paper", "Somebody et al., 2022"},
                                {"backbone", Value::Object{{"use", "vit"}, {"train", "nothing"}}},
                                {"phases", Value::Array{phase}}};
  header.options = Value::Object{{"data", "fashion-mnist"},
                                 {"scenario", "cil:init=2,increment=2,order=1993"},
                                 {"train_transform", "plain"},
                                 {"seed", run.seed},
                                 {"threads", 2}};
  header.seed = run.seed;
  header.class_order = run.class_order;
  header.data = "fashion-mnist";
  header.data_fingerprint = "5d1a77";
  header.backbone = "micro";
  header.backbone_sha256 = run.backbone_sha256;
  header.device = "cpu";
  header.threads = 2;
  return header;
}

AccuracyMatrix matrixOf(const MadeRun& run) {
  AccuracyMatrix matrix(run.tasks);
  for (int i = 0; i < run.finished; ++i)
    for (int j = 0; j <= i; ++j) matrix.set(i, j, hitsOf(run, i, j), run.test_images);
  return matrix;
}

record::ResultInputs resultInputsOf(const MadeRun& run) {
  record::ResultInputs in;
  in.recipe = run.recipe;
  in.state = run.state.empty() ? "running" : run.state;
  in.tasks = run.tasks;
  in.seed = run.seed;
  in.class_order = run.class_order;
  in.matrix = matrixOf(run);
  in.per_class = {{4, 91, 100}, {2, 80, 100}};
  in.seconds_total = 12.3 + static_cast<double>(run.seed);
  in.seconds_train = 8;
  in.seconds_evaluate = 3.5;
  in.seconds_data = 0.5;
  in.peak_rss_bytes = 734003200;
  in.trainable_parameters = 46080;
  in.stored_bytes = 15360;
  in.batch = 64;
  in.device = "cpu";
  in.threads = 2;
  return in;
}

std::unique_ptr<record::Writer> write(const MadeRun& run, const std::filesystem::path& folder) {
  auto writer = record::Writer::create(folder, record::runJson(headerOf(run)));
  Narrator(run, *writer).tell();
  if (run.finished > 0) writer->writeResults(record::resultsOf(resultInputsOf(run)));
  return writer;
}

}  // namespace palimpsest::tests
