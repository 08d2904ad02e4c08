// A program of this host that the checkout's child process starts and talks to: ssh, git. It belongs to the
// child's process group, so that the checkout's deadline ends it too. Child process, its one thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/io/fd.h"

namespace images::checkout {

struct ProgramSpec {
  std::vector<std::string> argv;         // argv[0]: a path, or a name looked up in PATH
  std::vector<std::string> environment;  // "NAME=value", over what this process has
  // Each line that it writes to stderr, as it comes ('\r' ends one, too).
  std::function<void(std::string_view)> on_error_line;
};

class ChildProgram {
 public:
  // In the folder "/": a repository that the caller happens to sit in has no say. Throws io::HostError when
  // it cannot be started.
  explicit ChildProgram(ProgramSpec spec);
  // Ends it: TERM, so that it removes what it has begun, and KILL a second later.
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  // Returns when all was taken, or silently when the program takes no more: its end says why. Throws
  // TransportError as read() does.
  void write(std::string_view bytes);
  void close_input();
  // Of its stdout at least one byte, or 0 at the end. Throws TransportError when the program does nothing for
  // 60 s.
  std::size_t read(char* buffer, std::size_t size);
  // All of it; throws io::HostError past `most` bytes.
  std::string read_all(std::size_t most);
  // Closes its stdin, waits for its end, and returns its exit code; 128 and the number of the signal that
  // ended it.
  int wait();

  // The last 16 KiB of its stderr.
  const std::string& errors() const { return errors_; }

 private:
  void start();
  bool wait_for(int fd, short events);  // meanwhile stderr is read; false: it does nothing
  void read_errors();
  bool reap(int milliseconds);

  ProgramSpec spec_;
  pid_t pid_ = -1;
  int exit_code_ = -1;
  io::Fd process_, in_, out_, err_;
  std::string errors_, line_;
};

}  // namespace images::checkout
