#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "orchestrator/job/job.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/report/has.h"
#include "orchestrator/report/replay.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

bool ends_as(std::string_view id, std::string_view wanted) {
  if (!id.ends_with(wanted)) return false;
  const auto rest = id.substr(0, id.size() - wanted.size());
  return rest.ends_with("::") || rest.ends_with('/');
}

const SavedTest& test_named(const SavedRun& run, const std::string& wanted, const std::string& where) {
  std::vector<const SavedTest*> ending;
  std::vector<std::string> ids;
  for (const SavedTest& test : run.tests) {
    if (test.id == wanted) return test;
    if (ends_as(test.id, wanted)) ending.push_back(&test);
    ids.push_back(test.id);
  }
  if (ending.size() == 1) return *ending.front();
  if (ending.size() > 1)
    throw io::RequestError(fmt::format("--test: {} ends several tests of {}: {}, {}{}", in_quotes(wanted),
                                       where, in_quotes(ending[0]->id), in_quotes(ending[1]->id),
                                       ending.size() > 2 ? ", …" : ""));
  if (ids.empty())
    throw io::RequestError(fmt::format("--test: {} tells no tests apart; use --attempt", where));
  throw io::RequestError(fmt::format("--test: {} has no test {}{}", where, in_quotes(wanted),
                                     did_you_mean(nearest(wanted, ids))));
}

// Attempts in which the test did not pass. A very large report has no letters: then the groups must do.
std::vector<const SavedAttempt*> failing_attempts(const SavedRun& run, const SavedTest& test) {
  std::vector<const SavedAttempt*> failing;
  for (std::size_t i = 0; i < run.attempts.size(); ++i) {
    const SavedAttempt& attempt = run.attempts[i];
    const bool failed =
        test.outcomes.empty()
            ? std::any_of(run.groups.begin(), run.groups.end(),
                          [&](const SavedGroup& group) {
                            return has(group.tests, test.id) && has(group.attempts, attempt.number);
                          })
            : std::string_view("FETMC").find(test.outcomes[i]) != std::string_view::npos;
    if (failed && attempt.condition) failing.push_back(&attempt);
  }
  return failing;
}

// The group that holds most of the test's failing attempts.
const SavedGroup* usual_group(const SavedRun& run, const SavedTest& test,
                              const std::vector<const SavedAttempt*>& failing) {
  const SavedGroup* usual = nullptr;
  std::ptrdiff_t most = 0;
  for (const SavedGroup& group : run.groups) {
    if (!has(group.tests, test.id)) continue;
    const auto count = std::count_if(failing.begin(), failing.end(), [&](const SavedAttempt* attempt) {
      return has(group.attempts, attempt->number);
    });
    if (count > most) usual = &group, most = count;
  }
  return usual;
}

const SavedAttempt* best_attempt(const SavedRun& run, const SavedTest& test) {
  const auto failing = failing_attempts(run, test);
  const SavedGroup* usual = usual_group(run, test, failing);
  const auto rank = [&](const SavedAttempt* attempt) {
    const bool as_usual = usual && has(usual->attempts, attempt->number);
    const auto rate = test.rate_in.find(run.conditions[*attempt->condition].name);
    return std::tuple(as_usual, rate == test.rate_in.end() ? 0.0 : rate->second, -attempt->number);
  };
  const auto best = std::max_element(failing.begin(), failing.end(),
                                     [&](auto* one, auto* other) { return rank(one) < rank(other); });
  return best == failing.end() ? nullptr : *best;
}

}  // namespace

ChosenAttempt choose_attempt(const SavedRun& run, const std::string& test, const std::string& where) {
  if (!test.empty()) {
    const SavedTest& named = test_named(run, test, where);
    if (const SavedAttempt* best = best_attempt(run, named)) return {best->number, named.id};
    throw io::RequestError(fmt::format("--test: {} failed in no attempt of {}", in_quotes(named.id), where));
  }
  for (const SavedTest& worst : run.tests)
    if (const SavedAttempt* best = best_attempt(run, worst)) return {best->number, worst.id};
  for (const SavedAttempt& attempt : run.attempts)
    if (attempt.counted() && !attempt.passed()) return {attempt.number, ""};
  throw io::RequestError(
      fmt::format("no attempt of {} failed; say with --attempt which of them to run again", where));
}

ChosenAttempt choose_attempt(const SavedRun& run, int number, const std::string& where) {
  if (run.find(number)) return {number, ""};
  if (run.attempts.empty()) throw io::RequestError(fmt::format("--attempt: {} has no attempt", where));
  throw io::RequestError(fmt::format("--attempt: {} has no attempt {}; it has {} to {}", where, number,
                                     run.attempts.front().number, run.attempts.back().number));
}

}  // namespace orchestrator
