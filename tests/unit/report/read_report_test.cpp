// A report read back from its JSON is written as the run itself would be, in every form.
#include "orchestrator/report/read_report.h"

#include <gtest/gtest.h>

#include <sstream>

#include "made_tests.h"
#include "orchestrator/report/report_formats.h"
#include "orchestrator/report/saved_report.h"
#include "orchestrator/report/times.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using nlohmann::json;
using sandbox::Outcome;

struct Back {
  explicit Back(const std::string& text)
      : spool(folder.path(), ""), read(read_report(parse_saved_report(text, "r.json"), "r.json", spool)) {}
  TemporaryFolder folder;
  Spool spool;
  ReadReport read;
};

// What every run has, which a made-up one need not.
void complete(Report& report) {
  report.plan.repo = "https://git.example.com/shop";
  report.source.url = report.plan.repo;
  report.source.commit = std::string(40, 'c');
  for (const char* limit :
       {"memory", "cpus", "pids", "nofile", "core", "tmp", "shm", "disk", "output", "timeout"})
    report.engine.limits[limit] = sandbox::Enforcement::enforced;
  report.engine.limits["pids"] = sandbox::Enforcement::sampled;
  report.engine.security = {"seccomp"};
  report.plan.dockerfile = "docker/Dockerfile";
  report.plan.build_args = {{"A", "1"}};
  report.engine.builder = "classic builder";
  for (const char* limit : {"memory", "cpus", "pids", "nofile", "core", "tmp", "shm", "disk", "output",
                            "timeout", "capabilities"})
    report.engine.build_limits[limit] = sandbox::Enforcement::not_enforced;
  report.engine.build_limits["timeout"] = sandbox::Enforcement::enforced;
  report.image.layers = {{"seal", "key", "sha256:12", true, 1.5, "a note"}};
  report.image.notes = {"no lock file: versions are the newest of that day"};
  report.packages = {"pytest==8.3.4"};
  report.started_at = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123));
  report.finished_at = report.started_at + std::chrono::seconds(12);
  report.warnings = {"a warning"};
  report.reproduce = reproduce_job(report);
  report.program_version = "0.1";
}

std::string json_of(const Report& report, const Spool& spool) {
  std::ostringstream out;
  write_json(report, spool, out);
  return out.str();
}

// Documents are long: the first line that differs tells more than both.
void expect_same_lines(const std::string& now, const std::string& then, const std::string& what) {
  std::istringstream a(now), b(then);
  std::string line_now, line_then;
  for (int line = 1;; ++line) {
    const bool more_now = static_cast<bool>(std::getline(a, line_now));
    const bool more_then = static_cast<bool>(std::getline(b, line_then));
    if (!more_now && !more_then) return;
    if (more_now != more_then || line_now != line_then) {
      ADD_FAILURE() << what << ", line " << line << ":\nnow  " << (more_now ? line_now : "(ended)")
                    << "\nthen " << (more_then ? line_then : "(ended)");
      return;
    }
  }
}

void expect_the_same_forms(MadeReport& made) {
  complete(made.report);
  const std::string text = made.json_text();
  const Back back(text);
  EXPECT_TRUE(back.read.lost.empty()) << back.read.lost.at(0);
  EXPECT_TRUE(back.read.whole_grid);
  expect_same_lines(json_of(back.read.report, back.spool), text, "--json");
  for (const auto& format : report_formats()) {
    std::ostringstream first, second;
    format.write(made.report, made.spool, first);
    format.write(back.read.report, back.spool, second);
    expect_same_lines(second.str(), first.str(), format.flag);
  }
  std::ostringstream summary;
  write_text(back.read.report, back.spool, summary, {});
  expect_same_lines(summary.str(), made.text(), "summary");
}

TEST(ReadReport, IsWrittenAsTheRunItselfWouldBe) {
  MadeTests made = every_verdict();
  expect_the_same_forms(made);
}

TEST(ReadReport, OfABundleKnowsWhereItCameFrom) {
  MadeTests made = every_verdict();
  made.report.bundle = {"run.bundle", std::string(64, 'b'), "1.0", true, {"kernel: 5 then, 6 now"}};
  expect_the_same_forms(made);
  const std::string text = made.text();
  EXPECT_NE(text.find("run.bundle"), std::string::npos) << text;
  EXPECT_NE(text.find("kernel: 5 then, 6 now"), std::string::npos) << text;
}

TEST(ReadReport, OfACommandWhoseTestsAreNotToldApart) {
  MadeReport made(64);
  made.add(Outcome::passed, repeated(1000, 'x') + "end", "warning\n");
  AttemptRecord& failed = made.add(Outcome::failed, "starting\n", "segfault\n");
  failed.exit_code = 139;
  failed.signal = 11;
  failed.usage = {1500, 64 << 20, "cgroup v1 max_usage_in_bytes"};
  failed.hints = {{"network", "kernel counter: 3 packets without a route", "--network bridge"}};
  failed.notes = {"a note"};
  failed.earlier_tries = {{Outcome::infrastructure_error, "the engine was gone"}};
  AttemptRecord& hung = made.add(Outcome::timed_out, "waiting");
  hung.exit_code.reset();
  hung.reason = "stopped at 300 s";
  hung.duration = std::chrono::minutes(5);
  AttemptRecord& lost = made.add(Outcome::infrastructure_error);
  lost.reason = "the engine was gone";
  lost.exit_code.reset();
  lost.duration = {};
  lost.started_at = {};
  made.report.findings = find_findings(made.report, made.spool);
  expect_the_same_forms(made);
}

