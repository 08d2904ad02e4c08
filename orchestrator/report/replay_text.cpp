// The end of a replay's summary: whether the same happened again.
#include <fmt/format.h>

#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

std::string what_happened(const Report& report) {
  const ReplayRecord& replay = *report.replay;
  if (!replay.test.empty()) return one_line(replay.test) + " failed";
  return one_line(replay.attempt.how());
}

std::string image_words(const ReplayRecord& replay) {
  if (!replay.rebuilt) return "the same, by its id";
  return replay.differences.empty() ? "built again; nothing that is known differs" : "built again";
}

}  // namespace

void write_replay_verdict(const Report& report, SummaryPen& pen) {
  const ReplayRecord& replay = *report.replay;
  const ReplayResult result = replay_result(report);
  const VerdictWords words = replay_words(report);
  pen.sentence(colour(words.tone), words.label,
               words.sentence + (words.reason.empty() ? "" : ": " + one_line(words.reason)));
  if (result.n > 0 && !replay.about_a_pass()) pen.entry("then", what_happened(report));
  if (const int others = result.n - result.same; others > 0)
    pen.entry("else", fmt::format("{} passed · {} failed in another way", others - result.differently,
                                  result.differently));
  pen.entry("image", image_words(replay));
  for (const auto& difference : replay.differences) pen.entry("differs", one_line(difference));
  const std::string file = for_terminal(TestCommand{"", {replay.report}}.display());
  const char* next = result.same > 0 || replay.times > 1 ? "--shell" : "--times 20";
  pen.whole("next", fmt::format("orchestrator replay {} --attempt {} {}", file, replay.attempt.number, next));
}

}  // namespace orchestrator
