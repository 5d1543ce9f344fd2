// Everything a run ever says, as plain values. One struct per event; its fields() give the JSON, FORMAT.md and the
// tests. Tasks, phases, epochs, steps and images count from 0. Accuracies are never sent without the integer
// counts they come from. Landmarks are never dropped; samples (kSample) may be thinned, and only by views.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "engine/protocol/param.h"

namespace palimpsest {

struct RunStarted {
  static constexpr std::string_view kType = "run_started";
  static constexpr bool kSample = false;
  std::string recipe, title, data, scenario, backbone, device, version;
  int tasks = 0, threads = 0;
  std::int64_t seed = 0;
  std::vector<int> class_order;            // new label -> class of the data set
  std::vector<std::string> class_names;    // by class of the data set
  std::vector<int> task_sizes;             // classes per task
  std::vector<int> train_images, test_images;  // per task
  static auto fields() {
    using E = RunStarted;
    return std::tuple{
        Field{"recipe", &E::recipe, {.doc = "Name of the recipe."}},
        Field{"title", &E::title, {.doc = "Its title, for people."}},
        Field{"data", &E::data, {.doc = "The data set as given with --data."}},
        Field{"scenario", &E::scenario, {.doc = "The scenario as given with --scenario."}},
        Field{"backbone", &E::backbone, {.doc = "Name or file of the backbone."}},
        Field{"device", &E::device, {.doc = "cpu or cuda:N."}},
        Field{"version", &E::version, {.doc = "Version of the program."}},
        Field{"tasks", &E::tasks, {.unit = "tasks", .doc = "Length of the stream."}},
        Field{"threads", &E::threads, {.unit = "threads", .doc = "Threads of the engine."}},
        Field{"seed", &E::seed, {.doc = "Seed of everything but the class order."}},
        Field{"class_order", &E::class_order, {.doc = "Position = new label, value = class of the data set."}},
        Field{"class_names", &E::class_names, {.doc = "Names by class of the data set."}},
        Field{"task_sizes", &E::task_sizes, {.unit = "classes", .doc = "New classes per task."}},
        Field{"train_images", &E::train_images, {.unit = "images", .doc = "Training images per task."}},
        Field{"test_images", &E::test_images, {.unit = "images", .doc = "Test images per task."}}};
  }
};

// A killed or stopped run goes on from a checkpoint. Events with from_seq <= seq < this event's seq describe work
// that was lost and is done again: a reader forgets what they said.
struct RunResumed {
  static constexpr std::string_view kType = "run_resumed";
  static constexpr bool kSample = false;
  std::int64_t from_seq = 0, global_step = 0;
  int task = 0, phase = 0, epoch = 0, step = 0;
  static auto fields() {
    using E = RunResumed;
    return std::tuple{Field{"from_seq", &E::from_seq, {.doc = "First event that is superseded."}},
                      Field{"task", &E::task, {.doc = "Task in which the run goes on."}},
                      Field{"phase", &E::phase, {.doc = "Phase of the task."}},
                      Field{"epoch", &E::epoch, {.doc = "Epoch of the phase."}},
                      Field{"step", &E::step, {.doc = "Next step of the epoch."}},
                      Field{"global_step", &E::global_step, {.doc = "Next step of the run."}}};
  }
};

struct RunPaused {
  static constexpr std::string_view kType = "run_paused";
  static constexpr bool kSample = false;
  std::string at;
  static auto fields() { return std::tuple{Field{"at", &RunPaused::at, {.doc = "training, statistics or evaluation."}}}; }
};

struct RunContinued {
  static constexpr std::string_view kType = "run_continued";
  static constexpr bool kSample = false;
  static auto fields() { return std::tuple{}; }
};

struct TaskStarted {
  static constexpr std::string_view kType = "task_started";
  static constexpr bool kSample = false;
  int task = 0, train_images = 0, test_images = 0;
  std::vector<int> classes;
  static auto fields() {
    using E = TaskStarted;
    return std::tuple{Field{"task", &E::task, {.doc = "Task."}},
                      Field{"classes", &E::classes, {.doc = "Its classes, as classes of the data set."}},
                      Field{"train_images", &E::train_images, {.unit = "images", .doc = "Training images of the task."}},
                      Field{"test_images", &E::test_images, {.unit = "images", .doc = "Test images of the task."}}};
  }
};

struct PhaseStarted {
  static constexpr std::string_view kType = "phase_started";
  static constexpr bool kSample = false;
  int task = 0, phase = 0, epochs = 0, steps = 0;
  std::string name;
  static auto fields() {
    using E = PhaseStarted;
    return std::tuple{Field{"task", &E::task, {.doc = "Task."}},
                      Field{"phase", &E::phase, {.doc = "Position in the recipe's phases."}},
                      Field{"name", &E::name, {.doc = "The part: sgd, observe, ..."}},
                      Field{"epochs", &E::epochs, {.unit = "epochs", .doc = "Planned epochs."}},
                      Field{"steps", &E::steps, {.unit = "steps", .doc = "Steps in each epoch."}}};
  }
};

struct StepMeasured {
  static constexpr std::string_view kType = "step_measured";
  static constexpr bool kSample = true;
  int task = 0, phase = 0, epoch = 0, step = 0;
  std::int64_t global_step = 0;
  double loss = 0, cross_entropy = 0, penalty = 0, lr = 0, gradient_norm = 0;
  int hits = 0, count = 0;
  static auto fields() {
    using E = StepMeasured;
    return std::tuple{Field{"task", &E::task, {.doc = "Task."}},
                      Field{"phase", &E::phase, {.doc = "Phase of the task."}},
                      Field{"epoch", &E::epoch, {.doc = "Epoch of the phase."}},
                      Field{"step", &E::step, {.doc = "Step of the epoch."}},
                      Field{"global_step", &E::global_step, {.doc = "Step of the run; the x axis of curves."}},
                      Field{"loss", &E::loss, {.unit = "nats", .doc = "Total loss that was differentiated; null when it is not finite."}},
                      Field{"cross_entropy", &E::cross_entropy, {.unit = "nats", .doc = "Mean masked cross-entropy of the batch."}},
                      Field{"penalty", &E::penalty, {.doc = "Everything added to it: key pull, regularisers."}},
                      Field{"lr", &E::lr, {.doc = "Learning rate of this step."}},
                      Field{"gradient_norm", &E::gradient_norm, {.doc = "Global L2 norm before clipping."}},
                      Field{"hits", &E::hits, {.unit = "images", .doc = "Training images of the batch classified rightly (under the loss's class mask)."}},
                      Field{"count", &E::count, {.unit = "images", .doc = "Images in the batch."}}};
  }
};

struct EpochEnded {
  static constexpr std::string_view kType = "epoch_ended";
  static constexpr bool kSample = false;
  int task = 0, phase = 0, epoch = 0, hits = 0, count = 0;
  std::int64_t global_step = 0;
  double loss = 0, seconds = 0;
  static auto fields() {
    using E = EpochEnded;
    return std::tuple{Field{"task", &E::task, {.doc = "Task."}},
                      Field{"phase", &E::phase, {.doc = "Phase of the task."}},
                      Field{"epoch", &E::epoch, {.doc = "Epoch of the phase."}},
                      Field{"global_step", &E::global_step, {.doc = "First step after the epoch."}},
                      Field{"loss", &E::loss, {.unit = "nats", .doc = "Mean total loss of the epoch's images."}},
                      Field{"hits", &E::hits, {.unit = "images", .doc = "Training images classified rightly."}},
                      Field{"count", &E::count, {.unit = "images", .doc = "Training images seen."}},
                      Field{"seconds", &E::seconds, {.unit = "s", .doc = "Wall-clock time."}}};
  }
};

// A small fixed set of test images of each seen task, evaluated inside a task: for watching, never for choosing.
struct Probed {
  static constexpr std::string_view kType = "probed";
  static constexpr bool kSample = true;
  int task = 0, on_task = 0, hits = 0, count = 0;
  std::int64_t global_step = 0;
  static auto fields() {
    using E = Probed;
    return std::tuple{Field{"task", &E::task, {.doc = "Task being learned."}},
                      Field{"on_task", &E::on_task, {.doc = "Task whose probe images were evaluated."}},
                      Field{"global_step", &E::global_step, {.doc = "Step of the run."}},
                      Field{"hits", &E::hits, {.unit = "images", .doc = "Classified rightly."}},
                      Field{"count", &E::count, {.unit = "images", .doc = "Evaluated."}}};
  }
};

struct EvaluationStarted {
  static constexpr std::string_view kType = "evaluation_started";
  static constexpr bool kSample = false;
  int after_task = 0, images = 0;
  static auto fields() {
    using E = EvaluationStarted;
    return std::tuple{Field{"after_task", &E::after_task, {.doc = "Task just learned."}},
                      Field{"images", &E::images, {.unit = "images", .doc = "Test images of all tasks seen."}}};
  }
};

struct Evaluated {
  static constexpr std::string_view kType = "evaluated";
  static constexpr bool kSample = false;
  int after_task = 0, on_task = 0, hits = 0, count = 0;
  std::int64_t global_step = 0;
  static auto fields() {
    using E = Evaluated;
    return std::tuple{Field{"after_task", &E::after_task, {.doc = "Task just learned: the row of the accuracy matrix."}},
                      Field{"on_task", &E::on_task, {.doc = "Task evaluated: the column."}},
                      Field{"global_step", &E::global_step, {.doc = "Step of the run."}},
                      Field{"hits", &E::hits, {.unit = "images", .doc = "Test images classified rightly among all classes seen."}},
                      Field{"count", &E::count, {.unit = "images", .doc = "Test images of the task."}}};
  }
};

struct TaskEnded {
  static constexpr std::string_view kType = "task_ended";
  static constexpr bool kSample = false;
  int task = 0;
  std::int64_t global_step = 0;
  double seconds = 0;
  static auto fields() {
    using E = TaskEnded;
    return std::tuple{Field{"task", &E::task, {.doc = "Task."}},
                      Field{"global_step", &E::global_step, {.doc = "First step after the task."}},
                      Field{"seconds", &E::seconds, {.unit = "s", .doc = "Wall-clock time of training and evaluation."}}};
  }
};

// Where the run is, for status bars; sent a few times a second at most.
struct Progress {
  static constexpr std::string_view kType = "progress";
  static constexpr bool kSample = true;
  std::string stage;
  int task = 0, epoch = 0, epochs = 0, step = 0, steps = 0;
  double images_per_second = 0, task_seconds_left = 0, run_seconds_left = 0, fraction = 0;
  std::int64_t rss_bytes = 0, device_bytes = 0;
  static auto fields() {
    using E = Progress;
    return std::tuple{Field{"stage", &E::stage, {.doc = "data, training, statistics or evaluation."}},
                      Field{"task", &E::task, {.doc = "Task."}},
                      Field{"epoch", &E::epoch, {.doc = "Epoch of the phase."}},
                      Field{"epochs", &E::epochs, {.unit = "epochs", .doc = "Epochs of the phase."}},
                      Field{"step", &E::step, {.doc = "Steps done in the epoch (or batches of an evaluation)."}},
                      Field{"steps", &E::steps, {.unit = "steps", .doc = "Steps of the epoch."}},
                      Field{"fraction", &E::fraction, {.doc = "Done part of the run, 0 to 1, by estimated time."}},
                      Field{"images_per_second", &E::images_per_second, {.unit = "images/s", .doc = "Lately."}},
                      Field{"task_seconds_left", &E::task_seconds_left, {.unit = "s", .doc = "Estimate; negative when unknown."}},
                      Field{"run_seconds_left", &E::run_seconds_left, {.unit = "s", .doc = "Estimate; negative when unknown."}},
                      Field{"rss_bytes", &E::rss_bytes, {.unit = "bytes", .doc = "Resident memory of the process."}},
                      Field{"device_bytes", &E::device_bytes, {.unit = "bytes", .doc = "Memory held on the accelerator; 0 on CPU."}}};
  }
};

// How often each prompt was chosen, since the last such event of the same kind.
struct PromptUse {
  static constexpr std::string_view kType = "prompt_use";
  static constexpr bool kSample = false;
  int task = 0, on_task = 0, layer = 0;
  std::int64_t global_step = 0;
  std::string split;
  std::int64_t images = 0;
  std::vector<std::int64_t> asked, applied;
  std::vector<double> mass;
  static auto fields() {
    using E = PromptUse;
    return std::tuple{Field{"task", &E::task, {.doc = "Task being learned or just learned."}},
                      Field{"on_task", &E::on_task, {.doc = "Task that the images belong to."}},
                      Field{"layer", &E::layer, {.doc = "What chooses for itself, counted through the recipe's prompts: an entry, or one block of it where blocks choose apart."}},
                      Field{"global_step", &E::global_step, {.doc = "Step of the run."}},
                      Field{"split", &E::split, {.doc = "train or test."}},
                      Field{"images", &E::images, {.unit = "images", .doc = "Images that were counted."}},
                      Field{"asked", &E::asked, {.unit = "images", .doc = "Per prompt: images whose own query asked for it."}},
                      Field{"applied", &E::applied, {.unit = "images", .doc = "Per prompt: images that were given it."}},
                      Field{"mass", &E::mass, {.unit = "images", .doc = "Per prompt: sum over images of its share of the weights; with a hard choice, images given it, divided by the prompts given to each."}}};
  }
};

// How prompts are chosen at test, on a fixed set of training images of all tasks seen, every so often and at each
// task's end. Definitions: engine/metrics/prompt_metrics.h. NaN (null) where a figure is not defined.
struct PromptHealth {
  static constexpr std::string_view kType = "prompt_health";
  static constexpr bool kSample = false;
  int task = 0, layer = 0, available = 0, sets = 0, dead = 0;
  std::int64_t global_step = 0, images = 0;
  double evenness = 0, asked_evenness = 0, effective = 0, dependence = 0, support = 0, winners_cosine = 0, retrieval = 0, own_mass = 0;
  std::vector<int> winners;
  static auto fields() {
    using E = PromptHealth;
    return std::tuple{Field{"task", &E::task, {.doc = "Task being learned or just learned."}},
                      Field{"layer", &E::layer, {.doc = "What chooses for itself, as in prompt_use."}},
                      Field{"global_step", &E::global_step, {.doc = "Step of the run."}},
                      Field{"images", &E::images, {.unit = "images", .doc = "Images looked at."}},
                      Field{"available", &E::available, {.unit = "prompts", .doc = "Prompts that could be chosen."}},
                      Field{"evenness", &E::evenness, {.doc = "Normalised entropy of what was applied: 1 even, 0 always the same."}},
                      Field{"asked_evenness", &E::asked_evenness, {.doc = "The same of what the images' own queries asked for."}},
                      Field{"effective", &E::effective, {.unit = "prompts", .doc = "Effective number of prompts, the exponential of the entropy of their use."}},
                      Field{"dependence", &E::dependence, {.unit = "nats", .doc = "Mutual information of image and prompt; 0: every image gets the same."}},
                      Field{"support", &E::support, {.unit = "prompts", .doc = "Mean count of prompts with weight."}},
                      Field{"sets", &E::sets, {.doc = "Distinct sets of prompts."}},
                      Field{"dead", &E::dead, {.unit = "prompts", .doc = "Prompts used less than a hundredth of an even use."}},
                      Field{"winners", &E::winners, {.doc = "The most used prompts: as many as each image gets, or those that hold nine tenths of the weight."}},
                      Field{"winners_cosine", &E::winners_cosine, {.doc = "Mean cosine between the winners' keys; near 1 they have met in one point."}},
                      Field{"retrieval", &E::retrieval, {.doc = "Share of images whose strongest prompt belongs to their own task, 0 to 1; null where no task owns prompts."}},
                      Field{"own_mass", &E::own_mass, {.doc = "Mean share of the weight on prompts of the image's own task."}}};
  }
};

// The alarm: the choice had collapsed at two looks in a row. At most once for each selection of a run.
struct PromptCollapse {
  static constexpr std::string_view kType = "prompt_collapse";
  static constexpr bool kSample = false;
  int task = 0, layer = 0;
  std::int64_t global_step = 0, first_step = 0;
  double evenness = 0, dependence = 0, winners_cosine = 0;
  std::vector<int> winners;
  std::vector<std::string> reasons;
  std::string sentence;
  static auto fields() {
    using E = PromptCollapse;
    return std::tuple{Field{"task", &E::task, {.doc = "Task being learned or just learned."}},
                      Field{"layer", &E::layer, {.doc = "What chooses for itself, as in prompt_use."}},
                      Field{"global_step", &E::global_step, {.doc = "Step of the run."}},
                      Field{"first_step", &E::first_step, {.doc = "Step of the look at which it first held."}},
                      Field{"winners", &E::winners, {.doc = "The prompts that had won then, most used first."}},
                      Field{"evenness", &E::evenness, {.doc = "As in prompt_health, now."}},
                      Field{"dependence", &E::dependence, {.unit = "nats", .doc = "As in prompt_health, now."}},
                      Field{"winners_cosine", &E::winners_cosine, {.doc = "As in prompt_health, now."}},
                      Field{"reasons", &E::reasons, {.doc = "Every criterion that holds, with its figures, for people."}},
                      Field{"sentence", &E::sentence, {.doc = "What happened, for people."}}};
  }
};

// Class means after a task, and how classes spread about them where the method keeps covariances.
struct Prototypes {
  static constexpr std::string_view kType = "prototypes";
  static constexpr bool kSample = false;
  int task = 0;
  std::string blob;
  static auto fields() {
    return std::tuple{Field{"task", &Prototypes::task, {.doc = "Task just learned."}},
                      Field{"blob", &Prototypes::blob, {.doc = "File under blobs/: prototypes [classes, width], labels [classes], as classes of the data set; where covariances are kept also axes [classes, n, width], the leading principal axes of each, as long as the standard deviation along them."}}};
  }
};

// What all predictions of an evaluation tell beside accuracy.
struct Inferred {
  static constexpr std::string_view kType = "inferred";
  static constexpr bool kSample = false;
  int after_task = 0;
  std::int64_t images = 0, hits = 0, task_hits = 0, top5_hits = 0;
  std::vector<std::int64_t> counts, til_hits, predicted;
  double class_balanced = 0, ece = 0, nll = 0, brier = 0;
  static auto fields() {
    using E = Inferred;
    return std::tuple{
        Field{"after_task", &E::after_task, {.doc = "Task just learned."}},
        Field{"images", &E::images, {.unit = "images", .doc = "Test images of all tasks seen."}},
        Field{"hits", &E::hits, {.unit = "images", .doc = "Right, as the scenario asks it: among all classes seen, or among those of the task."}},
        Field{"task_hits", &E::task_hits, {.unit = "images", .doc = "The predicted class is of the right task (task-id inference, TII)."}},
        Field{"top5_hits", &E::top5_hits, {.unit = "images", .doc = "The right class is among the first five, or among all where there are fewer."}},
        Field{"counts", &E::counts, {.unit = "images", .doc = "Test images of each task."}},
        Field{"til_hits", &E::til_hits, {.unit = "images", .doc = "By task: right where the task is known (within-task prediction, WTP)."}},
        Field{"predicted", &E::predicted, {.unit = "images", .doc = "Images that were predicted into each task."}},
        Field{"class_balanced", &E::class_balanced, {.doc = "Mean over classes of their accuracy, 0 to 1."}},
        Field{"ece", &E::ece, {.doc = "Expected calibration error of the softmax, 15 equal bins."}},
        Field{"nll", &E::nll, {.unit = "nats", .doc = "Mean negative log-likelihood."}},
        Field{"brier", &E::brier, {.doc = "Mean Brier score, 0 to 2."}}};
  }
};

// A figure of the method's own instruments after a task: a list of values, each with a label.
struct Measured {
  static constexpr std::string_view kType = "measured";
  static constexpr bool kSample = false;
  int task = 0;
  std::string name, unit;
  std::vector<std::string> labels;
  std::vector<double> values;
  static auto fields() {
    using E = Measured;
    return std::tuple{Field{"task", &E::task, {.doc = "Task just learned."}},
                      Field{"name", &E::name, {.doc = "ridge-errors, spectrum, prototype-similarity, fisher, movement, cka, memory, compute, stored-bytes, calibration, reliability or temperature."}},
                      Field{"unit", &E::unit, {.doc = "Of the values; empty: none."}},
                      Field{"labels", &E::labels, {.doc = "What each value belongs to: a ridge, a layer, a class, a kind of bytes, a confidence."}},
                      Field{"values", &E::values, {.doc = "One for each label."}}};
  }
};

// Prompt keys after a task: tensor "keys" [pool, width] in the blob.
struct Keys {
  static constexpr std::string_view kType = "keys";
  static constexpr bool kSample = false;
  int task = 0, layer = 0;
  std::string blob;
  static auto fields() {
    return std::tuple{Field{"task", &Keys::task, {.doc = "Task just learned."}},
                      Field{"layer", &Keys::layer, {.doc = "What chooses for itself, as in prompt_use."}},
                      Field{"blob", &Keys::blob, {.doc = "File under blobs/: keys [pool, width]."}}};
  }
};

// Predictions on the test images of all seen tasks, in evaluation order.
struct Predictions {
  static constexpr std::string_view kType = "predictions";
  static constexpr bool kSample = false;
  int after_task = 0;
  std::string blob;
  static auto fields() {
    return std::tuple{Field{"after_task", &Predictions::after_task, {.doc = "Task just learned."}},
                      Field{"blob", &Predictions::blob, {.doc = "File under blobs/: sample [N] index in the test split, label [N], prediction [N], as classes of the data set."}}};
  }
};

// What the model makes of a fixed set of test images after a task: maps of samples, and what each image was given.
struct Features {
  static constexpr std::string_view kType = "features";
  static constexpr bool kSample = false;
  int task = 0;
  std::string blob;
  static auto fields() {
    return std::tuple{Field{"task", &Features::task, {.doc = "Task just learned."}},
                      Field{"blob", &Features::blob, {.doc = "File under blobs/, N images: sample [N] index in the test split, label [N] and prediction [N], as classes of the data set; features [N, width], what the head sees; "
                                                             "with prompts that go by queries also queries [N, width of the query] and, for each selection L as in prompt_use, asked.L and applied.L [N, prompts an image gets], or weights.L [N, pool]."}}};
  }
};

struct IssueRaised {
  static constexpr std::string_view kType = "issue";
  static constexpr bool kSample = false;
  std::string severity, path, message, hint;
  static auto fields() {
    using E = IssueRaised;
    return std::tuple{Field{"severity", &E::severity, {.choices = "error|warning", .doc = "error or warning."}},
                      Field{"path", &E::path, {.doc = "Where: a path in the recipe, an option, a file."}},
                      Field{"message", &E::message, {.doc = "What is wrong."}},
                      Field{"hint", &E::hint, {.doc = "What to do."}}};
  }
};

struct CheckpointSaved {
  static constexpr std::string_view kType = "checkpoint_saved";
  static constexpr bool kSample = false;
  int task = 0;
  std::int64_t global_step = 0, bytes = 0;
  std::string file;
  double seconds = 0;
  static auto fields() {
    using E = CheckpointSaved;
    return std::tuple{Field{"task", &E::task, {.doc = "Task."}},
                      Field{"global_step", &E::global_step, {.doc = "Next step of the run."}},
                      Field{"file", &E::file, {.doc = "File under checkpoints/."}},
                      Field{"bytes", &E::bytes, {.unit = "bytes", .doc = "Size."}},
                      Field{"seconds", &E::seconds, {.unit = "s", .doc = "Time it took."}}};
  }
};

struct RunFailed {
  static constexpr std::string_view kType = "run_failed";
  static constexpr bool kSample = false;
  std::string code, message, hint;
  static auto fields() {
    using E = RunFailed;
    return std::tuple{Field{"code", &E::code, {.doc = "Short and stable: disk-full, bad-weights, out-of-memory, ..."}},
                      Field{"message", &E::message, {.doc = "What happened and what is safe."}},
                      Field{"hint", &E::hint, {.doc = "What to do."}}};
  }
};

// state: "done", "stopped" (kept, resumable), "failed", "refused" (bad input; nothing was started or written).
struct RunEnded {
  static constexpr std::string_view kType = "run_ended";
  static constexpr bool kSample = false;
  std::string state;
  double seconds = 0;
  static auto fields() {
    return std::tuple{Field{"state", &RunEnded::state, {.choices = "done|stopped|failed|refused", .doc = "How it ended."}},
                      Field{"seconds", &RunEnded::seconds, {.unit = "s", .doc = "Wall-clock time of this stretch of the run."}}};
  }
};

using Payload = std::variant<RunStarted, RunResumed, RunPaused, RunContinued, TaskStarted, PhaseStarted, StepMeasured,
                             EpochEnded, Probed, EvaluationStarted, Evaluated, TaskEnded, Progress, PromptUse, PromptHealth, PromptCollapse, Prototypes,
                             Keys, Predictions, Inferred, Measured, Features, IssueRaised, CheckpointSaved, RunFailed, RunEnded>;

struct Event {
  std::uint64_t seq = 0;   // 0, 1, 2, ... without a gap
  std::int64_t at_us = 0;  // microseconds since 1970, UTC; for display, never for logic
  Payload what;
};

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

}  // namespace palimpsest
