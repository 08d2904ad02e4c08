#include <gtest/gtest.h>

#include <numeric>
#include <sstream>

#include "made_report.h"
#include "orchestrator/report/cut.h"

namespace orchestrator {
namespace {

using nlohmann::json;
using sandbox::Outcome;

std::string every_byte() {
  std::string text(256, '\0');
  std::iota(text.begin(), text.end(), '\0');
  return text;
}

TEST(JsonReport, StartsWithThePredecessorsKeysInTheirOrder) {
  MadeReport made;
  made.add(Outcome::passed, "ok\n");
  const auto document = nlohmann::ordered_json::parse(made.json_text());
  const auto keys_of = [](const auto& object, std::size_t count) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object.items())
      if (keys.size() < count) keys.push_back(key);
    return keys;
  };
  EXPECT_EQ(keys_of(document, 6), (std::vector<std::string>{"total_runs", "parallelism", "framework",
                                                            "failures", "repro_rate", "results"}));
  EXPECT_EQ(keys_of(document["results"][0], 5),
            (std::vector<std::string>{"attempt", "exit_code", "stdout", "stderr", "passed"}));
}

TEST(JsonReport, HoldsOnlyEvidenceAndListsTheRest) {
  MadeReport made;
  made.add(Outcome::passed, "fine");
  made.add(Outcome::failed, "", "wrong");
  AttemptRecord& lost = made.add(Outcome::infrastructure_error);
  lost.reason = "the engine went away";
  lost.earlier_tries = {{Outcome::infrastructure_error, "no container"}};
  const json document = made.json();
  EXPECT_EQ(document["total_runs"], 2);
  EXPECT_EQ(document["failures"], 1);
  EXPECT_EQ(document["repro_rate"], 0.5);
  EXPECT_EQ(document["requested_runs"], 30);
  ASSERT_EQ(document["results"].size(), 2u);
  EXPECT_EQ(document["results"][1]["stderr"], "wrong");
  EXPECT_EQ(document["results"][1]["exit_code"], 1);
  EXPECT_EQ(document["not_counted"][0]["attempt"], 2);
  EXPECT_EQ(document["not_counted"][0]["reason"], "the engine went away");
  EXPECT_EQ(document["verdict"], "flaky");
}

TEST(JsonReport, GivesEachAttemptThatDidNotPassItsCommandLine) {
  MadeReport made;
  for (const Outcome outcome : {Outcome::passed, Outcome::failed, Outcome::timed_out}) made.add(outcome);
  const json results = made.json()["results"];
  EXPECT_TRUE(results[0]["reproduce"].is_null());
  EXPECT_EQ(results[1]["reproduce"], reproduce_attempt(made.report, 1));
  EXPECT_EQ(results[2]["reproduce"], reproduce_attempt(made.report, 2));
}

TEST(JsonReport, DoesNotRepeatAVeryLongCommandLineForEachAttempt) {
  MadeReport made;
  made.report.plan.env = {{"LONG", repeated(5000, 'x')}};
  made.add(Outcome::failed);
  EXPECT_TRUE(made.json()["results"][0]["reproduce"].is_null());
}

TEST(JsonReport, GivesATimeoutNoExitCodeAndItsLine) {
  MadeReport made;
  made.add(Outcome::timed_out).exit_code = 143;
  made.add(Outcome::timed_out, "", "partial");
  made.add(Outcome::timed_out, "", "line\n");
  const json results = made.json()["results"];
  EXPECT_TRUE(results[0]["exit_code"].is_null());
  EXPECT_EQ(results[0]["stderr"], "TIMEOUT");
  EXPECT_EQ(results[1]["stderr"], "partial\nTIMEOUT");
  EXPECT_EQ(results[2]["stderr"], "line\nTIMEOUT");
}

TEST(JsonReport, TakesEveryByteAndSaysThatItLostSome) {
  MadeReport made;
  made.add(Outcome::passed, every_byte());
  made.add(Outcome::passed, "caf\xc3\xa9");
  const json results = made.json()["results"];
  EXPECT_EQ(results[0]["stdout"], to_utf8(every_byte()));
  EXPECT_EQ(results[0]["lossy"], true);
  EXPECT_EQ(results[1]["stdout"], "café");
  EXPECT_EQ(results[1]["lossy"], false);
  EXPECT_TRUE(results[1]["truncated"].is_null());
}

TEST(JsonReport, TakesBytesThatAreNoTextInEveryOtherField) {
  MadeReport made;
  made.add(Outcome::failed).notes = {"\xff note"};
  made.report.warnings = {"\xff warning"};
  made.report.source.ref = "\xff";
  EXPECT_EQ(made.json()["warnings"][0], "\uFFFD warning");
}

TEST(JsonReport, MarksWhatTheSpoolHasCutWithoutSplittingACharacter) {
  MadeReport made(20);
  made.add(Outcome::passed, "123456789€" + repeated(100, 'x') + "€234567890");
  const json result = made.json()["results"][0];
  EXPECT_EQ(result["stdout"], "123456789\n[… 106 bytes cut …]\n234567890");
  EXPECT_EQ(result["truncated"]["stdout"]["total_bytes"], 124);
  EXPECT_EQ(result["truncated"]["stdout"]["kept_bytes"], 18);
  EXPECT_FALSE(result["truncated"].contains("stderr"));
  EXPECT_EQ(result["lossy"], false);
}

