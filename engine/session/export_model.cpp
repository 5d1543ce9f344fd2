// The classifier of a run as a file of its own, and the proof that it is the same classifier.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <spdlog/spdlog.h>

#include "engine/engine.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/session/batches.h"
#include "engine/session/checkpoints.h"
#include "engine/session/prepare.h"
#include "engine/session/torch_script.h"

namespace palimpsest {
namespace {

constexpr double kAllowed = 1e-3;              // of the largest logit: float32 through another order of the same sums
constexpr int kBatches[] = {1, 2, 3, 16, 64};  // images that the file is given at once, in turns

class Collect final : public State {
 public:
  void tensor(const std::string& name, Tensor& tensor, bool) override {
    tensor.set_requires_grad(false);
    all.emplace_back(name, tensor);
  }
  NamedTensors all;
};

// What a classifier does without: what training goes by, and other people's images.
bool forTrainingOnly(const std::string& name) {
  return std::ranges::any_of(std::initializer_list<const char*>{"memory.", "statistics.", "gradient.", "penalties.", "teacher."}, [&](const char* part) { return name.starts_with(part); });
}

// Whether some choice of prompts is told the task of an image: nobody tells a file.
bool asksForTheTask(const Value& recipe) {
  const Value* prompts = recipe.find("prompts");
  return prompts && std::ranges::any_of(prompts->asArray(), [](const Value& entry) {
    const Value* test = entry.at("select.test");
    return test && test->isString() && test->asString() == "task";
  });
}

struct Trained {
  record::RunHeader header;
  std::unique_ptr<Session> session;
  LoadedBackbone untrained;  // as the weights file has it, in storage of its own
  TensorMap tensors;         // of the checkpoint
  int task = 0;       // the last that was finished
};

Trained openTrained(const ExportRequest& request) {
  const auto& folder = request.run_folder;
  if (!record::isRun(folder)) throw BadInput({error(folder.string(), "holds no run (there is no run.json)", "name the folder of a run")});
  Issues issues;
  const auto& formats = exportFormats();
  if (std::ranges::none_of(formats, [&](const ExportFormat& format) { return format.name == request.format; }))
    issues.push_back(error("--format", "there is no format \"" + request.format + "\"", "choose torchscript or safetensors"));
  std::error_code nothing;
  if (std::filesystem::is_directory(request.out, nothing)) issues.push_back(error("--out", request.out.string() + " is a folder", "name a file in it"));
  else if (!request.overwrite && std::filesystem::exists(request.out, nothing)) issues.push_back(error("--out", request.out.string() + " is already there", "choose another name"));
  Trained trained;
  trained.header = record::runHeader(record::readJsonFile(record::Paths(folder).run()));
  std::filesystem::path newest;
  for (const auto& file : checkpointsOf(folder))
    if (file.filename().string().starts_with("task-")) newest = std::max(newest, file);
  if (newest.empty()) issues.push_back(error(folder.string(), "the run has not finished a task yet", "wait for its first one"));
  if (asksForTheTask(trained.header.recipe)) issues.push_back(error("prompts.select.test", "the recipe is told the task of each test image, which a file is not", "export a run whose prompts are chosen by the image"));
  if (!hasErrors(issues)) trained.session = reopened(folder, trained.header, "cpu", request.threads, issues);
  if (hasErrors(issues) || !trained.session) throw BadInput(std::move(issues));
  trained.tensors = readTensors(newest);
  trained.task = std::atoi(newest.stem().string().substr(5).c_str()) - 1;
  trained.untrained = trained.session->model.loaded();
  trained.untrained.vit = vit::copyOf(trained.untrained.vit);
  restoreModel(trained.session->model, trained.tensors);
  const Task& task = trained.session->scenario.tasks.at(static_cast<std::size_t>(trained.task));
  trained.session->model.at({trained.task, task.first_label, task.seen});
  return trained;
}

// Pixels in 0..1 -> logits.
Classify classifierOf(Model& model, const Transform& transform) {
  std::vector<float> shift, scale;
  for (int channel = 0; channel < 3; ++channel) {
    shift.push_back(transform.line(channel).shift);
    scale.push_back(transform.line(channel).scale);
  }
  const auto column = [](const std::vector<float>& values) { return torch::tensor(values).view({1, 3, 1, 1}); };
  return [&model, shift = column(shift), scale = column(scale)](const Tensor& images) {
    const torch::NoGradGuard plain;
    Inputs inputs;
    inputs.images = images * scale + shift;
    for (std::int64_t i = 0; i < images.size(0); ++i) inputs.indices.push_back(i);
    return model.forward(inputs, false).logits;
  };
}

std::vector<std::string> classesOf(const Trained& trained) {
  std::vector<std::string> names;
  const auto& order = trained.header.class_order;
  const int seen = trained.session->scenario.tasks[static_cast<std::size_t>(trained.task)].seen;
  for (int label = 0; label < seen; ++label) {
    const auto cls = static_cast<std::size_t>(order.at(static_cast<std::size_t>(label)));
    names.push_back(cls < trained.header.class_names.size() ? trained.header.class_names[cls] : std::to_string(cls));
  }
  return names;
}

Value factsOf(const Trained& trained, const std::filesystem::path& folder, const std::vector<std::string>& classes) {
  const Transform& transform = trained.session->test_transform;
  Value::Array names(classes.begin(), classes.end()), steps;
  for (const std::string& step : transform.steps()) steps.emplace_back(step);
  const record::RunHeader& header = trained.header;
  return Value::Object{
      {"format", 1}, {"program", "Palimpsest " + programVersion()}, {"run", std::filesystem::absolute(folder).lexically_normal().filename().string()},
      {"recipe", header.recipe}, {"seed", header.seed}, {"tasks", trained.task + 1}, {"data", header.data},
      {"backbone", header.backbone}, {"backbone_sha256", header.backbone_sha256}, {"classes", Value(std::move(names))},
      {"input", Value::Object{{"image_size", transform.spec().side}, {"layout", "batch, 3 (red, green, blue), height, width"}, {"type", "float32"},
                              {"range", "0..1"}, {"transform", transform.spec().name}, {"steps", Value(std::move(steps))}}},
      {"output", "logits [batch, classes]"}};
}

// Test images of the classes seen, the first of each, in 0..1, and their labels.
std::pair<Tensor, Tensor> imagesFor(Trained& trained, int of_each) {
  Session& session = *trained.session;
  BatchPlan plan;
  plan.split = session.data.test.get();
  plan.transform = &session.test_transform;
  for (int task = 0; task <= trained.task; ++task)
    for (const int cls : session.scenario.tasks[static_cast<std::size_t>(task)].classes) {
      int taken = 0;
      for (const auto index : session.testIndices(task))
        if (session.data.test->label(index) == cls && taken++ < of_each) plan.order.push_back(index);
    }
  Batches stream(session, plan);
  std::vector<Tensor> images, labels;
  Samples samples;
  while (stream.next(samples)) {
    images.push_back(samples.images.clone());
    labels.push_back(samples.labels.clone());
  }
  Tensor all = torch::cat(images);
  for (int channel = 0; channel < 3; ++channel) {
    const Transform::Line line = session.test_transform.line(channel);
    all.select(1, channel).sub_(line.shift).div_(line.scale);
  }
  return {all, torch::cat(labels)};
}

Tensor answered(const Classify& file, const Tensor& images) {
  try {
    return file(images);
  } catch (const std::exception& e) {  // the interpreter's, over many lines
    spdlog::error("export: {}", e.what());
    throw Error("export-differs", "The file, read again, cannot classify " + std::to_string(images.size(0)) + " images at once. It was not kept.", "Export it as safetensors.");
  }
}

void compare(const Classify& own, const Classify& file, const Tensor& images, const Tensor& labels, const ExportRequest& request, ExportedModel& found) {
  std::int64_t first = 0, hits = 0;
  for (std::size_t turn = 0; first < images.size(0); ++turn) {
    const std::int64_t count = std::min<std::int64_t>(kBatches[turn % std::size(kBatches)], images.size(0) - first);
    const Tensor some = images.narrow(0, first, count), expected = own(some), got = answered(file, some);
    if (got.sizes() != expected.sizes()) throw Error("export-differs", "The file, read again, answers in another shape than the model.", "Export it as safetensors.");
    const double largest = std::max(1e-12, expected.abs().max().item<double>());
    found.largest_difference = std::max(found.largest_difference, (got - expected).abs().max().item<double>() / largest);
    found.changed += got.argmax(1).ne(expected.argmax(1)).sum().item<std::int64_t>();
    hits += got.argmax(1).eq(labels.narrow(0, first, count)).sum().item<std::int64_t>();
    first += count;
    if (request.progress) request.progress(static_cast<int>(first), static_cast<int>(images.size(0)));
  }
  found.images = images.size(0);
  found.accuracy = 100.0 * static_cast<double>(hits) / static_cast<double>(images.size(0));
  if (found.changed > 0 || !(found.largest_difference <= kAllowed))
    throw Error("export-differs", "The file, read again, does not say what the model says: " + std::to_string(found.changed) + " of " + std::to_string(found.images) + " test images are classified otherwise. It was not kept.",
                "Export it as safetensors.");
}

// Under a name of its own until it has been checked; gone if it was not.
class Draft {
 public:
  explicit Draft(const std::filesystem::path& target) : target_(target), file_(target) { file_ += ".part"; }
  ~Draft() {
    std::error_code nothing;
    if (!kept_) std::filesystem::remove(file_, nothing);
  }
  const std::filesystem::path& file() const { return file_; }
  void keep() {
    std::error_code problem;
    std::filesystem::rename(file_, target_, problem);
    if (problem) throw Error("write-failed", "The file " + target_.string() + " could not be written: " + problem.message(), "Check the folder and its rights.");
    kept_ = true;
  }

