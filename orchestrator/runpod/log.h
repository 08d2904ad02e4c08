// The worker's log as RunPod's console reads it: a JSON object a line on an endpoint, which it groups by job,
// and plain lines elsewhere. What the rest of the program logs goes the same way: it is a sink of spdlog. Any
// thread.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <cstdio>
#include <mutex>
#include <optional>
#include <string>

#include "orchestrator/runpod/answers.h"

namespace orchestrator::runpod {

// One line without its newline; a message of more than 4,096 bytes loses its middle. `job` may be empty.
std::string log_line(bool json, spdlog::level::level_enum level, const std::string& job,
                     const std::string& message);

// DEBUG, INFO, WARN or WARNING, ERROR, TRACE, NOTSET in any case, and Python's numbers; else nothing.
std::optional<spdlog::level::level_enum> level_named(const std::string& name);

class Log : public spdlog::sinks::base_sink<std::mutex> {
 public:
  Log(std::FILE* out, bool json) : out_(out), json_(json) {}

  void about(const TakenJob& job, spdlog::level::level_enum level, const std::string& message);
  void about(const std::string& job, spdlog::level::level_enum level, const std::string& message);

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override { std::fflush(out_); }

 private:
  void write(const std::string& line);
  std::FILE* out_;
  bool json_;
};

}  // namespace orchestrator::runpod
