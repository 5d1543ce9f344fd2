#include "app/engine_session.h"

#include <QDateTime>

#include "engine/protocol/error.h"

namespace palimpsest {

namespace {
constexpr int kLastEventsMs = 3000;  // longest wait for the end of the stream after the run's thread has gone
}  // namespace

EngineSession::EngineSession(const EngineApi& api, RunData& data, QObject* parent)
    : QObject(parent), api_(api), data_(data) {
  last_events_.setSingleShot(true);
  last_events_.setInterval(kLastEventsMs);
  connect(&last_events_, &QTimer::timeout, this, &EngineSession::finish);
}

EngineSession::~EngineSession() {
  if (keeper_.joinable()) {
    stop();
    keeper_.join();
  }
  feed_.reset();  // before the tail that it reads
}

void EngineSession::start(RunPlan plan, std::filesystem::path folder) {
  launch(folder, [this, plan = std::move(plan), folder] { return api_.start(plan, folder, {&tail_, &counter_}); });
}

void EngineSession::resume(std::filesystem::path folder) {
  launch(folder, [this, folder] { return api_.resume(folder, {&tail_, &counter_}); });
}

void EngineSession::launch(std::filesystem::path folder, Begin begin) {
  data_.reset();
  data_.folder = folder;
  feed_ = std::make_unique<LiveFeed>(tail_, std::move(folder));
  connect(feed_.get(), &RunFeed::rewound, &data_, &RunData::reset);
  connect(feed_.get(), &RunFeed::batch, &data_, [this](const std::vector<Event>& events) {
    data_.apply(events);
    shown_ = static_cast<std::int64_t>(events.back().seq);
    if (last_events_.isActive() && shown_ >= counter_.said) finish();
  });
  under_way_ = true;
  keeper_ = std::thread([this, begin = std::move(begin)] { keep(begin); });
}

void EngineSession::keep(const Begin& begin) {
  RunOutcome outcome;
  try {
    std::unique_ptr<Run> run = begin();
    {
      const std::lock_guard lock(mutex_);
      run_ = run.get();
      for (const Command& command : waiting_) run_->post(command);
      waiting_.clear();
    }
    const ForgetAtExit forget{*this};  // before the run goes, whatever happens
    outcome = run->wait();
  } catch (const BadInput& refused) {
    outcome.state = "refused";
    outcome.issues = refused.issues;
  } catch (const Error& failed) {
    outcome = {"failed", {}, failed.code, failed.what(), failed.hint};
  } catch (const std::exception& failed) {
    outcome = {"failed", {}, "engine", failed.what(), {}};
  }
  QMetaObject::invokeMethod(this, [this, outcome] { returned(outcome); }, Qt::QueuedConnection);
}

EngineSession::ForgetAtExit::~ForgetAtExit() {
  const std::lock_guard lock(session.mutex_);
  session.run_ = nullptr;
}

void EngineSession::post(Command command) {
  const std::lock_guard lock(mutex_);
  if (run_) run_->post(command);
  else waiting_.push_back(command);
}

void EngineSession::returned(const RunOutcome& outcome) {
  outcome_ = outcome;
  keeper_.join();  // it has nothing left to do
  if (shown_ >= counter_.said) finish();
  else last_events_.start();
}

// An engine that could not even begin has said nothing: its end is told here, so that the run does not seem to go on.
void EngineSession::endItself() {
  std::vector<Event> end;
  const auto say = [&](Payload what) {
    end.push_back({static_cast<std::uint64_t>(++shown_), QDateTime::currentMSecsSinceEpoch() * 1000, std::move(what)});
  };
  for (const Issue& issue : outcome_.issues)
    say(IssueRaised{issue.severity == Severity::Error ? "error" : "warning", issue.path, issue.message, issue.hint});
  if (outcome_.state == "failed") say(RunFailed{outcome_.code, outcome_.message, outcome_.hint});
  say(RunEnded{outcome_.state, 0});
  data_.apply(end);
}

void EngineSession::finish() {
  last_events_.stop();
  if (!counter_.ended) endItself();
  under_way_ = false;
  Q_EMIT ended(outcome_);
}

}  // namespace palimpsest
