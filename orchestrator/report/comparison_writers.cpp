// A comparison of two reports, for a terminal and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/report_comparison.h"
#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

constexpr std::size_t kChangesShown = 20, kShownIds = 5;

std::string side_words(const ReportComparison::Side& side) {
  std::string text = side.where + ": " + counted(static_cast<std::uint64_t>(side.attempts), "attempt");
  if (!side.commit.empty()) text += " of " + short_hash(side.commit);
  if (!side.ref.empty() && side.ref != side.commit) text += " (" + side.ref + ")";
  return one_line(text);
}

std::string change_words(const RateChange& change) {
  const RatePair& pair = change.pair;
  return fmt::format("{}: {} of {} before, {} of {} after: {:+.1f} points (p = {:.2g}, q = {:.2g})",
                     one_line(condition_words(pair.condition)), pair.failed_before, pair.n_before,
                     pair.failed_after, pair.n_after, 100 * change.difference, change.p, change.q);
}

// Those that were found; the rest is counted.
void write_changes(const RateComparison& comparison, SummaryPen& pen) {
  std::size_t shown = 0;
  for (const auto& change : comparison.changes) {
    if (!change.worse && !change.better) continue;
    if (++shown > kChangesShown) continue;
    pen.sentence(change.worse ? ansi::kRed : ansi::kGreen, change.worse ? "WORSE" : "BETTER",
                 one_line(change.pair.id));
    pen.entry("", change_words(change));
  }
  if (shown > kChangesShown)
    pen.entry("", fmt::format("and {} more: --json FILE has all", shown - kChangesShown));
}

void write_rest(const RateComparison& tests, SummaryPen& pen) {
  const int open = tests.questions - tests.worse - tests.better;
  if (open <= 0) return;
  const auto first = std::find_if(tests.changes.begin(), tests.changes.end(),
                                  [](const RateChange& each) { return !each.worse && !each.better; });
  pen.entry("open",
            fmt::format("{} failed on one side or both, without a difference that is shown; the "
                        "nearest to one:",
                        open == 1 ? "1 test in one condition" : fmt::format("{} tests or conditions", open)));
  pen.entry("", one_line(first->pair.id));
  pen.entry("", change_words(*first));
}

void write_ids(const char* label, const std::vector<std::string>& ids, const char* where, SummaryPen& pen) {
  if (ids.empty()) return;
  pen.entry(label, fmt::format("{} only {}:", counted(ids.size(), "test"), where));
  for (std::size_t i = 0; i < std::min(kShownIds, ids.size()); ++i) pen.entry("", one_line(ids[i]));
  if (ids.size() > kShownIds) pen.entry("", fmt::format("and {} more", ids.size() - kShownIds));
}

std::string power_words(const ReportComparison& comparison, std::size_t i) {
  const Power& power = comparison.power[i];
  const std::string where = one_line(condition_words(comparison.conditions[i]));
  if (power.n_before == 0 || power.n_after == 0)
    return fmt::format("{}: no attempts on one side, so that nothing is compared", where);
  if (!power.failures)
    return fmt::format("{}: {} and {} attempts can show no difference at all; it takes {} on each side",
                       where, power.n_before, power.n_after,
                       attempts_to_find_anything(comparison.tests.questions));
  return fmt::format(
      "{}: a test that never failed before is called worse from {} failures in {} on ({} %); "
      "what is less stays unseen",
      where, *power.failures, power.n_after,
      percent_text(static_cast<double>(*power.failures) / power.n_after));
}

std::string verdict_words(const ReportComparison& comparison) {
  std::string text;
  const auto add = [&](int count, const std::string& words) {
    if (count > 0) text += fmt::format("{}{}", text.empty() ? "" : ", ", words);
  };
  const auto tests = [](int count) {
    return count == 1 ? std::string("1 test") : fmt::format("{} tests", count);
  };
  add(comparison.tests.worse, tests(comparison.tests.worse) + " worse (counted by condition)");
  add(comparison.command.worse, "the whole command worse");
  add(comparison.tests.better, tests(comparison.tests.better) + " better");
  return text;
}

OrderedJson side_json(const ReportComparison::Side& side) {
  return {{"file", side.where}, {"commit", side.commit}, {"ref", side.ref}, {"attempts", side.attempts}};
}

double to_nine_places(double value) { return std::round(value * 1e9) / 1e9; }

OrderedJson changes_json(const RateComparison& comparison) {
  OrderedJson list = OrderedJson::array();
  for (const auto& change : comparison.changes)
    list.push_back({{"id", change.pair.id},
                    {"condition", change.pair.condition},
                    {"verdict", change.worse    ? "worse"
                                : change.better ? "better"
                                                : "not_shown"},
                    {"before", {{"failed", change.pair.failed_before}, {"n", change.pair.n_before}}},
                    {"after", {{"failed", change.pair.failed_after}, {"n", change.pair.n_after}}},
                    {"difference", to_nine_places(change.difference)},
                    {"p", to_nine_places(change.p)},
                    {"q", to_nine_places(change.q)}});
  return list;
}

OrderedJson power_json(const ReportComparison& comparison) {
  OrderedJson list = OrderedJson::array();
  for (std::size_t i = 0; i < comparison.power.size(); ++i) {
    const Power& power = comparison.power[i];
    list.push_back({{"condition", comparison.conditions[i]},
                    {"n_before", power.n_before},
                    {"n_after", power.n_after},
                    {"failures", power.failures ? OrderedJson(*power.failures) : OrderedJson()}});
  }
  return list;
}

}  // namespace

void write_comparison_text(const ReportComparison& comparison, std::ostream& out, const TextStyle& style) {
  SummaryPen pen(out, style);
  pen.entry("before", side_words(comparison.before));
  pen.entry("after", side_words(comparison.after));
  for (const auto& warning : comparison.warnings) pen.entry("warning", one_line(warning));
  for (const auto& condition : comparison.left_out)
    pen.entry("left out",
              fmt::format("attempts {}: only one side has such", one_line(condition_words(condition))));
  pen.blank();
  write_changes(comparison.tests, pen);
  write_changes(comparison.command, pen);
  write_rest(comparison.tests, pen);
  write_ids("gone", comparison.only_before, "before", pen);
  write_ids("new", comparison.only_after, "after", pen);
  for (std::size_t i = 0; i < comparison.power.size(); ++i) pen.entry("power", power_words(comparison, i));
  pen.rule();
  const std::string words = verdict_words(comparison);
  if (comparison.worse())
    pen.sentence(ansi::kRed, "WORSE", words);
  else
    pen.sentence(ansi::kGreen, "NOT SHOWN WORSE",
                 words.empty() ? "that is no proof of being as good: see power" : words);
  out.flush();
}

void write_comparison_json(const ReportComparison& comparison, std::ostream& out) {
  const OrderedJson document = {{"verdict", comparison.worse() ? "worse" : "not_shown_worse"},
                                {"exit_code", comparison.worse() ? 1 : 0},
                                {"before", side_json(comparison.before)},
                                {"after", side_json(comparison.after)},
                                {"warnings", comparison.warnings},
                                {"tests", changes_json(comparison.tests)},
                                {"command", changes_json(comparison.command)},
                                {"only_before", comparison.only_before},
                                {"only_after", comparison.only_after},
                                {"conditions_left_out", comparison.left_out},
                                {"false_discovery_rate", kFalseDiscoveryRate},
                                {"power", power_json(comparison)}};
  out << dump(document, 2) << "\n";
  out.flush();
}

}  // namespace orchestrator
