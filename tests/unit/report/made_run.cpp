#include "made_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/analysis/failure_signature.h"

namespace orchestrator {
namespace {

using sandbox::Outcome;

std::string file_of(const std::string& id) { return id.substr(0, id.find("::")); }
std::string name_of(const std::string& id) { return id.substr(id.rfind(':') + 1); }

// As pytest tells it.
std::string failure_text(const MadeTest& test, int attempt) {
  return fmt::format(
      "    def {0}(cart):\n        cart.add(price=10, count=3)\n>       assert cart.total() == 30\nE       "
      "{1}\n"
      "\n{2}:14: {3}\n--- Captured log ---\nINFO worker {4} took the lock after {5} ms\n",
      name_of(test.id), test.message, file_of(test.id), test.exception, attempt % 4, 17 * attempt % 91);
}

std::string log_of(int attempt, bool passes) {
  return fmt::format("opening the database\nworker {} waits for the lock\n{}\n", attempt % 4,
                     passes ? "cart: 3 items, total 30" : "cart: 3 items, total 29 (cached)");
}

FailureText kept(MadeReport& made, const std::string& text) {
  const auto piece = made.spool.keep(text);
  return {piece.offset, static_cast<std::uint32_t>(piece.bytes)};
}

std::int32_t add_failure(MadeReport& made, const MadeRun& run, const MadeTest& test, int attempt,
                         TestIndex index, TestOutcome outcome) {
  const bool of_its_own = outcome == TestOutcome::failed || outcome == TestOutcome::error;
  const FailureFacts facts{.phase = outcome == TestOutcome::error ? TestPhase::setup : TestPhase::call,
                           .exception = of_its_own ? test.exception : std::string(name(outcome)),
                           .location = file_of(test.id) + ":14",
                           .function = name_of(test.id),
                           .message = test.message};
  TestFailure failure{
      .attempt = attempt,
      .test = index,
      .signature = made.report.tests.intern_signature(failure_signature(facts)),
      .message = of_its_own ? test.message : "",
  };
  if (run.with_texts && of_its_own) {
    failure.text = kept(made, failure_text(test, attempt));
    failure.log = kept(made, log_of(attempt, false));
  }
  return made.report.tests.add_failure(std::move(failure));
}

Outcome outcome_with(const AttemptTests& tests) {
  Outcome outcome = Outcome::passed;
  for (const auto& run : tests.runs) {
    if (run.outcome == TestOutcome::timed_out) return Outcome::timed_out;
    if (run.outcome == TestOutcome::out_of_memory) return Outcome::out_of_memory;
    if (did_not_pass(run.outcome)) outcome = Outcome::failed;
  }
  return outcome;
}

std::string summary_of(const AttemptTests& tests, const MadeRun& run) {
  std::string text = "============================= test session starts ==============================\n";
  int failed = 0;
  for (std::size_t i = 0; i < tests.runs.size(); ++i) {
    if (!did_not_pass(tests.runs[i].outcome)) continue;
    ++failed;
    text += fmt::format("\x1b[31mFAILED\x1b[0m {} - {}\n", run.tests[i].id, run.tests[i].message);
  }
  return text + fmt::format("{} failed, {} passed in 1.21s\n", failed,
                            tests.runs.size() - static_cast<std::size_t>(failed));
}

void add_attempt(MadeReport& made, const MadeRun& run, int index) {
  AttemptTests tests{
      .attempt = index, .condition = run.deal.condition_of(index), .session = true, .finished = true};
  bool ended = false;  // a hang or a kill ends the attempt
  for (std::size_t i = 0; i < run.tests.size(); ++i) {
    const MadeTest& test = run.tests[i];
    const TestIndex id = made.report.tests.intern_test(test.id);
    const TestOutcome outcome = ended ? TestOutcome::not_run : test.ends(index, tests.condition);
    TestRun one{.test = id, .outcome = outcome, .seconds = 0.01f * static_cast<float>(i + 1)};
    if (did_not_pass(outcome)) one.failure = add_failure(made, run, test, index, id, outcome);
    if (run.with_texts && outcome == TestOutcome::passed && index < 4)
      made.report.tests.add_passing_log(
          {.attempt = index, .test = id, .text = kept(made, log_of(index, true))});
    ended = ended || outcome == TestOutcome::timed_out || outcome == TestOutcome::out_of_memory ||
            outcome == TestOutcome::crashed;
    tests.runs.push_back(one);
  }
  AttemptRecord& attempt = made.add(outcome_with(tests), run.with_texts ? summary_of(tests, run) : "ok\n",
                                    run.with_texts && index % 3 == 0 ? "DeprecationWarning: old\n" : "");
  attempt.condition = tests.condition;
  attempt.duration += std::chrono::milliseconds(37 * index % 400);
  made.report.tests.add(std::move(tests));
}

TestOutcome failed_if(bool fails) { return fails ? TestOutcome::failed : TestOutcome::passed; }

MadeTest passing(std::string id) {
  return {std::move(id), [](int, int) { return TestOutcome::passed; }};
}

MadeTest flaky(std::string id, int number, int percent) {
  return {std::move(id), [=](int attempt, int) { return failed_if(falls(attempt, number, percent)); }};
}

}  // namespace

bool falls(int attempt, int test, int percent) {
  std::uint64_t z =
      (static_cast<std::uint64_t>(attempt) << 32 | static_cast<std::uint32_t>(test)) + 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<int>((z ^ (z >> 31)) % 100) < percent;
}

void add_run(MadeReport& made, const MadeRun& run) {
  made.report.conditions = run.deal.conditions;
  made.report.plan.runs = run.attempts;
  for (int i = 0; i < run.attempts; ++i) add_attempt(made, run, i);
  made.report.verdicts = judge(made.report.tests, made.report.conditions, {});
  made.report.findings = find_findings(made.report, made.spool);
}

MadeRun shop_run(int attempts) {
  MadeRun run{.attempts = attempts};
  run.deal.conditions = {
      {}, {.name = "shuffle", .order = TestOrder::shuffled}, {.name = "repeat", .repeat = 2}};
  run.deal.pattern = interleaved({2, 1, 1});
  run.tests = {
      flaky("tests/test_cart.py::TestTotals::test_total", 1, 30),
      flaky("tests/test_cart.py::TestTotals::test_total_with_discount", 1, 30),
      flaky("tests/integration/test_checkout_with_a_rather_long_file_name.py::TestCheckoutOfGuests::"
            "test_guest_can_pay_by_invoice[country=Switzerland-currency=CHF]",
            2, 12),
      {"tests/test_stock.py::test_stock_is_reserved",
       [](int attempt, int condition) { return failed_if(condition == 1 && falls(attempt, 3, 70)); },
       "assert reserved == 1", "AssertionError"},
      {"tests/test_stock.py::test_migrates_once",
       [](int, int condition) { return failed_if(condition == 2); }, "table exists", "DatabaseError"},
      {"tests/test_mail.py::test_sends_receipt",
       [](int attempt, int) { return falls(attempt, 4, 9) ? TestOutcome::error : TestOutcome::passed; },
       "port 2525 is in use", "OSError"},
      {"tests/test_legacy.py::test_old_api", [](int, int) { return TestOutcome::failed; }, "410 is not 200",
       "HTTPError"},
      {"tests/test_legacy.py::test_soap", [](int, int) { return TestOutcome::skipped; }},
  };
  for (const char* id : {"tests/test_cart.py::test_empty", "tests/test_cart.py::test_add",
                         "tests/test_cart.py::test_remove", "tests/test_price.py::test_rounds[0.1-0.2]",
                         "tests/test_price.py::test_rounds[9.99-10]", "tests/test_price.py::test_currency",
                         "tests/test_user.py::test_login", "tests/test_user.py::test_logout"})
    run.tests.push_back(passing(id));
  run.tests.push_back({"tests/test_worker.py::test_drains_the_queue", [](int attempt, int) {
                         return falls(attempt, 5, 6) ? TestOutcome::timed_out : TestOutcome::passed;
                       }});
  return run;
}

std::string hostile_text() {
  return std::string(
             "</script><script>window.broken=1</script><!--<script>\"'><img src=x "
             "onerror=\"window.broken=2\">") +
         "&lt;&#60; \xE2\x80\xAE"
         "desrever\xE2\x80\xAC \xE2\x80\xA8\xE2\x80\xA9 \xED\xA0\x80 \xFF\xFE " +
         std::string(1, '\0') + "\x1b[31mred\x1b[0m\x1b]0;title\x07\r{{x}}${y}`";
}

MadeRun hostile_run() {
  MadeRun run{.attempts = 8};
  const auto half = [](int attempt, int) { return failed_if(attempt % 2 == 0); };
  for (const std::string& id :
       {std::string("t.py::test[</script><script>window.broken=1</script>]"),
        std::string("t.py::test[\"><img src=x onerror=window.broken=2>]"),
        std::string("t.py::test[\xE2\x80\xAEgnorw\xE2\x80\xAC]"), std::string("t.py::test[\0]", 13),
        "t.py::test[" + repeated(1000, 'a') + "]", std::string("t.py::test[\xED\xA0\x80\xFF]"),
        std::string("t.py::test[\x1b[31mred\x1b[0m]"), hostile_text()})
    run.tests.push_back({id, half, hostile_text(), "Error<b>"});
  return run;
}

}  // namespace orchestrator
