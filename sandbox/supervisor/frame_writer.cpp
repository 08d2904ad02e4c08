#include "sandbox/supervisor/frame_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace supervisor {

using sandbox::kFrameHeader;

FrameWriter::FrameWriter(int fd) : fd_(fd) {
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
  std::memcpy(buffer_, sandbox::kFrameMagic, sizeof sandbox::kFrameMagic);
  end_ = sizeof sandbox::kFrameMagic;
}

bool FrameWriter::has_room(std::size_t payload) const {
  return pending_bytes() + kFrameHeader + payload + kReserve <= kCapacity;
}

void FrameWriter::make_tail(std::size_t bytes) {
  if (end_ + bytes <= kCapacity) return;
  std::memmove(buffer_, buffer_ + begin_, pending_bytes());
  end_ -= begin_;
  begin_ = 0;
}

char* FrameWriter::place(std::size_t payload) {
  make_tail(kFrameHeader + payload);
  return buffer_ + end_ + kFrameHeader;
}

void FrameWriter::commit(FrameType type, std::size_t payload) {
  if (lost_) return;
  buffer_[end_] = static_cast<char>(type);
  for (int i = 0; i < 4; ++i) buffer_[end_ + 1 + i] = static_cast<char>(payload >> (8 * i) & 0xff);
  end_ += kFrameHeader + payload;
}

void FrameWriter::frame(FrameType type, std::string_view payload) {
  if (pending_bytes() + kFrameHeader > kCapacity) return;
  const std::size_t length = std::min(payload.size(), kCapacity - pending_bytes() - kFrameHeader);
  std::memcpy(place(length), payload.data(), length);
  commit(type, length);
}

bool FrameWriter::write_some() {
  bool wrote = false;
  while (pending()) {
    const ssize_t count = ::write(fd_, buffer_ + begin_, pending_bytes());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return wrote;
    if (count <= 0) lost_ = true;
    begin_ = lost_ ? end_ : begin_ + static_cast<std::size_t>(count);
    wrote = true;
  }
  begin_ = end_ = 0;
  return wrote;
}

}  // namespace supervisor
