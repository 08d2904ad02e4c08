#include "orchestrator/analysis/condition_counts.h"

#include <unordered_map>

namespace orchestrator {
namespace {

void add(ConditionCounts& counts, const GridCell& cell, bool repeats) {
  switch (cell.worst()) {
    case TestOutcome::not_run:
      ++counts.not_run;
      break;
    case TestOutcome::passed:
      ++counts.passed;
      break;
    case TestOutcome::failed:
      ++counts.failed;
      break;
    case TestOutcome::error:
      ++counts.errors;
      break;
    case TestOutcome::timed_out:
      ++counts.timed_out;
      break;
    case TestOutcome::out_of_memory:
      ++counts.out_of_memory;
      break;
    case TestOutcome::crashed:
      ++counts.crashed;
      break;
    case TestOutcome::skipped:
      ++counts.skipped;
      break;
  }
  counts.failed_on_repeat_only += cell.failed_on_repeat_only();
  counts.passed_when_run_again += !repeats && cell.passed && did_not_pass(cell.worst());
}

}  // namespace

ConditionColumns::ConditionColumns(const TestResults& results, const std::vector<Condition>& conditions)
    : columns_(conditions.size()), wanted_(conditions.size()) {
  for (std::size_t column = 0; column < results.attempts().size(); ++column) {
    const AttemptTests& attempt = results.attempts()[column];
    if (attempt.counted) columns_.at(static_cast<std::size_t>(attempt.condition)).push_back(column);
  }
  std::unordered_map<std::string_view, std::size_t> test_of;
  for (std::size_t test = 0; test < results.tests().size(); ++test)
    test_of.emplace(results.tests()[test], test);
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    repeats_.push_back(conditions[i].repeat > 1);
    // Of the tests of some files those that never ran there are not known: none is missed.
    if (!conditions[i].files.empty()) wanted_[i].resize(results.tests().size());
    if (conditions[i].tests.empty()) continue;
    wanted_[i].resize(results.tests().size());
    for (const auto& id : conditions[i].tests)
      if (const auto found = test_of.find(id); found != test_of.end()) wanted_[i][found->second] = true;
  }
}

bool ConditionColumns::wanted(std::size_t condition, std::size_t test) const {
  return wanted_[condition].empty() || wanted_[condition][test];
}

std::vector<ConditionCounts> ConditionColumns::count(const OutcomeGrid& grid, std::size_t test) const {
  std::vector<ConditionCounts> all;
  for (std::size_t condition = 0; condition < columns_.size(); ++condition) {
    ConditionCounts counts{.condition = static_cast<int>(condition)};
    for (const std::size_t column : columns_[condition])
      add(counts, grid.at(test, column), repeats_[condition]);
    const bool ran = counts.n() + counts.skipped > 0;
    if (ran || (counts.not_run > 0 && wanted(condition, test))) all.push_back(counts);
  }
  return all;
}

}  // namespace orchestrator
