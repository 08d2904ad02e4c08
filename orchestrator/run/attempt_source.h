// Which attempt comes next, as a pure function of what is known.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "orchestrator/analysis/test_results.h"
#include "sandbox/outcome.h"

namespace orchestrator {

// What the attempts so far have shown.
struct Evidence {
  int started = 0;
  int passed = 0;
  int not_passed = 0;
  bool settled = false;                // enough is known of every test
  const TestResults* tests = nullptr;  // so far; outlives the question
};

class AttemptSource {
 public:
  virtual ~AttemptSource() = default;
  // The index of the next attempt; nullopt when none is wanted (now, or any more).
  virtual std::optional<int> next(const Evidence& evidence) = 0;
  virtual int expected() const = 0;  // how many in all, as far as known
};

std::unique_ptr<AttemptSource> fixed_number(int runs);
std::unique_ptr<AttemptSource> only_attempt(int index);
// So many, and, beginning as soon as a test of one of these files of the tree has been seen, `changed_runs`
// more for them: those attempts have the indices from `runs` on. Where no such test is seen they are never
// made: an attempt without any test would fail for that alone.
std::unique_ptr<AttemptSource> with_changed(int runs, int changed_runs, std::vector<std::string> files);
// Until all is settled, at most so many.
std::unique_ptr<AttemptSource> until_settled(int max_runs);

}  // namespace orchestrator
