// One attempt (or install step), from the gifts to the last frame. One thread, one poll(); main() owns it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "sandbox/supervisor/frame_writer.h"
#include "sandbox/supervisor/gifts.h"
#include "sandbox/supervisor/options.h"
#include "sandbox/supervisor/pump.h"
#include "sandbox/supervisor/result_files.h"
#include "sandbox/supervisor/signals.h"
#include "sandbox/supervisor/terminal.h"
#include "sandbox/supervisor/usage.h"

namespace supervisor {

class Attempt {
 public:
  explicit Attempt(const RunOptions& options);

  // Returns the exit code: the command's, 128 + signal, 126 or 127 when it cannot be started, 125 when we
  // failed.
  int run();

 private:
  enum class Phase {
    running,      // the command runs
    terminating,  // a stop was asked for, everything got TERM, the grace passes
    killing,      // everything gets KILL, again and again until nothing is left
    over,         // nothing is left (or what is left cannot be killed)
  };

  bool receive_gifts();
  int open_terminal();
  void read_typing();
  void read_gifts();
  bool start();
  int refuse_to_start(int error_number);
  int fail(const char* what, int error_number);

  void supervise();
  void wait();
  std::int64_t next_deadline() const;
  void read_signals();
  void reap();
  void advance();
  int ending_signal() const;
  void stop(const char* reason);
  void kill_everything();

  Pumped pump();
  void drain();
  void send_results();
  void flush();
  bool wait_for_reader();
  void end(int code, int signal);

  const RunOptions& options_;
  Signals signals_;
  FrameWriter writer_;
  OutputPipe out_{FrameType::out};
  OutputPipe err_{FrameType::err};
  RecordPipe records_;
  GiftReader gifts_;
  Terminal terminal_;
  bool typing_ended_ = false;
  Counters before_;
  std::optional<ResultFiles> results_;  // from the start of the command on

  Phase phase_ = Phase::running;
  pid_t command_ = -1;
  bool command_ended_ = false;
  int command_status_ = 0;  // as waitpid gives it
  bool children_left_ = true;
  bool more_to_reap_ = false;
  bool reader_stalls_ = false;  // it was waited for once, in vain
  const char* stop_reason_ = "";
  int stop_requests_ = 0;      // from outside
  std::int64_t deadline_ = 0;  // of the phase, by now_ms()
  std::int64_t next_kill_ = 0;
};

}  // namespace supervisor
