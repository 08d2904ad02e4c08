// Reads what comes over a container's attached stream: the engine's multiplexing, inside it the supervisor's
// frames, and puts what they say into the ExecutionResult. All of it is hostile. Owned by its Container,
// loop's thread only.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/frames/frame_reader.h"
#include "sandbox/io/loop.h"
#include "sandbox/limits.h"
#include "sandbox/outcome.h"
#include "sandbox/sandbox.h"

namespace sandbox::docker {

class AttemptReader : AttachSink, FrameSink {
 public:
  // Told from within feed(). All must be set.
  struct Events {
    std::function<void()> started;
    std::function<void(Stream, std::string_view)> output;  // no more than is to be kept
    std::function<void(std::string_view)> record;
    std::function<void(std::string_view path, std::string_view bytes)> result_file;
    std::function<void()> too_much_output;  // with each piece past the limit
  };

  // `result` outlives the reader.
  AttemptReader(const io::Loop& loop, const Limits& limits, Events events, ExecutionResult& result);

  void feed(std::string_view bytes) { attach_reader_.feed(bytes); }

  bool ended() const { return frame_reader_.ended(); }  // the supervisor has told the end
  // The supervisor stopped the command: at its deadline, or because of a TERM.
  bool was_stopped() const { return !supervisor_stop_.empty(); }
  // From the start of the command to its end, as they were seen here.
  std::chrono::milliseconds seen_duration() const { return seen_duration_; }

  // Nothing more will be fed: says in the result what the frames mean for the end. Frames that stop without
  // an end mean that somebody killed the supervisor: we (a KILL after the grace), the kernel (out of memory)
  // or a stranger, which is no evidence about the test. `name` is the container's for people.
  void conclude(const std::string& name, bool stop_was_sent);

 private:
  void attach_bytes(int stream, std::string_view bytes) override;
  void frame(FrameType type, std::string_view payload) override;
  void output_frame(Stream stream, std::string_view payload);
  void end_frame(std::string_view payload);
  void begin_result(std::string_view path);
  void result_data(std::string_view payload);
  void finish_result();

  const io::Loop& loop_;
  const Limits limits_;
  Events events_;
  ExecutionResult& result_;
  AttachReader attach_reader_{*this};
  FrameReader frame_reader_{*this};
  std::string engine_words_;  // the container's own stderr: of the runtime or of a broken supervisor
  bool command_started_ = false;
  io::TimePoint command_started_at_{};
  std::chrono::milliseconds seen_duration_{0};
  std::string supervisor_stop_;  // why the supervisor itself stopped the command
  std::uint64_t kept_output_ = 0;

  std::optional<std::string> result_path_;  // of the result file that is being received
  std::string result_bytes_;
  std::size_t result_files_ = 0, result_sum_ = 0;
};

}  // namespace sandbox::docker
