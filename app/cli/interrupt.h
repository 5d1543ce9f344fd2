// Ctrl-C and SIGTERM (which batch systems send): the first asks for an orderly end, a second one of the same kind ends
// the process as if nobody had listened. One object at a time, on the main thread.
#pragma once

#include <chrono>

namespace palimpsest::cli {

class Interrupt {
 public:
  Interrupt();   // starts to listen
  ~Interrupt();  // gives both signals back to the system
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const;
  // Sleeps; a signal cuts the sleep short.
  void sleep(std::chrono::milliseconds duration) const;
};

}  // namespace palimpsest::cli
