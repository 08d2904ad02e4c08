// While one lives, the terminal is put back even when this program dies of a signal that no destructor
// outlives: SIGQUIT, an abort, a bad access, a limit. The signal then does what it would have done; one that
// is ignored stays so. One at a time.
#pragma once

#include <signal.h>
#include <termios.h>

#include <array>

namespace orchestrator {

// Also from the background, where a change of the terminal would else stop us, which nobody could mend.
// Async-signal-safe.
void set_terminal(int fd, const termios& mode);

class TerminalRescue {
 public:
  TerminalRescue(int fd, const termios& mode);
  ~TerminalRescue();
  TerminalRescue(const TerminalRescue&) = delete;
  TerminalRescue& operator=(const TerminalRescue&) = delete;

 private:
  // All that end a process which does not heed them, but for KILL, which nothing outlives.
  static constexpr std::array kDeadly{
      SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,   SIGBUS,  SIGFPE, SIGUSR1, SIGSEGV, SIGUSR2,
      SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO,  SIGPWR,  SIGSYS,  SIGSTKFLT};
  static void put_back_and_die(int signal);
  void hand_back_signals() const;

  static const TerminalRescue* here_;

  int fd_;
  termios mode_;
  std::array<struct sigaction, kDeadly.size()> before_{};
};

}  // namespace orchestrator
