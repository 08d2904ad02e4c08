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

std::uint64_t size_without_outputs(const Report& report, const std::string& tail) {
  constexpr std::uint64_t kFrame = 768;     // brackets, and the sentences about cuts with room to spare
  constexpr std::uint64_t kPerAttempt = 8;  // comma, newline, indent
  std::uint64_t size = kFrame + dump(head_json(report), 2).size() + tail.size();
  for (const auto& attempt : report.attempts)
    if (attempt.counted()) size += kPerAttempt + dump(attempt_json_without_output(report, attempt)).size();
  return size;
}

OutputPlan plan_outputs(const Report& report, const Spool& spool, const std::string& tail,
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

std::string tests_cut_sentence(const std::string& what, std::uint64_t max_bytes) {
  return what.empty() ? "" : fmt::format("{}, to keep this report below {}.", what, size_text(max_bytes));
}

// There may be very many: an entry a line.
std::string lines_of_list(const OrderedJson& list) {
  std::string text = "[";
  for (const auto& entry : list) text += (text.size() == 1 ? "\n    " : ",\n    ") + dump(entry);
  return text + (text.size() == 1 ? "]" : "\n  ]");
}

// As it stands inside a document that is indented by two.
std::string indented(const OrderedJson& value) {
  std::string text;
  for (const char c : dump(value, 2)) {
    text += c;
    if (c == '\n') text += "  ";  // no string of JSON holds a raw newline
  }
  return text;
}

// The members of an object, in a document that goes on behind them unless they are the `last`.
std::string members_of(const OrderedJson& object, bool last) {
  std::string text;
  std::size_t left = object.size();
  for (const auto& [key, value] : object.items()) {
    const bool in_lines = key == "tests" && value.is_array();
    text += "  " + dump(OrderedJson(key)) + ": " + (in_lines ? lines_of_list(value) : indented(value));
    text += --left == 0 && last ? "\n" : ",\n";
  }
  return text;
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
  ShownTests tests = shown_tests(report, spool, limits.max_bytes / 2);
  const std::string tests_cut = tests_cut_sentence(tests.cut, limits.max_bytes);
  OrderedJson tail = tail_json(report, spool, std::move(tests));
  const OutputPlan plan = plan_outputs(report, spool, members_of(tail, true), limits.max_bytes);
  for (const std::string& cut : {tests_cut, cut_sentence(plan, limits.max_bytes)})
    if (!cut.empty()) tail["warnings"].push_back(cut);
  errno = 0;
  out << "{\n" << members_of(head_json(report), false);
  write_results(report, spool, plan, out);
  out << members_of(tail, true) << "}\n";
  out.flush();
  if (!out) throw io::system_failure("while writing the report", errno != 0 ? errno : EIO);
}

}  // namespace orchestrator
