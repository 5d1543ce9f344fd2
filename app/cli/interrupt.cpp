#include "app/cli/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>

namespace palimpsest::cli {
namespace {

// A signal handler can reach nothing but globals. The pipe wakes sleep() without a race: a signal that comes before
// poll() leaves its byte there.
std::atomic<bool> requested_flag{false};
std::array<int, 2> wake{-1, -1};
static_assert(std::atomic<bool>::is_always_lock_free);

void onSignal(int) {
  requested_flag = true;
  const char byte = 0;
  [[maybe_unused]] const auto written = write(wake[1], &byte, 1);
}

}  // namespace

Interrupt::Interrupt() {
  requested_flag = false;
  if (pipe2(wake.data(), O_CLOEXEC | O_NONBLOCK) != 0) wake = {-1, -1};
  struct sigaction action {};
  action.sa_handler = onSignal;
  action.sa_flags = SA_RESETHAND | SA_RESTART;  // so the second one kills
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

Interrupt::~Interrupt() {
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  for (int& end : wake) {
    if (end >= 0) close(end);
    end = -1;
  }
}

bool Interrupt::requested() const { return requested_flag; }

void Interrupt::sleep(std::chrono::milliseconds duration) const {
  pollfd wakeup{wake[0], POLLIN, 0};
  poll(&wakeup, 1, static_cast<int>(duration.count()));
  char bytes[8];
  while (wake[0] >= 0 && read(wake[0], bytes, sizeof bytes) > 0) {
  }
}

}  // namespace palimpsest::cli
