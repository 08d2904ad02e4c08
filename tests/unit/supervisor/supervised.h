// A supervisor started on this host, as a test sees it: its frames, its exit code, and nothing that waits for
// ever.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/frames/frame_reader.h"
#include "sandbox/io/fd.h"

struct SupervisorOptions {
  std::chrono::milliseconds timeout{20'000};
  std::chrono::milliseconds grace{200};
  std::vector<std::string> more;  // further options before "--"
  std::string stdin_bytes;
  bool stdin_stays_open = false;
  bool as_nobody = false;  // gives up root before it starts, where this is root
  std::map<std::string, std::string> env{{"PATH", "/usr/bin:/bin"}};
  std::string folder;  // to run in; empty: the test's
};

class Supervised : public sandbox::FrameSink {
 public:
  explicit Supervised(std::vector<std::string> argv, const SupervisorOptions& options = {});
  ~Supervised() override;

  // Reads frames until the condition holds. False when the stream ended before, or after 20 s.
  bool read_until(const std::function<bool()>& holds);
  // Reads all that is left and waits for the exit. Fails the test when that takes more than 20 s.
  void finish();
  // Waits for the exit without reading.
  void wait_unread();
  // More for its stdin (`stdin_stays_open`), written while frames are read.
  void type(std::string bytes);
  void close_reader() { frames_.reset(); }
  void signal(int number) const;
  pid_t pid() const { return pid_; }

  // What was seen so far.
  std::string out, err;
  std::vector<std::string> records, notes;
  std::vector<std::pair<std::string, std::string>> result_files;  // path and content
  std::map<std::string, std::string> usage, end, start_failure;
  bool started = false;
  int exit_code = -1;
  bool ended() const { return reader_.ended(); }

 private:
  void frame(sandbox::FrameType type, std::string_view payload) override;
  bool read_some();
  void wait_for_exit();

  sandbox::FrameReader reader_{*this};
  std::chrono::steady_clock::time_point give_up_;
  pid_t pid_ = -1;
  io::Fd handle_;  // a pidfd
  io::Fd frames_;
  io::Fd stdin_;
  std::string typing_;  // not written yet
};

// A line of the shell.
inline std::vector<std::string> sh(const std::string& line) { return {"/bin/sh", "-c", line}; }

bool is_alive(const std::string& pid);
