#include "orchestrator/analysis/failure_signature.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

TEST(FailureSignature, IsPhaseExceptionAndTopFrame) {
  EXPECT_EQ(failure_signature({.phase = TestPhase::call,
                               .exception = "AssertionError",
                               .location = "tests/test_a.py:14",
                               .function = "test_y",
                               .message = "assert 3 == 4"}),
            "call · AssertionError · tests/test_a.py::test_y");
}

TEST(FailureSignature, IsTheSameForAnotherLineAndMessage) {
  const FailureFacts one{.exception = "E", .location = "a.py:14", .function = "f", .message = "3 != 4"};
  const FailureFacts other{
      .exception = "E", .location = "a.py:15", .function = "f", .message = "other words"};
  EXPECT_EQ(failure_signature(one), failure_signature(other));
}

TEST(FailureSignature, KeepsTheLineWhereThereIsNoFunction) {
  EXPECT_EQ(failure_signature({.exception = "E", .location = "a.py:14"}), "call · E · a.py:14");
}

TEST(FailureSignature, FallsBackToTheMessageWithoutAFrame) {
  EXPECT_EQ(
      failure_signature(
          {.phase = TestPhase::setup, .exception = "OSError", .message = "port 54321 is taken by 0x7fab12"}),
      "setup · OSError · port N is taken by ADDRESS");
}

TEST(FailureSignature, TakesOutWhatChangesInAnExceptionThatIsNoTypesName) {
  EXPECT_EQ(failure_signature({.exception = "request 4711 of 0x7fab12 failed", .location = "a.py:1"}),
            "call · request N of ADDRESS failed · a.py:1");
  EXPECT_EQ(failure_signature({.exception = "org.h2.jdbc.Outer$Http2Error", .location = "a.py:1"}),
            "call · org.h2.jdbc.Outer$Http2Error · a.py:1");
}

TEST(FailureSignature, OfAHangIsItsWord) {
  EXPECT_EQ(failure_signature({.phase = TestPhase::call, .exception = "timed_out"}), "call · timed_out");
}

TEST(FailureSignature, TellsPhasesExceptionsAndFunctionsApart) {
  const FailureFacts facts{.exception = "E", .location = "a.py:1", .function = "test_1"};
  FailureFacts phase = facts, exception = facts, function = facts;
  phase.phase = TestPhase::teardown;
  exception.exception = "F";
  function.function = "test_2";
  for (const auto& each : {phase, exception, function})
    EXPECT_NE(failure_signature(each), failure_signature(facts));
}

TEST(Normalised, TakesOutWhatChangesFromAttemptToAttempt) {
  struct Case {
    std::string_view text, expected;
  };
  for (const Case& each : {
           Case{"<object at 0x7f3a9c001d90>", "<object at ADDRESS>"},
           {"assert 3 == -4.5e-7", "assert N == N"},
           {"took 1,234.5 s", "took N s"},
           {"a-1 b+2 x3", "a-N b+N xN"},
           {"id 123e4567-e89b-12d3-a456-426614174000!", "id ID!"},
           {"commit 9f8a7b6c5d", "commit ID"},
           {"2024-02-29T23:59:59.123Z start", "TIME start"},
           {"2024-02-29 23:59:59,123 start", "TIME start"},
           {"2024-02-29T23:59:59+01:00", "TIME"},
           {"2024/02/29 at 07:05", "TIME at TIME"},
           {"[12:34:56.789]", "[TIME]"},
           {"tests/test_a.py:14: in f", "tests/test_a.py:N: in f"},
           {"no file '/tmp/tmpab12/x.txt'", "no file 'TMP'"},
           {"/home/me/t/pytest-of-me/pytest-3/test_a0/out: gone", "TMP: gone"},
           {"/var/tmp/x", "TMP"},
           {"no file '/home/x/.cache/abc123/model.bin'", "no file 'PATH/model.bin'"},
           {"/home/attempt/.cache/k9x/state: gone", "PATH: gone"},
           {"/home/attempt/kqzx/conf.d", "PATH/conf.d"},
           {"bind /run/user/1000/app-7f.sock", "bind PATH"},
           {"cannot open /var/lib/app/qwzjk/.lock.", "cannot open PATH"},
           {"/root/x/a.py:14: gone", "PATH/a.py:N: gone"},
           {"no file /work/tests/data/in.csv", "no file /work/tests/data/in.csv"},
           {"GET https://example.com/home/users", "GET https://example.com/home/users"},
           {"GET /api/users: N", "GET /api/users: N"},
           {"/usr/lib/a.so", "/usr/lib/a.so"},
           {"a/tmp/b", "a/tmp/b"},
           {"effaced added", "effaced added"},
           {"", ""},
       })
    EXPECT_EQ(normalised(each.text), each.expected);
}

TEST(Normalised, IsShort) {
  EXPECT_EQ(normalised(std::string(5000, 'x')).size(), kMaxNormalised);
  const std::string cut = normalised(std::string(299, 'x') + "€");
  EXPECT_EQ(cut, std::string(299, 'x'));
}

TEST(Normalised, TakesLinearTimeOnWhatIsMadeToBeSlow) {
  const std::string unit = "/-/-";
  std::string slow;
  for (int i = 0; i < 250'000; ++i) slow += unit;
  EXPECT_EQ(normalised(slow, slow.size()).size(), slow.size());
}

}  // namespace
}  // namespace orchestrator
