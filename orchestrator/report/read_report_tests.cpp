// What a report.json says about single tests and about failures, read back.
#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "orchestrator/report/read_report.h"

namespace orchestrator {
namespace {

constexpr std::array kOutcomes = {TestOutcome::not_run, TestOutcome::passed,    TestOutcome::failed,
                                  TestOutcome::error,   TestOutcome::timed_out, TestOutcome::out_of_memory,
                                  TestOutcome::crashed, TestOutcome::skipped};

constexpr auto kVerdicts = {TestVerdict::flaky,   TestVerdict::order_dependent, TestVerdict::repeat_dependent,
                            TestVerdict::failing, TestVerdict::not_shown_flaky, TestVerdict::not_run};

TestOutcome outcome_of(char said, const SavedPlace& place) {
  for (const TestOutcome outcome : kOutcomes)
    if (letter(outcome) == said) return outcome;
  place.refuse("holds letters that stand for no outcome");
}

FailureText kept(Spool& spool, const std::string& text) {
  if (text.empty()) return {};
  return {spool.keep(text).offset, static_cast<std::uint32_t>(text.size())};
}

ConditionCounts counts_at(const SavedPlace& place, const std::vector<Condition>& conditions) {
  const auto count = [&](const char* key) { return place.count_or_zero(key); };
  ConditionCounts counts;
  counts.condition = condition_at(place.at("condition"), conditions);
  counts.passed = count("passed");
  counts.failed = count("failed");
  counts.errors = count("errors");
  counts.timed_out = count("timed_out");
  counts.out_of_memory = count("out_of_memory");
  counts.crashed = count("crashed");
  counts.skipped = count("skipped");
  counts.not_run = count("not_run");
  counts.failed_on_repeat_only = count("failed_on_repeat_only");
  counts.passed_when_run_again = count("passed_when_run_again");
  return counts;
}

Durations durations_at(const SavedPlace& place) {
  const auto seconds = [&](const char* key) { return place.at(key).number(0, 1e9); };
  return {place.at("n").count(),
          seconds("median_s"),
          seconds("low_s"),
          seconds("high_s"),
          seconds("median_not_passed_s"),
          place.at("slow_failures").boolean()};
}

std::string_view severity_at(const SavedPlace& test) {
  const auto said = test.find("severity");
  if (!said) return "";
  for (const std::string_view word : {"critical", "high", "medium", "low"})
    if (said->text() == word) return word;
  said->refuse("must be critical, high, medium or low");
}

// The rate that decided, where the test ever ran.
void read_rate(const SavedPlace& test, const std::vector<Condition>& conditions, TestSummary& summary) {
  const auto rate = test.find("rate");
  if (!rate) return;
  const int condition = condition_at(rate->at("condition"), conditions);
  const auto found = std::find_if(summary.conditions.begin(), summary.conditions.end(),
                                  [&](const auto& counts) { return counts.condition == condition; });
  if (found == summary.conditions.end()) rate->at("condition").refuse("is none in which the test ran");
  summary.deciding = static_cast<int>(found - summary.conditions.begin());
  summary.interval = {rate->at("low").number(0, 1), rate->at("high").number(0, 1)};
  summary.one_sided = rate->at("one_sided").boolean();
  summary.ranking = rate->at("rate").number(0, 1);
}

int& count_of(Verdicts& verdicts, TestVerdict verdict) {
  switch (verdict) {
    case TestVerdict::flaky:
      return verdicts.flaky;
    case TestVerdict::order_dependent:
      return verdicts.order_dependent;
    case TestVerdict::repeat_dependent:
      return verdicts.repeat_dependent;
    case TestVerdict::failing:
      return verdicts.failing;
    case TestVerdict::not_shown_flaky:
      return verdicts.not_shown_flaky;
    case TestVerdict::not_run:
      break;
  }
  return verdicts.not_run;
}

class TestReader {
 public:
  TestReader(const SavedPlace& document, Spool& spool, ReadReport& read)
      : document_(document), spool_(spool), read_(read), report_(read.report) {}

