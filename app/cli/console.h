// What is shown on standard error while something is going on: lines of text and, on a terminal, one bar below them
// that is redrawn in place. Lines from the log and from the program never tear the bar apart.
#pragma once

#include <spdlog/common.h>

#include <mutex>
#include <string>
#include <string_view>

namespace palimpsest::cli {

class Console {
 public:
  Console();  // looks whether standard error is a terminal
  // Sends the program's log through line(), from `level` on; call before the first message.
  void takeLog(spdlog::level::level_enum level);
  bool interactive() const { return interactive_; }
  int columns() const;               // of the terminal now; 80 when it does not say
  void line(std::string_view text);  // any thread; the newline is added
  void bar(std::string text);        // any thread; empty takes the bar away; ignored when not interactive

 private:
  const bool interactive_;
  std::mutex mutex_;  // guards below and the stream
  std::string bar_;
};

}  // namespace palimpsest::cli
