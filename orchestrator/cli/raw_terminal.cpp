#include "orchestrator/cli/raw_terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

constexpr std::size_t kMostPending = 256 * 1024;
constexpr int kPatience = 200;  // ms between two looks at the signals

bool asked_to_end() {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
         sigismember(&pending, SIGHUP) == 1;
}

}  // namespace

void RawTerminal::check() {
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
    throw io::RequestError("--shell needs a terminal: stdin and stdout must both be one");
}

RawTerminal::RawTerminal() {
  constexpr int kFlags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  fd_ = io::Fd(::open("/proc/self/fd/0", kFlags));
  // Of another user's (after su): then as it is.
  if (!fd_) fd_ = io::Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!fd_ || tcgetattr(fd_.get(), &before_) != 0) throw io::system_failure("the terminal cannot be used");
}

RawTerminal::~RawTerminal() { put_back(); }

void RawTerminal::make_raw() {
  termios mode = before_;
  cfmakeraw(&mode);
  if (!rescue_) rescue_.emplace(fd_.get(), before_);
  set_terminal(fd_.get(), mode);
}

void RawTerminal::put_back() {
  if (!rescue_) return;
  flush();
  set_terminal(fd_.get(), before_);
  rescue_.reset();
}

sandbox::TerminalSize RawTerminal::size() const {
  winsize size{};
  sandbox::TerminalSize usual;
  if (ioctl(fd_.get(), TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return usual;
  return {size.ws_row, size.ws_col};
}

std::optional<std::string> RawTerminal::read_some() {
  pollfd waiting{fd_.get(), POLLIN, 0};
  if (::poll(&waiting, 1, 0) == 0) return "";
  char bytes[4096];
  const ssize_t count = ::read(fd_.get(), bytes, sizeof bytes);
  if (count > 0) return std::string(bytes, static_cast<std::size_t>(count));
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return "";
  return std::nullopt;
}

void RawTerminal::write(std::string_view bytes) {
  pending_.append(bytes);
  while (!flush() && pending_.size() > kMostPending && !asked_to_end()) {
    pollfd waiting{fd_.get(), POLLOUT, 0};
    ::poll(&waiting, 1, kPatience);
  }
}

bool RawTerminal::flush() {
  std::size_t written = 0;
  while (written < pending_.size()) {
    const ssize_t count = ::write(fd_.get(), pending_.data() + written, pending_.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) written = pending_.size();  // it is gone
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  pending_.erase(0, written);
  return pending_.empty();
}

}  // namespace orchestrator