  void read() {
    const SavedPlace tests = document_.at("tests");
    if (tests.is_null()) return;
    read_columns();
    tests.each(kMostSavedTests, [this](const SavedPlace& place) { read_test(place); });
    if (const auto left_out = document_.find("tests_left_out")) read_left_out(*left_out);
    for (auto& attempt : attempts_) report_.tests.add(std::move(attempt));
    if (!read_.whole_grid)
      read_.lost.emplace_back(
          "how each test ended in each attempt is not in the report that this was made from: it was too "
          "large");
    else if (quiet_without_letters_ > 0)
      read_.lost.push_back(
          "how " + std::to_string(quiet_without_letters_) +
          " tests that never failed ended in each attempt is not in the report that this was "
          "made from");
    if (untold_ > 0)
      read_.lost.push_back("what was said at " + std::to_string(untold_) + " of " +
                           std::to_string(untold_ + told_) +
                           " failures of tests is not in the report that this was made from");
  }

 private:
  // Which attempt each letter is of.
  void read_columns() {
    document_.at("outcome_attempts").each(kMostSavedAttempts, [this](const SavedPlace& place) {
      const int index = place.integer(0, kLargestSavedIndex);
      const AttemptRecord* attempt = report_.find(index);
      if (!attempt) place.refuse("is no attempt of the report");
      if (!attempts_.empty() && attempts_.back().attempt >= index) place.refuse("is out of order");
      AttemptTests tests;
      tests.attempt = index;
      tests.condition = attempt->condition;
      tests.counted = attempt->counted();
      tests.session = tests.collected = tests.finished = true;
      column_of_[index] = attempts_.size();
      attempts_.push_back(std::move(tests));
    });
  }

  void read_test(const SavedPlace& place) {
    TestSummary summary;
    summary.test = new_test(place.at("id").text());
    summary.verdict = place.at("verdict").choice("a verdict on a test", kVerdicts);
    if (const auto p = place.find("dependence_p")) summary.dependence_p = p->number(0, 1);
    summary.severity = severity_at(place);
    place.at("conditions").each(kMostSavedConditions, [&](const SavedPlace& counts) {
      summary.conditions.push_back(counts_at(counts, report_.conditions));
    });
    read_rate(place, report_.conditions, summary);
    if (const auto durations = place.find("durations")) summary.durations = durations_at(*durations);
    read_runs(place, summary);
    ++count_of(report_.verdicts, summary.verdict);
    report_.verdicts.tests.push_back(std::move(summary));
  }

  void read_left_out(const SavedPlace& place) {
    int all = 0;
    for (const TestVerdict verdict : kVerdicts) {
      const int count = place.count_or_zero(std::string(name(verdict)).c_str());
      if (count == 0) continue;
      report_.tests_left_out[verdict] = count;
      count_of(report_.verdicts, verdict) += count;
      all += count;
    }
    if (all > 0)
      read_.lost.push_back(std::to_string(all) + " tests are not in the report that this was made from");
  }

  // Bytes that are no UTF-8 have all become U+FFFD, so that two names may be one now.
  TestIndex new_test(std::string id) {
    const std::size_t known = report_.tests.tests().size();
    TestIndex test = report_.tests.intern_test(id);
    while (test < known) test = report_.tests.intern_test(id += "'");
    return test;
  }

