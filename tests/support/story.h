// Events as text, for tests: events("start 2; task 0; steps 10; eval 0 0 90/100; endtask 0; end done").
//   start TASKS            task K               steps N             loss VALUE (one step)
//   probe ON HITS/COUNT    eval AFTER ON HITS/COUNT                 endtask K          prompts COUNT,COUNT,...
//   checkpoint             resume (at the last checkpoint)          pause              continue
//   issue SEVERITY PATH    fail CODE            end STATE           wait SECONDS       progress FRACTION
#pragma once

#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/protocol/event.h"

namespace palimpsest::test {

class Story {
 public:
  Story& tell(const std::string& text) {
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ';');) {
      std::istringstream words(part);
      if (std::string verb; words >> verb) one(verb, words);
    }
    return *this;
  }
  const std::vector<Event>& events() const { return events_; }
  std::uint64_t nextSeq() const { return seq_; }

 private:
  void say(Payload what, std::int64_t after_us = 1000) {
    at_us_ += after_us;
    events_.push_back({seq_++, at_us_, std::move(what)});
  }
  void step(double loss) {
    StepMeasured e;
    e.task = task_;
    e.global_step = step_++;
    e.loss = loss;
    e.hits = 12;
    e.count = 16;
    say(e, 10000);
  }
  static std::pair<int, int> counts(std::istream& words) {
    int hits = 0, count = 0;
    char slash = 0;
    words >> hits >> slash >> count;
    return {hits, count};
  }
  void one(const std::string& verb, std::istream& words);

  std::vector<Event> events_;
  std::uint64_t seq_ = 0, checkpoint_seq_ = 0;
  std::int64_t at_us_ = 1'700'000'000'000'000, step_ = 0, checkpoint_step_ = 0;
  int task_ = 0, checkpoint_task_ = 0;
};

inline void Story::one(const std::string& verb, std::istream& words) {
  if (verb == "start") {
    RunStarted e;
    e.recipe = "l2p";
    e.title = "Learning to Prompt";
    words >> e.tasks;
    for (int i = 0; i < 2 * e.tasks; ++i) e.class_names.push_back("class " + std::to_string(i));
    say(e);
  } else if (verb == "task") {
    TaskStarted e;
    words >> e.task;
    task_ = e.task;
    e.classes = {2 * e.task, 2 * e.task + 1};
    say(e);
  } else if (verb == "steps") {
    int n = 0;
    words >> n;
    for (int i = 0; i < n; ++i) step(1.0 / double(1 + step_));
  } else if (verb == "loss") {
    std::string value;
    words >> value;
    step(value == "nan" ? std::numeric_limits<double>::quiet_NaN() : std::stod(value));
  } else if (verb == "probe") {
    Probed e;
    words >> e.on_task;
    std::tie(e.hits, e.count) = counts(words);
    e.task = task_;
    e.global_step = step_;
    say(e);
  } else if (verb == "eval") {
    Evaluated e;
    words >> e.after_task >> e.on_task;
    std::tie(e.hits, e.count) = counts(words);
    e.global_step = step_;
    say(e);
  } else if (verb == "endtask") {
    TaskEnded e;
    words >> e.task;
    e.global_step = step_;
    say(e);
  } else if (verb == "prompts") {
    PromptUse e;
    e.task = e.on_task = task_;
    e.global_step = step_;
    for (std::int64_t n = 0; words >> n; words.ignore()) e.asked.push_back(n);
    e.applied = e.asked;
    say(e);
  } else if (verb == "checkpoint") {
    CheckpointSaved e;
    e.task = checkpoint_task_ = task_;
    e.global_step = checkpoint_step_ = step_;
    say(e);
    checkpoint_seq_ = seq_;
  } else if (verb == "resume") {
    step_ = checkpoint_step_;
    task_ = checkpoint_task_;
    RunResumed e;
    e.from_seq = static_cast<std::int64_t>(checkpoint_seq_);
    e.global_step = step_;
    e.task = task_;
    say(e);
  } else if (verb == "pause") {
    say(RunPaused{"training"});
  } else if (verb == "continue") {
    say(RunContinued{});
  } else if (verb == "issue") {
    IssueRaised e;
    words >> e.severity >> e.path;
    e.message = "something about " + e.path;
    say(e);
  } else if (verb == "fail") {
    RunFailed e;
    words >> e.code;
    e.message = "It failed.";
    say(e);
  } else if (verb == "end") {
    RunEnded e;
    words >> e.state;
    say(e);
  } else if (verb == "wait") {
    double seconds = 0;
    words >> seconds;
    at_us_ += static_cast<std::int64_t>(seconds * 1e6);
  } else if (verb == "progress") {
    Progress e;
    words >> e.fraction;
    e.task = task_;
    say(e);
  } else {
    throw std::invalid_argument("no such verb in a story: " + verb);
  }
}

inline std::vector<Event> events(const std::string& text) { return Story().tell(text).events(); }

}  // namespace palimpsest::test
