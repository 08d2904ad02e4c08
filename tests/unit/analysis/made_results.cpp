#include "made_results.h"

#include <stdexcept>

namespace orchestrator {

TestOutcome outcome_of(char wanted) {
  for (int i = 0; i <= static_cast<int>(TestOutcome::skipped); ++i)
    if (letter(static_cast<TestOutcome>(i)) == wanted) return static_cast<TestOutcome>(i);
  throw std::invalid_argument("no such letter");
}

TestResults made_results(const std::vector<Row>& rows, const std::vector<int>& conditions) {
  TestResults results;
  for (const auto& row : rows) results.intern_test(row.id);
  for (std::size_t i = 0; i < rows.at(0).first.size(); ++i) {
    AttemptTests attempt{.attempt = static_cast<int>(i),
                         .condition = conditions.empty() ? 0 : conditions.at(i),
                         .session = true,
                         .collected = true,
                         .finished = true};
    const auto add = [&](TestIndex test, const std::string& letters, std::uint16_t repeat) {
      if (i < letters.size() && letters[i] != '-')
        attempt.runs.push_back({.test = test, .repeat = repeat, .outcome = outcome_of(letters[i])});
    };
    for (TestIndex test = 0; test < rows.size(); ++test) {
      add(test, rows[test].first, 1);
      add(test, rows[test].second, 2);
    }
    results.add(std::move(attempt));
  }
  return results;
}

Condition written() { return {}; }
Condition shuffled() { return {.name = "shuffle", .order = TestOrder::shuffled}; }
Condition reversed() { return {.name = "reversed", .order = TestOrder::reversed}; }
Condition repeated() { return {.name = "repeat", .repeat = 2}; }

std::string times(int count, const std::string& what) {
  std::string all;
  for (int i = 0; i < count; ++i) all += what;
  return all;
}

std::vector<int> in_condition(std::initializer_list<int> counts) {
  std::vector<int> all;
  int condition = 0;
  for (const int count : counts) {
    all.insert(all.end(), static_cast<std::size_t>(count), condition);
    ++condition;
  }
  return all;
}

}  // namespace orchestrator
