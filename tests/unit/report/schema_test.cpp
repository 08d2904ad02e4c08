#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "../analysis/made_results.h"
#include "made_report.h"
#include "made_tests.h"
#include "orchestrator/report/failure.h"

namespace orchestrator {
namespace {

using sandbox::Outcome;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

const nlohmann::json& schema_text() {
  static const nlohmann::json text = nlohmann::json::parse(
      read_file(std::string(SOURCE_FOLDER) + "/orchestrator/report/report.schema.json"));
  return text;
}

// What the schema says against a document; empty when it is valid.
std::string complaints(const nlohmann::json& document) {
  const nlohmann::json& text = schema_text();
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(Adapter(text), schema);
  valijson::ValidationResults results;
  valijson::Validator().validate(schema, Adapter(document), &results);
  std::string all;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    for (const auto& part : error.context) all += part;
    all += ": " + error.description + "\n";
  }
  return all;
}

AttemptRecord& add_rich_attempt(MadeReport& made) {
  AttemptRecord& attempt = made.add(Outcome::failed, repeated(200'000, 'x'), "\xff");
  attempt.exit_code = 139;
  attempt.signal = 11;
  attempt.reason = "why";
  attempt.usage = {1200, 1 << 20, "cgroup v2 memory.peak"};
  attempt.hints = {{"network", "kernel counter: 3 packets without a route", "--network bridge"}};
  attempt.notes = {"a note"};
  attempt.earlier_tries = {{Outcome::infrastructure_error, "engine restarted"}};
  return attempt;
}

TEST(ReportSchema, AcceptsAReportThatHadNoRoomForAllTests) {
  std::vector<MadeRow> rows{{"flaky", ".F.F"}};
  for (int i = 0; i < 200; ++i) rows.push_back({"quiet_" + std::to_string(i), "...."});
  const nlohmann::json cut = MadeTests(rows).json({.max_bytes = 60'000});
  ASSERT_TRUE(cut.at("tests_left_out").is_object());
  EXPECT_EQ(complaints(cut), "");
}

TEST(ReportSchema, AcceptsACommandThatDependsOnTheOrder) {
  MadeReport made;
  made.report.conditions = {{}, {.name = "shuffle", .order = TestOrder::shuffled}};
  for (int i = 0; i < 8; ++i) made.add(i % 2 == 0 ? Outcome::passed : Outcome::failed).condition = i % 2;
  EXPECT_EQ(made.json().at("verdict"), "order_dependent");
  EXPECT_TRUE(made.json().contains("dependence_p"));
  EXPECT_EQ(complaints(made.json()), "");
}

TEST(ReportSchema, AcceptsAReportOfEveryOutcome) {
  MadeReport made;
  for (const Outcome outcome : {Outcome::passed, Outcome::failed, Outcome::timed_out, Outcome::out_of_memory,
                                Outcome::output_limit, Outcome::disk_limit, Outcome::pids_limit,
                                Outcome::not_runnable, Outcome::infrastructure_error, Outcome::cancelled})
    made.add(outcome, "out", "err").reason = "reason";
  add_rich_attempt(made);
  made.report.warnings = {"a warning"};
  EXPECT_EQ(complaints(made.json()), "");
}

TEST(ReportSchema, AcceptsAReportWithoutAnyAttempt) {
  for (const RunEnd end : {RunEnd::complete, RunEnd::cancelled, RunEnd::deadline, RunEnd::not_runnable,
                           RunEnd::infrastructure}) {
    MadeReport made;
    made.report.end = end;
    made.report.started_at = {};
    EXPECT_EQ(complaints(made.json()), "");
  }
}

TEST(ReportSchema, AcceptsAReportThatKnowsNothing) {
  MadeReport made;
  made.report = Report{};
  EXPECT_EQ(complaints(made.json()), "");
}

TEST(ReportSchema, AcceptsAReplay) {
  MadeReport made;
  made.add(Outcome::failed);
  made.report.replay.emplace();
  made.report.replay->report = "old.json";
  made.report.replay->attempt.outcome = Outcome::failed;
  made.report.replay->differences = {"kernel: 5 then, 6 now"};
  EXPECT_EQ(complaints(made.json()), "");
  EXPECT_EQ(made.json().at("requested_runs"), 1);
  made.report.replay->test = "t::a";
  EXPECT_EQ(complaints(made.json()), "");
}

TEST(ReportSchema, AcceptsARunOfABundle) {
  MadeReport made;
  made.add(Outcome::failed);
  made.report.bundle = {"run.bundle", "abc", "1.0", true, {"kernel: 5 then, 6 now"}};
  EXPECT_EQ(complaints(made.json()), "");
}

TEST(ReportSchema, AcceptsAReportThatWasCut) {
  MadeReport made;
  made.add_many(3, Outcome::passed, repeated(50'000, 'x'), repeated(50'000, 'x'));
  add_rich_attempt(made);
  EXPECT_EQ(complaints(made.json({20'000})), "");
}

TEST(ReportSchema, AcceptsWhatAPipelineDecided) {
  using std::chrono::sys_days;
  MadeReport made;
  made.report.tests = made_results({{"a", "F.F.F."}, {"b", "FFFFFF"}, {"c", "......"}});
  made.report.verdicts = judge(made.report.tests, made.report.conditions, {});
  for (int i = 0; i < 6; ++i) made.add(Outcome::failed);
  const sys_days today = sys_days(std::chrono::days(20'000));
  Quarantine known{"known-flaky.json",
                   {{"a", 0.4, today, "why", ""},
                    {"c", 0.5, today, "", "https://e.org/1"},
                    {"d", 0.5, today - std::chrono::days(1), "why", ""}}};
  made.report.ci = decide(made.report, {FailOn::failing, 0.02, known, today});
  made.report.source.changes = images::ChangedFiles{"5f3a", {"a.py"}};
  made.report.conditions[0].files = {"a.py"};
  const auto document = made.json();
  EXPECT_EQ(complaints(document), "");
  EXPECT_EQ(document["ci"]["healed"].size(), 1u);
  EXPECT_EQ(document["ci"]["expired"].size(), 1u);
  EXPECT_EQ(document["changed"]["files"][0], "a.py");
}

nlohmann::json failure_json(const Failure& failure) {
  std::ostringstream text;
  write_failure_json(failure, "0.1.0", text);
  return nlohmann::json::parse(text.str());
}

TEST(ReportSchema, AcceptsAFailureOfEveryKind) {
  const std::pair<std::string, int> kinds[] = {{"request", 2}, {"setup", 4},       {"host", 5},
                                               {"defect", 5},  {"cancelled", 130}, {"deadline", 6},
                                               {"skipped", 0}};
  for (const auto& [kind, code] : kinds) {
    const auto document = failure_json({kind, "two\nlines and \xff", code});
    EXPECT_EQ(complaints(document), "") << kind;
    EXPECT_EQ(document["end"], code == 130 || code == 6 || code == 0 ? kind : "error");
    EXPECT_EQ(document["error"],
              (nlohmann::json{{"kind", kind}, {"message", "two\nlines and \uFFFD"}, {"exit_code", code}}));
  }
}

TEST(ReportSchema, RefusesAFailureThatLooksLikeAReport) {
  auto document = failure_json({"host", "no engine", 5});
  document["total_runs"] = 0;
  EXPECT_NE(complaints(document), "");
  document = failure_json({"host", "no engine", 5});
  document.erase("error");
  EXPECT_NE(complaints(document), "");
  EXPECT_NE(complaints(failure_json({"other", "", 5})), "");
}

TEST(ReportSchema, KnowsTheKindsOfSandboxHintsAndNoOther) {
  const auto& attempt = schema_text().at("definitions").at("result").at("properties");
  auto listed = attempt.at("sandbox_hints").at("items").at("properties").at("kind").at("enum");
  auto known = nlohmann::json(sandbox_hint_kinds());
  std::sort(listed.begin(), listed.end());
  std::sort(known.begin(), known.end());
  EXPECT_EQ(listed, known);
}

TEST(ReportSchema, RefusesAnUnknownKeyAndAMissingOne) {
  MadeReport made;
  made.add(Outcome::passed);
  nlohmann::json document = made.json();
  document["results"][0]["unknown"] = 1;
  EXPECT_NE(complaints(document), "");
  document = made.json();
  document["environment"].erase("commit");
  EXPECT_NE(complaints(document), "");
  document = made.json();
  document["results"][0]["outcome"] = "cancelled";
  EXPECT_NE(complaints(document), "");
}

}  // namespace
}  // namespace orchestrator
