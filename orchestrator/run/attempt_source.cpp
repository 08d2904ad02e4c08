#include "orchestrator/run/attempt_source.h"

namespace orchestrator {
namespace {

class Range : public AttemptSource {
 public:
  Range(int first, int count) : next_(first), end_(first + count), count_(count) {}
  std::optional<int> next(const Evidence&) override {
    return next_ < end_ ? std::optional(next_++) : std::nullopt;
  }
  int expected() const override { return count_; }

 private:
  int next_, end_, count_;
};

class UntilSettled : public Range {
 public:
  explicit UntilSettled(int max_runs) : Range(0, max_runs) {}
  std::optional<int> next(const Evidence& evidence) override {
    return evidence.settled ? std::nullopt : Range::next(evidence);
  }
};

}  // namespace

std::unique_ptr<AttemptSource> fixed_number(int runs) { return std::make_unique<Range>(0, runs); }
std::unique_ptr<AttemptSource> only_attempt(int index) { return std::make_unique<Range>(index, 1); }
std::unique_ptr<AttemptSource> until_settled(int max_runs) {
  return std::make_unique<UntilSettled>(max_runs);
}

}  // namespace orchestrator