  // An example knows more of its attempt than the letter does.
  void read_runs(const SavedPlace& place, const TestSummary& summary) {
    const TestIndex test = summary.test;
    std::string letters(attempts_.size(), letter(TestOutcome::not_run));
    if (const auto said = place.find("outcomes")) {
      letters = said->text(kMostSavedAttempts);
      if (letters.size() != attempts_.size()) said->refuse("has not a letter for each of outcome_attempts");
    } else if (summary.verdict >= TestVerdict::not_shown_flaky) {
      ++quiet_without_letters_;
    } else {
      read_.whole_grid = false;
    }
    std::vector<bool> told(attempts_.size());
    place.at("examples").each(kMostSavedConditions, [&](const SavedPlace& example) {
      const std::size_t column = read_example(example, test);
      told[column] = true;
    });
    for (std::size_t column = 0; column < letters.size(); ++column) {
      const TestOutcome outcome = outcome_of(letters[column], place.at("outcomes"));
      if (did_not_pass(outcome)) ++(told[column] ? told_ : untold_);
      if (!told[column] && outcome != TestOutcome::not_run)
        attempts_[column].runs.push_back({.test = test, .outcome = outcome});
    }
    report_.verdicts.grid.push_back(std::move(letters));
  }

  std::size_t read_example(const SavedPlace& place, TestIndex test) {
    const auto column = column_of_.find(place.at("attempt").integer(0, kLargestSavedIndex));
    if (column == column_of_.end()) place.at("attempt").refuse("is none of outcome_attempts");
    TestRun run{.test = test,
                .repeat = static_cast<std::uint16_t>(place.at("repeat").integer(1, UINT16_MAX)),
                .outcome = example_outcome(place.at("outcome")),
                .seconds = static_cast<float>(place.at("seconds").number(0, 1e9))};
    if (place.find("signature")) run.failure = read_failure(place, run, column->first);
    attempts_[column->second].runs.push_back(run);
    return column->second;
  }

  static TestOutcome example_outcome(const SavedPlace& place) {
    return place.choice("a way of not passing",
                        {TestOutcome::failed, TestOutcome::error, TestOutcome::timed_out,
                         TestOutcome::out_of_memory, TestOutcome::crashed});
  }

  std::int32_t read_failure(const SavedPlace& place, const TestRun& run, int attempt) {
    const std::string text = place.at("text").text(kMaxFailureText);
    TestFailure failure{.attempt = attempt, .test = run.test, .repeat = run.repeat};
    failure.signature = report_.tests.intern_signature(place.at("signature").text());
    failure.message = place.at("message").text();
    failure.text = kept(spool_, text);
    return report_.tests.add_failure(std::move(failure));
  }

  const SavedPlace& document_;
  Spool& spool_;
  ReadReport& read_;
  Report& report_;
  std::vector<AttemptTests> attempts_;
  std::map<int, std::size_t> column_of_;  // by attempt
  std::size_t told_ = 0, untold_ = 0;     // failures with and without an example
  std::size_t quiet_without_letters_ = 0;
};

class FindingsReader {
 public:
  FindingsReader(Spool& spool, ReadReport& read) : spool_(spool), read_(read), report_(read.report) {
    for (TestIndex test = 0; test < report_.tests.tests().size(); ++test)
      test_of_.emplace(report_.tests.tests()[test], test);
  }

  void read(const SavedPlace& findings) {
    Findings& found = report_.findings;
    each(findings.at("failure_groups"), "kinds of failure",
         [&](const SavedPlace& place) { found.groups.push_back(group_at(place)); });
    each(findings.at("fail_together"), "sets of tests that fail together",
         [&](const SavedPlace& place) { found.clusters.push_back(cluster_at(place)); });
    each(findings.at("factors"), "factors that go with failure", [&](const SavedPlace& place) {
      const SavedPlace test = place.at("test");
      if (report_.tests.empty() && test.text() == kWholeCommand)
        found.factors.push_back(factor_at(place, std::nullopt));
      else if (const auto known = test_at(test))
        found.factors.push_back(factor_at(place, known));
    });
  }

 private:
  template <class Fn>
  void each(const SavedPlace& place, const char* what, Fn fn) {
    const SavedPlace list = place.at("list");
    list.each(kMostSavedTests, fn);
    note_cut(what, list.value().size(), static_cast<std::size_t>(place.at("total").count()));
  }

