// Brings spdlog's lines into the window's log. The logger's name is the run.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <memory>
#include <mutex>

#include "widgets/models/log.h"

namespace palimpsest {

class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogSink(std::shared_ptr<LogInbox> inbox) : inbox_(std::move(inbox)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  std::shared_ptr<LogInbox> inbox_;
};

}  // namespace palimpsest
