// How long a large run takes to be analysed and written in every form: 1,000 attempts of 2,000 tests under
// three conditions, a twentieth of the tests flaky, some of them together. Prints seconds of each part and
// the peak of memory. With RATE every test fails so often, each for itself: no two have one pattern, and all
// are asked about factors. The same attempts told by JUnit XML are read beside that.
//   analysis_bench [ATTEMPTS TESTS [RATE]]
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "orchestrator/analysis/failure_signature.h"
#include "orchestrator/analysis/record_reader.h"
#include "orchestrator/analysis/result_cases.h"
#include "orchestrator/analysis/stopping.h"
#include "orchestrator/analysis/verdict.h"
#include "orchestrator/report/github_annotations.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/report_formats.h"
#include "orchestrator/report/slack_message.h"
#include "tests/support/coin.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace orchestrator;

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

// What pytest says of a failure is some 30 lines.
FailureText keep_text(Spool& spool) {
  std::string text;
  for (int line = 0; line < 30; ++line) text += fmt::format("{:3}     a line of the test\n", line);
  const Spool::Piece piece = spool.keep(text);
  return {.spool_offset = piece.offset, .bytes = static_cast<std::uint32_t>(piece.bytes)};
}

AttemptTests with_failures(TestResults& results, Spool& spool, AttemptTests attempt,
                           const std::vector<RecordedFailure>& failures) {
  for (const auto& failure : failures) {
    TestRun& run = attempt.runs[failure.run];
    run.failure =
        results.add_failure({.attempt = attempt.attempt,
                             .test = run.test,
                             .repeat = run.repeat,
                             .signature = results.intern_signature(failure_signature(failure.facts)),
                             .message = failure.facts.message,
                             .text = keep_text(spool)});
  }
  return attempt;
}

AttemptTests attempt_of(TestResults& results, Spool& spool, int index, int condition, int tests, double rate,
                        Coin& coin) {
  RecordReader reader(results);
  reader.record(R"({"t":"session","framework":"pytest","version":"8.3.5"})");
  const bool bad = coin.falls(0.1);
  int number = 0;
  for (int test = 0; test < tests; ++test)
    for (int repeat = 1; repeat <= (condition == 2 ? 2 : 1); ++repeat)
      record_test(reader, number++, test, repeat, coin.falls(rate >= 0 ? rate : rate_of(test, bad)));
  reader.record(R"({"t":"finish","exit":1})");
  return with_failures(results, spool, reader.finish(index, condition, sandbox::Outcome::failed),
                       reader.failures());
}

// The same as a file, without conditions: a large one, since every second test prints something.
AttemptTests attempt_by_file(TestResults& results, Spool& spool, int index, int tests, Coin& coin) {
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
  return with_failures(results, spool, cases.finish(index, 0, sandbox::Outcome::failed, true),
                       cases.failures());
}

int peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int>(usage.ru_maxrss / 1024);
}

double total_seconds = 0;  // of what a run does once its attempts have ended

enum class When { while_running, at_the_end };

template <class Work>
auto timed(const std::string& what, When when, Work work) {
  const auto start = std::chrono::steady_clock::now();
  auto result = work();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  if (when == When::at_the_end) total_seconds += taken.count();
  fmt::print("{:<28}{:8.3f} s   peak {:5} MiB\n", what, taken.count(), peak_mib());
  return result;
}

// Each attempt prints 4 KiB.
std::vector<AttemptRecord> recorded(const Deal& deal, Spool& spool, int attempts) {
  std::vector<AttemptRecord> records;
  for (int i = 0; i < attempts; ++i) {
    auto log = spool.open_attempt(i);
    for (int line = 0; line < 128; ++line)
      log->append(sandbox::Stream::out, "tests/unit/test_file.py ....F..\n");
    const auto kept = log->finish();
    records.push_back({.index = i,
                       .seed = i * 7919LL,
                       .condition = deal.condition_of(i),
                       .outcome = sandbox::Outcome::failed,
                       .exit_code = 1,
                       .duration = std::chrono::milliseconds(1500),
                       .out = kept.out,
                       .err = kept.err});
  }
  return records;
}

template <class Write>
void write(const std::string& folder, const std::string& what, Write writer) {
  const std::string path = folder + "/report";
  timed("written: " + what, When::at_the_end, [&] {
    std::ofstream out(path, std::ios::binary);
    writer(out);
    return out.good();
  });
  fmt::print("{:36} {:8.2f} MiB\n", "", static_cast<double>(std::filesystem::file_size(path)) / (1 << 20));
}

void write_all(const Report& report, const Spool& spool, const std::string& folder) {
  write(folder, "the summary", [&](std::ostream& out) { write_text(report, spool, out, {}); });
  write(folder, "--json", [&](std::ostream& out) { write_json(report, spool, out); });
  write(folder, "GitHub's annotations",
        [&](std::ostream& out) { write_github_annotations(report, spool, out); });
  write(folder, "Slack's message", [&](std::ostream& out) { out << slack_message(report, {}).dump(); });
  for (const auto& format : report_formats())
    write(folder, format.flag, [&](std::ostream& out) { format.write(report, spool, out); });
}

}  // namespace

int main(int argc, char** argv) {
  const int attempts = argc > 2 ? std::atoi(argv[1]) : 1000, tests = argc > 2 ? std::atoi(argv[2]) : 2000;
  const double rate = argc > 3 ? std::atof(argv[3]) : -1;
  const Deal deal{
      .conditions = {{}, {.name = "shuffle", .order = TestOrder::shuffled}, {.name = "repeat", .repeat = 2}},
      .pattern = interleaved({2, 1, 1})};
  const testing_support::TemporaryFolder folder;
  Spool spool(folder.path(), "");
  Report report;
  report.plan.repo = "https://git.example.com/shop/checkout";
  report.plan.test_command.words = {"pytest"};
  report.plan.runs = attempts;
  report.conditions = deal.conditions;
  report.attempts = recorded(deal, spool, attempts);

  timed("records read", When::while_running, [&] {
    Coin coin(7);
    for (int i = 0; i < attempts; ++i)
      report.tests.add(attempt_of(report.tests, spool, i, deal.condition_of(i), tests, rate, coin));
    return 0;
  });
  timed("settled, after each attempt", When::while_running, [&] {
    SettledTests settled(0.05);
    for (const auto& attempt : report.tests.attempts()) settled.add(attempt);
    return settled.unsettled();
  });
  report.verdicts = timed("judged", When::at_the_end,
                          [&] { return judge(report.tests, deal.conditions, {.anytime = true}); });
  report.findings =
      timed("groups, clusters, factors", When::at_the_end, [&] { return find_findings(report, spool); });
  write_all(report, spool, folder.path());
  const int peak = peak_mib();
  const bool reached = total_seconds <= 5 && peak <= 300;
  fmt::print("analysed and written in {:.2f} s (aim: 5), peak {} MiB (aim: 300): {}\n", total_seconds, peak,
             reached ? "reached" : "NOT reached");
  fmt::print("{} flaky, {} order, {} repeat, {} failing, {} failures in {} groups, {} clusters, {} factors\n",
             report.verdicts.flaky, report.verdicts.order_dependent, report.verdicts.repeat_dependent,
             report.verdicts.failing, report.tests.failures().size(), report.findings.groups.size(),
             report.findings.clusters.size(), report.findings.factors.size());
  timed("result files read", When::while_running, [&] {
    Coin coin(7);
    TestResults by_files;
    for (int i = 0; i < attempts; ++i) by_files.add(attempt_by_file(by_files, spool, i, tests, coin));
    return by_files.tests().size();
  });
  return reached ? 0 : 1;
}
