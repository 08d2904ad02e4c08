#include "sandbox/supervisor/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstring>

#include "sandbox/io/fd.h"

namespace supervisor {
namespace {

struct Process {
  pid_t pid;
  pid_t parent;
  bool ours;
};

constexpr std::size_t kMaxProcesses = 32 * 1024;

// The parent of a process; 0 when there is none to be seen.
pid_t parent_of(pid_t pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const io::Fd file(::open(path, O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t length = file ? ::read(file.get(), text, sizeof text - 1) : -1;
  if (length <= 0) return 0;
  text[length] = '\0';
  // The name in parentheses may itself hold parentheses and blanks.
  const char* after_name = std::strrchr(text, ')');
  return after_name != nullptr && std::strlen(after_name) > 4 ? ::atoi(after_name + 4) : 0;
}

std::size_t list_processes(Process* processes) {
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr) return 0;
  std::size_t count = 0;
  while (const dirent* entry = ::readdir(folder)) {
    const pid_t pid = ::atoi(entry->d_name);
    if (pid > 0 && count < kMaxProcesses) processes[count++] = {pid, parent_of(pid), false};
  }
  ::closedir(folder);
  return count;
}

bool is_ours(const Process* processes, std::size_t count, pid_t parent) {
  if (parent == ::getpid()) return true;
  for (std::size_t i = 0; i < count; ++i)
    if (processes[i].pid == parent) return processes[i].ours;
  return false;
}

// A child may be listed before its parent: again until nothing changes.
void mark_descendants(Process* processes, std::size_t count) {
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < count; ++i)
      if (!processes[i].ours && is_ours(processes, count, processes[i].parent))
        changed = processes[i].ours = true;
  }
}

// The number may have been given to a stranger meanwhile: the pidfd holds the process while its parent is
// read again. An orphan of the signal before has become our child.
void signal_if_still(const Process& process, int signal) {
  const io::Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  const pid_t parent = parent_of(process.pid);
  if (handle && (parent == process.parent || parent == ::getpid()))
    ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0);
}

}  // namespace

bool is_init() { return ::getpid() == 1; }

void adopt_orphans() {
  if (!is_init()) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void signal_everything(int signal) {
  if (is_init()) {
    ::kill(-1, signal);
    return;
  }
  static Process processes[kMaxProcesses];
  const std::size_t count = list_processes(processes);
  mark_descendants(processes, count);
  for (std::size_t i = 0; i < count; ++i)
    if (processes[i].ours) signal_if_still(processes[i], signal);
}

}  // namespace supervisor
