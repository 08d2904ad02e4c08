// The supervisor's own stdout: frames in a bounded buffer, written without ever waiting. A reader that stalls
// fills the buffer; then nothing more is taken from the command (see pump.h), while deadlines go on. When the
// reader is gone, frames are discarded and the attempt is still supervised to its end.
#pragma once

#include <cstddef>
#include <string_view>

#include "sandbox/frames/frame.h"

namespace supervisor {

using sandbox::FrameType;

class FrameWriter {
 public:
  // `fd` becomes non-blocking.
  explicit FrameWriter(int fd);

  int fd() const { return fd_; }
  bool pending() const { return begin_ != end_; }
  std::size_t pending_bytes() const { return end_ - begin_; }

  // Is there room for a frame of the command? A part of the buffer is kept for the supervisor's own last
  // frames.
  bool has_room(std::size_t payload) const;

  // A place for up to `payload` bytes, valid until the next call; has_room(payload) must hold.
  char* place(std::size_t payload);
  // The first `payload` bytes of the place become a frame.
  void commit(FrameType type, std::size_t payload);

  // A frame of the supervisor itself, cut to what still fits.
  void frame(FrameType type, std::string_view payload);

  // Writes what the reader takes now. False when it took nothing.
  bool write_some();

 private:
  static constexpr std::size_t kCapacity = 256 * 1024;
  static constexpr std::size_t kReserve = 16 * 1024;

  void make_tail(std::size_t bytes);

  int fd_;
  bool lost_ = false;  // the reader is gone
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  char buffer_[kCapacity];
};

}  // namespace supervisor
