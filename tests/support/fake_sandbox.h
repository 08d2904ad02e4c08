// A working sandbox without an engine: each attempt is a script of what it prints, how long it takes and how
// it ends, decided by the test. It counts what runs at once and what is left, so that tests can ask.
#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/io/loop.h"
#include "sandbox/sandbox.h"

namespace testing_support {

inline std::string value_in(const sandbox::EnvList& env, const std::string& name) {
  for (const auto& [key, value] : env)
    if (key == name) return value;
  return "(none)";
}

struct FakeProgram {
  std::chrono::milliseconds takes{10};
  int exit_code = 0;
  std::string out, err;
  std::optional<std::string> infrastructure;  // the engine breaks instead
  std::optional<sandbox::StartFailure> start_failure;
  bool ignores_term = false;
  std::vector<std::pair<std::string, std::string>>
      result_files;  // path and content; given when asked for any
  // At a terminal: what it answers to a line that was typed, at a terminal of that size; nullopt: it ends
  // with its exit code. Then `takes` counts for nothing, and `out` is what it says first.
  std::function<std::optional<std::string>(const std::string& line, sandbox::TerminalSize size)> at_terminal;
};

class FakeSandbox : public sandbox::Sandbox {
 public:
  using Script = std::function<FakeProgram(const sandbox::AttemptSpec&)>;

  FakeSandbox(io::Loop& loop, Script script) : loop_(loop), script_(std::move(script)) {}

  int running = 0;
  int most_running = 0;
  int left = 0;  // prepared or started, not yet drained
  std::vector<sandbox::AttemptSpec> started;

  void probe(std::function<void(io::Result<sandbox::Capabilities>)> done) override {
    loop_.post([done = std::move(done)] {
      sandbox::Capabilities capabilities;
      capabilities.engine = "fake";
      capabilities.builder = "fake builder";
      capabilities.build_limits = {{"timeout", sandbox::Enforcement::enforced}};
      capabilities.cpus = 4;
      done(std::move(capabilities));
    });
  }

  std::unique_ptr<sandbox::Prepared> prepare(sandbox::AttemptSpec spec) override {
    ++left;
    return std::make_unique<FakePrepared>(*this, std::move(spec));
  }

  std::unique_ptr<sandbox::AttemptHandle> start(std::unique_ptr<sandbox::Prepared> prepared,
                                                sandbox::AttemptObserver& observer) override {
    auto* mine = static_cast<FakePrepared*>(prepared.get());
    mine->used = true;
    started.push_back(mine->spec);
    return std::make_unique<FakeAttempt>(*this, mine->spec, observer);
  }

  std::unique_ptr<sandbox::TerminalHandle> open_terminal(sandbox::AttemptSpec spec,
                                                         sandbox::TerminalSize size,
                                                         sandbox::AttemptObserver& observer) override {
    ++left;
    started.push_back(spec);
    return std::make_unique<FakeTerminal>(*this, spec, size, observer);
  }

  void sweep(sandbox::SweepScope, std::function<void(io::Result<int>)> done) override {
    loop_.post([done = std::move(done)] { done(0); });
  }

 private:
  struct FakePrepared : sandbox::Prepared {
    FakePrepared(FakeSandbox& owner_, sandbox::AttemptSpec spec_) : owner(owner_), spec(std::move(spec_)) {}
    ~FakePrepared() override {
      if (!used) --owner.left;
    }
    FakeSandbox& owner;
    sandbox::AttemptSpec spec;
    bool used = false;
  };

  class FakeAttempt : public sandbox::AttemptHandle {
   public:
    FakeAttempt(FakeSandbox& owner, const sandbox::AttemptSpec& spec, sandbox::AttemptObserver& observer)
        : owner_(owner), program_(owner.script_(spec)), limits_(spec.execution.limits), observer_(observer) {
      if (spec.execution.results.empty()) program_.result_files.clear();
      ++owner_.running;
      owner_.most_running = std::max(owner_.most_running, owner_.running);
      began_ = owner_.loop_.now();
      const bool too_long = program_.takes > limits_.timeout;
      timer_ = owner_.loop_.call_after(too_long ? limits_.timeout : program_.takes, [this, too_long] {
        if (too_long) stop_reason_ = sandbox::StopReason::timeout;
        end();
      });
    }
    ~FakeAttempt() override {
      if (!ended_) --owner_.running;
      if (!drained_) --owner_.left;
    }

    void stop(sandbox::StopReason reason) override {
      if (stop_reason_ || ended_) return;
      stop_reason_ = reason;
      timer_ = owner_.loop_.call_after(program_.ignores_term ? limits_.grace : std::chrono::milliseconds(1),
                                       [this] { end(); });
    }
    void kill() override {
      if (ended_) return;
      if (!stop_reason_) stop_reason_ = sandbox::StopReason::cancelled;
      timer_ = owner_.loop_.call_after(std::chrono::milliseconds(1), [this] { end(); });
    }

