#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "made_run.h"
#include "orchestrator/report/html/assets.h"
#include "orchestrator/report/html/script_json.h"
#include "orchestrator/report/html_writer.h"

namespace orchestrator {
namespace {

using nlohmann::json;
using sandbox::Outcome;

std::string page_of(const MadeReport& made, HtmlLimits limits = {}) {
  std::ostringstream out;
  write_html_within(made.report, made.spool, out, limits);
  return out.str();
}

// The content of the one script with that id, or of the module.
std::string script_of(const std::string& page, const std::string& opening) {
  const std::size_t start = page.find(opening);
  if (start == std::string::npos) throw std::runtime_error("no " + opening);
  const std::size_t begin = start + opening.size();
  return page.substr(begin, page.find("</script>", begin) - begin);
}

json block_of(const std::string& page, const std::string& id) {
  return json::parse(script_of(page, "<script type=\"application/json\" id=\"" + id + "\">"));
}

// The page without its own style and script, which others test.
std::string content_of(std::string page) {
  for (const std::string_view own : {html::style(), html::script()})
    if (const auto at = page.find(own); at != std::string::npos) page.erase(at, own.size());
  return page;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

MadeReport& made_shop() {
  static MadeReport made;
  if (made.report.attempts.empty()) add_run(made, shop_run(12));
  return made;
}

// UPDATE_GOLDEN=1 writes it anew.
TEST(HtmlReport, OfAShopsSuiteIsAsItWas) {
  std::string page = content_of(page_of(made_shop()));
  page = std::regex_replace(page, std::regex("sha256-[A-Za-z0-9+/=]{40,}"), "sha256-…");
  const std::string path = std::string(SOURCE_FOLDER) + "/tests/unit/report/golden/shop.html";
  if (::getenv("UPDATE_GOLDEN")) std::ofstream(path, std::ios::binary) << page;
  EXPECT_EQ(page, read_file(path));
}

TEST(HtmlReport, HoldsEveryTestInEveryAttempt) {
  const MadeReport& made = made_shop();
  const std::string page = page_of(made);
  const json data = block_of(page, "data");
  ASSERT_EQ(data["tests"].size(), made.report.verdicts.tests.size());
  EXPECT_EQ(data["moreTests"], 0);
  for (std::size_t i = 0; i < data["tests"].size(); ++i) {
    const TestSummary& test = made.report.verdicts.tests[i];
    EXPECT_EQ(data["tests"][i]["id"], made.report.tests.tests()[test.test]);
    EXPECT_EQ(data["tests"][i]["v"], std::string(name(test.verdict)));
    EXPECT_EQ(data["tests"][i]["o"], made.report.verdicts.grid[test.test]);
    EXPECT_EQ(data["tests"][i]["counts"].size(), test.conditions.size());
  }
  ASSERT_EQ(data["attempts"].size(), made.report.attempts.size());
  for (std::size_t i = 0; i < made.report.attempts.size(); ++i) {
    const AttemptRecord& attempt = made.report.attempts[i];
    EXPECT_EQ(data["attempts"][i]["i"], attempt.index);
    EXPECT_EQ(data["attempts"][i]["seed"], attempt.seed);
    EXPECT_EQ(data["attempts"][i]["ms"], attempt.duration.count());
    EXPECT_EQ(data["attempts"][i].value("c", 0), attempt.condition);
  }
}

TEST(HtmlReport, HoldsOutputsAndFailuresOfEachAttempt) {
  const MadeReport& made = made_shop();
  const std::string page = page_of(made);
  const json data = block_of(page, "data");
  for (const auto& attempt : made.report.attempts) {
    const json block = block_of(page, "attempt-" + std::to_string(attempt.index));
    EXPECT_NE(block["stdout"].get<std::string>().find("test session starts"), std::string::npos);
    EXPECT_EQ(block["stdout"].get<std::string>().find("[31m"), std::string::npos) << "colours are taken out";
    std::set<std::size_t> failing, told;
    for (std::size_t row = 0; row < data["tests"].size(); ++row)
      if (std::string(" .s").find(data["tests"][row]["o"].get<std::string>().at(
              static_cast<std::size_t>(attempt.index))) == std::string::npos)
        failing.insert(row);
    for (const auto& failure : block.value("failures", json::array()))
      told.insert(failure["t"].get<std::size_t>());
    EXPECT_EQ(told, failing) << "attempt " << attempt.index;
  }
}

TEST(HtmlReport, GivesEachAttemptItsCommand) {
  const MadeReport& made = made_shop();
  const json command = block_of(page_of(made), "data")["command"];
  for (const auto& attempt : made.report.attempts)
    EXPECT_EQ(command[0].get<std::string>() + std::to_string(attempt.index) + command[1].get<std::string>(),
              reproduce_attempt(made.report, attempt.index));
}

TEST(HtmlReport, SaysTheMainFactsWithoutItsScript) {
  const std::string page = page_of(made_shop());
  const std::string still = page.substr(0, page.find("<script"));
  for (const char* text :
       {"tests need attention", "tests/test_legacy.py::test_old_api", "test_stock_is_reserved",
        "repeat-dependent", "did not pass", "First difference: test log", "total 29 (cached)", "20.10.24",
        "not enforced", "sampled", "pytest==8.3.4", "5f3a2c1d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a49",
        "--only-attempt", "not shown flaky: each"})
    EXPECT_NE(still.find(text), std::string::npos) << text;
}

TEST(HtmlReport, TellsWhatWasNotCountedAndWhy) {
  MadeReport made;
  made.add_many(2, Outcome::passed);
  AttemptRecord& lost = made.add(Outcome::infrastructure_error);
  lost.reason = "the engine went away";
  lost.earlier_tries = {{Outcome::infrastructure_error, "no container"}};
  made.report.warnings = {"a warning & more"};
  const std::string page = page_of(made);
  EXPECT_NE(page.find("the engine went away An earlier try: host or engine failed, no container."),
            std::string::npos);
  EXPECT_NE(page.find("a warning &amp; more"), std::string::npos);
  EXPECT_EQ(block_of(page, "data")["attempts"][2]["out"], true);
}

TEST(HtmlReport, LetsNothingOfTheRepositoryOutOfItsPlace) {
  MadeReport made;
  add_run(made, hostile_run());
  made.report.warnings = {hostile_text()};
  made.report.plan.test_command.words = {hostile_text()};
  made.report.plan.repo = hostile_text();
  made.report.source.ref = hostile_text();
  made.report.packages = {hostile_text()};
  made.report.framework_found = hostile_text();
  made.report.attempts[0].reason = hostile_text();
  made.report.attempts[0].notes = {hostile_text()};
  made.report.attempts[0].hints = {{"network", hostile_text(), hostile_text()}};
  made.report.image.base_reference = hostile_text();
  const std::string page = content_of(page_of(made));
  EXPECT_EQ(count_of(page, "<script"), 2 + made.report.attempts.size()) << "data, module and a block each";
  EXPECT_EQ(count_of(page, "<img"), 0u);
  EXPECT_EQ(count_of(page, "<!--"), 0u);
  EXPECT_EQ(count_of(page, "<b>"), 0u);
  EXPECT_EQ(count_of(page, "\xE2\x80\xAE"), 0u) << "direction overrides";
  EXPECT_EQ(to_utf8(page), page);
  for (const char c : page)
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') << int(c);
  EXPECT_NE(page.find("&lt;/script&gt;"), std::string::npos);
  EXPECT_NO_THROW(block_of(page, "data"));
}

TEST(HtmlReport, AsksNobodyForAnything) {
  const std::string page = page_of(made_shop());
  for (const char* place :
       {"src=", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "import(", "sendBeacon"})
    EXPECT_EQ(count_of(page, place), 0u) << place;
  const std::regex link("href=\"([^\"]*)\"");
  for (std::sregex_iterator at(page.begin(), page.end(), link), end; at != end; ++at) {
    const std::string target = (*at)[1];
    EXPECT_TRUE(target[0] == '#' || target.rfind("data:", 0) == 0) << target;
  }
  // The repository's own address is text; the icon names its namespace.
  for (const char* scheme : {"http://", "https://"}) {
    const std::string own = std::string(html::style()) + std::string(html::script());
    EXPECT_EQ(count_of(own, scheme), 0u);
  }
}

TEST(HtmlReport, LetsRunNothingButItsOwnScriptAndStyle) {
  const std::string page = page_of(made_shop());
  EXPECT_NE(page.find("default-src &#39;none&#39;"), std::string::npos);
  EXPECT_EQ(page.find("unsafe-"), std::string::npos);
  EXPECT_EQ(count_of(page, " style=\""), 0u);
  EXPECT_FALSE(std::regex_search(content_of(page), std::regex("<[^>]* on[a-z]+=")));
  EXPECT_NE(page.find(html::policy_hash(script_of(page, "<script type=\"module\">"))), std::string::npos);
  EXPECT_EQ(html::policy_hash("abc"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

TEST(HtmlReport, MakesSenseForEveryKindOfRun) {
  for (const RunEnd end : {RunEnd::complete, RunEnd::cancelled, RunEnd::deadline, RunEnd::not_runnable,
                           RunEnd::infrastructure}) {
    for (const int attempts : {0, 1, 3}) {
      for (const Outcome outcome :
           {Outcome::passed, Outcome::failed, Outcome::cancelled, Outcome::not_runnable}) {
        MadeReport made;
        made.report.end = end;
        made.add_many(attempts, outcome);
        const std::string page = page_of(made);
        EXPECT_EQ(block_of(page, "data")["attempts"].size(), static_cast<std::size_t>(attempts));
        EXPECT_NE(page.find("<h1 id=\"verdict\">"), std::string::npos);
      }
    }
  }
  MadeReport nothing;
  nothing.report = Report{};
  EXPECT_NE(page_of(nothing).find("</html>"), std::string::npos);
}

TEST(HtmlReport, StaysWithinItsLimitAndKeepsWhatFailed) {
  MadeReport made;
  made.add_many(60, Outcome::passed, repeated(30'000, '<'), repeated(30'000, '"'));
  made.add_many(3, Outcome::failed, repeated(20'000, 'f'));
  const HtmlLimits limits{700'000};
  const std::string page = page_of(made, limits);
  EXPECT_LE(page.size(), limits.max_bytes);
  EXPECT_GE(page.size(), limits.max_bytes * 8 / 10) << "more was cut than needed";
  EXPECT_EQ(block_of(page, "attempt-60")["stdout"], repeated(20'000, 'f'));
  EXPECT_NE(block_of(page, "attempt-0")["stdout"].get<std::string>().find("left out of this page"),
            std::string::npos);
}

TEST(HtmlReport, StaysWithinItsLimitWhateverTheBytes) {
  MadeReport made;
  std::string bytes;
  for (int i = 0; i < 5'000; ++i) bytes += static_cast<char>(i * 7 % 256);
  MadeRun run{.attempts = 12};
  for (int i = 0; i < 25; ++i)
    run.tests.push_back({bytes.substr(static_cast<std::size_t>(i), 900),
                         [](int, int) { return TestOutcome::failed; }, bytes, bytes});
  add_run(made, run);
  made.add_many(10, Outcome::timed_out, bytes, bytes);
  for (const std::uint64_t most : {1'200'000u, 3'000'000u}) EXPECT_LE(page_of(made, {most}).size(), most);
}

TEST(ScriptJson, LetsNoTagBegin) {
  EXPECT_EQ(html::script_json({{"a", "</script><!--&\u2028\u2029"}}),
            R"({"a":"\u003c/script\u003e\u003c!--\u0026\u2028\u2029"})");
  EXPECT_EQ(json::parse(html::script_json({{"a", hostile_text()}})), json({{"a", to_utf8(hostile_text())}}));
  EXPECT_EQ(html::script_size("a<\n€\u2028"), 1 + 6 + 2 + 3 + 6u);
}

TEST(ShortenForScript, KeepsBothEndsWithinTheSize) {
  EXPECT_EQ(html::shorten_for_script("whole", 5), "whole");
  const std::string text = "head€" + repeated(500, '<') + "€tail";
  for (std::uint64_t most = 0; most < 400; most += 7) {
    const std::string cut = html::shorten_for_script(text, most);
    EXPECT_LE(html::script_size(cut), most + html::kLeftOutMark) << most;
    EXPECT_EQ(to_utf8(cut), cut);
  }
  const std::string cut = html::shorten_for_script(text, 30);
  EXPECT_EQ(cut.rfind("head€<\n", 0), 0u) << cut;
  EXPECT_TRUE(cut.ends_with("<€tail")) << cut;
  EXPECT_NE(cut.find("[… 498 bytes left out"), std::string::npos) << cut;
}

}  // namespace
}  // namespace orchestrator
