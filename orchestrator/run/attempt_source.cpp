#include "orchestrator/run/attempt_source.h"

#include <filesystem>
#include <set>

#include "sandbox/execution.h"

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

// Of a test as a path of the tree: its id without what stands behind "::", from the folder that ids begin
// from.
std::string file_of(std::string_view id, const std::string& root) {
  const std::string work = std::string(sandbox::kWorkDir) + "/";
  const std::string path = std::filesystem::path(root + "/" + std::string(id.substr(0, id.find("::"))))
                               .lexically_normal()
                               .string();
  return path.starts_with(work) ? path.substr(work.size()) : "";
}

// Both kinds side by side, so that a run that is cut short has some of each.
class WithChanged : public AttemptSource {
 public:
  WithChanged(int runs, int changed_runs, std::vector<std::string> files)
      : runs_(runs), end_(runs + changed_runs), changed_(runs), files_(files.begin(), files.end()) {}

  std::optional<int> next(const Evidence& evidence) override {
    if (!seen_ && evidence.tests) look(*evidence.tests);
    const bool more_usual = usual_ < runs_, more_changed = seen_ && changed_ < end_;
    if (more_changed && (!more_usual || behind())) return changed_++;
    return more_usual ? std::optional(usual_++) : std::nullopt;
  }
  int expected() const override { return seen_ ? end_ : runs_; }

 private:
  // By share of its kind.
  bool behind() const {
    return static_cast<long long>(changed_ - runs_) * runs_ < static_cast<long long>(usual_) * (end_ - runs_);
  }

  void look(const TestResults& tests) {
    for (const auto& attempt : tests.attempts()) {
      if (!known_.insert(attempt.attempt).second) continue;
      for (const auto& run : attempt.runs)
        if (files_.count(file_of(tests.tests()[run.test], attempt.root))) seen_ = true;
    }
  }

  int runs_, end_, changed_;
  int usual_ = 0;
  bool seen_ = false;
  std::set<std::string> files_;
  std::set<int> known_;  // attempts that were looked at
};

}  // namespace

std::unique_ptr<AttemptSource> with_changed(int runs, int changed_runs, std::vector<std::string> files) {
  return std::make_unique<WithChanged>(runs, changed_runs, std::move(files));
}
std::unique_ptr<AttemptSource> fixed_number(int runs) { return std::make_unique<Range>(0, runs); }
std::unique_ptr<AttemptSource> only_attempt(int index) { return std::make_unique<Range>(index, 1); }
std::unique_ptr<AttemptSource> until_settled(int max_runs) {
  return std::make_unique<UntilSettled>(max_runs);
}

}  // namespace orchestrator
