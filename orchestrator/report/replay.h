// An attempt of an earlier run that is run again: which one, what differs from then, and whether the same
// happened. Pure functions of values; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/analysis/proportions.h"
#include "orchestrator/report/saved_run.h"

namespace orchestrator {

struct Report;

// The attempt that shows most surely what is wrong. `test` names one (its id, or an end of it that only one
// test has); empty: the worst test that did not pass somewhere, else the first attempt that did not pass. Of
// a test's failing attempts it is the first of those that
//   1. fail as the test does most often (its most frequent signature), and of those
//   2. ran in the condition in which it fails most often (the highest rate, never pooled).
// Throws io::RequestError when there is none.
struct ChosenAttempt {
  int number = 0;
  std::string test;  // its full id; empty: the whole attempt
};
ChosenAttempt choose_attempt(const SavedRun& run, const std::string& test, const std::string& where);
// The one that was asked for by its number; throws io::RequestError when the report has no such attempt.
ChosenAttempt choose_attempt(const SavedRun& run, int number, const std::string& where);

// In a report: that its attempts are all one of an earlier run, again.
struct ReplayRecord {
  std::string report;    // the file
  SavedAttempt attempt;  // as it was
  std::string test;      // that it is about; empty: the whole attempt
  int times = 1;
  std::vector<std::string> signatures;    // of its failures then
  std::vector<std::string> failed_tests;  // then
  bool told_apart = false;                // tests were, then
  bool rebuilt = false;                   // the engine had the image no more
  std::vector<std::string> differences;   // sentences; empty: nothing that is known differs

  // A test may have failed in an attempt that passed: then it is about the test.
  bool about_a_pass() const { return test.empty() && attempt.passed(); }
};

// What is not as it was: base image, sources, packages, engine, runtime, and how limits are enforced.
std::vector<std::string> replay_differences(const SavedRun& was, const Report& now);
// "package a: 1.0 then, 2.0 now", "package b 1.0 is not there now", "package c 1.0 was not there then".
std::vector<std::string> package_differences(const std::vector<std::string>& was,
                                             const std::vector<std::string>& now);

// How often the same happened again. What is no evidence appears nowhere.
struct ReplayResult {
  int n = 0;     // attempts that are evidence
  int same = 0;  // as then: it passed again; or it did not pass, with the same signature or failing test
  int differently = 0;  // it did not pass, but in another way
  int passed = 0;       // of n, whatever was then
  Interval interval;    // 95 % of same ÷ n, Clopper–Pearson
};
// `report.replay` must be there.
ReplayResult replay_result(const Report& report);

}  // namespace orchestrator
