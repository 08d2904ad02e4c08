#include "orchestrator/report/saved_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/analysis/test_results.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/read_plan.h"
#include "orchestrator/report/saved_place.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using nlohmann::json;
using sandbox::Outcome;

constexpr std::string_view kLetters = " .FETMCs";

class SavedRunReader {
 public:
  SavedRunReader(const json& report, const std::string& where) : report_(report, where, ""), where_(where) {}

  SavedRun read() {
    run_.plan = read_plan(report_.at("job").at("plan").value(), where_);
    run_.framework = report_.at("framework").text();
    run_.program_version = report_.at("program_version").text();
    run_.conditions = read_conditions(report_.at("conditions"));
    run_.environment = read_saved_environment(report_.at("environment"));
    if (const auto changed = report_.find("changed")) read_changed(*changed);
    read_attempts();
    if (const SavedPlace tests = report_.at("tests"); !tests.is_null()) read_tests(tests);
    read_groups(report_.at("findings").at("failure_groups").at("list"));
    return std::move(run_);
  }

 private:
  void read_changed(const SavedPlace& changed) {
    run_.changed_base = changed.at("base").text();
    run_.changed_files = changed.at("files").texts();
  }

  // All attempts of a replay are one of its job's.
  int index_of(int number) const {
    const auto replay = report_.find("replay");
    return replay ? replay->at("attempt").integer(0, kLargestSavedIndex)
                  : run_.plan.only_attempt.value_or(number);
  }

  SavedAttempt attempt_from(const SavedPlace& place) const {
    SavedAttempt attempt;
    attempt.number = place.at("attempt").integer(0, kLargestSavedIndex);
    attempt.index = index_of(attempt.number);
    attempt.seed = place.at("seed").whole(0, INT64_MAX);
    const auto outcome = sandbox::outcome_from_name(place.at("outcome").text());
    if (!outcome) place.at("outcome").refuse("is no outcome of an attempt");
    attempt.outcome = *outcome;
    const auto index = static_cast<std::uint64_t>(attempt.index);
    if (attempt.seed != attempt_seed(run_.plan.job_seed, index, run_.plan.seed_range))
      place.at("seed").refuse(fmt::format(
          "is not the seed of attempt {} of this job: the report does not fit together", attempt.index));
    return attempt;
  }

  void read_attempts() {
    report_.at("results").each(kMostSavedAttempts, [&](const SavedPlace& place) {
      SavedAttempt attempt = attempt_from(place);
      if (!attempt.counted()) place.at("outcome").refuse("is no outcome that is evidence");
      attempt.condition = static_cast<std::size_t>(condition_at(place.at("condition"), run_.conditions));
      if (const auto exit_code = place.find("exit_code"))
        attempt.exit_code = exit_code->integer(INT32_MIN, INT32_MAX);
      run_.attempts.push_back(attempt);
    });
    report_.at("not_counted").each(kMostSavedAttempts, [&](const SavedPlace& place) {
      run_.attempts.push_back(attempt_from(place));
    });
    std::sort(run_.attempts.begin(), run_.attempts.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    for (std::size_t i = 1; i < run_.attempts.size(); ++i)
      if (run_.attempts[i].number == run_.attempts[i - 1].number)
        report_.at("results").refuse(fmt::format("has attempt {} twice", run_.attempts[i].number));
  }

  void read_tests(const SavedPlace& tests) {
    tests.each(kMostSavedTests, [&](const SavedPlace& place) {
      SavedTest test;
      test.id = place.at("id").text();
      const SavedPlace outcomes = place.at("outcomes");
      if (!outcomes.is_null()) test.outcomes = outcomes.text(kMostSavedAttempts);
      if (test.outcomes.find_first_not_of(kLetters) != std::string::npos)
        outcomes.refuse("holds letters that stand for no outcome");
      // An attempt that was never tried to its end has no column: then nobody can say whose a letter is.
      if (test.outcomes.size() != run_.attempts.size()) test.outcomes.clear();
      place.at("conditions").each(kMostSavedConditions, [&](const SavedPlace& counts) {
        add_rate(counts, test);
      });
      run_.tests.push_back(std::move(test));
    });
  }

  static void add_rate(const SavedPlace& counts, SavedTest& test) {
    const auto count = [&](const char* key) { return counts.count_or_zero(key); };
    double failed = 0;
    for (const char* key : {"failed", "errors", "timed_out", "out_of_memory", "crashed"})
      failed += count(key);
    const double all = failed + count("passed");
    if (all > 0) test.rate_in[counts.at("condition").text()] = failed / all;
  }

  void read_groups(const SavedPlace& groups) {
    groups.each(kMostSavedTests, [&](const SavedPlace& place) {
      SavedGroup group;
      group.signature = place.at("signature").text();
      group.attempts = place.at("attempts").numbers();
      std::sort(group.attempts.begin(), group.attempts.end());
      group.tests = place.at("tests").texts();
      run_.groups.push_back(std::move(group));
    });
  }

  const SavedPlace report_;
  const std::string& where_;
  SavedRun run_;
};

bool is_failure(char letter) { return std::string_view("FETMC").find(letter) != std::string_view::npos; }

}  // namespace

std::string SavedAttempt::how() const {
  if (outcome == Outcome::failed && exit_code) return fmt::format("failed with exit code {}", *exit_code);
  std::string words(name(outcome));
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

const SavedAttempt* SavedRun::find(int number) const {
  const auto found =
      std::lower_bound(attempts.begin(), attempts.end(), number,
                       [](const SavedAttempt& each, int wanted) { return each.number < wanted; });
  return found != attempts.end() && found->number == number ? &*found : nullptr;
}

std::vector<std::string> SavedRun::signatures_of(int number) const {
  std::vector<std::string> signatures;
  for (const SavedGroup& group : groups)
    if (std::binary_search(group.attempts.begin(), group.attempts.end(), number))
      signatures.push_back(group.signature);
  return signatures;
}

std::vector<std::string> SavedRun::failed_tests_of(int number) const {
  std::vector<std::string> ids;
  const SavedAttempt* attempt = find(number);
  if (!attempt) return ids;
  const auto column = static_cast<std::size_t>(attempt - attempts.data());
  for (const SavedTest& test : tests)
    if (column < test.outcomes.size() && is_failure(test.outcomes[column])) ids.push_back(test.id);
  return ids;
}

SavedRun read_saved_run(const json& report, const std::string& where) {
  return SavedRunReader(report, where).read();
}

}  // namespace orchestrator
