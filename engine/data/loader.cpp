// Workers take whole batches; the ones in flight sit in a ring, so that they leave in order whoever finishes first.
#include "engine/data/loader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "engine/protocol/error.h"

namespace palimpsest {

struct Loader::State {
  // Constant after construction.
  Plan plan;
  Transform transform;
  std::int64_t last = 0;  // one past the last batch

  // The caller's thread only.
  std::int64_t wanted = 0;
  double waited = 0;

  std::mutex mutex;  // guards what follows
  std::condition_variable room, ready;
  std::int64_t taken = 0;  // next batch that a worker may start
  std::int64_t limit = 0;  // one past the last that may be started now
  bool stop = false;
  struct Outcome {
    Batch batch;
    std::exception_ptr failure;
  };
  std::map<std::int64_t, Outcome> done;
  std::vector<std::thread> workers;
  std::atomic<bool> cancelled{false};  // read between images, without the lock

  State(Plan given, const Transform& how) : plan(std::move(given)), transform(how) {}

  Outcome make(std::int64_t number) {
    Outcome out;
    try {
      fill(number, out.batch);
    } catch (...) {
      out.failure = std::current_exception();
    }
    return out;
  }

  void fill(std::int64_t number, Batch& batch) {
    const std::int64_t first = number * plan.batch;
    const auto count =
        static_cast<int>(std::min<std::int64_t>(plan.batch, static_cast<std::int64_t>(plan.order.size()) - first));
    const std::size_t values = std::size_t{3} * transform.spec().side * transform.spec().side;
    batch.count = count;
    batch.pixels.resize(values * count);
    batch.labels.resize(count);
    batch.indices.assign(plan.order.begin() + first, plan.order.begin() + first + count);
    for (int i = 0; i < count && !cancelled; ++i) {
      const std::int64_t index = batch.indices[i];
      Rng rng = rngOf(plan.seed, Purpose::Augmentation, plan.epoch_key, index);
      transform(plan.split->image(index), rng, &batch.pixels[values * i]);
      batch.labels[i] = plan.split->label(index);
    }
  }

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      room.wait(lock, [&] { return stop || (taken < limit && taken < last); });
      if (stop) return;
      const std::int64_t mine = taken++;
      lock.unlock();
      Outcome outcome = make(mine);
      lock.lock();
      done.emplace(mine, std::move(outcome));
      ready.notify_one();
    }
  }
};

Loader::Loader(Plan plan, const Transform& transform) : state_(std::make_unique<State>(std::move(plan), transform)) {
  State& s = *state_;
  PALIMPSEST_EXPECT(s.plan.split != nullptr && s.plan.batch >= 1 && s.plan.first_batch >= 0 && s.plan.threads >= 0,
                    "[loader] the plan makes no sense");
  for (const std::int64_t index : s.plan.order)
    PALIMPSEST_EXPECT(index >= 0 && index < s.plan.split->size(), "[loader] an index lies outside the split");
  s.plan.ahead = std::max(s.plan.ahead, 1);
  s.last = batches();
  s.wanted = s.taken = s.plan.first_batch;
  s.limit = s.wanted + s.plan.ahead;
  const std::int64_t useful = std::max<std::int64_t>(0, s.last - s.wanted);
  try {
    for (int i = 0; i < std::min<std::int64_t>(s.plan.threads, useful); ++i) s.workers.emplace_back([&s] { s.work(); });
  } catch (const std::system_error&) {
    // The system gives no more threads: those there are do the work, or the caller when there is none.
  }
}

Loader::~Loader() {
  State& s = *state_;
  s.cancelled = true;
  {
    const std::lock_guard lock(s.mutex);
    s.stop = true;
  }
  s.room.notify_all();
  for (std::thread& worker : s.workers) worker.join();
}

std::int64_t Loader::batches() const {
  const auto size = static_cast<std::int64_t>(state_->plan.order.size());
  return (size + state_->plan.batch - 1) / state_->plan.batch;
}

bool Loader::next(Batch& batch) {
  State& s = *state_;
  if (s.wanted >= s.last) return false;
  const auto since = std::chrono::steady_clock::now();
  State::Outcome outcome;
  if (s.workers.empty()) {
    outcome = s.make(s.wanted);
  } else {
    std::unique_lock lock(s.mutex);
    s.ready.wait(lock, [&] { return s.done.contains(s.wanted); });
    outcome = std::move(s.done.extract(s.wanted).mapped());
    ++s.limit;
    lock.unlock();
    s.room.notify_one();
  }
  s.waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
  ++s.wanted;
  if (outcome.failure) {
    s.wanted = s.last;  // an epoch with a hole is no epoch
    std::rethrow_exception(outcome.failure);
  }
  batch = std::move(outcome.batch);
  return true;
}

double Loader::secondsWaited() const { return state_->waited; }

}  // namespace palimpsest
