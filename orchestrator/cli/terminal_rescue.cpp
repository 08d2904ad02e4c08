#include "orchestrator/cli/terminal_rescue.h"

#include <cerrno>

namespace orchestrator {

void set_terminal(int fd, const termios& mode) {
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  while (tcsetattr(fd, TCSANOW, &mode) != 0 && errno == EINTR) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

const TerminalRescue* TerminalRescue::here_ = nullptr;

TerminalRescue::TerminalRescue(int fd, const termios& mode) : fd_(fd), mode_(mode) {
  here_ = this;
  struct sigaction rescue {};
  rescue.sa_handler = put_back_and_die;
  for (std::size_t i = 0; i < kDeadly.size(); ++i) {
    sigaction(kDeadly[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) sigaction(kDeadly[i], &rescue, nullptr);
  }
}

TerminalRescue::~TerminalRescue() {
  hand_back_signals();
  here_ = nullptr;
}

void TerminalRescue::hand_back_signals() const {
  for (std::size_t i = 0; i < kDeadly.size(); ++i) sigaction(kDeadly[i], &before_[i], nullptr);
}

// Raised anew, the signal waits until this has returned.
void TerminalRescue::put_back_and_die(int signal) {
  set_terminal(here_->fd_, here_->mode_);
  here_->hand_back_signals();
  ::raise(signal);
}

}  // namespace orchestrator
