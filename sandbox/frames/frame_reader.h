// Reads the supervisor's frames from a byte stream that may be split anywhere and may be hostile. Pure: no
// I/O.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sandbox/frames/frame.h"

namespace sandbox {

class FrameSink {
 public:
  virtual ~FrameSink() = default;
  // A payload is whole, except for `out`, `err` and `result_data`, which may come in pieces.
  virtual void frame(FrameType type, std::string_view payload) = 0;
};

class FrameReader {
 public:
  explicit FrameReader(FrameSink& sink) : sink_(sink) {}

  // Returns false once the stream is malformed (bad magic, unknown type, too long, a result's data
  // without its file, bytes after `end`);
  // everything after that is dropped.
  bool feed(std::string_view bytes);
  bool ended() const { return state_ == State::ended; }  // an `end` frame was seen
  bool broken() const { return state_ == State::broken; }

 private:
  enum class State { magic, header, payload, ended, broken };

  void begin_frame();
  void take_payload(std::string_view& bytes);
  void finish_frame(std::string_view payload);

  FrameSink& sink_;
  State state_ = State::magic;
  std::string partial_;  // magic, header or payload so far; never above kMaxFramePayload
  FrameType type_ = FrameType::out;
  std::uint32_t remaining_ = 0;
};

// "key=value\n" lines of a usage, start_failure or end frame; at most 64 keys, values at most 4 KiB.
std::map<std::string, std::string> parse_fields(std::string_view payload);

// Docker's attach stream when Tty is false: [stream][0 0 0][uint32 big endian length] payload. Same manner.
class AttachSink {
 public:
  virtual ~AttachSink() = default;
  virtual void attach_bytes(int stream,
                            std::string_view bytes) = 0;  // 1 stdout, 2 stderr, 3 the engine's error
};

class AttachReader {
 public:
  explicit AttachReader(AttachSink& sink) : sink_(sink) {}
  bool feed(std::string_view bytes);
  bool broken() const { return broken_; }

 private:
  void begin_chunk();

  AttachSink& sink_;
  std::string header_;
  int stream_ = 0;
  std::uint32_t remaining_ = 0;
  bool broken_ = false;
};

}  // namespace sandbox
