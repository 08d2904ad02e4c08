#include "orchestrator/cli/terminal_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>

#include "orchestrator/cli/raw_terminal.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/words.h"
#include "sandbox/io/error.h"
#include "sandbox/io/signals.h"

namespace orchestrator {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::hours kLongestSitting{24};
constexpr std::int64_t kNoLimitOfOutput = std::int64_t{1} << 50;
constexpr milliseconds kGrace{1'000};  // for what the shell had started
constexpr milliseconds kSoon{10};      // until the terminal is tried again
constexpr std::size_t kMostUntyped = 64 * 1024;
constexpr const char* kStartFile = "shell-start";

// A name of a terminal's kind goes into file names.
std::string safe_terminal_type(const std::string& said) {
  const bool plain =
      !said.empty() && said.size() <= 64 && std::all_of(said.begin(), said.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '-' || c == '_' || c == '+' || c == '.';
      });
  return plain && said[0] != '.' ? said : "xterm";
}

// Either the shell has ended, or engine or container are gone.
class Sitting : public sandbox::AttemptObserver {
 public:
  Sitting(Seat& seat, RawTerminal& terminal) : seat_(seat), terminal_(terminal) {}
  ~Sitting() override { seat_.on_signal = nullptr; }

  sandbox::ExecutionResult run(sandbox::AttemptSpec spec) {
    const io::Signals signals(seat_.loop, {SIGWINCH, SIGTSTP, SIGCONT},
                              [this](int signal) { on_signal(signal); });
    seat_.on_signal = [this](int) { leave(); };
    terminal_.make_raw();
    handle_ = seat_.sandbox.open_terminal(std::move(spec), terminal_.size(), *this);
    listen();
    seat_.loop.run_until([this] { return result_.has_value(); });
    terminal_.put_back();
    seat_.loop.run_until([this] { return drained_; });
    return *result_;
  }

  void output(sandbox::Stream, std::string_view bytes) override {
    terminal_.write(bytes);
    flush();
  }
  void finished(const sandbox::ExecutionResult& result) override {
    watch_.reset();
    result_ = result;
  }
  void drained() override { drained_ = true; }

 private:
  void listen() {
    watch_ = seat_.loop.watch_readable(terminal_.fd(), [this] { read(); });
  }

  void read() {
    const auto typed = terminal_.read_some();
    if (!typed) {
      watch_.reset();
      return leave();
    }
    if (!typed->empty()) handle_->type(*typed);
    if (handle_->untyped() > kMostUntyped) pause();
  }

  // Until what was typed has gone on its way.
  void pause() {
    watch_.reset();
    typing_again_ = seat_.loop.call_after(kSoon, [this] {
      if (result_) return;
      if (handle_->untyped() > kMostUntyped) return pause();
      listen();
    });
  }

  void flush() {
    if (terminal_.flush()) return;
    writing_again_ = seat_.loop.call_after(kSoon, [this] { flush(); });
  }

  // The first time the shell is hung up, the second time it is killed.
  void leave() {
    if (!handle_ || result_) return;
    if (std::exchange(leaving_, true)) return handle_->kill();
    handle_->stop(sandbox::StopReason::cancelled);
  }

  void on_signal(int signal) {
    if (result_) return;
    if (signal == SIGTSTP) {
      terminal_.put_back();
      std::raise(SIGSTOP);  // until a SIGCONT, which comes here, too
    } else if (signal == SIGCONT) {
      terminal_.make_raw();
    }
    if (handle_) handle_->resize(terminal_.size());
  }

  Seat& seat_;
  RawTerminal& terminal_;
  std::unique_ptr<sandbox::TerminalHandle> handle_;
  std::unique_ptr<io::Watch> watch_;
  std::unique_ptr<io::Timer> typing_again_, writing_again_;
  std::optional<sandbox::ExecutionResult> result_;
  bool drained_ = false;
  bool leaving_ = false;
};

void greet(const sandbox::AttemptSpec& spec, const TestCommand& command) {
  write_to_stderr(
      fmt::format("a shell where {} would start: in {}, network {}. Its command, which `again` runs here:\n"
                  "  {}\n",
                  one_line(spec.name), spec.execution.workdir, name(spec.execution.network),
                  for_terminal(command.shown())));
}

int code_of(const sandbox::ExecutionResult& result) {
  using sandbox::Outcome;
  const Outcome outcome = sandbox::classify(result);
  // A shell that did not come to its own end has left the line unfinished.
  if (outcome != Outcome::passed && outcome != Outcome::failed) write_to_stderr("\n");
  if (outcome == Outcome::infrastructure_error)
    throw io::HostError("the shell is gone: " +
                        one_line(result.infrastructure.value_or("nobody saw its end")));
  if (outcome == Outcome::not_runnable && result.start_failure)
    throw io::SetupError("no shell can be started in the image: " + one_line(result.start_failure->message));
  if (outcome == Outcome::timed_out) write_to_stderr("the shell was closed after 24 hours\n");
  if (outcome == Outcome::disk_limit)
    write_to_stderr("the shell was closed: it wrote more than an attempt may\n");
  return result.exit ? result.exit->code : 1;
}

}  // namespace

sandbox::AttemptSpec with_shell(sandbox::AttemptSpec spec, const TestCommand& command,
                                const std::string& terminal_type) {
  sandbox::Execution& execution = spec.execution;
  const std::string start = fmt::format("{}/{}", sandbox::kSecretDir, kStartFile);
  // sh reads it because of ENV, which is then no variable of the attempt any more.
  execution.secret_files.push_back({kStartFile, fmt::format("unset ENV\nagain() {{\n{}\n}}\n",
                                                            TestCommand{"", command.argv()}.display())});
  execution.argv = {"/bin/sh", "-c",
                    fmt::format("if command -v bash > /dev/null 2>&1; then exec bash --rcfile {0} -i; fi; "
                                "ENV={0} exec sh -i",
                                start)};
  std::erase_if(execution.env, [](const auto& variable) { return variable.first == "TERM"; });
  execution.results.clear();  // nobody asks what a shell has found
  execution.env.emplace_back("TERM", safe_terminal_type(terminal_type));
  execution.limits.timeout = kLongestSitting;
  execution.limits.grace = kGrace;
  execution.limits.output_keep_bytes = execution.limits.output_stop_bytes = kNoLimitOfOutput;
  return spec;
}

int sit_at_terminal(Seat seat, const TestCommand& command) {
  RawTerminal::check();
  const char* type = std::getenv("TERM");
  greet(seat.spec, command);
  sandbox::AttemptSpec spec = with_shell(std::move(seat.spec), command, type ? type : "");
  sandbox::ExecutionResult result;
  {
    RawTerminal terminal;
    result = Sitting(seat, terminal).run(std::move(spec));
  }
  return code_of(result);
}

}  // namespace orchestrator