TEST(ReadReport, OfARunThatCouldStopEarly) {
  MadeReport made;
  made.add_many(5, Outcome::passed);
  made.report.plan.until_sure = 0.05;
  made.report.plan.runs = 100;
  made.report.anytime = made.report.settled = true;
  expect_the_same_forms(made);
}

// Names, messages and outputs of a repository are no UTF-8, no markup and no command here either.
TEST(ReadReport, OfAHostileRepositoryIsReadAndWritten) {
  HostileReport made;
  complete(made.report);
  const Back back(made.json_text());
  EXPECT_EQ(back.read.report.verdicts.tests.size(), made.report.verdicts.tests.size());
  EXPECT_EQ(back.read.report.verdicts.grid.size(), made.report.verdicts.grid.size());
  for (const auto& format : report_formats()) {
    std::ostringstream out;
    format.write(back.read.report, back.spool, out);
    EXPECT_FALSE(out.str().empty()) << format.flag;
  }
}

TEST(ReadReport, SaysHowManyFailuresHaveNoWords) {
  MadeTests made({{"t::a", repeated(60, 'F')}});
  complete(made.report);
  const Back back(made.json_text());
  ASSERT_EQ(back.read.lost.size(), 1u);
  EXPECT_NE(back.read.lost[0].find("10 of 60 failures"), std::string::npos) << back.read.lost[0];
}

TEST(ReadReport, SaysWhatItsDocumentDoesNotHold) {
  MadeTests made = every_verdict();
  complete(made.report);
  json document = made.json();
  for (auto& test : document["tests"]) test["outcomes"] = nullptr;
  document["findings"]["failure_groups"]["total"] = 300;
  const Back back(document.dump());
  EXPECT_FALSE(back.read.whole_grid);
  ASSERT_EQ(back.read.lost.size(), 2u) << back.read.lost.back();
  EXPECT_NE(back.read.lost[0].find("too large"), std::string::npos);
  EXPECT_NE(back.read.lost[1].find("of 300 kinds of failure only"), std::string::npos) << back.read.lost[1];
  EXPECT_EQ(back.read.report.warnings.size(), 3u);
}

std::string complaint(const std::function<void(json&)>& edit) {
  MadeTests made = every_verdict();
  complete(made.report);
  json document = made.json();
  edit(document);
  try {
    const Back back(document.dump());
  } catch (const io::RequestError& error) {
    return error.what();
  } catch (const InvalidJob& error) {
    return error.what();
  }
  return "";
}

TEST(ReadReport, NamesTheFileAndThePlaceThatIsWrong) {
  const std::pair<const char*, json> wrong[] = {
      {"/results/0/condition", "other"},
      {"/results/0/outcome", "cancelled"},
      {"/results/0/attempt", 1},
      {"/results/0/stdout", 7},
      {"/results/0/truncated", {{"stdout", {{"total_bytes", 10}, {"kept_bytes", 4}}}}},
      {"/results/0/truncated", {{"stdout", {{"total_bytes", 4}, {"kept_bytes", 10}}}}},
      {"/results/0/started_at", "yesterday"},
      {"/results/0/started_at", "2026-02-31T00:00:00.000Z"},
      {"/environment/limits/memory/enforcement", "maybe"},
      {"/environment/image/layers", 3},
      {"/environment/image/notes", 3},
      {"/tests/0/outcomes", "????????????"},
      {"/tests/0/outcomes", "."},
      {"/tests/0/verdict", "odd"},
      {"/tests/0/severity", "grave"},
      {"/tests/0/rate/condition", "other"},
      {"/tests/0/rate/low", 2},
      {"/tests/0/examples/0/attempt", 99},
      {"/tests/0/examples/0/repeat", 70000},
      {"/tests/0/examples/0/outcome", "passed"},
      {"/outcome_attempts/0", 99},
      {"/outcome_attempts/1", 0},
      {"/findings/failure_groups/list/0/tests/0", "t::unknown"},
      {"/findings/failure_groups/list/0/example/text", 1},
      {"/end", "never"},
      {"/replay", json::object()},
      {"/job/plan/network", "host"},
      {"/job/request", 3},
  };
  for (const auto& [pointer, value] : wrong) {
    const std::string sentence =
        complaint([&, at = pointer, now = value](json& report) { report[json::json_pointer(at)] = now; });
    EXPECT_EQ(sentence.rfind("r.json: ", 0), 0u) << pointer << ": " << sentence;
  }
}

TEST(ReadReport, ReadsTimesAsTheyAreWritten) {
  const auto time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'007));
  EXPECT_EQ(from_iso_time(iso_time(time)), time);
  for (const char* wrong : {"", "2026-11-23", "2026-13-01T00:00:00.000Z", "2026-11-23T10:15:30.123",
                            "2026-11-23T10:15:30.123Zulu", " 026-11-23T10:15:30.123Z",
                            "0026-11-23T10:15:30.123Z", "9999-11-23T10:15:30.123Z"})
    EXPECT_FALSE(from_iso_time(wrong)) << wrong;
}

}  // namespace
}  // namespace orchestrator
