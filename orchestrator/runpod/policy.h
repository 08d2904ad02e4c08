// When a worker asks again, and what an answer to a post means. Pure: the time is an argument.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "orchestrator/runpod/answers.h"
#include "sandbox/io/loop.h"

namespace orchestrator::runpod {

using Span = std::chrono::milliseconds;

// Waits that double, each with a share that is random, so that workers that were refused together do not come
// back together.
class Backoff {
 public:
  // `random`: between 0 and 1; a test says what.
  Backoff(Span first, Span most, std::function<double()> random = {});
  Span next();  // between the doubled wait and half as much again, at most `most`
  void reset() { doubled_ = first_; }

 private:
  Span first_, most_, doubled_;
  std::function<double()> random_;
};

// When to ask for jobs again.
class TakePolicy {
 public:
  explicit TakePolicy(std::function<double()> random = {}) : backoff_(kFirst, kMost, std::move(random)) {}

  // After this answer to what was asked at `asked`; nullopt: never, since the queue has refused for minutes.
  std::optional<Span> after(const TakeAnswer& answer, io::TimePoint asked, io::TimePoint now);

  static constexpr Span kFirst{1'000}, kMost{30'000};
  static constexpr Span kGap{1'000};  // between questions that bring nothing: some servers do not hold a poll
  static constexpr std::chrono::minutes kPatience{5};

 private:
  Backoff backoff_;
  std::optional<io::TimePoint> refused_since_;
};

// The same for the channel of jobs to stop.
class StopPolicy {
 public:
  explicit StopPolicy(std::function<double()> random = {})
      : absent_(Span(5'000), Span(300'000), random), failed_(Span(1'000), Span(30'000), std::move(random)) {}
  Span after(const StopAnswer& answer);

 private:
  Backoff absent_, failed_;
};

// What an answer to a result means. `status` 0: there was none.
enum class PostFate {
  delivered,
  again,   // later: the job may still be alive
  shrink,  // it is too large
  gone,    // nobody waits for it any more
  lost     // another of the same would be answered alike
};
PostFate fate_of_post(long status);

}  // namespace orchestrator::runpod