   private:
    void end() {
      ended_ = true;
      --owner_.running;
      sandbox::ExecutionResult result;
      result.infrastructure = program_.infrastructure;
      result.start_failure = program_.start_failure;
      result.stop = stop_reason_;
      result.duration = std::chrono::duration_cast<std::chrono::milliseconds>(owner_.loop_.now() - began_);
      if (!program_.infrastructure) {
        result.exit = sandbox::ExitStatus{stop_reason_ ? 143 : program_.exit_code, std::nullopt};
        if (!program_.out.empty()) observer_.output(sandbox::Stream::out, program_.out);
        if (!program_.err.empty()) observer_.output(sandbox::Stream::err, program_.err);
        for (const auto& [path, bytes] : program_.result_files) observer_.result_file(path, bytes);
      }
      timer_ = owner_.loop_.call_after(std::chrono::milliseconds(1), [this] {
        drained_ = true;
        --owner_.left;
        observer_.drained();
      });
      observer_.finished(result);
    }

    FakeSandbox& owner_;
    FakeProgram program_;
    sandbox::Limits limits_;
    sandbox::AttemptObserver& observer_;
    std::optional<sandbox::StopReason> stop_reason_;
    io::TimePoint began_;
    std::unique_ptr<io::Timer> timer_;
    bool ended_ = false;
    bool drained_ = false;
  };

  // Lines are answered in the order in which they are typed, each as an event of its own.
  class FakeTerminal : public sandbox::TerminalHandle {
   public:
    FakeTerminal(FakeSandbox& owner, const sandbox::AttemptSpec& spec, sandbox::TerminalSize size,
                 sandbox::AttemptObserver& observer)
        : owner_(owner), program_(owner.script_(spec)), size_(size), observer_(observer) {
      ++owner_.running;
      timer_ = owner_.loop_.call_after(std::chrono::milliseconds(1), [this] { begin(); });
      deadline_ = owner_.loop_.call_after(spec.execution.limits.timeout, [this] {
        if (!ended_) end(sandbox::StopReason::timeout);
      });
    }
    ~FakeTerminal() override {
      if (!ended_) --owner_.running;
      if (!drained_) --owner_.left;
    }

    void type(std::string_view bytes) override {
      typed_.append(bytes);
      if (begun_) answer_later();
    }
    void resize(sandbox::TerminalSize size) override { size_ = size; }
    std::size_t untyped() const override { return typed_.size(); }
    void stop(sandbox::StopReason reason) override {
      if (!ended_)
        timer_ = owner_.loop_.call_after(std::chrono::milliseconds(1), [this, reason] { end(reason); });
    }
    void kill() override { stop(sandbox::StopReason::cancelled); }

   private:
    void begin() {
      begun_ = true;
      observer_.started();
      if (program_.infrastructure) return end(std::nullopt);
      if (!program_.out.empty()) observer_.output(sandbox::Stream::out, program_.out);
      answer_later();
    }
    void answer_later() {
      timer_ = owner_.loop_.call_after(std::chrono::milliseconds(1), [this] { answer(); });
    }
    void answer() {
      const auto newline = typed_.find('\n');
      if (ended_ || newline == std::string::npos || !program_.at_terminal) return;
      const std::string line = typed_.substr(0, newline);
      typed_.erase(0, newline + 1);
      const auto reply = program_.at_terminal(line, size_);
      if (!reply) return end(std::nullopt);
      observer_.output(sandbox::Stream::out, *reply);
      answer_later();
    }
    void end(std::optional<sandbox::StopReason> reason) {
      ended_ = true;
      --owner_.running;
      sandbox::ExecutionResult result;
      result.stop = reason;
      result.infrastructure = program_.infrastructure;
      if (!program_.infrastructure) result.exit = sandbox::ExitStatus{reason ? 129 : program_.exit_code, {}};
      timer_ = owner_.loop_.call_after(std::chrono::milliseconds(1), [this] {
        drained_ = true;
        --owner_.left;
        observer_.drained();
      });
      observer_.finished(result);
    }

    FakeSandbox& owner_;
    FakeProgram program_;
    sandbox::TerminalSize size_;
    sandbox::AttemptObserver& observer_;
    std::string typed_;
    std::unique_ptr<io::Timer> timer_, deadline_;
    bool begun_ = false, ended_ = false, drained_ = false;
  };

  io::Loop& loop_;
  Script script_;
};

}  // namespace testing_support
