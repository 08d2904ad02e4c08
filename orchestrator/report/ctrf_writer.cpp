#include "orchestrator/report/ctrf_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/failure_groups.h"
#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/test_examples.h"
#include "orchestrator/report/times.h"
#include "orchestrator/report/verdict_words.h"

namespace orchestrator {
namespace {

constexpr std::size_t kAttempts = 20;  // of one test
constexpr std::size_t kTexts = 3;      // of those, with their trace
constexpr std::size_t kLongestText = 4000;
constexpr std::size_t kShortestText = 200;
constexpr std::size_t kLongestMessage = 500;

std::int64_t milliseconds(double seconds) { return std::llround(std::max(0.0, seconds) * 1000); }

struct Summary {
  int passed = 0, failed = 0, skipped = 0, other = 0, flaky = 0;

  void count(const OrderedJson& test) {
    const std::string status = test.at("status");
    ++(status == "passed" ? passed : status == "failed" ? failed : status == "skipped" ? skipped : other);
    flaky += test.value("flaky", false) ? 1 : 0;
  }
};

class Document {
 public:
  Document(const Report& report, const Spool& spool, std::size_t max_bytes)
      : report_(report), spool_(spool), max_bytes_(max_bytes), examples_(report) {}

  void write(std::ostream& out) {
    const auto outside = failures_outside_tests(report_);
    if (report_.tests.empty() || !outside.empty() || report_.total_runs() == 0) add(command_json(outside));
    const std::size_t share = text_share();
    for (const TestSummary& test : report_.verdicts.tests) add(test_json(test, share));
    out << head() << body_ << "\n]," << tail() << "\n";
    out.flush();
  }

 private:
  std::size_t text_share() const {
    const auto& tests = report_.verdicts.tests;
    const auto with_text = std::count_if(tests.begin(), tests.end(), needs_a_person);
    return std::clamp(max_bytes_ / 2 / (kTexts * (static_cast<std::size_t>(with_text) + 1)), kShortestText,
                      kLongestText);
  }

  void add(const OrderedJson& test) {
    const std::string text = dump(test);
    constexpr std::size_t kRoom = 64 << 10;  // for what stands around
    if (body_.size() + text.size() + kRoom > max_bytes_) {
      ++left_out_;
      return;
    }
    body_ += (body_.empty() ? "\n" : ",\n") + text;
    summary_.count(test);
  }

  std::string head() const {
    const int tests = summary_.passed + summary_.failed + summary_.skipped + summary_.other;
    const OrderedJson tool{{"name", "orchestrator"}, {"version", report_.program_version}};
    const OrderedJson summary{{"tests", tests},
                              {"passed", summary_.passed},
                              {"failed", summary_.failed},
                              {"skipped", summary_.skipped},
                              {"pending", 0},
                              {"other", summary_.other},
                              {"flaky", summary_.flaky},
                              {"start", epoch_ms(report_.started_at)},
                              {"stop", epoch_ms(report_.finished_at)}};
    std::string text = R"({"reportFormat":"CTRF","specVersion":"0.0.0",)";
    const std::string time = iso_time(report_.finished_at);
    if (!time.empty()) text += fmt::format(R"("timestamp":"{}",)", time);
    return text + fmt::format(R"("generatedBy":"orchestrator","results":{{"tool":{},"summary":{},"tests":[)",
                              dump(tool), dump(summary));
  }

  std::string tail() const {
    OrderedJson environment = OrderedJson::object();
    const auto say = [&](const char* key, const std::string& value) {
      if (!value.empty()) environment[key] = std::string(cut_text(value, 2000));
    };
    say("repositoryUrl", report_.source.url);
    say("commit", report_.source.commit);
    say("branchName", report_.source.ref);
    const VerdictWords words = verdict_words(report_);
    const int total = report_.total_runs();
    OrderedJson extra{{"verdict", name(verdict(report_))},
                      {"sentence", words.label + ": " + words.graded()},
                      {"attempts", total},
                      {"attemptsNotPassed", report_.failures()},
                      {"seed", report_.plan.job_seed},
                      {"reproduce", std::string(cut_text(report_.reproduce, 8192))}};
    if (left_out_ > 0) extra["testsLeftOut"] = left_out_;
    const int tests = summary_.passed + summary_.failed;
    OrderedJson insights{{"runsAnalyzed", total}};
    if (tests > 0) insights["flakyRate"] = {{"current", rounded(1.0 * summary_.flaky / tests)}};
    return fmt::format(R"("environment":{},"extra":{}}},"insights":{}}})", dump(environment), dump(extra),
                       dump(insights));
  }

  OrderedJson attempt_json(const TestExample& example, std::size_t share, bool with_text) const {
    OrderedJson json{{"attempt", example.attempt->index + 1},
                     {"attemptId", fmt::format("attempt {} time {}", example.attempt->index, example.repeat)},
                     {"status", "failed"},
                     {"duration", milliseconds(example.seconds)},
                     {"message", std::string(cut_text(example_message(example), kLongestMessage))}};
    if (with_text)
      json["trace"] = shortened_to(example_text(example, spool_, kLongestText), share,
                                   [](std::string_view text) { return std::size_t{json_size(text)}; });
    const Condition& condition = report_.conditions[static_cast<std::size_t>(example.attempt->condition)];
    json["extra"] = {{"outcome", name(example.outcome)},
                     {"index", example.attempt->index},
                     {"seed", example.attempt->seed},
                     {"condition", condition.name},
                     {"repeat", example.repeat}};
    return json;
  }

