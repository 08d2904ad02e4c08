#include "orchestrator/cli/raw_terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

namespace orchestrator {
namespace {

// A pseudo-terminal, and a process whose stdin and stdout it is.
class MadeTerminal {
 public:
  MadeTerminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (::grantpt(master_.get()) == 0 && ::unlockpt(master_.get()) == 0)
      slave_ = io::Fd(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }

  // How it ended, as waitpid() says it.
  template <class Fn>
  int end_of(Fn child) const {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const rlimit no_core{0, 0};
      ::setrlimit(RLIMIT_CORE, &no_core);
      ::dup2(slave_.get(), STDIN_FILENO);
      ::dup2(slave_.get(), STDOUT_FILENO);
      child();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
  }

  bool is_raw() const {
    termios mode{};
    ::tcgetattr(slave_.get(), &mode);
    return (mode.c_lflag & (ICANON | ECHO | ISIG)) == 0;
  }

 private:
  io::Fd master_, slave_;
};

TEST(RawTerminal, IsPutBackWhenADeadlySignalComes) {
  for (const int signal : {SIGHUP,    SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,  SIGBUS,  SIGFPE,
                           SIGUSR1,   SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM,  SIGXCPU, SIGXFSZ,
                           SIGVTALRM, SIGPROF, SIGIO,   SIGPWR,  SIGSYS,  SIGSTKFLT}) {
    const MadeTerminal terminal;
    const int status = terminal.end_of([signal] {
      RawTerminal raw;
      raw.make_raw();
      std::raise(signal);
    });
    EXPECT_FALSE(terminal.is_raw()) << signal;
    EXPECT_NE(status, 0) << signal;
    // At the others a sanitizer ends by itself.
    constexpr std::array kSanitizers{SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
    if (std::find(kSanitizers.begin(), kSanitizers.end(), signal) == kSanitizers.end()) {
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << signal << ": " << status;
    }
  }
}

TEST(RawTerminal, IsNoReasonToHeedASignalThatIsIgnored) {
  const MadeTerminal terminal;
  const int status = terminal.end_of([] {
    ::signal(SIGQUIT, SIG_IGN);
    RawTerminal raw;
    raw.make_raw();
    std::raise(SIGQUIT);
    raw.put_back();
    std::raise(SIGQUIT);
    raw.make_raw();
    ::_exit(7);
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
  EXPECT_TRUE(terminal.is_raw()) << "else the other test shows nothing";
}

}  // namespace
}  // namespace orchestrator
