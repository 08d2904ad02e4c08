#include <algorithm>
#include <unordered_set>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/html/data.h"
#include "orchestrator/report/html/markup.h"
#include "orchestrator/report/html/script_json.h"
#include "orchestrator/report/output_plan.h"
#include "orchestrator/report/text_sections.h"

namespace orchestrator::html {
namespace {

// A passing attempt's output is there to compare with, not to be read through.
constexpr std::uint64_t kMostPassing = 8 * 1024;
constexpr std::uint64_t kMostFailures = 64 * 1024;  // of one attempt
constexpr std::size_t kMostText = 4096, kMostNote = 500, kMostNotes = 20;
constexpr std::uint64_t kFrame = 128;  // the block's tag and what stands around two streams

// "Captured stdout" sections and all, as the framework wrote it; the end says what went wrong.
std::string failure_text(const TestFailure& failure, const Spool& spool) {
  if (failure.text.bytes == 0) return "";
  const std::string text = spool.read(failure.text);
  return shorten_for_script(readable(text), kMostText);
}

const AttemptTests* tests_of(const Report& report, int attempt) {
  const auto& all = report.tests.attempts();
  const auto found =
      std::lower_bound(all.begin(), all.end(), attempt,
                       [](const AttemptTests& each, int index) { return each.attempt < index; });
  return found != all.end() && found->attempt == attempt ? &*found : nullptr;
}

OrderedJson lines_json(const std::vector<std::string>& lines) {
  OrderedJson list = OrderedJson::array();
  for (std::size_t i = 0; i < std::min(kMostNotes, lines.size()); ++i)
    list.push_back(readable(cut_text(lines[i], kMostNote)));
  return list;
}

std::vector<std::string> hint_lines(const std::vector<SandboxHint>& hints) {
  std::vector<std::string> lines;
  for (const auto& hint : hints)
    lines.push_back(hint.kind + ": " + hint.evidence + (hint.remedy.empty() ? "" : " → " + hint.remedy));
  return lines;
}

std::vector<std::string> try_lines(const std::vector<Try>& tries) {
  std::vector<std::string> lines;
  for (const auto& each : tries)
    lines.push_back(std::string(outcome_words(each.outcome)) + ": " + each.reason);
  return lines;
}

void add_lines(OrderedJson& block, const char* key, const std::vector<std::string>& lines) {
  if (!lines.empty()) block[key] = lines_json(lines);
}

}  // namespace

AttemptBlocks::AttemptBlocks(const Report& report, const Spool& spool, std::uint64_t max_bytes)
    : report_(report), spool_(spool), row_of_(report.tests.tests().size()) {
  for (std::size_t row = 0; row < report.verdicts.tests.size(); ++row)
    row_of_[report.verdicts.tests[row].test] = row;
  if (report.attempts.empty()) return;
  failures_cap_ = std::min(kMostFailures, max_bytes / 4 / report.attempts.size());
  OutputSizes sizes;
  std::uint64_t used = 0;
  for (const auto& attempt : report.attempts) {
    used += kFrame + script_json(without_output(attempt)).size();
    auto& list = attempt.passed() ? sizes.passing : sizes.others;
    const std::uint64_t most = attempt.passed() ? kMostPassing : kNoLimit;
    for (const StreamRecord* stream : {&attempt.out, &attempt.err})
      list.push_back(script_size(shown(attempt, *stream, most)));
  }
  const OutputPlan plan = plan_outputs(sizes, max_bytes - std::min(max_bytes, used), kLeftOutMark);
  passing_cap_ = std::min(plan.passing, kMostPassing);
  others_cap_ = plan.others;
}

std::string AttemptBlocks::shown(const AttemptRecord& attempt, const StreamRecord& stream,
                                 std::uint64_t cap) const {
  std::string text = readable(show(stream, spool_.read(stream), cap).text);
  if (&stream == &attempt.err && attempt.outcome == sandbox::Outcome::timed_out)
    text += text.empty() || text.back() == '\n' ? "TIMEOUT" : "\nTIMEOUT";
  return cap == kNoLimit ? text : shorten_for_script(std::move(text), cap);
}

// As many as there is room for; how many there are in all stands beside them.
OrderedJson AttemptBlocks::failures(const AttemptRecord& attempt) const {
  OrderedJson list = OrderedJson::array();
  const AttemptTests* tests = tests_of(report_, attempt.index);
  if (!tests) return list;
  std::uint64_t used = 0;
  for (const TestRun& run : tests->runs) {
    if (run.failure < 0) continue;
    const TestFailure& failure = report_.tests.failures()[static_cast<std::size_t>(run.failure)];
    OrderedJson entry = {{"t", row_of_[run.test]}};
    if (run.repeat > 1) entry["r"] = run.repeat;
    if (!failure.message.empty()) entry["m"] = readable(failure.message);
    if (std::string text = failure_text(failure, spool_); !text.empty()) entry["x"] = std::move(text);
    used += script_json(entry).size() + 1;
    if (used > failures_cap_) break;
    list.push_back(std::move(entry));
  }
  return list;
}

OrderedJson AttemptBlocks::without_output(const AttemptRecord& attempt) const {
  OrderedJson block = OrderedJson::object();
  if (OrderedJson list = failures(attempt); !list.empty()) block["failures"] = std::move(list);
  add_lines(block, "notes", attempt.notes);
  add_lines(block, "hints", hint_lines(attempt.hints));
  add_lines(block, "tries", try_lines(attempt.earlier_tries));
  return block;
}

std::string AttemptBlocks::block(const AttemptRecord& attempt) const {
  const std::uint64_t cap = attempt.passed() ? passing_cap_ : others_cap_;
  OrderedJson block = without_output(attempt);
  block["stdout"] = shown(attempt, attempt.out, cap);
  block["stderr"] = shown(attempt, attempt.err, cap);
  return script_json(block);
}

}  // namespace orchestrator::html
