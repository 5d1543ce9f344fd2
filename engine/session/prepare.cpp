#include "engine/session/prepare.h"

#include <fmt/format.h>

#include <set>

#include "engine/device/device.h"
#include "engine/device/memory.h"
#include "engine/device/process.h"
#include "engine/parts/catalogue.h"
#include "engine/protocol/error.h"
#include "engine/record/run_header.h"
#include "engine/scenario/stream.h"

namespace palimpsest {
namespace {

// Runs one step of the preparation and adds what it refuses, so that the next step still has its say.
template <typename F>
auto attempt(Issues& issues, F step) -> std::optional<decltype(step())> {
  try {
    return step();
  } catch (const BadInput& refused) {
    issues.insert(issues.end(), refused.issues.begin(), refused.issues.end());
  } catch (const Error& failed) {
    issues.push_back(error(failed.code, failed.what(), failed.hint));
  }
  return std::nullopt;
}

std::string flagOf(std::string name) {
  for (char& c : name)
    if (c == '_') c = '-';
  return "--" + name;
}

void checkOptions(const RunOptions& options, Issues& issues) {
  const Value::Object values = valuesOf(options);
  for (const ParamSpec& spec : specsOf<RunOptions>())
    for (const auto& [name, value] : values)
      if (name == spec.name)
        if (auto problem = misfit(spec, value)) issues.push_back(error(flagOf(name), *problem));
}

// Checkpoints hold all that is trained; one stays for each task, and two inside tasks.
void checkRoom(Session& session, const std::filesystem::path& folder, Issues& issues) {
  const std::int64_t trained = session.model.trainsBackbone() ? session.storedBytes() * 3 : session.storedBytes() + (1 << 20);
  const std::int64_t needed = trained * (session.tasks() + 3) + (16 << 20);
  const std::int64_t available = freeDiskBytes(folder);
  const auto megabytes = [](std::int64_t bytes) { return std::to_string(bytes >> 20) + " MB"; };
  if (available > 0 && available < needed)
    issues.push_back(error("--out", "the disk of \"" + folder.string() + "\" has " + megabytes(available) + " free, and the run's record needs about " + megabytes(needed),
                           "make room, or choose another folder with --out"));
}

void setEpochs(Value& recipe, int epochs) {
  const auto pathOf = [](int phase) { return "phases." + std::to_string(phase); };
  for (int phase = 0; epochs > 0 && recipe.at(pathOf(phase)); ++phase)
    if (Value* own = recipe.at(pathOf(phase) + ".epochs")) *own = epochs;
}

void checkFolder(const std::filesystem::path& folder, Issues& issues) {
  std::error_code ignored;
  if (record::isRun(folder))
    issues.push_back(error("--out", fmt::format("\"{}\" already holds a run", folder.string()), "choose another folder, or go on with that run: palimpsest-cli resume"));
  else if (std::filesystem::exists(folder, ignored) && !std::filesystem::is_directory(folder, ignored))
    issues.push_back(error("--out", fmt::format("\"{}\" is a file", folder.string()), "choose another folder"));
}

// A training phase that would not take a single step would pass unseen.
void checkSteps(Session& session, Issues& issues) {
  const Clock kept = session.clock;
  for (session.clock.task = 0; session.clock.task < session.tasks(); ++session.clock.task)
    for (std::size_t phase = 0; phase < session.phases.size(); ++phase) {
      const Phase::Outline outline = session.phases[phase]->outline(session);
      if (outline.trains && outline.epochs > 0 && outline.steps == 0)
        issues.push_back(error("phases." + std::to_string(phase) + ".batch", "task " + std::to_string(session.clock.task + 1) + " has " + std::to_string(session.trainIndices(session.clock.task).size()) +
                               " training images, fewer than a batch, and drop_last leaves out what does not fill one: nothing would be trained", "take a smaller batch, or drop_last = false"));
    }
  session.clock = kept;
}

// Parts that go by the task that a class belongs to, in streams where classes come again.
void checkStream(const Session& session, Issues& issues) {
  const Scenario::Kind kind = session.scenario.kind;
  if (kind == Scenario::Kind::ClassIncremental || kind == Scenario::Kind::TaskIncremental) return;
  const Value& recipe = session.plan.recipe;
  const auto refuse = [&](const std::string& path, const std::string& what) {
    issues.push_back(error(path, what + " goes by the task of a class, and in this scenario classes come again in other tasks", "choose a cil: or til: scenario, or another recipe"));
  };
  for (const char* name : {"columns", "subspace-prototypes", "retrieval"})
    if (const Value* head = recipe.at("head.use"); head && head->asString() == name) refuse("head.use", std::string("[") + name + "] it");
  if (const Value* policy = recipe.at("memory.policy"); policy && policy->asString() == "herding") refuse("memory.policy", "[exemplars] herding");
  for (int entry = 0; recipe.at("prompts." + std::to_string(entry)); ++entry)
    for (const char* rule : {"train", "test"}) {
      const std::string path = "prompts." + std::to_string(entry) + ".select." + rule;
      if (const Value* found = recipe.at(path); found && found->asString() == "nearest-mean") refuse(path, "[top-k-cosine] nearest-mean");
    }
}

void planForecast(Session& session) {
  const Clock kept = session.clock;
  for (session.clock.task = 0; session.clock.task < session.tasks(); ++session.clock.task) {
    const int task = session.clock.task;
    session.trains_in.push_back(false);
    for (const auto& phase : session.phases) {
      const Phase::Outline outline = phase->outline(session);
      session.trains_in.back() = session.trains_in.back() || (outline.trains && outline.epochs > 0);
      session.forecast.plan(outline.trains ? Work::Train : Work::Look, task, outline.images);
    }
  }
  for (session.clock.task = 0; session.clock.task < session.tasks(); ++session.clock.task) {
    const int task = session.clock.task;
    const bool kept = session.model.featuresAreFrozen() || (session.settled() && !session.trains_in[static_cast<std::size_t>(task)]);
    std::int64_t tested = 0;
    for (int seen = kept ? task : 0; seen <= task; ++seen) tested += static_cast<std::int64_t>(session.testIndices(seen).size());
    session.forecast.plan(Work::Look, task, tested + static_cast<std::int64_t>(session.heldOut(task).size()));
  }
  session.clock = kept;
}

// Whether every class keeps something to learn from.
bool leavesSomething(const Session& session, Issues& issues) {
  std::set<int> held, kept;
  for (int task = 0; task < session.tasks(); ++task) {
    for (const auto image : session.heldOut(task)) held.insert(session.data.train->label(image));
    for (const auto image : session.trainIndices(task)) kept.insert(session.data.train->label(image));
  }
  std::string names;
  for (const int cls : held)
    if (!kept.contains(cls)) names += (names.empty() ? "\"" : ", \"") + session.data.class_names[static_cast<std::size_t>(cls)] + "\"";
  if (!names.empty()) issues.push_back(error("--held-out", "no training image would be left of " + names, "hold fewer back"));
  return names.empty();
}

}  // namespace

std::unique_ptr<Session> prepare(const RunPlan& plan, const std::filesystem::path& folder, bool resuming, Issues& issues) {
  checkOptions(plan.options, issues);
  Resolved resolved = resolve(plan.recipe, catalogue());
  issues.insert(issues.end(), resolved.issues.begin(), resolved.issues.end());
  if (!hasErrors(resolved.issues)) {
    const Issues clashes = contradictions(resolved.recipe);
    issues.insert(issues.end(), clashes.begin(), clashes.end());
  }
  setEpochs(resolved.recipe, plan.options.epochs);
  if (!folder.empty() && !resuming) checkFolder(folder, issues);
  const torch::Device device = resolveDevice(plan.options.device, issues);
  auto data = attempt(issues, [&] { return openDataset(plan.options.data, plan.options.limit_train, plan.options.limit_test); });
  auto scenario = attempt(issues, [&] { return data ? makeScenario(plan.options.scenario, *data) : makeScenario(plan.options.scenario, 10); });
  auto backbone = attempt(issues, [&] { return loadBackbone(plan.options.backbone, plan.options.image_size, resourceFolder().string(), positionResizeNamed(plan.options.position_resize)); });
  if (backbone) issues.insert(issues.end(), backbone->warnings.begin(), backbone->warnings.end());
  if (hasErrors(issues) || !data || !scenario || !backbone) return nullptr;

  setThreads(plan.options.threads);
  auto session = std::make_unique<Session>(RunPlan{resolved.recipe, plan.options}, std::move(*data), std::move(*scenario), std::move(*backbone), device);
  session->folder = folder;
  session->model.check(issues);
  checkStream(*session, issues);
  if (leavesSomething(*session, issues)) {  // otherwise the rest would only follow from it
    for (int task = 0; task < session->tasks(); ++task)
      if (session->trainIndices(task).empty() || session->testIndices(task).empty())
        issues.push_back(error("--data", "task " + std::to_string(task + 1) + " has no training or no test images"));
    checkSteps(*session, issues);
  }
  if (!folder.empty() && !resuming) checkRoom(*session, folder, issues);
  if (hasErrors(issues)) return nullptr;
  planForecast(*session);
  return session;
}

Issues strayed(const record::RunHeader& then, const Session& session) {
  Issues issues;
  if (then.data_fingerprint != session.data.fingerprint)
    issues.push_back(error("--data", "the images of \"" + then.data + "\" are not those that the run began with", "bring the data back as they were"));
  if (then.backbone_sha256 != session.model.loaded().sha256)
    issues.push_back(error("--backbone", "the weights of \"" + then.backbone + "\" are not those that the run began with", "bring the file back as it was"));
  return issues;
}

std::unique_ptr<Session> reopened(const std::filesystem::path& folder, const record::RunHeader& header, const std::string& device,
                                  int threads, Issues& issues) {
  RunPlan plan{header.recipe, readParams<RunOptions>(header.options, "options", issues)};
  plan.options.device = device;
  if (threads > 0) plan.options.threads = threads;
  auto session = hasErrors(issues) ? nullptr : prepare(plan, folder, true, issues);
  if (session)
    for (Issue& issue : strayed(header, *session)) issues.push_back(std::move(issue));
  return hasErrors(issues) ? nullptr : std::move(session);
}

Value headerOf(const Session& session) {
  record::RunHeader header;
  header.version = programVersion();
  header.torch = torchVersion();
  header.recipe = session.plan.recipe;
  header.options = Value(valuesOf(session.plan.options));
  header.seed = session.plan.options.seed;
  header.class_order = session.scenario.class_order;
  header.class_names = session.data.class_names;
  header.data = session.plan.options.data;
  header.data_fingerprint = session.data.fingerprint;
  header.backbone = session.model.loaded().name;
  header.backbone_sha256 = session.model.loaded().sha256;
  Stream images;
  for (int task = 0; task < session.tasks(); ++task) {
    images.train.push_back(session.trainIndices(task));
    images.test.push_back(session.testIndices(task));
  }
  header.stream = realised(session.scenario, images, session.data);
  header.device = session.device.str();
  header.evaluation = evaluationProtocol(session);
  header.threads = threads();
  return record::runJson(header);
}

}  // namespace palimpsest
