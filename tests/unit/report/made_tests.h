// Reports of made-up runs that told their tests apart, for the tests of writers.
#pragma once

#include "made_report.h"

namespace orchestrator {

struct MadeRow {
  std::string id;
  std::string letters;      // how it ended in each attempt, by letter(); '-': the attempt knows nothing of it
  std::string second = "";  // the same, of the second time in one process
  std::string exception = "AssertionError";
  std::string message = "assert 1 == 2";
  std::string text = "";  // of each failure; empty: none was kept
};

struct MadeTests : MadeReport {
  // An attempt per letter; `conditions`: which each ran under (empty: all as written). Verdicts and findings
  // are those of the program.
  explicit MadeTests(const std::vector<MadeRow>& rows, std::vector<Condition> conditions = {Condition{}},
                     const std::vector<int>& condition_of = {});
};

// Flaky, order- and repeat-dependent, failing, not shown flaky and never run; 12 attempts under three
// conditions.
MadeTests every_verdict();
// What a repository could name its tests and say in its failures to be taken for markup or for commands.
const std::vector<std::string>& hostile_texts();
struct HostileReport : MadeTests {
  HostileReport();
};

// Compares with a file in golden/; UPDATE_GOLDEN=1 writes the file anew.
void expect_golden_file(const std::string& name, const std::string& text);

}  // namespace orchestrator
