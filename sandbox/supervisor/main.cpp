// The supervisor is PID 1 of every attempt and install step: a static binary that needs nothing of the image.
//
//   supervisor run --timeout-ms N --grace-ms N [--gifts] [--results GLOB]... [--terminal ROWSxCOLUMNS] --
//   argv... supervisor prepare
//
// `run` is this, in order:
//   1. it closes to its children: not dumpable, nothing inherited but stdin, stdout and stderr
//   2. with --gifts, secret variables and files arrive on stdin (frames/gift.h); nothing starts without all
//   of them
//   3. the command starts in a session of its own with /dev/null as stdin; stdout, stderr and a pipe for the
//   records
//      of a probe ($ORCHESTRATOR_RESULT_FD) come back as frames (frames/frame.h) on our stdout. With
//      --terminal it sits at a pseudo-terminal instead, whose output is stdout's; what is typed there comes
//      over stdin (frames/typing.h), and the end of stdin hangs it up
//   4. at the deadline, or at a request to stop from outside: TERM to every process of the attempt, the
//   grace, KILL
//   5. when the command ends, whatever its children do: KILL to the rest; what is still in the pipes is read
//   6. usage; the files that a --results glob finds, as far as this attempt has written them (result_files.h)
//   7. the end, and the command's exit code as ours
//
// Nothing waits without a limit: not a reader of our frames that stalls, not a sender of gifts, not a process
// that cannot be killed. An attempt ends even when everything outside of its container is dead.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "sandbox/io/fd.h"
#include "sandbox/supervisor/attempt.h"
#include "sandbox/supervisor/options.h"
#include "sandbox/supervisor/prepare.h"

namespace {

constexpr int kWrongUse = 125;

// A runtime may have leaked descriptors of the host into the container.
void close_inherited() {
  if (::syscall(SYS_close_range, 3U, ~0U, 0U) == 0) return;
  const long most = ::sysconf(_SC_OPEN_MAX);
  for (int fd = 3; fd < most && fd < 65536; ++fd) ::close(fd);
}

// Otherwise the first pipe would take the number of a missing stdout.
void fill_standard_descriptors() {
  int fd;
  do {
    fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) ::close(fd);
}

int run(char** words) {
  static supervisor::RunOptions options;
  if (const char* problem = supervisor::parse_run_options(words, options)) {
    std::fprintf(stderr, "supervisor: %s\n", problem);
    return kWrongUse;
  }
  // Static for its size: a host may allow a small stack only.
  static supervisor::Attempt attempt(options);
  return attempt.run();
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_DUMPABLE, 0);
  close_inherited();
  fill_standard_descriptors();
  if (argc >= 2 && std::strcmp(argv[1], "run") == 0) ::_exit(run(argv + 2));
  if (argc == 2 && std::strcmp(argv[1], "prepare") == 0) ::_exit(supervisor::prepare());
  std::fputs(
      "usage: supervisor run --timeout-ms N --grace-ms N [--gifts] [--results GLOB]... [--terminal "
      "ROWSxCOLUMNS] -- argv...\n"
      "       supervisor prepare\n",
      stderr);
  return kWrongUse;
}
