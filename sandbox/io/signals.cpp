#include "sandbox/io/signals.h"

#include <pthread.h>
#include <sys/signalfd.h>

#include <csignal>

#include "sandbox/io/error.h"

namespace io {

Signals::Signals(Loop& loop, std::initializer_list<int> signals, std::function<void(int)> fn) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr))
    throw system_failure("blocking signals", error);
  fd_ = Fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw system_failure("signalfd");
  watch_ = loop.watch_readable(fd_.get(), [this, fn = std::move(fn)] {
    signalfd_siginfo info{};
    while (read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
      fn(static_cast<int>(info.ssi_signo));
  });
}

}  // namespace io
