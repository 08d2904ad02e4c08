// report.json of more tests than it has room for: what is cut, what is said of that, and that it can be read.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

#include "made_tests.h"
#include "orchestrator/report/html_writer.h"
#include "orchestrator/report/read_report.h"
#include "orchestrator/report/replay.h"
#include "orchestrator/report/report_comparison.h"
#include "orchestrator/report/saved_report.h"

namespace orchestrator {
namespace {

using nlohmann::json;

// A report is only replayed where they fit together.
void give_seeds_of_the_job(Report& report) {
  for (auto& attempt : report.attempts)
    attempt.seed =
        attempt_seed(report.plan.job_seed, static_cast<std::uint64_t>(attempt.index), report.plan.seed_range);
}

struct ManyQuietTests : MadeTests {
  static constexpr int kQuiet = 2000;
  ManyQuietTests()
      : MadeTests(rows(), {{}, {.name = "shuffle", .order = TestOrder::shuffled}, {.name = "repeat"}},
                  {0, 0, 1, 2}) {
    give_seeds_of_the_job(report);
  }
  static std::vector<MadeRow> rows() {
    std::vector<MadeRow> rows{{"tests/test_shop.py::test_flaky", ".F..", "", "KeyError", "'x'", "text"}};
    for (int i = 0; i < kQuiet; ++i)
      rows.push_back({fmt::format("tests/test_{}.py::TestOrders::test_{}", i / 50, i), "...."});
    return rows;
  }
};

TEST(ManyTests, AreToldInFewerWordsWhereTheReportWouldBeTooLarge) {
  const ManyQuietTests made;
  const std::string text = made.json_text({.max_bytes = 3 << 20});
  EXPECT_LE(text.size(), 3u << 20);
  const json report = parse_saved_report(text, "report.json");
  ASSERT_EQ(report.at("tests").size(), ManyQuietTests::kQuiet + 1u);
  EXPECT_TRUE(report.at("tests_left_out").is_null());
  const json& flaky = report.at("tests").at(0);
  EXPECT_EQ(flaky.at("outcomes"), ".F..") << "is told as ever";
  EXPECT_EQ(flaky.at("examples").size(), 1u);
  EXPECT_TRUE(report.at("tests").at(1).at("outcomes").is_null());
  EXPECT_EQ(report.at("tests").at(1).at("conditions").at(0), (json{{"condition", "written"}, {"passed", 2}}));
  EXPECT_EQ(report.at("warnings").back(),
            "Of 2001 tests 2000 are told without durations, examples and how each attempt ended, to keep "
            "this report below 3 MiB.");
}

TEST(ManyTests, AreLeftOutAndCountedWhereEvenThatIsTooMuch) {
  const ManyQuietTests made;
  const std::string text = made.json_text({.max_bytes = 1 << 20});
  EXPECT_LE(text.size(), 1u << 20);
  const json report = parse_saved_report(text, "report.json");
  const std::size_t told = report.at("tests").size();
  EXPECT_GT(told, 500u);
  EXPECT_EQ(report.at("tests").at(0).at("examples").size(), 1u);
  EXPECT_EQ(report.at("tests_left_out"), (json{{"not_shown_flaky", ManyQuietTests::kQuiet + 1 - told}}));

  const TemporaryFolder folder;
  Spool spool(folder.path(), "");
  const ReadReport read = read_report(report, "report.json", spool);
  EXPECT_EQ(read.report.verdicts.not_shown_flaky, ManyQuietTests::kQuiet);
  EXPECT_TRUE(read.whole_grid) << "of what failed: ci can decide by it";
  EXPECT_EQ(read.lost.size(), 2u);
  std::ostringstream page;
  write_html(read.report, spool, page);
  EXPECT_NE(page.str().find("test_flaky"), std::string::npos);
  std::ostringstream again;
  write_json(read.report, spool, again);
  EXPECT_EQ(json::parse(again.str()).at("tests_left_out"), report.at("tests_left_out"));
}

TEST(ManyTests, CanBeReplayedAndComparedThoughSomeAreLeftOut) {
  const ManyQuietTests made;
  const json whole = made.json(), cut = made.json({.max_bytes = 1 << 20});
  EXPECT_EQ(choose_attempt(read_saved_run(cut, "report.json"), "", "report.json").number, 1);
  const ReportComparison comparison = compare_reports({"before.json", whole}, {"after.json", cut});
  EXPECT_TRUE(comparison.only_before.empty());
  EXPECT_FALSE(comparison.worse());
  ASSERT_EQ(comparison.warnings.size(), 1u);
  EXPECT_EQ(comparison.warnings[0],
            "after.json had no room for all tests: which of them only one has is not known");
}

TEST(ManyTests, ThatFailAreShortenedOnlyWhereTheyAloneAreTooMany) {
  std::vector<MadeRow> rows;
  for (int i = 0; i < 400; ++i) rows.push_back({fmt::format("test_{}", i), ".F"});
  for (int i = 0; i < 400; ++i) rows.push_back({fmt::format("test_quiet_{}", i), ".."});
  const MadeTests made(rows);
  const json some = made.json({.max_bytes = 1'200'000});
  EXPECT_EQ(some.at("tests").at(399).at("outcomes"), ".F");
  const json few = made.json({.max_bytes = 420'000});
  EXPECT_EQ(few.at("tests").at(0).at("verdict"), "flaky");
  EXPECT_TRUE(few.at("tests").at(0).at("outcomes").is_null());
}

TEST(ManyTests, ThatFailCanBeLeftOutToo) {
  std::vector<MadeRow> rows;
  for (int i = 0; i < 3000; ++i) rows.push_back({fmt::format("test_{}", i), ".F"});
  MadeTests made(rows);
  give_seeds_of_the_job(made.report);
  const json cut = made.json({.max_bytes = 800'000});
  EXPECT_GT(cut.at("tests_left_out").at("flaky"), 0);
  const TemporaryFolder folder;
  Spool spool(folder.path(), "");
  const ReadReport read = read_report(cut, "report.json", spool);
  EXPECT_EQ(read.report.verdicts.flaky, 3000);
  EXPECT_EQ(choose_attempt(read_saved_run(cut, "report.json"), "", "report.json").number, 1);
}

}  // namespace
}  // namespace orchestrator
