#include "widgets/models/prediction_loader.h"

#include <algorithm>

namespace palimpsest {

namespace {
constexpr int kTellMs = 50;
constexpr int kAtOnce = 4;  // taken in one turn: each costs about a millisecond for 100,000 images
constexpr int kAhead = 3;  // blobs on their way at a time: the store must not push out what has not been taken yet

std::vector<int> intsOf(const Blob::Tensor& tensor) {
  return {tensor.integers.begin(), tensor.integers.end()};
}
}  // namespace

PredictionLoader::PredictionLoader(BlobStore& blobs, QObject* parent) : QObject(parent), blobs_(blobs) {
  tell_.setSingleShot(true);
  tell_.setInterval(kTellMs);
  connect(&tell_, &QTimer::timeout, this, &PredictionLoader::changed);
  connect(&blobs_, &BlobStore::loaded, this, &PredictionLoader::update);
}

void PredictionLoader::setRun(RunData* run) {
  if (run == run_) return;
  if (run_) run_->disconnect(this);
  run_ = run;
  history_ = std::make_shared<PredictionHistory>();
  taken_.clear();
  problem_.clear();
  if (run) {
    connect(run, &RunData::changed, this, &PredictionLoader::update);
    connect(run, &QObject::destroyed, this, [this] {
      run_ = nullptr;
      history_ = std::make_shared<PredictionHistory>();
      taken_.clear();
      Q_EMIT changed();
    });
  }
  Q_EMIT changed();
  update();
}

std::map<int, std::string> PredictionLoader::wanted() const {
  std::map<int, std::string> out;
  if (!run_ || run_->source().empty()) return out;
  const int tasks = std::max(run_->start().tasks, run_->lastEndedTask() + 1);
  for (int task = 0; task < tasks; ++task)
    if (std::string name = run_->predictionsAfter(task); !name.empty()) out.emplace(task, std::move(name));
  return out;
}

bool PredictionLoader::loading() const { return wanted().size() > taken_.size(); }

QString PredictionLoader::emptyText() const {
  if (!run_) return tr("No run is in focus. Choose one in the list of runs.");
  if (loading()) return tr("Reading the predictions of %1…").arg(run_->title());
  if (!problem_.isEmpty()) return tr("The predictions could not be read: %1").arg(problem_);
  if (run_->lastEndedTask() >= 0) return tr("%1 was recorded without its predictions. Runs of this version keep them under blobs/.").arg(run_->title());
  return tr("The first predictions come when task 1 has been evaluated.");
}

void PredictionLoader::update() {
  if (!run_) return;
  const auto files = wanted();
  bool lost = false;
  for (auto at = taken_.begin(); at != taken_.end();) {
    const auto still = files.find(at->first);
    if (still != files.end() && still->second == at->second) {
      ++at;
      continue;
    }
    blobs_.forget(run_->blob(at->second));  // the task is done again: the file will be another one
    if (history_.use_count() > 1) history_ = std::make_shared<PredictionHistory>(*history_);
    history_->remove(at->first);
    at = taken_.erase(at);
    lost = true;
  }
  int ahead = 0, taken = 0;
  for (const auto& [task, name] : files) {
    if (taken_.contains(task)) continue;
    if (const auto blob = blobs_.get(run_->blob(name))) {
      take(task, *blob);
      taken_[task] = name;
      lost = true;
      if (++taken < kAtOnce) continue;
      QTimer::singleShot(0, this, &PredictionLoader::update);
      break;
    } else if (++ahead >= kAhead) {
      break;
    }
  }
  if (lost && !tell_.isActive()) tell_.start();
}

void PredictionLoader::take(int task, const Blob& blob) {
  const Blob::Tensor *sample = blob.find("sample"), *label = blob.find("label"), *prediction = blob.find("prediction");
  if (!blob.problem.isEmpty() || !sample || !label || !prediction) {
    problem_ = blob.problem.isEmpty() ? tr("the file of task %1 holds no predictions").arg(task + 1) : blob.problem;
    return;
  }
  if (history_.use_count() > 1) history_ = std::make_shared<PredictionHistory>(*history_);
  if (!history_->add(task, {sample->integers, intsOf(*label), intsOf(*prediction)})) problem_ = tr("the file of task %1 does not fit the others").arg(task + 1);
}

QString classNameOf(const RunData* run, int cls) {
  if (cls < 0) return PredictionLoader::tr("none");
  if (run && std::size_t(cls) < run->start().class_names.size()) return QString::fromStdString(run->start().class_names[std::size_t(cls)]);
  return PredictionLoader::tr("class %1").arg(cls);
}

}  // namespace palimpsest