TEST(JsonReport, ShortensPassingAttemptsFirst) {
  MadeReport made;
  made.add_many(5, Outcome::passed, repeated(20'000, 'p'));
  made.add(Outcome::passed, "short");
  made.add(Outcome::failed, repeated(20'000, 'f'));
  const JsonLimits limits{60'000};
  const std::string text = made.json_text(limits);
  EXPECT_LE(text.size(), limits.max_bytes);
  EXPECT_GE(text.size(), limits.max_bytes * 9 / 10) << "more was cut than needed";
  const json document = json::parse(text);
  EXPECT_EQ(document["results"][6]["stdout"], repeated(20'000, 'f'));
  EXPECT_EQ(document["results"][5]["stdout"], "short");
  EXPECT_EQ(document["results"][0]["truncated"]["stdout"]["total_bytes"], 20'000);
  EXPECT_LT(document["results"][0]["truncated"]["stdout"]["kept_bytes"], 10'000);
  EXPECT_NE(document["warnings"].back().get<std::string>().find("shortened"), std::string::npos);
}

TEST(JsonReport, ShortensAllAlikeWhenThatIsNotEnough) {
  MadeReport made;
  made.add(Outcome::passed, repeated(20'000, 'p'));
  made.add(Outcome::failed, repeated(30'000, 'f'));
  made.add(Outcome::failed, repeated(50'000, 'g'));
  const JsonLimits limits{30'000};
  const std::string text = made.json_text(limits);
  EXPECT_LE(text.size(), limits.max_bytes);
  const json results = json::parse(text)["results"];
  EXPECT_EQ(results[0]["stdout"], "\n[… 20000 bytes cut …]\n");
  EXPECT_EQ(results[1]["truncated"]["stdout"]["kept_bytes"], results[2]["truncated"]["stdout"]["kept_bytes"]);
  EXPECT_GT(results[1]["truncated"]["stdout"]["kept_bytes"], 5'000);
}

TEST(JsonReport, StaysBelowItsLimitWhateverTheBytes) {
  for (const std::uint64_t keep : {500u, 5'000u, 65'536u}) {
    MadeReport made(keep);
    std::string bytes;
    for (int i = 0; i < 100; ++i) bytes.append(every_byte()).append("\"\\€€€\x01");
    made.add_many(4, Outcome::passed, bytes, bytes);
    made.add_many(3, Outcome::timed_out, bytes, repeated(9'000, '\x01'));
    for (const std::uint64_t limit : {12'000u, 20'000u, 50'000u, 150'000u, 500'000u}) {
      const std::string text = made.json_text({limit});
      EXPECT_LE(text.size(), limit) << "keep " << keep;
      EXPECT_NO_THROW(json::parse(text));
    }
  }
}

TEST(JsonReport, SaysWhatTheVerdictRestsOn) {
  MadeReport made;
  made.add_many(20, Outcome::passed);
  const json document = made.json();
  EXPECT_EQ(document["interval"]["low"], 0.0);
  EXPECT_NEAR(document["interval"]["high"].get<double>(), 0.139, 0.001);
  EXPECT_EQ(document["more_runs"]["runs"], 100);
  EXPECT_EQ(document["severity"], "NONE");
}

TEST(JsonReport, NeverClaimsALimitThatNobodyProved) {
  MadeReport made;
  const json limits = made.json()["environment"]["limits"];
  EXPECT_EQ(limits["memory"]["enforcement"], "enforced");
  EXPECT_EQ(limits["memory"]["value"], 2 * sandbox::kGiB);
  EXPECT_EQ(limits["disk"]["enforcement"], "sampled");
  EXPECT_EQ(limits["pids"]["enforcement"], "not enforced");
}

TEST(JsonReport, SaysHowADockerfileWasBuiltAndWhatNobodyLimited) {
  MadeReport made;
  EXPECT_TRUE(made.json()["environment"]["dockerfile"].is_null());
  made.report.plan.dockerfile = "docker/Dockerfile";
  made.report.plan.build_args = {{"A", "1"}};
  made.report.engine.builder = "classic builder";
  made.report.engine.build_limits = {{"memory", sandbox::Enforcement::enforced},
                                     {"timeout", sandbox::Enforcement::enforced},
                                     {"pids", sandbox::Enforcement::not_enforced}};
  const json built = made.json()["environment"]["dockerfile"];
  EXPECT_EQ(built["path"], "docker/Dockerfile");
  EXPECT_EQ(built["build_args"], (json{{"A", "1"}}));
  EXPECT_EQ(built["builder"], "classic builder");
  EXPECT_EQ(built["limits"]["memory"],
            (json{{"value", 4LL << 30}, {"unit", "bytes"}, {"enforcement", "enforced"}}));
  EXPECT_EQ(built["limits"]["timeout"]["value"], 900'000);
  for (const char* limit : {"pids", "disk", "capabilities"}) {
    EXPECT_TRUE(built["limits"][limit]["value"].is_null()) << limit;
    EXPECT_EQ(built["limits"][limit]["enforcement"], "not enforced") << limit;
  }
}

TEST(JsonReport, FailsWhenItCannotBeWritten) {
  MadeReport made;
  made.add(Outcome::passed, "x");
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  EXPECT_THROW(write_json(made.report, made.spool, out), std::system_error);
}

TEST(JsonSize, IsThatOfTheWriter) {
  for (const std::string& text :
       {every_byte(), std::string("\x7f é € 😀 \xed\xa0\x80 \xf0\x9f"), std::string()})
    EXPECT_EQ(json_size(text) + 2, nlohmann::json(to_utf8(text)).dump().size());
}

}  // namespace
}  // namespace orchestrator
