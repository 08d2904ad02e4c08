// Whether a replay has shown the same again, in words that every form of a report shares.
#include <fmt/format.h>

#include "orchestrator/report/verdict_words.h"
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

// Of a single time there is no rate to speak of.
std::string rate_of(const ReplayResult& result) {
  if (result.n < 2) return "";
  if (result.same == result.n)
    return fmt::format(" (rate at least {} %, 95 %)", percent_text(result.interval.low));
  if (result.same == 0) return fmt::format(" (rate at most {} %, 95 %)", percent_text(result.interval.high));
  return fmt::format(": {} % [{}–{}, 95 %]", percent_text(static_cast<double>(result.same) / result.n),
                     percent_text(result.interval.low), percent_text(result.interval.high));
}

}  // namespace

VerdictWords replay_words(const Report& report) {
  const ReplayResult result = replay_result(report);
  if (result.n == 0)
    return {Tone::doubtful, "NOT RUN AGAIN", which(report) + ": no attempt came to its end",
            report.end_reason};
  const bool passed_then = report.replay->about_a_pass();
  const std::string sentence =
      fmt::format("{}: {} {} of {}{}", which(report), passed_then ? "it passed again" : "the same happened",
                  result.same, counted(static_cast<std::uint64_t>(result.n), "time"), rate_of(result));
  if (result.same == 0) return {Tone::doubtful, "NOT REPRODUCED", sentence, ""};
  if (result.same < result.n) return {Tone::doubtful, "REPRODUCED SOMETIMES", sentence, ""};
  if (passed_then) return {Tone::good, "PASSED AGAIN", sentence, ""};
  return {Tone::bad, "REPRODUCED", sentence, ""};
}

}  // namespace orchestrator