  void note_cut(const char* what, std::size_t listed, std::size_t total) {
    if (listed < total)
      read_.lost.push_back("of " + std::to_string(total) + " " + what + " only " + std::to_string(listed) +
                           " are in the report that this was made from");
  }

  // Absent where it may be one of those that the report had no room for.
  std::optional<TestIndex> test_at(const SavedPlace& place) const {
    const auto found = test_of_.find(place.text());
    if (found != test_of_.end()) return found->second;
    if (report_.tests_left_out.empty()) place.refuse("is no test of the report");
    return std::nullopt;
  }

  std::vector<TestIndex> tests_at(const SavedPlace& place, const char* of) {
    std::vector<TestIndex> tests;
    place.at("tests").each(kMostSavedTests, [&](const SavedPlace& each) {
      if (const auto test = test_at(each)) tests.push_back(*test);
    });
    note_cut(of, tests.size(), static_cast<std::size_t>(place.at("tests_total").count()));
    return tests;
  }

  FailureFinding group_at(const SavedPlace& place) {
    const SavedPlace example = place.at("example");
    const std::string text = example.at("text").text(kMaxFailureText);
    FailureFinding group;
    group.signature = place.at("signature").text();
    group.failures = place.at("failures").count();
    group.attempts = place.at("attempts").numbers();
    group.tests = tests_at(place, "tests that fail alike");
    group.example_attempt = example.at("attempt").integer(0, kLargestSavedIndex);
    if (example.find("test")) group.example_test = test_at(example.at("test"));
    group.message = example.at("message").text();
    group.text = kept(spool_, text);
    if (const auto logs = place.find("first_difference")) group.logs = logs_at(*logs);
    if (const auto reason = place.find("not_compared"))
      group.not_compared = reason->choice(
          "a reason",
          {NotCompared::never_passed, NotCompared::printed_nothing, NotCompared::no_attempt_passed});
    return group;
  }

  static ComparedLogs logs_at(const SavedPlace& place) {
    ComparedLogs logs;
    logs.what = place.at("of").text();
    logs.failing_attempt = place.at("failing_attempt").integer(0, kLargestSavedIndex);
    logs.passing_attempt = place.at("passing_attempt").integer(0, kLargestSavedIndex);
    logs.difference.same = place.at("same").boolean();
    logs.difference.line = place.at("line").integer(0, INT32_MAX);
    logs.difference.before = place.at("before").texts();
    logs.difference.failing = place.at("failing").texts();
    logs.difference.passing = place.at("passing").texts();
    return logs;
  }

  FailureCluster cluster_at(const SavedPlace& place) {
    FailureCluster cluster;
    cluster.tests = tests_at(place, "tests that fail together");
    cluster.attempts = place.at("attempts").numbers();
    cluster.jaccard = place.at("jaccard").number(0, 1);
    return cluster;
  }

  FactorFinding factor_at(const SavedPlace& place, std::optional<TestIndex> test) const {
    FactorFinding factor;
    factor.test = test;
    factor.factor = place.at("factor").text();
    factor.condition = condition_at(place.at("condition"), report_.conditions);
    factor.failed_with = place.at("failed_with").count();
    factor.n_with = place.at("n_with").count();
    factor.failed_without = place.at("failed_without").count();
    factor.n_without = place.at("n_without").count();
    factor.risk_difference = place.at("risk_difference").number(-1, 1);
    factor.p = place.at("p").number(0, 1);
    factor.q = place.at("q").number(0, 1);
    return factor;
  }

  Spool& spool_;
  ReadReport& read_;
  Report& report_;
  std::unordered_map<std::string, TestIndex> test_of_;
};

}  // namespace

void read_tests(const SavedPlace& document, Spool& spool, ReadReport& read) {
  TestReader(document, spool, read).read();
}

void read_findings(const SavedPlace& findings, Spool& spool, ReadReport& read) {
  FindingsReader(spool, read).read(findings);
}

}  // namespace orchestrator
