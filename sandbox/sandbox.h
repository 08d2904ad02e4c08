// Runs one command in isolation. Implemented by each engine (docker/, the fake of the tests). All calls and
// all callbacks happen on the loop's thread; no call blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "sandbox/capabilities.h"
#include "sandbox/execution.h"
#include "sandbox/io/result.h"
#include "sandbox/outcome.h"

namespace sandbox {

enum class Stream { out, err };

// One attempt to run: what, on which image, under which labels.
struct AttemptSpec {
  std::string image;  // an image id or reference that the engine has
  Execution execution;
  std::string name;                           // for people: "attempt 7"
  std::map<std::string, std::string> labels;  // run, attempt: beside those of ownership that the engine adds
};

// Told what happens, in order; `finished` once, then `drained` once, then never again. Never called after the
// handle is gone.
class AttemptObserver {
 public:
  virtual ~AttemptObserver() = default;
  virtual void started() {}
  virtual void output(Stream stream, std::string_view bytes) = 0;  // at most Limits::output_keep_bytes in sum
  virtual void record(std::string_view) {}                         // one record of a probe, as written
  // One of Execution::results, after the command has ended and before `finished`; may be cut, never twice the
  // same file.
  virtual void result_file(std::string_view /*path*/, std::string_view /*bytes*/) {}
  virtual void finished(const ExecutionResult& result) = 0;
  virtual void drained() {}  // nothing of it is left at the engine
};

// Letting go stops the attempt, removes it in the background and detaches the observer.
class AttemptHandle {
 public:
  virtual ~AttemptHandle() = default;
  virtual void stop(StopReason reason) = 0;  // legal in each state; the first reason stays
  virtual void kill() = 0;                   // no grace any more
};

// Created at the engine, not started; single use. Letting go removes it.
class Prepared {
 public:
  virtual ~Prepared() = default;
};

// An attempt at whose command somebody sits: its output is that of a terminal, all of it on Stream::out.
class TerminalHandle : public AttemptHandle {
 public:
  virtual void type(std::string_view bytes) = 0;  // legal in each state; kept until the command runs
  virtual void resize(TerminalSize size) = 0;     // same
  virtual std::size_t untyped() const = 0;        // bytes that wait for the engine to take them
};

enum class SweepScope {
  dead_owners,  // what a dead or expired owner on this host left; never what a living one owns
  own,          // what this process still owns
};

class Sandbox {
 public:
  virtual ~Sandbox() = default;
  virtual void probe(std::function<void(io::Result<Capabilities>)> done) = 0;
  virtual std::unique_ptr<Prepared> prepare(AttemptSpec spec) = 0;
  virtual std::unique_ptr<AttemptHandle> start(std::unique_ptr<Prepared> prepared,
                                               AttemptObserver& observer) = 0;
  // The same command, user, environment, limits and network, but at a terminal of the container's own. When
  // whoever opened it dies, the command is hung up. `spec`'s limits hold: give one that a person sits at a
  // longer timeout and more output.
  virtual std::unique_ptr<TerminalHandle> open_terminal(AttemptSpec spec, TerminalSize size,
                                                        AttemptObserver& observer) = 0;
  virtual void sweep(SweepScope scope,
                     std::function<void(io::Result<int>)> done) = 0;  // how many were removed
};

}  // namespace sandbox
