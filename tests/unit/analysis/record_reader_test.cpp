#include "orchestrator/analysis/record_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace orchestrator {
namespace {

using sandbox::Outcome;

// One attempt whose records are given line by line.
class Recorded {
 public:
  Recorded& line(std::string_view text) {
    reader_.record(text);
    return *this;
  }
  Recorded& session() {
    return line(R"({"t":"session","framework":"pytest","version":"8.3.5","root":"/src"})");
  }
  Recorded& test(int i, std::string_view id, int repeat = 1) {
    return line(fmt::format(R"({{"t":"test","i":{},"id":"{}","r":{}}})", i, id, repeat));
  }
  Recorded& start(int i) { return line(fmt::format(R"({{"t":"start","i":{}}})", i)); }
  Recorded& phase(int i, std::string_view phase, std::string_view outcome, std::string_view more = "") {
    return line(
        fmt::format(R"({{"t":"phase","i":{},"p":"{}","o":"{}","s":0.25{}}})", i, phase, outcome, more));
  }
  // A test from its name to the end of the phases that are named: "setup=passed call=failed".
  Recorded& ran(int i, std::string_view id, const std::vector<std::pair<std::string, std::string>>& phases) {
    test(i, id).start(i);
    for (const auto& [name, outcome] : phases) phase(i, name, outcome);
    return *this;
  }

  AttemptTests end(Outcome outcome = Outcome::passed) { return reader_.finish(7, 2, outcome); }
  const std::vector<RecordedFailure>& failures() const { return reader_.failures(); }
  const std::vector<RecordedLog>& logs() const { return reader_.logs(); }
  const std::vector<std::string>& tests() const { return results_.tests(); }

