#include "supervised.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr uid_t kNobody = 65534;

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    read = io::Fd(ends[0]);
    write = io::Fd(ends[1]);
  }
  io::Fd read, write;
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> command_line(const std::vector<std::string>& argv,
                                      const SupervisorOptions& options) {
  std::vector<std::string> words{"supervisor",   "run",
                                 "--timeout-ms", std::to_string(options.timeout.count()),
                                 "--grace-ms",   std::to_string(options.grace.count())};
  words.insert(words.end(), options.more.begin(), options.more.end());
  words.push_back("--");
  words.insert(words.end(), argv.begin(), argv.end());
  return words;
}

// By descriptor: as nobody the path may be out of reach.
[[noreturn]] void become_supervisor(int binary, char** argv, char** env, bool as_nobody) {
  if (as_nobody && ::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(99);
  ::syscall(SYS_execveat, binary, "", argv, env, AT_EMPTY_PATH);
  ::_exit(98);
}

}  // namespace

Supervised::Supervised(std::vector<std::string> argv, const SupervisorOptions& options)
    : give_up_(std::chrono::steady_clock::now() + kPatience) {
  std::vector<std::string> words = command_line(argv, options);
  std::vector<std::string> variables;
  for (const auto& [name, value] : options.env) variables.push_back(name + "=" + value);
  const std::vector<char*> argv_pointers = pointers(words), env_pointers = pointers(variables);
  const io::Fd binary(::open(SUPERVISOR_BINARY, O_RDONLY | O_CLOEXEC));
  Pipe input, output;
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(input.read.get(), STDIN_FILENO);
    ::dup2(output.write.get(), STDOUT_FILENO);
    if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(97);
    become_supervisor(binary.get(), const_cast<char**>(argv_pointers.data()),
                      const_cast<char**>(env_pointers.data()), options.as_nobody);
  }
  handle_ = io::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  frames_ = std::move(output.read);
  input.read.reset();
  ::signal(SIGPIPE, SIG_IGN);
  std::string_view left = options.stdin_bytes;
  while (!left.empty()) {
    const ssize_t count = ::write(input.write.get(), left.data(), left.size());
    if (count <= 0) break;
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  if (options.stdin_stays_open) stdin_ = std::move(input.write);
}

Supervised::~Supervised() {
  if (pid_ <= 0) return;
  // Only after a failed test. TERM, so that it takes its command along.
  signal(SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

void Supervised::type(std::string bytes) {
  ::fcntl(stdin_.get(), F_SETFL, O_NONBLOCK);
  typing_ += bytes;
}

bool Supervised::read_some() {
  pollfd waiting[] = {{frames_.get(), POLLIN, 0}, {typing_.empty() ? -1 : stdin_.get(), POLLOUT, 0}};
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(give_up_ - std::chrono::steady_clock::now());
  if (left.count() <= 0 || ::poll(waiting, 2, static_cast<int>(left.count())) <= 0) {
    ADD_FAILURE() << "no frame came in time";
    return false;
  }
  if (waiting[1].revents != 0) {
    const ssize_t written = ::write(stdin_.get(), typing_.data(), typing_.size());
    if (written > 0) typing_.erase(0, static_cast<std::size_t>(written));
    if (written < 0 && errno != EAGAIN) typing_.clear();
  }
  if (waiting[0].revents == 0) return true;
  char bytes[64 * 1024];
  const ssize_t count = ::read(frames_.get(), bytes, sizeof bytes);
  if (count <= 0) return false;
  EXPECT_TRUE(reader_.feed({bytes, static_cast<std::size_t>(count)})) << "malformed frames";
  return !reader_.broken();
}

bool Supervised::read_until(const std::function<bool()>& holds) {
  while (!holds())
    if (!read_some()) return false;
  return true;
}

void Supervised::finish() {
  while (read_some()) {
  }
  wait_for_exit();
}

void Supervised::wait_unread() { wait_for_exit(); }

void Supervised::wait_for_exit() {
  pollfd waiting{handle_.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&waiting, 1, std::chrono::milliseconds(kPatience).count()), 1)
      << "the supervisor did not end";
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  ASSERT_TRUE(WIFEXITED(status));
  exit_code = WEXITSTATUS(status);
}

void Supervised::signal(int number) const { ::kill(pid_, number); }

void Supervised::frame(sandbox::FrameType type, std::string_view payload) {
  switch (type) {
    case sandbox::FrameType::out:
      out.append(payload);
      break;
    case sandbox::FrameType::err:
      err.append(payload);
      break;
    case sandbox::FrameType::record:
      records.emplace_back(payload);
      break;
    case sandbox::FrameType::note:
      notes.emplace_back(payload);
      break;
    case sandbox::FrameType::result_file:
      result_files.emplace_back(payload, "");
      break;
    case sandbox::FrameType::result_data:
      result_files.back().second.append(payload);
      break;
    case sandbox::FrameType::started:
      started = true;
      break;
    case sandbox::FrameType::start_failure:
      start_failure = sandbox::parse_fields(payload);
      break;
    case sandbox::FrameType::usage:
      usage = sandbox::parse_fields(payload);
      break;
    case sandbox::FrameType::end:
      end = sandbox::parse_fields(payload);
      break;
  }
}

bool is_alive(const std::string& pid) { return ::kill(std::stoi(pid), 0) == 0; }
