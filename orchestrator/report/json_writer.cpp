#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <ostream>

#include "orchestrator/report/cut.h"
#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/output_plan.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/words.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

std::uint64_t shown_size(const StreamRecord& record, const Spool& spool) {
  const Spool::Text text = spool.read(record);
  return json_size(text.head) + json_size(text.tail) + (record.truncated() ? kCutMarkSize : 0);
}

// A bound that needs no reading: a byte takes six at most, as \u0000.
std::uint64_t most_size(const StreamRecord& record) {
  return 6 * (record.head_bytes + record.tail_bytes) + kCutMarkSize;
}

std::uint64_t size_without_outputs(const Report& report, const OrderedJson& tail) {
  constexpr std::uint64_t kFrame = 256;     // brackets, and the sentence about cuts with room to spare
  constexpr std::uint64_t kPerAttempt = 8;  // comma, newline, indent
  std::uint64_t size = kFrame + dump(head_json(report), 2).size() + dump(tail, 4).size();
  for (const auto& attempt : report.attempts)
    if (attempt.counted()) size += kPerAttempt + dump(attempt_json_without_output(report, attempt)).size();
  return size;
}

OutputPlan plan_outputs(const Report& report, const Spool& spool, const OrderedJson& tail,
                        std::uint64_t max_bytes) {
  const std::uint64_t fixed = size_without_outputs(report, tail);
  const std::uint64_t budget = max_bytes - std::min(max_bytes, fixed);
  std::uint64_t most = 0;
  for (const auto& attempt : report.attempts)
    if (attempt.counted()) most += most_size(attempt.out) + most_size(attempt.err);
  if (most <= budget) return {};
  OutputSizes sizes;
  for (const auto& attempt : report.attempts) {
    if (!attempt.counted()) continue;
    auto& list = attempt.passed() ? sizes.passing : sizes.others;
    list.push_back(shown_size(attempt.out, spool));
    list.push_back(shown_size(attempt.err, spool));
  }
  return plan_outputs(sizes, budget, kCutMarkSize);
}

std::string cut_sentence(const OutputPlan& plan, std::uint64_t max_bytes) {
  if (!plan.shortens()) return "";
  const auto part = [](std::uint64_t cap) { return fmt::format("{} bytes a stream", cap); };
  std::string who = "passing attempts to " + part(plan.passing);
  if (plan.others != kNoLimit) who += ", all others to " + part(plan.others);
  return fmt::format("Outputs were shortened to keep this report below {}: {}. --logs DIR keeps every byte.",
                     size_text(max_bytes), who);
}

// The members of an object as they stand inside a document that is indented by two.
void write_members(const OrderedJson& object, std::ostream& out, bool last) {
  std::size_t left = object.size();
  for (const auto& [key, value] : object.items()) {
    out << "  " << dump(OrderedJson(key)) << ": ";
    for (const char c : dump(value, 2)) {
      out << c;
      if (c == '\n') out << "  ";  // no string of JSON holds a raw newline
    }
    out << (--left == 0 && last ? "\n" : ",\n");
  }
}

void write_results(const Report& report, const Spool& spool, const OutputPlan& plan, std::ostream& out) {
  out << "  \"results\": [";
  bool first = true;
  for (const auto& attempt : report.attempts) {
    if (!attempt.counted()) continue;
    const std::uint64_t cap = attempt.passed() ? plan.passing : plan.others;
    ShownStreams shown{show(attempt.out, spool.read(attempt.out), cap),
                       show(attempt.err, spool.read(attempt.err), cap)};
    out << (first ? "\n    " : ",\n    ") << dump(attempt_json(report, attempt, std::move(shown)));
    first = false;
  }
  out << (first ? "],\n" : "\n  ],\n");
}

}  // namespace

void write_json(const Report& report, const Spool& spool, std::ostream& out, const JsonLimits& limits) {
  OrderedJson tail = tail_json(report, spool);
  const OutputPlan plan = plan_outputs(report, spool, tail, limits.max_bytes);
  if (std::string cut = cut_sentence(plan, limits.max_bytes); !cut.empty())
    tail["warnings"].push_back(std::move(cut));
  errno = 0;
  out << "{\n";
  write_members(head_json(report), out, false);
  write_results(report, spool, plan, out);
  write_members(tail, out, true);
  out << "}\n";
  out.flush();
  if (!out) throw io::system_failure("while writing the report", errno != 0 ? errno : EIO);
}

}  // namespace orchestrator
