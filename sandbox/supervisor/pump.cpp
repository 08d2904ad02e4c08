#include "sandbox/supervisor/pump.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace supervisor {
namespace {

// Only our end of a pipe: O_NONBLOCK on the command's would change what its write() does.
void make_non_blocking(const io::Fd& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

// -1: nothing there now; 0: closed.
ssize_t read_now(const io::Fd& fd, char* place, std::size_t most) {
  for (;;) {
    const ssize_t count = ::read(fd.get(), place, most);
    if (count >= 0) return count;
    if (errno == EAGAIN) return -1;
    if (errno != EINTR) return 0;
  }
}

}  // namespace

void OutputPipe::open(io::Fd fd) {
  fd_ = std::move(fd);
  make_non_blocking(fd_);
}

Pumped OutputPipe::pump(FrameWriter& writer) {
  if (!fd_) return Pumped::nothing;
  if (!writer.has_room(kPiece)) return Pumped::blocked;
  const ssize_t count = read_now(fd_, writer.place(kPiece), kPiece);
  if (count == 0) fd_.reset();
  if (count <= 0) return Pumped::nothing;
  writer.commit(type_, static_cast<std::size_t>(count));
  return Pumped::some;
}

void RecordPipe::open(io::Fd fd) {
  fd_ = std::move(fd);
  make_non_blocking(fd_);
}

Pumped RecordPipe::pump(FrameWriter& writer) {
  if (!fd_ && used_ == 0) return Pumped::nothing;
  if (!send_lines(writer)) return Pumped::blocked;
  if (!fd_) return Pumped::nothing;
  const ssize_t count = read_now(fd_, buffer_ + used_, sizeof buffer_ - used_);
  if (count == 0) fd_.reset();
  if (count <= 0) return Pumped::nothing;
  used_ += static_cast<std::size_t>(count);
  if (static_cast<std::size_t>(count) < kMuch) rest_until_ = now_ms() + kRest;
  send_lines(writer);
  return Pumped::some;
}

// False when a whole line is left for want of room. After true the buffer is never full.
bool RecordPipe::send_lines(FrameWriter& writer) {
  std::size_t start = 0;
  bool blocked = false;
  while (const void* newline = std::memchr(buffer_ + start, '\n', used_ - start)) {
    const std::size_t length =
        static_cast<std::size_t>(static_cast<const char*>(newline) - (buffer_ + start));
    if (!dropping_) {
      if (!writer.has_room(length)) {
        blocked = true;
        break;
      }
      std::memcpy(writer.place(length), buffer_ + start, length);
      writer.commit(FrameType::record, length);
    }
    dropping_ = false;
    start += length + 1;
  }
  used_ -= start;
  std::memmove(buffer_, buffer_ + start, used_);
  if (!blocked) drop_long_line();
  return !blocked;
}

void RecordPipe::drop_long_line() {
  if (dropping_) {
    used_ = 0;
  } else if (used_ == sizeof buffer_) {
    dropping_ = true;
    ++dropped_;
    used_ = 0;
  }
}

void RecordPipe::finish(FrameWriter& writer) const {
  char text[160];
  if (dropped_ > 0) {
    const int length = std::snprintf(text, sizeof text, "%llu probe records of more than 64 KiB were dropped",
                                     static_cast<unsigned long long>(dropped_));
    writer.frame(FrameType::note, {text, static_cast<std::size_t>(length)});
  }
  if (used_ > 0 && !dropping_)
    writer.frame(FrameType::note, "the last probe record was not finished and was dropped");
}

}  // namespace supervisor
