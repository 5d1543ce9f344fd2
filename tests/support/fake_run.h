// A scripted engine: the events of a small run, from a thread, at a settled pace, obeying commands between steps and
// between evaluation batches as the real one does. It can record into a folder, fail, refuse, and be slow to stop.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "app/engine_api.h"
#include "engine/record/run_folder.h"

namespace palimpsest {

struct FakeScript {
  int tasks = 3, steps = 20, batches = 4;    // steps of a task, batches of an evaluation
  std::chrono::microseconds pace{1000};      // between two steps or batches
  std::chrono::milliseconds checkpoint{0};   // what saving one takes
  int fail_at = -1;                          // step of the run
  bool refuse = false;
  bool record = true;                        // into the folder; resuming needs it
  double keep = 0.9;                         // part of the accuracy that survives one later task
};

class FakeRun final : public Run {
 public:
  FakeRun(FakeScript script, RunPlan plan, std::filesystem::path folder, std::vector<Sink*> sinks, bool resume);
  ~FakeRun() override;
  void post(Command command) override { mailbox_.post(command); }
  bool finished() const override { return finished_; }
  RunOutcome wait() override;

 private:
  void work();
  void begin();
  void task(int task);
  void train(int task);
  void evaluate(int task);
  void obey(const std::string& at);  // between steps; throws Stopped
  void checkpoint(int task);
  void say(Payload what);
  void sleep() const { std::this_thread::sleep_for(script_.pace); }

  const FakeScript script_;
  const RunPlan plan_;
  const std::filesystem::path folder_;
  const std::vector<Sink*> sinks_;
  const bool resume_;
  std::unique_ptr<record::Writer> writer_;
  Mailbox mailbox_;
  std::uint64_t seq_ = 0;
  int step_ = 0;
  bool single_ = false;
  RunOutcome outcome_;
  std::atomic<bool> finished_ = false;
  std::thread thread_;
};

// An EngineApi over FakeRun. `scripts` by recipe name; what is not listed gets `script`.
struct FakeEngine {
  FakeScript script;
  std::map<std::string, FakeScript> scripts;
  std::atomic<int> started = 0, resumed = 0, alive = 0, most_alive = 0;
  std::filesystem::path resources;
  Inspectors inspectors;
  EngineApi api();
  static const std::vector<PartInfo>& parts();
  static Value recipe(const std::string& name);  // BadInput when it is not one of names()
  static std::vector<std::string> names();
};

}  // namespace palimpsest
