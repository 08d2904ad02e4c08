// Carries what the command writes into frames, as far as the frame writer has room: no room, no reading, and
// the command waits in its own write() like before any full pipe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sandbox/io/fd.h"
#include "sandbox/supervisor/clock.h"
#include "sandbox/supervisor/frame_writer.h"

namespace supervisor {

enum class Pumped {
  some,     // bytes moved; there may be more
  nothing,  // the pipe is empty or closed
  blocked,  // the frame writer has no room
};

// One output of the command.
class OutputPipe {
 public:
  explicit OutputPipe(FrameType type) : type_(type) {}

  void open(io::Fd fd);
  // The descriptor to wait for; -1 when there is nothing to wait for.
  int wanted(const FrameWriter& writer) const { return writer.has_room(kPiece) ? fd_.get() : -1; }
  Pumped pump(FrameWriter& writer);

 private:
  static constexpr std::size_t kPiece = 32 * 1024;

  FrameType type_;
  io::Fd fd_;
};

// The records of a probe: lines on a pipe that the command inherits. Who waits for a pipe is woken by each
// write, and that costs the writer, a test, more than the write: after some lines there is a rest in which
// nobody waits.
class RecordPipe {
 public:
  void open(io::Fd fd);
  int wanted(const FrameWriter& writer) const {
    return !resting() && writer.has_room(sandbox::kMaxFramePayload) ? fd_.get() : -1;
  }
  // The end of the rest, by now_ms(); INT64_MAX when there is none.
  std::int64_t rest_ends() const { return resting() ? rest_until_ : INT64_MAX; }
  // Reads also while it rests.
  Pumped pump(FrameWriter& writer);

  // Says in a note what was lost; after the last pump.
  void finish(FrameWriter& writer) const;

 private:
  static constexpr std::int64_t kRest = 10;  // ms
  // So much at once, and there is no rest: the pipe fills.
  static constexpr std::size_t kMuch = sandbox::kMaxFramePayload / 2;

  bool resting() const { return fd_ && now_ms() < rest_until_; }
  bool send_lines(FrameWriter& writer);
  void drop_long_line();

  io::Fd fd_;
  std::int64_t rest_until_ = 0;
  std::size_t used_ = 0;
  bool dropping_ = false;                       // inside of a record that is too long
  std::uint64_t dropped_ = 0;                   // records that were too long
  char buffer_[sandbox::kMaxFramePayload + 1];  // the longest record and its newline
};

}  // namespace supervisor
