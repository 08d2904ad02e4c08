// The committed list of tests that are known to be flaky (known-flaky.json): how often each may fail, until
// when, and why that is put up with. What an entry excuses is decided in orchestrator/report/ci_decision.h.
// Values; any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace orchestrator {

// At the root of the tree under test.
inline constexpr const char* kQuarantineFile = "known-flaky.json";

struct KnownFlake {
  std::string
      test;  // its id, exactly as reports have it; "(the whole command)" where tests are not told apart
  double max_rate = 0;              // of one run of the test, in (0, 1)
  std::chrono::sys_days expires{};  // the last day, in UTC, on which the entry excuses anything
  std::string reason, issue;        // at least one of them

  bool expired(std::chrono::sys_days today) const { return today > expires; }
};

struct Quarantine {
  std::string where;  // the file, for people
  std::vector<KnownFlake> tests;

  const KnownFlake* find(std::string_view test) const;
};

// Strict: an unknown field, a test that stands there twice, a day that no calendar has is a mistake. Throws
// InvalidJob with all mistakes, each with its JSON pointer; `where` names the file.
Quarantine parse_quarantine(std::string_view json, const std::string& where);

std::string iso_day(std::chrono::sys_days day);  // "2027-01-31"

}  // namespace orchestrator
