#include "orchestrator/cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ostream>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

bool dumb() {
  const char* term = std::getenv("TERM");
  return !term || std::strcmp(term, "dumb") == 0;
}

// The flag, then NO_COLOR, then CLICOLOR_FORCE, then whether the stream is a terminal.
bool wants_colour(const CommandLine& options, int fd) {
  if (options.colour == ColourMode::always) return true;
  if (options.colour == ColourMode::never || is_set("NO_COLOR")) return false;
  if (is_set("CLICOLOR_FORCE")) return true;
  return isatty(fd) != 0 && !dumb();
}

int columns(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

void write_to_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void finish_stdout(std::ostream& out) {
  errno = 0;
  out.flush();
  if (out) return;
  const std::string why = errno != 0 ? fmt::format(": {}", std::strerror(errno)) : "";
  throw io::HostError("stdout could not be written" + why);
}

ProgressOptions progress_options(const CommandLine& options) {
  ProgressOptions result;
  result.mode = options.progress;
  result.colour = wants_colour(options, STDERR_FILENO);
  result.terminal = isatty(STDERR_FILENO) != 0 && !dumb() && !is_set("CI");
  result.width = [] { return columns(STDERR_FILENO); };
  return result;
}

TextStyle text_style(const CommandLine& options) {
  return {wants_colour(options, STDOUT_FILENO), std::min(columns(STDOUT_FILENO), 100)};
}

}  // namespace orchestrator
