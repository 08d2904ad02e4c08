#include "images/checkout/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "images/checkout/https_client.h"
#include "images/checkout/path_rules.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

constexpr std::size_t kErrorsKept = 16u << 10;
constexpr int kSilentMilliseconds = 60'000;  // as HttpsClient: who packs a large repository says nothing
constexpr int kGraceMilliseconds = 1000;

struct Pipe {
  io::Fd read_end, write_end;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw io::system_failure("pipe");
    read_end = io::Fd(ends[0]);
    write_end = io::Fd(ends[1]);
  }
};

std::string name_of(const std::string& variable) { return variable.substr(0, variable.find('=') + 1); }

// Ours, with `more` in the place of what has the same name.
std::vector<std::string> environment_with(const std::vector<std::string>& more) {
  std::vector<std::string> all = more;
  for (char** entry = environ; *entry; ++entry) {
    const std::string own = *entry;
    const auto same = [&](const std::string& other) { return name_of(other) == name_of(own); };
    if (std::none_of(more.begin(), more.end(), same)) all.push_back(own);
  }
  return all;
}

std::vector<char*> c_strings(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

// posix_spawn's two option objects, destroyed with their scope. Signals are as usual again in the program.
struct SpawnOptions {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnOptions() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;
};

void set_non_blocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

}  // namespace

ChildProgram::ChildProgram(ProgramSpec spec) : spec_(std::move(spec)) { start(); }

void ChildProgram::start() {
  Pipe in, out, err;
  SpawnOptions options;
  ::posix_spawn_file_actions_adddup2(&options.actions, in.read_end.get(), 0);
  ::posix_spawn_file_actions_adddup2(&options.actions, out.write_end.get(), 1);
  ::posix_spawn_file_actions_adddup2(&options.actions, err.write_end.get(), 2);
  ::posix_spawn_file_actions_addchdir_np(&options.actions, "/");
  const auto environment = environment_with(spec_.environment);
  const auto argv = c_strings(spec_.argv), env = c_strings(environment);
  const int error =
      ::posix_spawnp(&pid_, argv[0], &options.actions, &options.attributes, argv.data(), env.data());
  if (error != 0) {
    pid_ = -1;
    throw io::HostError("the program '" + printable(spec_.argv[0]) +
                        "' cannot be started: " + std::strerror(error));
  }
  process_ = io::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  in_ = std::move(in.write_end);
  out_ = std::move(out.read_end);
  err_ = std::move(err.read_end);
  for (const int fd : {in_.get(), out_.get(), err_.get()}) set_non_blocking(fd);
}

ChildProgram::~ChildProgram() {
  in_.reset();
  out_.reset();
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  if (reap(kGraceMilliseconds)) return;
  ::kill(pid_, SIGKILL);
  reap(-1);
}

bool ChildProgram::reap(int milliseconds) {
  pollfd ended{process_.get(), POLLIN, 0};
  while (process_ && ::poll(&ended, 1, milliseconds) < 0 && errno == EINTR) continue;
  int status = 0;
  const pid_t reaped = ::waitpid(pid_, &status, milliseconds < 0 ? 0 : WNOHANG);
  if (reaped == 0) return false;
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  pid_ = -1;
  return true;
}

void ChildProgram::read_errors() {
  std::array<char, 4096> piece;
  ssize_t got = 0;
  while ((got = ::read(err_.get(), piece.data(), piece.size())) > 0) {
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
    errors_ += bytes;
    if (errors_.size() > 2 * kErrorsKept) errors_.erase(0, errors_.size() - kErrorsKept);
    if (!spec_.on_error_line) continue;
    for (const char c : bytes) {
      if (c != '\n' && c != '\r') {
        if (line_.size() < kErrorsKept) line_ += c;
      } else if (!line_.empty()) {
        spec_.on_error_line(line_);
        line_.clear();
      }
    }
  }
  if (got == 0 || (errno != EAGAIN && errno != EINTR)) err_.reset();
}

bool ChildProgram::wait_for(int fd, short events) {
  while (true) {
    std::array<pollfd, 2> watched{pollfd{fd, events, 0}, pollfd{err_ ? err_.get() : -1, POLLIN, 0}};
    const int ready = ::poll(watched.data(), watched.size(), kSilentMilliseconds);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    if (watched[1].revents != 0) read_errors();
    if (watched[0].revents != 0) return true;
  }
}

void ChildProgram::write(std::string_view bytes) {
  while (!bytes.empty() && in_) {
    const ssize_t taken = ::write(in_.get(), bytes.data(), bytes.size());
    if (taken > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(taken));
    } else if (errno == EAGAIN) {
      if (!wait_for(in_.get(), POLLOUT)) throw TransportError(spec_.argv[0] + " takes nothing for 60 s");
    } else if (errno != EINTR) {
      in_.reset();
    }
  }
}

void ChildProgram::close_input() { in_.reset(); }

std::size_t ChildProgram::read(char* buffer, std::size_t size) {
  while (out_) {
    const ssize_t got = ::read(out_.get(), buffer, size);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      if (!wait_for(out_.get(), POLLIN))
        throw TransportError(printable(spec_.argv[0]) + " has said nothing for 60 s");
      continue;
    }
    out_.reset();
  }
  return 0;
}

std::string ChildProgram::read_all(std::size_t most) {
  std::string text;
  std::array<char, 16384> piece;
  while (const std::size_t got = read(piece.data(), piece.size())) {
    text.append(piece.data(), got);
    if (text.size() > most)
      throw io::HostError("the answer of " + printable(spec_.argv[0]) + " is unreasonably long");
  }
  return text;
}

int ChildProgram::wait() {
  in_.reset();
  if (pid_ <= 0) return exit_code_;
  // What it leaves behind may hold its stderr open, so its own end is what counts.
  if (process_ && !wait_for(process_.get(), POLLIN)) {
    ::kill(pid_, SIGKILL);
  }
  reap(-1);
  if (err_) read_errors();
  if (!line_.empty() && spec_.on_error_line) spec_.on_error_line(line_);
  line_.clear();
  return exit_code_;
}

}  // namespace images::checkout
