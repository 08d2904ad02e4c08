// How long the analysis of a large run takes: 1,000 attempts of 2,000 tests under three conditions, a
// twentieth of the tests flaky, some of them together. Prints seconds of each part and the peak of memory.
// With RATE every test fails so often, each for itself: no two have one pattern, and all are asked about
// factors. The same attempts told by JUnit XML are read beside that.
//   analysis_bench [ATTEMPTS TESTS [RATE]]
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>

#include "orchestrator/analysis/factors.h"
#include "orchestrator/analysis/failure_groups.h"
#include "orchestrator/analysis/failure_signature.h"
#include "orchestrator/analysis/record_reader.h"
#include "orchestrator/analysis/result_cases.h"
#include "orchestrator/analysis/stopping.h"
#include "orchestrator/analysis/verdict.h"

namespace {

using namespace orchestrator;

class Coin {
 public:
  bool falls(double rate) {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53 < rate;
  }

 private:
  std::uint64_t state_ = 7;
};

// The rates are those of a suite in a poor state: more failures than most runs have.
double rate_of(int test, bool bad_attempt) {
  if (test % 100 == 0) return 1.0;                         // broken
  if (test % 20 == 1) return 0.02 + 0.4 * (test % 7) / 7;  // flaky alone
  if (test % 20 == 2) return bad_attempt ? 0.9 : 0.0;      // flaky together
  return 0.0;
}

void record_test(RecordReader& reader, int number, int test, int repeat, bool fails) {
  reader.record(fmt::format(
      R"({{"t":"test","i":{},"id":"tests/unit/test_file_{}.py::TestClass::test_number_{}","r":{}}})", number,
      test / 20, test, repeat));
  reader.record(fmt::format(R"({{"t":"start","i":{}}})", number));
  reader.record(fmt::format(R"({{"t":"phase","i":{},"p":"setup","o":"passed","s":0.001}})", number));
  reader.record(
      fails
          ? fmt::format(R"({{"t":"phase","i":{},"p":"call","o":"failed","s":0.01,"e":"AssertionError",)"
                        R"("m":"assert {} == 4","at":"tests/unit/test_file_{}.py:14","in":"test_number_{}",)"
                        R"("x":"some text"}})",
                        number, number, test / 20, test)
          : fmt::format(R"({{"t":"phase","i":{},"p":"call","o":"passed","s":0.01}})", number));
  reader.record(fmt::format(R"({{"t":"phase","i":{},"p":"teardown","o":"passed","s":0.001}})", number));
}

AttemptTests with_failures(TestResults& results, AttemptTests attempt,
                           const std::vector<RecordedFailure>& failures) {
  for (const auto& failure : failures) {
    TestRun& run = attempt.runs[failure.run];
    run.failure =
        results.add_failure({.attempt = attempt.attempt,
                             .test = run.test,
                             .repeat = run.repeat,
                             .signature = results.intern_signature(failure_signature(failure.facts)),
                             .message = failure.facts.message,
                             .text = {.bytes = 9}});
  }
  return attempt;
}

AttemptTests attempt_of(TestResults& results, int index, int condition, int tests, double rate, Coin& coin) {
  RecordReader reader(results);
  reader.record(R"({"t":"session","framework":"pytest","version":"8.3.5"})");
  const bool bad = coin.falls(0.1);
  int number = 0;
  for (int test = 0; test < tests; ++test)
    for (int repeat = 1; repeat <= (condition == 2 ? 2 : 1); ++repeat)
      record_test(reader, number++, test, repeat, coin.falls(rate >= 0 ? rate : rate_of(test, bad)));
  reader.record(R"({"t":"finish","exit":1})");
  return with_failures(results, reader.finish(index, condition, sandbox::Outcome::failed), reader.failures());
}

// The same as a file, without conditions: a large one, since every second test prints something.
AttemptTests attempt_by_file(TestResults& results, int index, int tests, Coin& coin) {
  const bool bad = coin.falls(0.1);
  std::string file = "<testsuite name=\"all\">\n";
  for (int test = 0; test < tests; ++test)
    file += fmt::format(
        "<testcase classname=\"com.shop.Test{}\" name=\"test_number_{}\" time=\"0.01\">{}{}</testcase>\n",
        test / 20, test,
        coin.falls(rate_of(test, bad))
            ? "<failure type=\"AssertionError\" message=\"no\">at com.shop.Test.test(Test.java:14)</failure>"
            : "",
        test % 2 == 0 ? "<system-out><![CDATA[a line that the test printed]]></system-out>" : "");
  ResultCases cases(results);
  read_results("results.xml", file + "</testsuite>", [&](const ResultCase& one) { cases.add(one); });
  return with_failures(results, cases.finish(index, 0, sandbox::Outcome::failed, true), cases.failures());
}

template <class Work>
auto timed(const char* what, Work work) {
  const auto start = std::chrono::steady_clock::now();
  auto result = work();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("{:<28}{:8.3f} s   peak {:5} MiB\n", what, taken.count(), usage.ru_maxrss / 1024);
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const int attempts = argc > 2 ? std::atoi(argv[1]) : 1000, tests = argc > 2 ? std::atoi(argv[2]) : 2000;
  const double rate = argc > 3 ? std::atof(argv[3]) : -1;
  const Deal deal{
      .conditions = {{}, {.name = "shuffle", .order = TestOrder::shuffled}, {.name = "repeat", .repeat = 2}},
      .pattern = interleaved({2, 1, 1})};
  std::vector<AttemptFacts> facts;
  for (int i = 0; i < attempts; ++i) facts.push_back({.attempt = i, .seed = i * 7919LL, .neighbours = i % 5});

  TestResults results;
  timed("records read", [&] {
    Coin coin;
    for (int i = 0; i < attempts; ++i)
      results.add(attempt_of(results, i, deal.condition_of(i), tests, rate, coin));
    return 0;
  });
  timed("settled, after each attempt", [&] {
    SettledTests settled(0.05);
    for (const auto& attempt : results.attempts()) settled.add(attempt);
    return settled.unsettled();
  });
  const auto verdicts = timed("judged", [&] { return judge(results, deal.conditions, {.anytime = true}); });
  const auto groups = timed("grouped", [&] { return group_failures(results); });
  const auto clusters = timed("clustered", [&] { return cluster_failures(results); });
  const auto factors = timed("factors", [&] { return find_factors(results, deal.conditions, facts); });
  timed("result files read", [&] {
    Coin coin;
    TestResults by_files;
    for (int i = 0; i < attempts; ++i) by_files.add(attempt_by_file(by_files, i, tests, coin));
    return by_files.tests().size();
  });
  fmt::print("{} flaky, {} order, {} repeat, {} failing, {} failures in {} groups, {} clusters, {} factors\n",
             verdicts.flaky, verdicts.order_dependent, verdicts.repeat_dependent, verdicts.failing,
             results.failures().size(), groups.size(), clusters.size(), factors.size());
}
