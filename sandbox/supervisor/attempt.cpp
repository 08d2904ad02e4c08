#include "sandbox/supervisor/attempt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "sandbox/supervisor/clock.h"
#include "sandbox/supervisor/command.h"
#include "sandbox/supervisor/processes.h"

namespace supervisor {
namespace {

constexpr int kOurFailure = 125;
constexpr std::int64_t kKillEvery = 20;         // ms between two rounds of KILL
constexpr std::int64_t kKillGiveUp = 5'000;     // ms: what is left then hangs in the kernel
constexpr std::int64_t kDrainLimit = 1'000;     // ms for pipes that someone out of reach still writes to
constexpr std::int64_t kResultsLimit = 20'000;  // ms to find and to send the result files
constexpr std::int64_t kResultsLimitStopped = 2'000;  // … of an attempt that somebody wants to be gone
constexpr std::int64_t kStallLimit = 10'000;          // ms without the reader taking anything
// A fork bomb, or a process that sends us signals without end, must not keep us from the deadline.
constexpr int kReapAtOnce = 256;
constexpr int kSignalsAtOnce = 64;

void replace_stdin() {
  const io::Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (nothing) ::dup2(nothing.get(), STDIN_FILENO);
}

std::string_view cut(const char* text, int length, std::size_t capacity) {
  return {text, std::min(static_cast<std::size_t>(std::max(length, 0)), capacity - 1)};
}

}  // namespace

Attempt::Attempt(const RunOptions& options)
    : options_(options), writer_(STDOUT_FILENO), gifts_(options.gift_dir), before_(read_counters()) {}

int Attempt::run() {
  if (!signals_.ready()) return fail("the supervisor cannot listen to signals", errno);
  adopt_orphans();
  if (options_.gifts && !receive_gifts()) {
    end(kOurFailure, 0);
    return kOurFailure;
  }
  if (options_.terminal) {
    if (const int error_number = open_terminal())
      return fail("the supervisor cannot make a terminal", error_number);
  } else {
    replace_stdin();
  }
  if (options_.results[0] != nullptr) results_.emplace();
  StartedCommand command = start_command(options_.argv, terminal_);
  command_ = command.pid;
  if (command.result == StartedCommand::Result::broken)
    return fail("the supervisor cannot make a process", command.error_number);
  if (command.result == StartedCommand::Result::not_started) return refuse_to_start(command.error_number);
  out_.open(std::move(command.out));
  err_.open(std::move(command.err));
  records_.open(std::move(command.records));
  writer_.frame(FrameType::started, {});
  supervise();
  drain();
  report_usage(writer_, before_);
  if (results_) send_results();
  const int signal = ending_signal();
  const int code = signal != 0 ? 128 + signal : WEXITSTATUS(command_status_);
  end(code, signal);
  return code;
}

// ---- before the command

bool Attempt::receive_gifts() {
  deadline_ = now_ms() + options_.timeout_ms;
  while (gifts_.state() == GiftReader::State::reading && *stop_reason_ == '\0') {
    pollfd waiting[] = {{signals_.fd(), POLLIN, 0},
                        {STDIN_FILENO, POLLIN, 0},
                        {writer_.pending() ? writer_.fd() : -1, POLLOUT, 0}};
    ::poll(waiting, 3, poll_timeout(deadline_));
    writer_.write_some();
    for (Signal signal = signals_.next(); signal != Signal::none; signal = signals_.next())
      if (signal == Signal::stop) stop_reason_ = "signal";
    if (now_ms() >= deadline_) stop_reason_ = "timeout";
    if (waiting[1].revents != 0) read_gifts();
  }
  if (gifts_.state() == GiftReader::State::finished) return true;
  if (*stop_reason_ == '\0') stop_reason_ = "gifts";
  char text[256];
  const int length = std::snprintf(text, sizeof text, "the secret variables and files did not arrive%s%s",
                                   *gifts_.problem() != '\0' ? ": " : "", gifts_.problem());
  writer_.frame(FrameType::note, cut(text, length, sizeof text));
  return false;
}

void Attempt::read_gifts() {
  char bytes[16 * 1024];
  const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (count > 0)
    gifts_.feed({bytes, static_cast<std::size_t>(count)});
  else if (count == 0 || (errno != EINTR && errno != EAGAIN))
    gifts_.refuse("their stream ended early");
}

int Attempt::open_terminal() {
  const int error_number = terminal_.open(options_.rows, options_.columns);
  if (error_number == 0) terminal_.feed(gifts_.rest());
  return error_number;
}

// Its end means that whoever typed is gone: the command is hung up.
void Attempt::read_typing() {
  char bytes[16 * 1024];
  const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (count > 0) return terminal_.feed({bytes, static_cast<std::size_t>(count)});
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  typing_ended_ = true;
  if (phase_ == Phase::running) stop("signal");
}

int Attempt::refuse_to_start(int error_number) {
  char name[256];
  std::snprintf(name, sizeof name, "%s", options_.argv[0]);
  for (char* c = name; *c != '\0'; ++c)
    if (static_cast<unsigned char>(*c) < ' ') *c = '?';
  char text[512];
  const int length = std::snprintf(text, sizeof text, "errno=%d\nmessage=%s: %s\n", error_number, name,
                                   ::strerror(error_number));
  writer_.frame(FrameType::start_failure, cut(text, length, sizeof text));
  const int code = error_number == ENOENT ? 127 : 126;
  end(code, 0);
  return code;
}

int Attempt::fail(const char* what, int error_number) {
  char text[256];
  const int length = std::snprintf(text, sizeof text, "%s: %s", what, ::strerror(error_number));
  writer_.frame(FrameType::note, cut(text, length, sizeof text));
  end(kOurFailure, 0);
  return kOurFailure;
}

// ---- while it runs

void Attempt::supervise() {
  deadline_ = now_ms() + options_.timeout_ms;
  while (phase_ != Phase::over) {
    wait();
    // First what happened, then the clock: an end before the deadline is not a timeout.
    read_signals();
    advance();
    writer_.write_some();
    pump();
    writer_.write_some();
  }
}

void Attempt::wait() {
  const std::int64_t until = next_deadline();  // asked first: a rest that ends meanwhile ends this wait
  const bool hears_typing = terminal_.is_open() && terminal_.has_room() && !typing_ended_;
  pollfd waiting[] = {{signals_.fd(), POLLIN, 0},
                      {writer_.pending() ? writer_.fd() : -1, POLLOUT, 0},
                      {out_.wanted(writer_), POLLIN, 0},
                      {err_.wanted(writer_), POLLIN, 0},
                      {records_.wanted(writer_), POLLIN, 0},
                      {terminal_.wanted(), POLLOUT, 0},
                      {hears_typing ? STDIN_FILENO : -1, POLLIN, 0}};
  constexpr std::size_t kCount = sizeof waiting / sizeof *waiting;
  ::poll(waiting, kCount, more_to_reap_ ? 0 : poll_timeout(until));
  if (waiting[kCount - 1].revents != 0) read_typing();
  terminal_.write_some();
}

std::int64_t Attempt::next_deadline() const {
  const std::int64_t end = phase_ == Phase::killing ? std::min(deadline_, next_kill_) : deadline_;
  return std::min(end, records_.rest_ends());
}

void Attempt::read_signals() {
  for (int count = 0; count < kSignalsAtOnce; ++count) {
    const Signal signal = signals_.next();
    if (signal == Signal::none) break;
    if (signal != Signal::stop) continue;
    ++stop_requests_;
    if (phase_ == Phase::running) stop("signal");
    if (phase_ == Phase::terminating && stop_requests_ > 1) kill_everything();
  }
  reap();
}

void Attempt::reap() {
  more_to_reap_ = false;
  for (int count = 0; count < kReapAtOnce; ++count) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid < 0) children_left_ = errno != ECHILD;
    if (pid <= 0) return;
    if (pid != command_) continue;
    command_ended_ = true;
    command_status_ = status;
  }
  more_to_reap_ = true;
}

