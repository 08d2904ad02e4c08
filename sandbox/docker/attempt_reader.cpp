#include "sandbox/docker/attempt_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace sandbox::docker {
namespace {

constexpr std::size_t kMaxEngineWords = 4096;

using Fields = std::map<std::string, std::string>;

std::int64_t number(const Fields& fields, const std::string& key) {
  const auto found = fields.find(key);
  std::int64_t value = 0;
  if (found != fields.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  return value;
}

std::optional<std::int64_t> optional_number(const Fields& fields, const std::string& key) {
  return fields.contains(key) ? std::optional(number(fields, key)) : std::nullopt;
}

Usage usage_of(const Fields& fields) {
  Usage usage;
  if (const auto cpu = optional_number(fields, "cpu_us")) usage.cpu_ms = *cpu / 1000;
  usage.peak_memory_bytes = optional_number(fields, "peak_memory");
  if (const auto source = fields.find("peak_source"); source != fields.end())
    usage.peak_memory_source = source->second.substr(0, 64);
  return usage;
}

Refusals refusals_of(const Fields& fields) {
  const auto count = [&](const char* key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, number(fields, key)));
  };
  return {count("no_route"), count("dns_refused"), count("pids"),
          count("memory"),   count("oom_kills"),   count("tmp_full")};
}

}  // namespace

AttemptReader::AttemptReader(const io::Loop& loop, const Limits& limits, Events events,
                             ExecutionResult& result)
    : loop_(loop), limits_(limits), events_(std::move(events)), result_(result) {}

void AttemptReader::attach_bytes(int stream, std::string_view bytes) {
  if (stream == 1) {
    frame_reader_.feed(bytes);
  } else if (engine_words_.size() < kMaxEngineWords) {
    engine_words_.append(bytes.substr(0, kMaxEngineWords - engine_words_.size()));
  }
}

void AttemptReader::frame(FrameType type, std::string_view payload) {
  if (type != FrameType::result_data) finish_result();
  switch (type) {
    case FrameType::out:
      return output_frame(Stream::out, payload);
    case FrameType::err:
      return output_frame(Stream::err, payload);
    case FrameType::record:
      return events_.record(payload);
    case FrameType::started:
      command_started_ = true;
      command_started_at_ = loop_.now();
      return events_.started();
    case FrameType::start_failure: {
      auto fields = parse_fields(payload);
      result_.start_failure = StartFailure{static_cast<int>(number(fields, "errno")), fields["message"]};
      return;
    }
    case FrameType::usage: {
      const auto fields = parse_fields(payload);
      result_.usage = usage_of(fields);
      result_.refusals = refusals_of(fields);
      result_.oom_killed = result_.oom_killed || result_.refusals.oom_kills > 0;
      return;
    }
    case FrameType::note:
      result_.notes.emplace_back(payload.substr(0, 512));
      return;
    case FrameType::end:
      return end_frame(payload);
    case FrameType::result_file:
      return begin_result(payload);
    case FrameType::result_data:
      return result_data(payload);
  }
}

void AttemptReader::begin_result(std::string_view path) {
  if (path.empty() || path.size() > kMaxResultPath || ++result_files_ > kMaxResultFiles) return;
  result_path_ = path;
}

// What is beyond the bounds was not sent by a supervisor of ours.
void AttemptReader::result_data(std::string_view payload) {
  if (!result_path_) return;
  payload = payload.substr(0, std::min(kMaxResultFile - result_bytes_.size(), kMaxResultBytes - result_sum_));
  result_sum_ += payload.size();
  result_bytes_.append(payload);
}

void AttemptReader::finish_result() {
  if (!result_path_) return;
  const std::string path = *std::exchange(result_path_, std::nullopt);
  const std::string bytes = std::exchange(result_bytes_, {});
  events_.result_file(path, bytes);
}

void AttemptReader::output_frame(Stream stream, std::string_view payload) {
  auto& total = stream == Stream::out ? result_.stdout_bytes : result_.stderr_bytes;
  total += payload.size();
  const auto sum = static_cast<std::int64_t>(result_.stdout_bytes + result_.stderr_bytes);
  if (sum > limits_.output_stop_bytes) events_.too_much_output();
  const auto room = static_cast<std::uint64_t>(limits_.output_keep_bytes) - kept_output_;
  (stream == Stream::out ? result_.stdout_dropped : result_.stderr_dropped) +=
      payload.size() - std::min<std::uint64_t>(payload.size(), room);
  payload = payload.substr(0, room);
  kept_output_ += payload.size();
  if (!payload.empty()) events_.output(stream, payload);
}

void AttemptReader::end_frame(std::string_view payload) {
  auto fields = parse_fields(payload);
  ExitStatus status{static_cast<int>(number(fields, "code")), std::nullopt};
  if (const auto signal = number(fields, "signal"); signal != 0) status.signal = static_cast<int>(signal);
  result_.exit = status;
  supervisor_stop_ = fields["stop"];
  if (command_started_)
    seen_duration_ = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - command_started_at_);
}

void AttemptReader::conclude(const std::string& name, bool stop_was_sent) {
  finish_result();  // its end did not come
  result_.frames_broken = frame_reader_.broken() || (result_.exit && !ended());
  if (ended() && !result_.infrastructure) {
    if (supervisor_stop_ == "signal" && !stop_was_sent)
      result_.infrastructure = "the container of " + name + " was stopped by somebody else";
    if (!command_started_ && !result_.start_failure && !result_.stop)
      result_.infrastructure = "the supervisor of " + name + " could not do its work" +
                               (result_.notes.empty() ? "" : ": " + result_.notes.back());
  }
  if (supervisor_stop_ == "timeout" && !result_.stop) result_.stop = StopReason::timeout;
  const bool stopped = result_.stop && !result_.exit_before_stop;
  const bool explained = stopped || result_.oom_killed || result_.infrastructure;
  if (result_.frames_broken && result_.exit && !explained)
    result_.infrastructure =
        fmt::format("the container of {} ended with {} before its supervisor did{}{}", name,
                    result_.exit->code, engine_words_.empty() ? "" : ": ", engine_words_);
}

}  // namespace sandbox::docker
