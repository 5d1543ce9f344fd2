#include "app/cli/console.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

namespace palimpsest::cli {
namespace {

constexpr std::string_view kClearLine = "\r\x1b[K";

void write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogSink(Console& console) : console_(console) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    std::string_view line(text.data(), text.size());
    while (line.ends_with('\n')) line.remove_suffix(1);
    console_.line(line);
  }
  void flush_() override {}
  Console& console_;
};

}  // namespace

Console::Console() : interactive_(isatty(STDERR_FILENO) != 0) {}

void Console::takeLog(spdlog::level::level_enum level) {
  auto sink = std::make_shared<LogSink>(*this);
  sink->set_level(level);
  sink->set_pattern("[%H:%M:%S] [%l] %v");
  auto logger = std::make_shared<spdlog::logger>("palimpsest", std::move(sink));
  logger->set_level(std::min(level, spdlog::level::info));
  spdlog::set_default_logger(std::move(logger));
}

int Console::columns() const {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void Console::line(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (!bar_.empty()) write(kClearLine);
  write(text);
  write("\n");
  if (!bar_.empty()) write(bar_);
  std::fflush(stderr);
}

void Console::bar(std::string text) {
  if (!interactive_) return;
  const std::lock_guard lock(mutex_);
  if (text == bar_) return;
  bar_ = std::move(text);
  write(kClearLine);
  write(bar_);
  std::fflush(stderr);
}

}  // namespace palimpsest::cli