void Attempt::advance() {
  const std::int64_t now = now_ms();
  switch (phase_) {
    case Phase::running:
      if (command_ended_)
        kill_everything();
      else if (now >= deadline_)
        stop("timeout");
      break;
    case Phase::terminating:
      // A shell dies of TERM at once; what it had started has its grace too.
      if (!children_left_ || now >= deadline_) kill_everything();
      break;
    case Phase::killing:
      if (children_left_ && now >= deadline_)
        writer_.frame(FrameType::note, "processes of the attempt could not be killed");
      if (now >= deadline_) {
        phase_ = Phase::over;
      } else if (now >= next_kill_) {
        signal_everything(SIGKILL);
        next_kill_ = now_ms() + kKillEvery;
      }
      break;
    case Phase::over:
      break;
  }
  // At once, not after the next round: mostly the command was alone.
  if (phase_ == Phase::killing && !children_left_) phase_ = Phase::over;
}

// 0 when it exited by itself. A command that hangs in the kernel counts as killed.
int Attempt::ending_signal() const {
  if (!command_ended_) return SIGKILL;
  return WIFSIGNALED(command_status_) ? WTERMSIG(command_status_) : 0;
}

void Attempt::stop(const char* reason) {
  stop_reason_ = reason;
  phase_ = Phase::terminating;
  deadline_ = now_ms() + options_.grace_ms;
  if (options_.grace_ms == 0) return kill_everything();
  // A shell that somebody sits at heeds no TERM.
  if (terminal_.is_open()) signal_everything(SIGHUP);
  signal_everything(SIGTERM);
}

