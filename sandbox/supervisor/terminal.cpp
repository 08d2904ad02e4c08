#include "sandbox/supervisor/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "sandbox/frames/typing.h"

namespace supervisor {
namespace {

std::uint32_t frame_number(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = bytes.size(); i > 0; --i)
    number = number << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return number;
}

}  // namespace

int Terminal::open(unsigned short rows, unsigned short columns) {
  io::Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  char name[64];
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
      ::ptsname_r(master.get(), name, sizeof name) != 0)
    return errno;
  command_end_ = io::Fd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!command_end_) return errno;
  if (::fcntl(master.get(), F_SETFL, O_RDWR | O_NONBLOCK) != 0) return errno;
  master_ = std::move(master);
  resize(rows, columns);
  return 0;
}

io::Fd Terminal::reading_end() const { return io::Fd(::fcntl(master_.get(), F_DUPFD_CLOEXEC, 3)); }

void Terminal::resize(unsigned short rows, unsigned short columns) {
  const winsize size{rows, columns, 0, 0};
  ::ioctl(master_.get(), TIOCSWINSZ, &size);
}

void Terminal::feed(std::string_view bytes) {
  pieces_.append(bytes);
  while (take_piece()) {
  }
}

// False when more bytes are needed.
bool Terminal::take_piece() {
  using sandbox::kTypingHeader;
  const std::string_view all = pieces_;
  if (all.size() < kTypingHeader) return false;
  const std::size_t length = frame_number(all.substr(1, 4));
  if (all.size() < kTypingHeader + length) return false;
  const std::string_view payload = all.substr(kTypingHeader, length);
  const auto type = static_cast<sandbox::TypingType>(all[0]);
  if (type == sandbox::TypingType::keys) keys_.append(payload);
  if (type == sandbox::TypingType::size && length == 4)
    resize(static_cast<unsigned short>(frame_number(payload.substr(0, 2))),
           static_cast<unsigned short>(frame_number(payload.substr(2, 2))));
  pieces_.erase(0, kTypingHeader + length);
  return true;
}

void Terminal::write_some() {
  while (!keys_.empty()) {
    const ssize_t count = ::write(master_.get(), keys_.data(), keys_.size());
    if (count < 0 && errno == EINTR) continue;
    // Nobody sits there any more: what was typed is for nobody.
    if (count < 0 && errno != EAGAIN) keys_.clear();
    if (count <= 0) return;
    keys_.erase(0, static_cast<std::size_t>(count));
  }
}

bool sit_at(int command_end) {
  return ::ioctl(command_end, TIOCSCTTY, 0) == 0 && ::dup2(command_end, STDIN_FILENO) >= 0 &&
         ::dup2(command_end, STDOUT_FILENO) >= 0 && ::dup2(command_end, STDERR_FILENO) >= 0;
}

}  // namespace supervisor