  // Those whose traces differ have theirs.
  OrderedJson attempts_json(TestIndex test, std::size_t share) const {
    const auto chosen = examples_.distinct(test, kTexts);
    const auto is_chosen = [&](const TestExample& each) {
      return std::any_of(chosen.begin(), chosen.end(), [&](const TestExample& one) {
        return one.attempt == each.attempt && one.repeat == each.repeat;
      });
    };
    OrderedJson list = OrderedJson::array();
    std::size_t others = kAttempts - chosen.size();
    for (const TestExample& example : examples_.of(test)) {
      const bool with_text = is_chosen(example);
      if (!with_text && others == 0) continue;
      if (!with_text) --others;
      list.push_back(attempt_json(example, share, with_text));
    }
    return list;
  }

  OrderedJson conditions_json(const TestSummary& test) const {
    OrderedJson list = OrderedJson::array();
    for (const auto& counts : test.conditions)
      list.push_back({{"condition", report_.conditions[static_cast<std::size_t>(counts.condition)].name},
                      {"attempts", counts.n()},
                      {"notPassed", counts.not_passed()}});
    return list;
  }

  static const char* status(const TestSummary& test) {
    if (test.verdict == TestVerdict::not_run) return "skipped";
    return passed_once(test) ? "passed" : "failed";
  }

  OrderedJson test_json(const TestSummary& test, std::size_t share) const {
    const std::string& id = report_.tests.tests()[test.test];
    OrderedJson json{{"testId", id.empty() ? "(no name)" : id},
                     {"name", id.empty() ? "(no name)" : id},
                     {"status", status(test)},
                     {"duration", milliseconds(test.durations.median)},
                     {"rawStatus", name(test.verdict)}};
    int n = 0;
    for (const auto& counts : test.conditions) n += counts.n();
    if (needs_a_person(test)) {
      OrderedJson attempts = attempts_json(test.test, share);
      const SourcePlace place = place_of(report_, spool_, test.test, examples_);
      json["message"] = test_sentence(report_, test);
      if (!place.path.empty()) json["filePath"] = place.path;
      if (place.line > 0) json["line"] = place.line;
      if (passed_once(test)) json["flaky"] = true;
      if (!attempts.empty()) json["retryAttempts"] = std::move(attempts);
    }
    json["retries"] = std::max(0, n - 1);
    if (test.deciding >= 0) add_insights(test, n, json);
    return json;
  }

  void add_insights(const TestSummary& test, int n, OrderedJson& json) const {
    const ConditionCounts& counts = test.conditions[static_cast<std::size_t>(test.deciding)];
    const double rate = rounded(counts.rate());
    json["insights"] = {{"passRate", {{"current", rounded(1 - counts.rate())}}},
                        {"failRate", {{"current", rate}}},
                        {"flakyRate", {{"current", needs_a_person(test) && passed_once(test) ? rate : 0.0}}},
                        {"executedInRuns", n},
                        {"extra",
                         {{"condition", report_.conditions[static_cast<std::size_t>(counts.condition)].name},
                          {"low", rounded(test.interval.low)},
                          {"high", rounded(test.interval.high)},
                          {"confidence", 0.95}}}};
    json["extra"] = {{"severity", test.severity.empty() ? OrderedJson() : OrderedJson(test.severity)},
                     {"conditions", conditions_json(test)}};
  }

  OrderedJson command_attempts(const std::vector<FailureGroup>& groups) const {
    OrderedJson list = OrderedJson::array();
    for (const FailureGroup& group : groups) {
      if (list.size() == kTexts) break;
      const AttemptRecord& attempt = *group.example;
      list.push_back({{"attempt", attempt.index + 1},
                      {"attemptId", fmt::format("attempt {}", attempt.index)},
                      {"status", "failed"},
                      {"duration", attempt.duration.count()},
                      {"message", group.how},
                      {"trace", shortened(attempt_text(attempt, spool_, 40), kLongestText)},
                      {"extra",
                       {{"outcome", sandbox::name(attempt.outcome)},
                        {"index", attempt.index},
                        {"seed", attempt.seed},
                        {"alike", group.count}}}});
    }
    return list;
  }

  OrderedJson command_json(const std::vector<FailureGroup>& groups) const {
    const VerdictWords words = verdict_words(report_);
    const int total = report_.total_runs();
    const bool passed = report_.failures() < total;
    const std::string command(cut_text(report_.plan.test_command.shown(), kLongestMessage));
    const char* status = total == 0 ? (words.tone == Tone::bad ? "failed" : "other")
                         : passed   ? "passed"
                                    : "failed";
    OrderedJson json{
        {"testId", "command: " + command},
        {"name", command.empty() ? std::string(kWholeCommand) : command},
        {"status", status},
        {"duration", milliseconds(median_seconds(report_))},
        {"message",
         words.label + ": " + words.graded() +
             (words.reason.empty() ? "" : " " + std::string(cut_text(words.reason, kLongestMessage)))},
        {"rawStatus", name(verdict(report_))}};
    if (total > 0 && passed && report_.failures() > 0) json["flaky"] = true;
    if (auto attempts = command_attempts(groups); !attempts.empty())
      json["retryAttempts"] = std::move(attempts);
    json["retries"] = std::max(0, total - 1);
    return json;
  }

  const Report& report_;
  const Spool& spool_;
  std::size_t max_bytes_;
  const TestExamples examples_;
  std::string body_;
  Summary summary_;
  int left_out_ = 0;
};

}  // namespace

void write_ctrf(const Report& report, const Spool& spool, std::ostream& out, std::size_t max_bytes) {
  Document(report, spool, max_bytes).write(out);
}

}  // namespace orchestrator
