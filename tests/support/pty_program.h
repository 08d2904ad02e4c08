// Runs the built program at a terminal, as a person at theirs would: the test types, resizes and reads, and
// sees afterwards how the program has left the terminal.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace testing_support {

inline bool same_mode(const termios& one, const termios& other) {
  return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag && one.c_cflag == other.c_cflag &&
         one.c_lflag == other.c_lflag && std::memcmp(one.c_cc, other.c_cc, sizeof one.c_cc) == 0;
}

class PtyProgram {
 public:
  PtyProgram(std::vector<std::string> argv, unsigned short rows, unsigned short columns) {
    winsize size{rows, columns, 0, 0};
    if (openpty(&ours_, &theirs_, nullptr, nullptr, &size) != 0) throw std::runtime_error("openpty");
    fcntl(ours_, F_SETFD, FD_CLOEXEC);
    before_ = mode();
    std::vector<char*> args;
    for (auto& word : argv) args.push_back(word.data());
    args.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      setsid();
      ioctl(theirs_, TIOCSCTTY, 0);
      for (int fd = 0; fd < 3; ++fd) dup2(theirs_, fd);
      if (theirs_ > 2) close(theirs_);
      setenv("TERM", "xterm", 1);
      execv(args[0], args.data());
      _exit(99);
    }
  }
  ~PtyProgram() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (ours_ >= 0) close(ours_);
    close(theirs_);
  }
  PtyProgram(const PtyProgram&) = delete;
  PtyProgram& operator=(const PtyProgram&) = delete;

  // Reads until the words come, behind those that were waited for before. False, and a failure, when they do
  // not come for far too long.
  bool wait_for(const std::string& words) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (true) {
      if (const auto at = seen.find(words, waited_); at != std::string::npos) {
        waited_ = at + words.size();
        return true;
      }
      if (!read_some(until)) break;
    }
    ADD_FAILURE() << "'" << words << "' did not come; what came:\n" << seen;
    return false;
  }
  void type(const std::string& keys) {
    if (write(ours_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size()))
      throw std::runtime_error("write");
  }
  void resize(unsigned short rows, unsigned short columns) {
    const winsize size{rows, columns, 0, 0};
    ioctl(ours_, TIOCSWINSZ, &size);
  }
  void signal(int number) { kill(pid_, number); }
  // As a window that is closed, or a connection that breaks. Nothing can be typed or read any more.
  void hang_up() {
    close(ours_);
    ours_ = -1;
  }
  pid_t pid() const { return pid_; }
  termios mode() const {
    termios now{};
    if (tcgetattr(theirs_, &now) != 0) throw std::runtime_error("tcgetattr");
    return now;
  }
  bool is_raw() const { return (mode().c_lflag & (ICANON | ECHO | ISIG)) == 0; }
  bool is_as_before() const { return same_mode(mode(), before_); }

  // Its exit code; 128 + signal when one ended it.
  int finish() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > until) {
        ADD_FAILURE() << "it did not end; what came:\n" << seen;
        return -1;
      }
      read_some(std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
    }
    pid_ = -1;
    while (read_some(std::chrono::steady_clock::now())) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  // Until it is stopped by a signal. False when it ended instead, or nothing came of it for far too long.
  bool wait_until_stopped() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    int status = 0;
    while (waitpid(pid_, &status, WUNTRACED | WNOHANG) == 0 && std::chrono::steady_clock::now() < until)
      read_some(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
    return WIFSTOPPED(status);
  }

  std::string seen;  // all that came

 private:
  bool read_some(std::chrono::steady_clock::time_point until) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd waiting{ours_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0) return false;
    char bytes[4096];
    const ssize_t count = read(ours_, bytes, sizeof bytes);
    if (count <= 0) return false;
    seen.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  int ours_ = -1, theirs_ = -1;
  pid_t pid_ = -1;
  termios before_{};
  std::size_t waited_ = 0;  // where in `seen` the next words may begin
};

}  // namespace testing_support
