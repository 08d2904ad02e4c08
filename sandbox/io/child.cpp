#include "sandbox/io/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <csignal>

#include "sandbox/io/error.h"
#include "sandbox/io/fd.h"

extern char** environ;

namespace io {
namespace {

constexpr std::size_t kMaxOutput = 16u << 20;
constexpr std::size_t kMaxErrors = 64u << 10;
constexpr std::size_t kMaxInput = 64u << 10;  // what a pipe takes without a reader
constexpr int kReadsPerTurn = 4;  // a child that writes without end leaves the loop's others their turn

struct Pipe {
  Fd read_end, write_end;
  Pipe() {
    std::array<int, 2> fds{};
    if (pipe2(fds.data(), O_CLOEXEC) != 0) throw system_failure("pipe");
    read_end = Fd(fds[0]);
    write_end = Fd(fds[1]);
  }
};

void set_non_blocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

// posix_spawn's two option objects, destroyed with their scope.
struct SpawnOptions {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnOptions() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnOptions() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;
};

std::vector<char*> c_strings(const std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (const auto& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

// Kept alive by its handle, and by its own callbacks while they run.
class PosixChild : public std::enable_shared_from_this<PosixChild> {
 public:
  PosixChild(std::function<void(ChildResult)> done, std::function<void(std::string_view)> on_line)
      : done_(std::move(done)), on_line_(std::move(on_line)) {}

  ~PosixChild() { let_go(); }
  PosixChild(const PosixChild&) = delete;
  PosixChild& operator=(const PosixChild&) = delete;

  void start(Loop& loop, const ChildSpec& spec) {
    start_process(spec);
    const auto watched = [&](const Fd& fd, void (PosixChild::*fn)()) {
      return loop.watch_readable(fd.get(), [this, fn] {
        const auto keep_alive = shared_from_this();
        (this->*fn)();
      });
    };
    if (out_) out_watch_ = watched(out_, &PosixChild::read_output);
    err_watch_ = watched(err_, &PosixChild::read_errors);
    exit_watch_ = watched(pidfd_, &PosixChild::exited);
    if (spec.deadline.count() > 0)
      deadline_ = loop.call_after(spec.deadline, [this] {
        result_.deadline_passed = true;
        kill();
      });
  }

  void let_go() {
    let_go_ = true;
    stop_watching();
    if (pid_ <= 0) return;
    kill();
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  void kill() const {
    if (pid_ > 0) ::kill(-pid_, SIGKILL);
  }

 private:
  void start_process(const ChildSpec& spec) {
    if (spec.stdin_text.size() > kMaxInput) throw std::length_error("too much input for a child process");
    Pipe in, out, err;
    SpawnOptions options;
    const bool given = spec.socket >= 0;
    posix_spawn_file_actions_adddup2(&options.actions, given ? spec.socket : in.read_end.get(), 0);
    posix_spawn_file_actions_adddup2(&options.actions, given ? spec.socket : out.write_end.get(), 1);
    posix_spawn_file_actions_adddup2(&options.actions, err.write_end.get(), 2);
    auto argv = c_strings(spec.argv);
    auto env = c_strings(spec.env);
    const int error =
        posix_spawnp(&pid_, argv[0], &options.actions, &options.attributes, argv.data(), env.data());
    if (error != 0) {
      pid_ = -1;
      throw system_failure("cannot start " + spec.argv[0], error);
    }
    pidfd_ = Fd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    if (!pidfd_) throw system_failure("pidfd_open");
    set_non_blocking(in.write_end.get());
    [[maybe_unused]] const auto written =
        write(in.write_end.get(), spec.stdin_text.data(), spec.stdin_text.size());
    err_ = std::move(err.read_end);
    set_non_blocking(err_.get());
    if (given) return;
    out_ = std::move(out.read_end);
    set_non_blocking(out_.get());
  }

  // Reads what is there, up to one turn's share; false at end of file.
  template <class Fn>
  static bool read_available(int fd, Fn&& take) {
    std::array<char, 64 * 1024> buffer;
    for (int turn = 0; turn < kReadsPerTurn; ++turn) {
      const ssize_t n = read(fd, buffer.data(), buffer.size());
      if (n > 0)
        take(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
      else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        return false;
      else if (errno == EAGAIN)
        return true;
    }
    return true;
  }

  void read_output() {
    if (!out_) return;
    const bool open = read_available(out_.get(), [this](std::string_view bytes) {
      result_.output.append(bytes.substr(0, kMaxOutput - std::min(kMaxOutput, result_.output.size())));
    });
    if (!open) out_watch_.reset();
  }

  void read_errors() {
    const bool open = read_available(err_.get(), [this](std::string_view bytes) {
      result_.errors.append(bytes);
      if (result_.errors.size() > 2 * kMaxErrors) result_.errors.erase(0, result_.errors.size() - kMaxErrors);
      lines(bytes);
    });
    if (!open) err_watch_.reset();
  }

  void lines(std::string_view bytes) {
    if (!on_line_) return;
    line_.append(bytes);
    std::string_view rest = line_;
    std::size_t end;
    while (!let_go_ && (end = rest.find_first_of("\n\r")) != std::string_view::npos) {
      if (end > 0) on_line_(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    line_ = rest.size() > kMaxErrors ? std::string() : std::string(rest);
  }

  void stop_watching() {
    exit_watch_.reset();
    out_watch_.reset();
    err_watch_.reset();
    deadline_.reset();
  }

  void exited() {
    read_output();
    read_errors();
    if (let_go_) return;
    int status = 0;
    ::kill(-pid_, SIGKILL);  // whatever it left in its process group
    waitpid(pid_, &status, 0);
    pid_ = -1;
    stop_watching();
    if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
    if (result_.errors.size() > kMaxErrors) result_.errors.erase(0, result_.errors.size() - kMaxErrors);
    const auto done = std::move(done_);
    done(std::move(result_));
  }

  pid_t pid_ = -1;
  Fd pidfd_, out_, err_;
  std::unique_ptr<Watch> out_watch_, err_watch_, exit_watch_;
  std::unique_ptr<Timer> deadline_;
  ChildResult result_;
  std::string line_;
  bool let_go_ = false;
  std::function<void(ChildResult)> done_;
  std::function<void(std::string_view)> on_line_;
};

class ChildHandle : public Child {
 public:
  explicit ChildHandle(std::shared_ptr<PosixChild> child) : child_(std::move(child)) {}
  ~ChildHandle() override { child_->let_go(); }
  void kill() override { child_->kill(); }

 private:
  std::shared_ptr<PosixChild> child_;
};

}  // namespace

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) all.emplace_back(*entry);
  return all;
}

std::unique_ptr<Child> spawn(Loop& loop, ChildSpec spec, std::function<void(ChildResult)> done,
                             std::function<void(std::string_view)> on_stderr_line) {
  auto child = std::make_shared<PosixChild>(std::move(done), std::move(on_stderr_line));
  child->start(loop, spec);
  return std::make_unique<ChildHandle>(std::move(child));
}

std::string self_path() {
  std::array<char, 4096> buffer;
  const ssize_t n = readlink("/proc/self/exe", buffer.data(), buffer.size());
  if (n <= 0) throw system_failure("readlink /proc/self/exe");
  return {buffer.data(), static_cast<std::size_t>(n)};
}

}  // namespace io
