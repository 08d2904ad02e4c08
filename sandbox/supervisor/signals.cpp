#include "sandbox/supervisor/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "sandbox/supervisor/processes.h"

namespace supervisor {

Signals::Signals() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::sigaddset(&wanted, number);
  ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
  fd_ = io::Fd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
}

Signal Signals::next() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return Signal::none;
  if (info.ssi_signo == SIGCHLD) return Signal::child;
  const bool from_outside = info.ssi_code == SI_USER && info.ssi_pid == 0;
  const bool from_kernel = info.ssi_code == SI_KERNEL;
  return !is_init() || from_outside || from_kernel ? Signal::stop : Signal::ignored;
}

}  // namespace supervisor
