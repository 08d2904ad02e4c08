// Failures of a test to show for it: which, with which words, and where in the sources. What the terminal
// shows by groups, other forms of a report show test by test. Made once by a writer, which must not outlive
// the report.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/report/report.h"

namespace orchestrator {

// One time that a test did not pass, in an attempt that counts.
struct TestExample {
  const AttemptRecord* attempt = nullptr;
  int repeat = 1;
  TestOutcome outcome = TestOutcome::failed;
  double seconds = 0;
  const TestFailure* failure = nullptr;  // absent where a bound kept it out
};

class TestExamples {
 public:
  static constexpr std::size_t kMost = 50;  // kept of one test; the first

  explicit TestExamples(const Report& report);

  // By attempt.
  const std::vector<TestExample>& of(TestIndex test) const;
  // At most `most`, each failing in another way as long as there are any; those with a text first.
  std::vector<TestExample> distinct(TestIndex test, std::size_t most) const;

 private:
  std::map<TestIndex, std::vector<TestExample>> by_test_;
};

// What the failure said, as UTF-8 of at most about `most` bytes: its beginning and, mostly, its end. Its
// message where no text was kept; else how it ended ("timed out").
std::string example_text(const TestExample& example, const Spool& spool, std::size_t most);
// First line of it, raw; how it ended where nothing was said.
std::string example_message(const TestExample& example);
// "AssertionError", or how it ended ("timed_out").
std::string example_kind(const Report& report, const TestExample& example);

// The end of what an attempt printed on both streams, lines joined.
std::string attempt_text(const AttemptRecord& attempt, const Spool& spool, std::size_t most_lines);

// Median time of the attempts that are evidence, in seconds; 0 when there is none.
double median_seconds(const Report& report);

// A place in the repository; relative to its root, `subdir` included.
struct SourcePlace {
  std::string path;  // empty: not known
  int line = 0;      // 0: not known
};
// Of the frame that a failure's text ends in, else of the file that the test's id begins with. Nothing that
// would lead out of the repository.
SourcePlace place_of(const Report& report, TestIndex test, std::string_view text);
// By the whole text of the failure that stands for the test, not by what a form has room for.
SourcePlace place_of(const Report& report, const Spool& spool, TestIndex test, const TestExamples& examples);

// At most about `most` bytes: beginning and, mostly, end, with a mark between.
std::string shortened(std::string_view text, std::size_t most);
// So that it takes about `most` bytes once it is escaped: `size_of` says how many it does.
std::string shortened_to(std::string_view text, std::size_t most, std::size_t (*size_of)(std::string_view));

}  // namespace orchestrator
