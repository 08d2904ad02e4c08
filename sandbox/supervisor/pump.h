// Carries what the command writes into frames, as far as the frame writer has room: no room, no reading, and
// the command waits in its own write() like before any full pipe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sandbox/io/fd.h"
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

// The records of a probe: lines on a pipe that the command inherits.
class RecordPipe {
 public:
  void open(io::Fd fd);
  int wanted(const FrameWriter& writer) const {
    return writer.has_room(sandbox::kMaxFramePayload) ? fd_.get() : -1;
  }
  Pumped pump(FrameWriter& writer);

  // Says in a note what was lost; after the last pump.
  void finish(FrameWriter& writer) const;

 private:
  bool send_lines(FrameWriter& writer);
  void drop_long_line();

  io::Fd fd_;
  std::size_t used_ = 0;
  bool dropping_ = false;                       // inside of a record that is too long
  std::uint64_t dropped_ = 0;                   // records that were too long
  char buffer_[sandbox::kMaxFramePayload + 1];  // the longest record and its newline
};

}  // namespace supervisor
