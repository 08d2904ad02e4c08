// Writes pages of made reports into a folder, for run.mjs to look at in a browser: made_html FOLDER
#include <fmt/format.h>

#include <fstream>
#include <string>

#include "orchestrator/report/html_writer.h"
#include "tests/unit/report/made_run.h"

namespace {

using namespace orchestrator;
using sandbox::Outcome;

void write(const std::string& folder, const std::string& name, const MadeReport& made) {
  std::ofstream out(folder + "/" + name + ".html", std::ios::binary);
  write_html(made.report, made.spool, out);
}

void write_shop(const std::string& folder) {
  MadeReport made;
  add_run(made, shop_run(60));
  AttemptRecord& lost = made.add(Outcome::infrastructure_error);
  lost.reason = "while starting the container: connection reset";
  lost.earlier_tries = {{Outcome::infrastructure_error, "no answer of the engine"}};
  for (auto& attempt : made.report.attempts)
    if (attempt.outcome == Outcome::timed_out)
      attempt.hints = {{"network", "kernel counter: 3 packets without a route", "--network bridge"}};
  made.report.warnings = {"The engine has no disk quota: what attempts write is read every 5 s."};
  write(folder, "shop", made);
}

void write_hostile(const std::string& folder) {
  MadeReport made;
  add_run(made, hostile_run());
  made.report.warnings = {hostile_text()};
  made.report.plan.test_command.words = {"pytest", hostile_text()};
  made.report.packages = {hostile_text()};
  made.report.attempts[0].notes = {hostile_text()};
  write(folder, "hostile", made);
}

// Tests are not told apart.
void write_attempts_only(const std::string& folder) {
  MadeReport made;
  made.report.plan.runs = 137;
  for (int i = 0; i < 130; ++i)
    made.add(falls(i, 1, 8) ? Outcome::failed : Outcome::passed, "collected 3 items\n",
             falls(i, 1, 8) ? "boom\n" : "");
  made.add_many(3, Outcome::timed_out, "waiting for the lock\n");
  made.add_many(4, Outcome::cancelled);
  made.report.end = RunEnd::cancelled;
  made.report.end_reason = "stopped by SIGINT";
  made.report.findings = find_findings(made.report, made.spool);
  write(folder, "attempts", made);
}

void write_small_ones(const std::string& folder) {
  MadeReport none;
  none.report.end = RunEnd::infrastructure;
  none.report.end_reason = "the engine was lost";
  write(folder, "none", none);
  MadeReport one;
  one.add(Outcome::passed, "3 passed\n");
  write(folder, "one", one);
  MadeReport passing;
  MadeRun run{.attempts = 20};
  for (int i = 0; i < 12; ++i)
    run.tests.push_back(
        {fmt::format("tests/test_fine.py::test_{}", i), [](int, int) { return TestOutcome::passed; }});
  add_run(passing, run);
  write(folder, "passing", passing);
  MadeReport cancelled;
  cancelled.add_many(5, Outcome::cancelled);
  cancelled.report.end = RunEnd::cancelled;
  cancelled.report.end_reason = "stopped by SIGINT";
  write(folder, "cancelled", cancelled);
}

// The largest run there is: 1,000 attempts of 2,000 tests, a tenth of them flaky, each attempt with 20 KB of
// output.
void write_huge(const std::string& folder) {
  MadeReport made;
  MadeRun run{.attempts = 1000, .with_texts = false};
  run.deal.conditions = {
      {}, {.name = "shuffle", .order = TestOrder::shuffled}, {.name = "repeat", .repeat = 2}};
  run.deal.pattern = interleaved({2, 1, 1});
  for (int test = 0; test < 2000; ++test) {
    const int percent = test % 10 == 0 ? 1 + test % 37 : 0;
    run.tests.push_back({fmt::format("tests/unit/package_{}/test_module_{}.py::TestClass::test_number_{}",
                                     test / 100, test / 20, test),
                         [=](int attempt, int) {
                           return falls(attempt, test, percent) ? TestOutcome::failed : TestOutcome::passed;
                         },
                         fmt::format("assert {} == 4", test)});
  }
  add_run(made, run);
  const std::string output = repeated(79, 'o') + "\n";
  for (auto& attempt : made.report.attempts) {
    auto log = made.spool.open_attempt(attempt.index);
    for (int line = 0; line < 250; ++line) log->append(sandbox::Stream::out, output);
    attempt.out = log->finish().out;
  }
  write(folder, "huge", made);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = argv[1];
  write_shop(folder);
  write_hostile(folder);
  write_attempts_only(folder);
  write_small_ones(folder);
  write_huge(folder);
}
