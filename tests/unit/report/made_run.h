// Adds tests that were told apart to a made report: each says how it ends in which attempt, and the rest
// (results, texts in the spool, verdicts, findings) is computed as in a run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "made_report.h"

namespace orchestrator {

struct MadeTest {
  std::string id;
  std::function<TestOutcome(int attempt, int condition)> ends;
  std::string message = "assert 29 == 30";
  std::string exception = "AssertionError";
};

// The same for the same numbers: true in about `percent` of a hundred attempts.
bool falls(int attempt, int test, int percent);

struct MadeRun {
  int attempts = 8;
  Deal deal;
  std::vector<MadeTest> tests;
  bool with_texts = true;  // failures have a text, tests a log
};
void add_run(MadeReport& made, const MadeRun& run);

// A shop's suite in a poor state: flaky alone and together, order- and repeat-dependent, broken, hanging.
MadeRun shop_run(int attempts);
// Ids, messages and outputs that try to become more than text.
MadeRun hostile_run();
std::string hostile_text();

}  // namespace orchestrator
