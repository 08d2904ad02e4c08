#include "orchestrator/runpod/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "orchestrator/report/report.h"
#include "sandbox/io/json_text.h"

namespace orchestrator::runpod {
namespace {

using spdlog::level::level_enum;

constexpr std::size_t kLongest = 4'096;

const char* name_of(level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return "TRACE";
    case spdlog::level::debug:
      return "DEBUG";
    case spdlog::level::info:
      return "INFO";
    case spdlog::level::warn:
      return "WARN";
    default:
      return "ERROR";
  }
}

std::string without_middle(const std::string& text) {
  if (text.size() <= kLongest) return text;
  constexpr std::string_view kMark = "\n...TRUNCATED...\n";
  const std::size_t half = (kLongest - kMark.size()) / 2;
  return text.substr(0, half) + std::string(kMark) + text.substr(text.size() - half);
}

}  // namespace

std::string log_line(bool json, level_enum level, const std::string& job, const std::string& message) {
  const std::string text = without_middle(message);
  if (json) {
    const nlohmann::ordered_json line = {
        {"requestId", job.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(job)},
        {"message", text},
        {"level", name_of(level)}};
    return io::json_text(line);
  }
  std::string plain = for_terminal(text);
  std::replace(plain.begin(), plain.end(), '\n', ' ');
  return fmt::format("{:<6} | {}{}", name_of(level), job.empty() ? "" : job + " | ", plain);
}

std::optional<level_enum> level_named(const std::string& name) {
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  if (upper == "NOTSET" || upper == "TRACE" || upper == "0") return spdlog::level::trace;
  if (upper == "DEBUG" || upper == "10" || upper == "1") return spdlog::level::debug;
  if (upper == "INFO" || upper == "20" || upper == "2") return spdlog::level::info;
  if (upper == "WARN" || upper == "WARNING" || upper == "30" || upper == "3") return spdlog::level::warn;
  if (upper == "ERROR" || upper == "CRITICAL" || upper == "40" || upper == "50" || upper == "4")
    return spdlog::level::err;
  return std::nullopt;
}

void Log::about(const TakenJob& job, level_enum level, const std::string& message) {
  about(job.id, level, job.batch.empty() ? message : fmt::format("[batchId={}] {}", job.batch, message));
}

void Log::about(const std::string& job, level_enum level, const std::string& message) {
  if (!should_log(level)) return;
  const std::string line = log_line(json_, level, job, message);
  const std::lock_guard lock(mutex_);
  write(line);
}

void Log::sink_it_(const spdlog::details::log_msg& message) {
  write(log_line(json_, message.level, "", std::string(message.payload.data(), message.payload.size())));
}

void Log::write(const std::string& line) {
  const std::string whole = line + "\n";
  std::fwrite(whole.data(), 1, whole.size(), out_);
  std::fflush(out_);
}

}  // namespace orchestrator::runpod