void Attempt::kill_everything() {
  phase_ = Phase::killing;
  deadline_ = now_ms() + kKillGiveUp;
  next_kill_ = now_ms() + kKillEvery;
  signal_everything(SIGKILL);
  reap();
}

Pumped Attempt::pump() {
  const Pumped each[] = {out_.pump(writer_), err_.pump(writer_), records_.pump(writer_)};
  for (const Pumped wanted : {Pumped::some, Pumped::blocked})
    if (std::find(std::begin(each), std::end(each), wanted) != std::end(each)) return wanted;
  return Pumped::nothing;
}

// ---- after it

// Everything is dead: what it wrote is still in the pipes.
void Attempt::drain() {
  std::int64_t limit = now_ms() + kDrainLimit;
  while (now_ms() < limit) {
    const Pumped pumped = pump();
    writer_.write_some();
    if (pumped == Pumped::nothing) break;
    if (pumped == Pumped::some) continue;
    if (!wait_for_reader()) break;
    limit = now_ms() + kDrainLimit;
  }
  records_.finish(writer_);
}

// False when the reader has taken nothing for too long.
bool Attempt::wait_for_reader() {
  pollfd waiting{writer_.fd(), POLLOUT, 0};
  const std::int64_t limit = now_ms() + kStallLimit;
  while (now_ms() < limit) {
    ::poll(&waiting, 1, poll_timeout(limit));
    if (writer_.write_some()) return true;
  }
  reader_stalls_ = true;
  return false;
}

// A request to stop that comes now finds nothing that runs: it only shortens this.
void Attempt::send_results() {
  const std::int64_t start = now_ms();
  const auto give_up = [this, start] {
    while (signals_.next() == Signal::stop) ++stop_requests_;
    return now_ms() >= start + (stop_requests_ > 0 ? kResultsLimitStopped : kResultsLimit);
  };
  results_->send(options_.results, writer_, {give_up, [this] { return wait_for_reader(); }});
}

void Attempt::flush() {
  writer_.write_some();
  while (writer_.pending() && !reader_stalls_ && wait_for_reader()) {
  }
}

void Attempt::end(int code, int signal) {
  char text[128];
  const int length =
      std::snprintf(text, sizeof text, "code=%d\nsignal=%d\nstop=%s\n", code, signal, stop_reason_);
  writer_.frame(FrameType::end, cut(text, length, sizeof text));
  flush();
}

}  // namespace supervisor