 private:
  TestResults results_;
  RecordReader reader_{results_};
};

const std::vector<std::pair<std::string, std::string>> kPasses{
    {"setup", "passed"}, {"call", "passed"}, {"teardown", "passed"}};

TestOutcome outcome_of_phases(const std::vector<std::pair<std::string, std::string>>& phases) {
  return Recorded().ran(0, "a", phases).end(Outcome::failed).runs.at(0).outcome;
}

TEST(RecordReader, ReadsASessionFromBeginToEnd) {
  Recorded recorded;
  const AttemptTests attempt = recorded.session()
                                   .line(R"({"t":"collected","n":2})")
                                   .ran(0, "tests/test_a.py::test_x", kPasses)
                                   .ran(1, "tests/test_a.py::test_y", kPasses)
                                   .line(R"({"t":"finish","exit":0})")
                                   .end();
  EXPECT_EQ(attempt.attempt, 7);
  EXPECT_EQ(attempt.condition, 2);
  EXPECT_TRUE(attempt.counted && attempt.session && attempt.collected && attempt.finished);
  EXPECT_EQ(attempt.framework, "pytest 8.3.5");
  EXPECT_EQ(attempt.dropped, 0u);
  ASSERT_EQ(attempt.runs.size(), 2u);
  EXPECT_EQ(recorded.tests().at(attempt.runs[1].test), "tests/test_a.py::test_y");
  EXPECT_EQ(attempt.runs[1].outcome, TestOutcome::passed);
  EXPECT_FLOAT_EQ(attempt.runs[1].seconds, 0.75f);
  EXPECT_TRUE(recorded.failures().empty());
}

TEST(RecordReader, KeepsTheOrderInWhichTestsBegan) {
  const AttemptTests attempt = Recorded().ran(5, "b", kPasses).ran(0, "a", kPasses).end();
  EXPECT_EQ(attempt.runs.at(0).test, 0u);
  EXPECT_EQ(attempt.runs.at(1).test, 1u);
}

TEST(RecordReader, KeepsRepeatsApart) {
  const AttemptTests attempt = Recorded().test(0, "a", 1).test(1, "a", 2).end();
  EXPECT_EQ(attempt.runs.at(0).test, attempt.runs.at(1).test);
  EXPECT_EQ(attempt.runs.at(1).repeat, 2);
}

TEST(RecordReader, TellsFailureFromError) {
  using Phases = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(outcome_of_phases(kPasses), TestOutcome::passed);
  EXPECT_EQ(outcome_of_phases(Phases{{"setup", "passed"}, {"call", "failed"}, {"teardown", "passed"}}),
            TestOutcome::failed);
  EXPECT_EQ(outcome_of_phases(Phases{{"setup", "failed"}, {"teardown", "passed"}}), TestOutcome::error);
  EXPECT_EQ(outcome_of_phases(Phases{{"setup", "passed"}, {"call", "passed"}, {"teardown", "failed"}}),
            TestOutcome::error);
  EXPECT_EQ(outcome_of_phases(Phases{{"setup", "passed"}, {"call", "failed"}, {"teardown", "failed"}}),
            TestOutcome::failed);
  EXPECT_EQ(outcome_of_phases(Phases{{"setup", "skipped"}, {"teardown", "passed"}}), TestOutcome::skipped);
  EXPECT_EQ(outcome_of_phases(Phases{{"setup", "passed"}, {"call", "skipped"}, {"teardown", "passed"}}),
            TestOutcome::skipped);
  EXPECT_EQ(outcome_of_phases(Phases{{"setup", "passed"}, {"call", "skipped"}, {"teardown", "failed"}}),
            TestOutcome::error);
}

TEST(RecordReader, CountsAnExpectedFailureAsAPass) {
  Recorded recorded;
  recorded.test(0, "a").start(0).phase(0, "setup", "passed").phase(0, "call", "skipped", R"(,"w":1)");
  recorded.phase(0, "teardown", "passed");
  EXPECT_EQ(recorded.end().runs.at(0).outcome, TestOutcome::passed);
}

TEST(RecordReader, CountsAnUnexpectedPassThatIsForbiddenAsAFailure) {
  Recorded recorded;
  recorded.test(0, "a").start(0).phase(0, "setup", "passed").phase(0, "call", "failed", R"(,"w":1)");
  recorded.phase(0, "teardown", "passed");
  EXPECT_EQ(recorded.end().runs.at(0).outcome, TestOutcome::failed);
}

TEST(RecordReader, SkipsATestThatIsNotEvenTriedBecauseItWouldFail) {
  Recorded recorded;
  recorded.test(0, "a").start(0).phase(0, "setup", "skipped", R"(,"w":1)").phase(0, "teardown", "passed");
  EXPECT_EQ(recorded.end().runs.at(0).outcome, TestOutcome::skipped);
}

TEST(RecordReader, KeepsTheFirstFailureOfATest) {
  Recorded recorded;
  recorded.test(0, "a").start(0).phase(0, "setup", "passed");
  recorded.phase(0, "call", "failed",
                 R"(,"e":"AssertionError","m":"3 != 4\nmore","at":"a.py:14","in":"test_a","x":"all of it")");
  recorded.phase(0, "teardown", "failed", R"(,"e":"OSError")");
  recorded.end(Outcome::failed);
  ASSERT_EQ(recorded.failures().size(), 1u);
  const RecordedFailure& failure = recorded.failures()[0];
  EXPECT_EQ(failure.run, 0u);
  EXPECT_EQ(failure.facts.phase, TestPhase::call);
  EXPECT_EQ(failure.facts.exception, "AssertionError");
  EXPECT_EQ(failure.facts.message, "3 != 4");
  EXPECT_EQ(failure.facts.location, "a.py:14");
  EXPECT_EQ(failure.facts.function, "test_a");
  EXPECT_EQ(failure.text, "all of it");
}

TEST(RecordReader, MakesACollectorThatFailedATest) {
  Recorded recorded;
  const AttemptTests attempt =
      recorded.session()
          .line(R"({"t":"collect_error","id":"tests/test_b.py","e":"ImportError","x":"t"})")
          .end();
  ASSERT_EQ(attempt.runs.size(), 1u);
  EXPECT_EQ(recorded.tests().at(0), "tests/test_b.py");
  EXPECT_EQ(attempt.runs[0].outcome, TestOutcome::error);
  EXPECT_EQ(recorded.failures().at(0).facts.phase, TestPhase::collect);
  EXPECT_EQ(recorded.failures().at(0).facts.exception, "ImportError");
}

struct Killed {
  Outcome attempt;
  TestOutcome running;
  std::string word;
};

class RecordReaderKilledInTheMiddle : public testing::TestWithParam<Killed> {};

TEST_P(RecordReaderKilledInTheMiddle, NamesTheTestThatWasRunning) {
  Recorded recorded;
  recorded.session().ran(0, "done", kPasses).ran(1, "running", {{"setup", "passed"}}).test(2, "never");
  const AttemptTests attempt = recorded.end(GetParam().attempt);
  EXPECT_EQ(attempt.runs.at(0).outcome, TestOutcome::passed);
  EXPECT_EQ(attempt.runs.at(1).outcome, GetParam().running);
  EXPECT_EQ(attempt.runs.at(2).outcome, TestOutcome::not_run);
  EXPECT_EQ(attempt.counted, sandbox::is_evidence(GetParam().attempt));
  EXPECT_FALSE(attempt.finished);
  if (GetParam().word.empty()) {
    EXPECT_TRUE(recorded.failures().empty());
    return;
  }
  ASSERT_EQ(recorded.failures().size(), 1u);
  EXPECT_EQ(recorded.failures()[0].run, 1u);
  EXPECT_EQ(recorded.failures()[0].facts.exception, GetParam().word);
  EXPECT_EQ(recorded.failures()[0].facts.phase, TestPhase::call);
}

INSTANTIATE_TEST_SUITE_P(
    Attempt, RecordReaderKilledInTheMiddle,
    testing::Values(Killed{Outcome::timed_out, TestOutcome::timed_out, "timed_out"},
                    Killed{Outcome::out_of_memory, TestOutcome::out_of_memory, "out_of_memory"},
                    Killed{Outcome::failed, TestOutcome::crashed, "crashed"},
                    Killed{Outcome::passed, TestOutcome::crashed, "crashed"},  // it ended the process with 0
                    Killed{Outcome::output_limit, TestOutcome::crashed, "output_limit"},
                    Killed{Outcome::disk_limit, TestOutcome::crashed, "disk_limit"},
                    Killed{Outcome::pids_limit, TestOutcome::crashed, "pids_limit"},
                    Killed{Outcome::not_runnable, TestOutcome::not_run, ""},
                    Killed{Outcome::infrastructure_error, TestOutcome::not_run, ""},
                    Killed{Outcome::cancelled, TestOutcome::not_run, ""}),
    [](const auto& each) { return std::string(sandbox::name(each.param.attempt)); });

TEST(RecordReader, SaysInWhichPhaseATestHung) {
  for (const auto& [phases, expected] :
       std::vector<std::pair<std::vector<std::pair<std::string, std::string>>, TestPhase>>{
           {{}, TestPhase::setup},
           {{{"setup", "passed"}}, TestPhase::call},
           {{{"setup", "passed"}, {"call", "passed"}}, TestPhase::teardown}}) {
    Recorded recorded;
    EXPECT_EQ(recorded.ran(0, "a", phases).end(Outcome::timed_out).runs.at(0).outcome,
              TestOutcome::timed_out);
    EXPECT_EQ(recorded.failures().at(0).facts.phase, expected);
  }
}

TEST(RecordReader, KeepsAFailureThatWasFollowedByAHang) {
  Recorded recorded;
  recorded.ran(0, "a", {{"setup", "passed"}, {"call", "failed"}});
  EXPECT_EQ(recorded.end(Outcome::timed_out).runs.at(0).outcome, TestOutcome::failed);
  EXPECT_EQ(recorded.failures().size(), 1u);
}

// As `pytest --reruns 2` has it: set-up, call, and once more from the set-up on.
TEST(RecordReader, TakesATestThatItsRunnerRunsAgainForAnotherRunOfIt) {
  Recorded recorded;
  recorded.session().ran(0, "a", {{"setup", "passed"}, {"call", "failed"}});
  for (const auto& [name, outcome] : kPasses) recorded.phase(0, name, outcome);
  recorded.ran(1, "b", kPasses);
  const AttemptTests attempt = recorded.end(Outcome::passed);
  ASSERT_EQ(attempt.runs.size(), 3u);
  EXPECT_EQ(attempt.runs[0].outcome, TestOutcome::failed);
  EXPECT_EQ(attempt.runs[1].outcome, TestOutcome::passed);
  EXPECT_EQ(attempt.runs[1].test, attempt.runs[0].test);
  EXPECT_EQ(attempt.runs[1].repeat, attempt.runs[0].repeat);
  EXPECT_NE(attempt.runs[2].test, attempt.runs[0].test);
  EXPECT_EQ(attempt.dropped, 0u);
  ASSERT_EQ(recorded.failures().size(), 1u);
  EXPECT_EQ(recorded.failures()[0].run, 0u);
}

TEST(RecordReader, ReadsOneSessionAfterAnother) {
  Recorded recorded;
  recorded.session()
      .ran(0, "a", kPasses)
      .ran(1, "b", {{"setup", "passed"}, {"call", "failed"}, {"teardown", "passed"}});
  recorded.session().ran(0, "b", kPasses).ran(1, "c", {{"setup", "failed"}, {"teardown", "passed"}});
  const AttemptTests attempt = recorded.end(Outcome::failed);
  ASSERT_EQ(attempt.runs.size(), 4u);
  EXPECT_EQ(recorded.tests(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(attempt.runs[0].outcome, TestOutcome::passed);
  EXPECT_EQ(attempt.runs[1].outcome, TestOutcome::failed);
  EXPECT_EQ(attempt.runs[2].outcome, TestOutcome::passed);
  EXPECT_EQ(attempt.runs[2].test, attempt.runs[1].test);
  EXPECT_EQ(attempt.runs[3].outcome, TestOutcome::error);
  EXPECT_EQ(attempt.dropped, 0u);
}

TEST(RecordReader, KeepsSessionsApartThatSayWhichOneTheyAre) {
  Recorded recorded;
  for (const int key : {7, 9}) {
    const std::string k = R"("k":)" + std::to_string(key);
    recorded.line(R"({"t":"session","framework":"go test",)" + k + "}");
    recorded.line(R"({"t":"test","i":0,"r":1,"id":"package)" + std::to_string(key) + R"(.Test",)" + k + "}");
    recorded.line(R"({"t":"start","i":0,)" + k + "}");
  }
  for (const char* phase : {"call", "teardown"})
    recorded.line(std::string(R"({"t":"phase","k":7,"i":0,"o":"passed","s":0.1,"p":")") + phase + R"("})");
  for (const char* odd : {R"("k":8,)", R"("k":-1,)", R"("k":4294967296,)", R"("k":"7",)", ""})
    recorded.line(std::string(R"({"t":"phase",)") + odd + R"("i":0,"p":"call","o":"failed"})");
  const AttemptTests attempt = recorded.end(Outcome::failed);
  EXPECT_EQ(recorded.tests(), (std::vector<std::string>{"package7.Test", "package9.Test"}));
  ASSERT_EQ(attempt.runs.size(), 2u);
  EXPECT_EQ(attempt.runs[0].outcome, TestOutcome::passed);
  EXPECT_EQ(attempt.runs[1].outcome, TestOutcome::crashed) << "its process died";
  EXPECT_EQ(attempt.dropped, 5u);
}

TEST(RecordReader, IsFinishedWhenTheLastOfItsSessionsIs) {
  const std::string first = R"({"t":"session","framework":"go test","k":1})",
                    second = R"({"t":"session","framework":"go test","k":2})",
                    first_end = R"({"t":"finish","k":1})", second_end = R"({"t":"finish","k":2})";
  const auto finished = [](const std::vector<std::string>& lines) {
    Recorded recorded;
    for (const auto& line : lines) recorded.line(line);
    return recorded.end().finished;
  };
  EXPECT_TRUE(finished({first, second, second_end, first_end}));
  EXPECT_TRUE(finished({first, first_end, second, second_end}));
  EXPECT_FALSE(finished({first, second, second_end})) << "the first one's process died";
  EXPECT_FALSE(finished({first, first_end, second}));
}

TEST(RecordReader, DropsWhatIsMalformedAndReadsOn) {
  const std::string deep(60'000, '[');
  for (const std::string& line : {std::string(),
                                  std::string("{"),
                                  std::string("null"),
                                  std::string("[]"),
                                  std::string("7"),
                                  deep,
                                  R"({"t":"pha)" + std::string(),
                                  std::string(R"({"t":7})"),
                                  std::string(R"({"t":"unheard of"})"),
                                  std::string(R"({"t":"session"})"),
                                  std::string(R"({"t":"test","i":0})"),
                                  std::string(R"({"t":"test","i":-1,"id":"a","r":1})"),
                                  std::string(R"({"t":"test","i":1e3,"id":"a","r":1})"),
                                  std::string(R"({"t":"test","i":99999999999,"id":"a","r":1})"),
                                  std::string(R"({"t":"test","i":9,"id":"","r":1})"),
                                  std::string(R"({"t":"test","i":9,"id":"a","r":0})"),
                                  std::string(R"({"t":"test","i":9,"id":"a","r":65536})"),
                                  std::string(R"({"t":"test","i":9,"id":{"a":[]},"r":1})"),
                                  std::string(R"({"t":"start","i":9})"),
                                  std::string(R"({"t":"start"})"),
                                  std::string(R"({"t":"phase","i":9,"p":"call","o":"passed"})"),
                                  std::string(R"({"t":"phase","i":0,"p":"lunch","o":"passed"})"),
                                  std::string(R"({"t":"phase","i":0,"p":"call","o":"perhaps"})"),
                                  std::string("\xff\xfe{}"),
                                  std::string(R"({"t":"test","i":0,"id":"named again","r":1})"),
                                  R"({"t":"start","i":0,"x":")" + std::string(kMaxRecord, 'x') + R"("})"}) {
    Recorded recorded;
    recorded.test(0, "a").line(line).start(0);
    for (const auto& [name, outcome] : kPasses) recorded.phase(0, name, outcome);
    const AttemptTests attempt = recorded.end();
    EXPECT_EQ(attempt.dropped, 1u) << line.substr(0, 80);
    ASSERT_EQ(attempt.runs.size(), 1u) << line.substr(0, 80);
    EXPECT_EQ(attempt.runs[0].outcome, TestOutcome::passed) << line.substr(0, 80);
  }
}

TEST(RecordReader, DropsBothHalvesOfARecordThatWasSplit) {
  Recorded recorded;
  recorded.test(0, "a").line(R"({"t":"sta)").line(R"(rt","i":0})");
  EXPECT_EQ(recorded.end().dropped, 2u);
}

TEST(RecordReader, LeavesOutWhatIsNestedInARecord) {
  Recorded recorded;
  recorded.line(R"({"t":"session","framework":"pytest","version":{"a":[1,{"b":2}]}})");
  EXPECT_EQ(recorded.end().framework, "pytest");
}

TEST(RecordReader, ReadsHalfACharacterAsAReplacement) {
  Recorded recorded;
  recorded.test(0, "a").start(0);
  recorded.phase(0, "call", "failed", R"(,"m":"\\ud800 \udcff \ud83d\ude00 \ud83d","x":"\udc80")");
  recorded.end(Outcome::failed);
  ASSERT_EQ(recorded.failures().size(), 1u);
  EXPECT_EQ(recorded.failures()[0].facts.message, "\\ud800 \uFFFD 😀 \uFFFD");
}

TEST(RecordReader, BoundsTheTextsOfFailures) {
  Recorded recorded;
  const std::string text =
      R"(,"x":")" + std::string(17'000, 'x') + R"(","m":")" + std::string(1100, 'm') + R"(")";
  const int many = static_cast<int>(kMaxAttemptText / kMaxFailureText) + 50;
  for (int i = 0; i < many; ++i)
    recorded.test(i, std::to_string(i)).start(i).phase(i, "call", "failed", text);
  recorded.end(Outcome::failed);
  std::size_t bytes = 0;
  for (const auto& each : recorded.failures()) {
    EXPECT_LE(each.text.size(), kMaxFailureText);
    EXPECT_LE(each.facts.message.size(), kMaxMessage);
    bytes += each.text.size();
  }
  EXPECT_EQ(recorded.failures().size(), static_cast<std::size_t>(many));
  EXPECT_EQ(bytes, kMaxAttemptText);
}

TEST(RecordReader, ReadsWhatATestPrinted) {
  Recorded recorded;
  recorded.test(0, "a")
      .start(0)
      .phase(0, "call", "passed")
      .phase(0, "teardown", "passed", R"(,"l":"hello\n")");
  recorded.test(1, "b").start(1).phase(1, "call", "passed").phase(1, "teardown", "passed", R"(,"l":"")");
  recorded.phase(0, "teardown", "passed", R"(,"l":"once more")");
  recorded.end();
  ASSERT_EQ(recorded.logs().size(), 1u);
  EXPECT_EQ(recorded.logs()[0].run, 0u);
  EXPECT_EQ(recorded.logs()[0].text, "hello\n");
}

TEST(RecordReader, BoundsWhatTestsPrinted) {
  Recorded recorded;
  const std::string log = R"(,"l":")" + std::string(kMaxTestLog + 1000, 'x') + R"(")";
  const int many = static_cast<int>(kMaxAttemptText / kMaxTestLog) + 50;
  for (int i = 0; i < many; ++i)
    recorded.test(i, std::to_string(i)).start(i).phase(i, "teardown", "passed", log);
  recorded.end();
  ASSERT_EQ(recorded.logs().size(), kMaxAttemptText / kMaxTestLog);
  EXPECT_EQ(recorded.logs()[0].text.size(), kMaxTestLog);
}

TEST(RecordReader, BoundsTheTestsOfAnAttempt) {
  TestResults results;
  RecordReader reader(results, 3);
  for (const std::string_view record :
       {R"({"t":"test","i":3,"id":"number past the bound","r":1})", R"({"t":"test","i":2,"id":"a","r":1})",
        R"({"t":"collect_error","id":"b"})", R"({"t":"collect_error","id":"c"})",
        R"({"t":"collect_error","id":"one too many"})", R"({"t":"test","i":0,"id":"and another","r":1})"})
    reader.record(record);
  const AttemptTests attempt = reader.finish(0, 0, Outcome::failed);
  EXPECT_EQ(attempt.runs.size(), 3u);
  EXPECT_EQ(attempt.dropped, 3u);
}

TEST(RecordReader, BelievesNoImpossibleTime) {
  for (const std::string_view seconds : {"-5", "1e300", "\"x\"", "null"}) {
    Recorded recorded;
    recorded.test(0, "a").line(
        fmt::format(R"({{"t":"phase","i":0,"p":"call","o":"passed","s":{}}})", seconds));
    const float read = recorded.end().runs.at(0).seconds;
    EXPECT_GE(read, 0.0f);
    EXPECT_LE(read, 1e7f);
  }
}

TEST(RecordReader, KnowsNothingOfAnAttemptWithoutRecords) {
  const AttemptTests attempt = Recorded().end(Outcome::failed);
  EXPECT_TRUE(attempt.runs.empty());
  EXPECT_FALSE(attempt.session);
}

}  // namespace
}  // namespace orchestrator