 private:
  const std::filesystem::path target_;
  std::filesystem::path file_;
  bool kept_ = false;
};

}  // namespace

ExportedModel exportModel(const ExportRequest& request) {
  Trained trained = openTrained(request);
  Model& model = trained.session->model;
  const auto classes = classesOf(trained);
  const Value facts = factsOf(trained, request.run_folder, classes);
  const auto [images, labels] = imagesFor(trained, request.check_images);
  Collect state;
  model.visit(state);
  std::erase_if(state.all, [](const auto& item) { return forTrainingOnly(item.first); });
  if (!model.trainsBackbone())
    for (auto& item : model.backbone()->named_parameters()) state.all.emplace_back("backbone." + item.key(), item.value().detach());
  const Classify own = classifierOf(model, trained.session->test_transform);
  Draft draft(request.out);
  std::unique_ptr<Model> again;
  Classify file;
  if (request.format == "torchscript") {
    writeTorchScript(draft.file(), own, state.all, {classes, model.setting().shape.image, record::toJson(facts, 2)});
    file = readTorchScript(draft.file());
  } else {
    writeTensors(draft.file(), state.all, {{"format", "pt"}, {"palimpsest", record::toJson(facts)}});
    TensorMap tensors = trained.tensors;
    for (auto& [name, tensor] : readTensors(draft.file())) tensors["model." + name] = tensor;
    again = std::make_unique<Model>(trained.header.recipe, trained.untrained, model.setting());
    restoreModel(*again, tensors);
    again->at({trained.task, 0, static_cast<int>(classes.size())});
    file = classifierOf(*again, trained.session->test_transform);
  }
  ExportedModel found{.file = request.out, .classes = static_cast<int>(classes.size()), .image_size = model.setting().shape.image, .tasks = trained.task + 1};
  compare(own, file, images, labels, request, found);
  draft.keep();
  found.bytes = std::filesystem::file_size(request.out);
  return found;
}

}  // namespace palimpsest
