#include "sandbox/supervisor/command.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace supervisor {
namespace {

// One digit, since a POSIX shell can redirect to no other; not 3 to 7 or 9, which scripts like to take.
constexpr int kResultFd = 8;
constexpr int kRaisedOomScore = 500;
constexpr int kMaxOomScore = 1000;

struct Pipe {
  io::Fd read;
  io::Fd write;
};

bool make_pipe(Pipe& pipe) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  pipe.read = io::Fd(ends[0]);
  pipe.write = io::Fd(ends[1]);
  return true;
}

struct Plumbing {
  io::Fd nothing;  // /dev/null
  Pipe out;
  Pipe err;
  Pipe records;
  Pipe status;      // closed by a successful execve, otherwise carries its errno
  io::Fd terminal;  // the command's end, where it has one

  bool make() {
    nothing = io::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return nothing && make_pipe(out) && make_pipe(err) && make_pipe(records) && make_pipe(status);
  }
};

// The kernel's OOM killer shall prefer the command to us. Errors do no harm.
void raise_oom_score() {
  const char* const path = "/proc/self/oom_score_adj";
  char text[16] = {};
  const io::Fd read_end(::open(path, O_RDONLY | O_CLOEXEC));
  if (!read_end || ::read(read_end.get(), text, sizeof text - 1) <= 0) return;
  const int score = std::min(::atoi(text) + kRaisedOomScore, kMaxOomScore);
  const int length = std::snprintf(text, sizeof text, "%d", score);
  const io::Fd write_end(::open(path, O_WRONLY | O_CLOEXEC));
  if (write_end && ::write(write_end.get(), text, static_cast<std::size_t>(length)) < 0) return;
}

void default_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// The command's descriptors; all of ours have higher numbers afterwards, or close on exec.
bool place_descriptors(Plumbing& plumbing) {
  // The status pipe first gets out of the way of the fixed number.
  plumbing.status.write = io::Fd(::fcntl(plumbing.status.write.get(), F_DUPFD_CLOEXEC, kResultFd + 1));
  const io::Fd records(::fcntl(plumbing.records.write.get(), F_DUPFD_CLOEXEC, kResultFd + 1));
  char number[16], path[64];
  std::snprintf(number, sizeof number, "%d", kResultFd);
  std::snprintf(path, sizeof path, "/proc/%d/fd/%d", static_cast<int>(::getpid()), kResultFd);
  const bool standard = plumbing.terminal ? sit_at(plumbing.terminal.get())
                                          : ::dup2(plumbing.nothing.get(), STDIN_FILENO) >= 0 &&
                                                ::dup2(plumbing.out.write.get(), STDOUT_FILENO) >= 0 &&
                                                ::dup2(plumbing.err.write.get(), STDERR_FILENO) >= 0;
  return plumbing.status.write && records && standard && ::dup2(records.get(), kResultFd) >= 0 &&
         ::setenv(kResultFdVariable, number, 1) == 0 && ::setenv(kResultPathVariable, path, 1) == 0;
}

[[noreturn]] void become_command(char** argv, Plumbing& plumbing) {
  // Without this the files below /proc/self belong to root. Nothing hostile runs yet, and execve sets it
  // anew.
  ::prctl(PR_SET_DUMPABLE, 1);
  raise_oom_score();
  ::setsid();
  default_signals();
  if (place_descriptors(plumbing)) ::execvp(argv[0], argv);
  const int error_number = errno;
  if (::write(plumbing.status.write.get(), &error_number, sizeof error_number) < 0) ::_exit(125);
  ::_exit(126);
}

// 0 once execve has succeeded.
int error_of_exec(Pipe& status) {
  status.write.reset();
  int error_number = 0;
  ssize_t count;
  do {
    count = ::read(status.read.get(), &error_number, sizeof error_number);
  } while (count < 0 && errno == EINTR);
  return count == sizeof error_number ? error_number : 0;
}

}  // namespace

StartedCommand start_command(char** argv, Terminal& terminal) {
  StartedCommand command;
  Plumbing plumbing;
  plumbing.terminal = terminal.take_command_end();
  if (plumbing.make()) command.pid = ::fork();
  if (command.pid < 0) {
    command.error_number = errno;
    return command;
  }
  if (command.pid == 0) become_command(argv, plumbing);
  command.error_number = error_of_exec(plumbing.status);
  command.result =
      command.error_number == 0 ? StartedCommand::Result::started : StartedCommand::Result::not_started;
  command.out = terminal.is_open() ? terminal.reading_end() : std::move(plumbing.out.read);
  command.err = std::move(plumbing.err.read);
  command.records = std::move(plumbing.records.read);
  return command;
}

}  // namespace supervisor
