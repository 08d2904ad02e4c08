// A report.json as values: the run that it tells of, as far as one of its attempts can be run again. The file
// may come from elsewhere or have been edited: types and bounds are checked, and that what it says fits
// together. Pure; any thread.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/analysis/condition.h"
#include "orchestrator/job/job.h"
#include "orchestrator/report/saved_environment.h"
#include "sandbox/outcome.h"

namespace orchestrator {

struct SavedAttempt {
  int number = 0;  // in its report
  int index = 0;   // of the job: its seed, and what ATTEMPT was. Not `number` in the report of a replay
  std::int64_t seed = 0;
  sandbox::Outcome outcome = sandbox::Outcome::cancelled;
  std::optional<int> exit_code;
  std::optional<std::size_t> condition;  // into SavedRun::conditions; absent where it is no evidence

  bool passed() const { return outcome == sandbox::Outcome::passed; }
  bool counted() const { return sandbox::is_evidence(outcome); }
  // "failed with exit code 1", "timed out"
  std::string how() const;
};

struct SavedTest {
  std::string id;
  std::string outcomes;                   // a letter for each of SavedRun::attempts; empty: not known
  std::map<std::string, double> rate_in;  // of not passing, by the condition's name
};

// Failures that look the same.
struct SavedGroup {
  std::string signature;
  std::vector<int> attempts;       // numbers, sorted
  std::vector<std::string> tests;  // ids; empty: the whole command
};

struct SavedRun {
  JobPlan plan;
  std::string framework;
  std::vector<Condition> conditions;
  std::vector<SavedAttempt> attempts;  // sorted by number
  std::vector<SavedTest> tests;        // worst first; empty: not told apart
  std::vector<SavedGroup> groups;
  SavedEnvironment environment;
  std::string changed_base;  // of attempts of changed tests alone; empty: there were none
  std::vector<std::string> changed_files;
  std::string program_version;

  const SavedAttempt* find(int number) const;
  // Signatures of the groups that the attempt is in.
  std::vector<std::string> signatures_of(int number) const;
  // Ids of the tests that did not pass in it.
  std::vector<std::string> failed_tests_of(int number) const;
};

// Throws InvalidJob for its plan, io::RequestError with one sentence for all else. `where` names the file.
SavedRun read_saved_run(const nlohmann::json& report, const std::string& where);

}  // namespace orchestrator
