// A child process started with posix_spawn (never a fork of a threaded process), watched through a pidfd.
// Used for the checkout and for debootstrap. Loop's thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/io/loop.h"

namespace io {

struct ChildSpec {
  std::vector<std::string> argv;          // argv[0]: a path, or a name looked up in PATH
  std::vector<std::string> env;           // "NAME=value"; complete
  std::string stdin_text;                 // written to its stdin (at most 64 KiB), then closed
  int socket = -1;                        // is its stdin and stdout instead; the caller closes its own
  std::chrono::milliseconds deadline{0};  // 0: none. At the deadline its whole process group is killed
};

struct ChildResult {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;
  bool deadline_passed = false;
  std::string output;  // its stdout, at most 16 MiB
  std::string errors;  // the last 64 KiB of its stderr
};

// Letting go kills the process group and reaps it, also from inside its own callbacks.
class Child {
 public:
  virtual ~Child() = default;
  virtual void kill() = 0;
};

// `on_stderr_line`, when set, is called with each line of its stderr as it comes (progress).
// Throws std::system_error when the program cannot be started.
std::unique_ptr<Child> spawn(Loop& loop, ChildSpec spec, std::function<void(ChildResult)> done,
                             std::function<void(std::string_view)> on_stderr_line = {});

// This process's own, for a child that is to see the same.
std::vector<std::string> own_environment();
// The path of the running binary itself.
std::string self_path();

}  // namespace io
