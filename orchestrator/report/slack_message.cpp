#include "orchestrator/report/slack_message.h"

#include <fmt/format.h>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/escapes.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

using nlohmann::json;

constexpr std::size_t kTests = 8, kLongestTestId = 150, kLongestField = 300, kLongestSection = 2900;

// `verbatim`: Slack looks for neither links nor names in it.
json mrkdwn(const std::string& text) { return {{"type", "mrkdwn"}, {"text", text}, {"verbatim", true}}; }

json field(const char* name, const std::string& text) { return mrkdwn(fmt::format("*{}*\n{}", name, text)); }

std::string code(std::string_view bytes) {
  return bytes.empty() ? "–" : slack_code(cut_text(bytes, kLongestField));
}

std::string ref_words(const Report& report, const RunPlace& place) {
  const std::string ref = place.ref.empty() ? report.source.ref : place.ref;
  const std::string commit = short_hash(report.source.commit);
  if (ref.empty() || ref == report.source.commit) return code(commit);
  return code(ref) + (commit.empty() ? "" : " at " + code(commit));
}

std::string repository_of(const Report& report, const RunPlace& place) {
  if (!place.repository.empty()) return place.repository;
  return report.source.url.empty() ? report.plan.repo : report.source.url;
}

std::string test_lines(const Report& report) {
  std::string text;
  std::size_t shown = 0, more = 0;
  for (const TestSummary& test : report.verdicts.tests) {
    if (!needs_a_person(test)) continue;
    const std::string line =
        fmt::format("{} {} {}\n", slack_code(cut_text(report.tests.tests()[test.test], kLongestTestId)),
                    label(test.verdict), rate_words(test));
    if (shown == kTests || text.size() + line.size() > kLongestSection) {
      ++more;
      continue;
    }
    ++shown;
    text += line;
  }
  return more == 0 ? text : text + fmt::format("and {}", counted(more, "more such test"));
}

json section(const std::string& text) { return {{"type", "section"}, {"text", mrkdwn(text)}}; }

}  // namespace

json slack_message(const Report& report, const RunPlace& place) {
  const VerdictWords words = verdict_words(report);
  const std::string repository = repository_of(report, place);
  std::string sentence = slack_text(words.graded());
  if (!words.reason.empty()) sentence += " " + slack_code(cut_text(words.reason, kLongestField));
  if (const std::string pipeline = pipeline_words(report); !pipeline.empty()) sentence += " " + pipeline;
  const std::string tally = tally_words(report.verdicts);
  json blocks = json::array();
  blocks.push_back(
      {{"type", "header"},
       {"text", {{"type", "plain_text"}, {"text", "Flaky tests: " + words.label}, {"emoji", false}}}});
  blocks.push_back({{"type", "section"},
                    {"fields",
                     {field("Repository", code(repository)), field("Ref", ref_words(report, place)),
                      field("Runs", std::to_string(report.total_runs())),
                      field("Failures", std::to_string(report.failures())), field("Verdict", words.label),
                      field("Tests", tally.empty() ? "not told apart" : tally)}}});
  if (sentence.find_first_not_of(' ') != std::string::npos) blocks.push_back(section(sentence));
  if (const std::string tests = test_lines(report); !tests.empty()) blocks.push_back(section(tests));
  // No `style`: Slack knows "primary" and "danger" alone, and this is neither.
  if (place.url.starts_with("https://") && place.url.size() < 3000)
    blocks.push_back({{"type", "actions"},
                      {"elements",
                       {{{"type", "button"},
                         {"text", {{"type", "plain_text"}, {"text", "View run"}, {"emoji", false}}},
                         {"url", place.url}}}}});
  return {{"text", fmt::format("{}: {}: {}", slack_text(one_line(cut_text(repository, kLongestField))),
                               words.label, sentence)},
          {"blocks", std::move(blocks)}};
}

}  // namespace orchestrator
