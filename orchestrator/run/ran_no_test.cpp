#include "orchestrator/run/ran_no_test.h"

#include <algorithm>
#include <string_view>

namespace orchestrator {
namespace {

// Of runners that may say so and end with 0: ctest; jest and vitest, which are told to by --passWithNoTests.
constexpr std::string_view kNoTestWords[] = {"No tests were found!!!", "No test configuration file found!",
                                             "No tests found, exiting with code 0",
                                             "No test files found, exiting with code 0"};

}  // namespace

std::string words_for_no_test(const Report& report, const Spool& spool) {
  const auto first = std::find_if(report.attempts.begin(), report.attempts.end(),
                                  [](const AttemptRecord& attempt) { return attempt.counted(); });
  if (first == report.attempts.end()) return "";
  for (const auto* stream : {&first->err, &first->out}) {
    const auto text = spool.read(*stream);
    for (const auto words : kNoTestWords)
      if (text.head.find(words) != std::string::npos || text.tail.find(words) != std::string::npos)
        return std::string(words);
  }
  return "";
}

}  // namespace orchestrator
