// The end of a replay's summary: whether the same happened again.
#include <fmt/format.h>

#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

// "attempt 17 (seed 4711, by shuffle)"
std::string which(const Report& report) {
  const ReplayRecord& replay = *report.replay;
  const std::string condition = report.conditions.size() == 1 && !report.conditions[0].plain()
                                    ? ", " + condition_words(report.conditions[0])
                                    : "";
  return fmt::format("attempt {} (seed {}{})", replay.attempt.index, replay.attempt.seed, condition);
}

std::string what_happened(const Report& report) {
  const ReplayRecord& replay = *report.replay;
  if (!replay.test.empty()) return one_line(replay.test) + " failed";
  return one_line(replay.attempt.how());
}

std::string rate_words(const ReplayResult& result) {
  const double rate = result.n == 0 ? 0 : static_cast<double>(result.same) / result.n;
  return fmt::format("{} % [{}–{}, 95 %]", percent_text(rate), percent_text(result.interval.low),
                     percent_text(result.interval.high));
}

// Of a single time there is no rate to speak of.
std::string at_least(const ReplayResult& result) {
  if (result.n < 2) return "";
  return fmt::format(" (rate at least {} %, 95 %)", percent_text(result.interval.low));
}

void write_same(const Report& report, const ReplayResult& result, SummaryPen& pen) {
  const bool passed_then = report.replay->attempt.passed();
  const std::string again = passed_then ? "passed again" : "the same happened again";
  const std::string_view good = passed_then ? ansi::kGreen : ansi::kRed;
  const std::string of_all = fmt::format("{} of {}", result.same, counted(result.n, "time"));
  if (result.same == result.n)
    pen.sentence(good, passed_then ? "PASSED AGAIN" : "REPRODUCED",
                 fmt::format("{}: {}, {}{}", which(report), again, of_all, at_least(result)));
  else if (result.same > 0)
    pen.sentence(ansi::kYellow, "REPRODUCED SOMETIMES",
                 fmt::format("{}: {}, {}: {}", which(report), again, of_all, rate_words(result)));
  else
    pen.sentence(
        ansi::kYellow, "NOT REPRODUCED",
        fmt::format("{}: {} then; the same happened in {}", which(report), what_happened(report), of_all));
}

std::string image_words(const Report& report) {
  const ReplayRecord& replay = *report.replay;
  if (!replay.rebuilt) return "the same, by its id";
  return replay.differences.empty() ? "built again; nothing that is known differs" : "built again";
}

}  // namespace

void write_replay_verdict(const Report& report, SummaryPen& pen) {
  const ReplayRecord& replay = *report.replay;
  const ReplayResult result = replay_result(report);
  if (result.n == 0)
    pen.sentence(
        ansi::kYellow, "NOT RUN AGAIN",
        fmt::format("{}: {}", which(report),
                    report.end_reason.empty() ? "no attempt came to its end" : one_line(report.end_reason)));
  else
    write_same(report, result, pen);
  if (result.n > 0 && !replay.attempt.passed()) pen.entry("then", what_happened(report));
  if (result.n > result.same)
    pen.entry("else", fmt::format("{} passed · {} failed in another way",
                                  replay.attempt.passed() ? 0 : result.passed, result.differently));
  pen.entry("image", image_words(report));
  for (const auto& difference : replay.differences) pen.entry("differs", one_line(difference));
  const std::string file = for_terminal(TestCommand{"", {replay.report}}.display());
  const char* next = result.same > 0 || replay.times > 1 ? "--shell" : "--times 20";
  pen.whole("next", fmt::format("orchestrator replay {} --attempt {} {}", file, replay.attempt.number, next));
}

}  // namespace orchestrator
