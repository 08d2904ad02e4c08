// The formats of files in which a test command leaves its results, one file here for each format. A file
// comes from where the tests run: whatever is in it, reading it ends soon, takes bounded memory and never
// throws. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/analysis/test_results.h"

namespace orchestrator {

// What a file says about one test, once. Texts are as they stand there: whoever keeps them cuts and masks.
struct ResultCase {
  std::string id;                             // the same in each attempt; never empty
  TestOutcome outcome = TestOutcome::passed;  // passed, failed, error or skipped
  double seconds = 0;                         // as the file says, ≥ 0
  bool again = false;  // the runner itself repeated the test of the case before this one
  FailureFacts facts;  // when it did not pass
  std::string text;    // same: trace and whatever else stands there
  std::string log;     // what the test printed, if the file says
};

class ResultFormat {
 public:
  virtual ~ResultFormat() = default;
  virtual std::string_view name() const = 0;  // "JUnit XML"
  // `head`: the first bytes of the file, kResultHead at most.
  virtual bool recognises(std::string_view path, std::string_view head) const = 0;
  // Hands on what can be read, in the file's order, also of a file that was cut off or is malformed further
  // on. Returns what is wrong with it, as the rest of a sentence about the file; "" when nothing is.
  virtual std::string read(std::string_view bytes, const std::function<void(ResultCase)>& each) const = 0;
};

inline constexpr std::size_t kResultHead = 4096;

// All of them; the first that recognises a file reads it.
const std::vector<const ResultFormat*>& result_formats();
const ResultFormat& ctest_log();
const ResultFormat& junit_xml();

// Reads a file by its format; says the same as ResultFormat::read, also when no format knows it.
std::string read_results(std::string_view path, std::string_view bytes,
                         const std::function<void(ResultCase)>& each);

}  // namespace orchestrator
