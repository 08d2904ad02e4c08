#include "orchestrator/report/markdown_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/escapes.h"
#include "orchestrator/report/failure_groups.h"
#include "orchestrator/report/stable_hash.h"
#include "orchestrator/report/test_examples.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

constexpr std::size_t kLongestId = 300, kLongestBlock = 4000, kLongestLine = 300, kLongestCommand = 4000;
constexpr std::size_t kDiffLines = 8, kMostIds = 5, kNumbers = 20, kWarnings = 5;

std::string code_id_of(const Report& report, TestIndex test) {
  return markdown_code(cut_text(report.tests.tests()[test], kLongestId));
}

std::string id_list(const Report& report, const std::vector<TestIndex>& tests) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kMostIds, tests.size()); ++i)
    text += (i == 0 ? "" : ", ") + code_id_of(report, tests[i]);
  return tests.size() > kMostIds ? text + fmt::format(" and {} more", tests.size() - kMostIds) : text;
}

std::string number_list(const std::vector<int>& attempts) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kNumbers, attempts.size()); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", attempts[i]);
  return attempts.size() > kNumbers ? text + ", …" : text;
}

std::string_view sign(Tone tone) {
  switch (tone) {
    case Tone::good:
      return "✅";
    case Tone::doubtful:
      return "⚠️";
    case Tone::bad:
      return "❌";
  }
  return "";
}

// Pieces that fit into a number of bytes; none is cut, so that no block of code stays open.
class Page {
 public:
  explicit Page(std::size_t max_bytes) : left_(max_bytes > kReserve ? max_bytes - kReserve : 0) {}

  // False, and nothing written, when it does not fit.
  bool add(const std::string& piece) {
    if (piece.size() > left_) return false;
    left_ -= piece.size();
    text_ += piece;
    return true;
  }
  // Of the reserve: what says that something was left out. Ours and short.
  void note(const std::string& piece) { text_ += piece; }
  const std::string& text() const { return text_; }

 private:
  static constexpr std::size_t kReserve = 600;
  std::size_t left_;
  std::string text_;
};

class Comment {
 public:
  Comment(const Report& report, const Spool& spool, const MarkdownOptions& options)
      : report_(report), spool_(spool), options_(options), page_(options.max_bytes) {}

  const std::string& write() {
    if (options_.marker) page_.add(comment_marker(report_) + "\n");
    add_verdict();
    add_tests();
    add_known();
    add_advice();
    add_groups();
    add_outside();
    add_links();
    add_warnings();
    page_.add(footer());
    return page_.text();
  }

 private:
  void add_verdict() {
    const VerdictWords words = verdict_words(report_);
    std::string text = fmt::format("### {} {}\n\n", sign(words.tone), words.label);
    if (const std::string stopped = stopped_words(report_); !stopped.empty())
      text += "Stopped " + stopped + code_after(": ", report_.end_reason) + ".\n\n";
    if (const std::string rule = early_stop_words(report_); !rule.empty())
      text += "Stopped " + rule + ".\n\n";
    text += words.graded() + code_after(words.sentence.empty() ? "" : " ", words.reason) + "\n\n";
    if (const std::string tally = tally_words(report_.verdicts); !tally.empty())
      text += "**Tests:** " + tally + "\n\n";
    if (const std::string pipeline = pipeline_words(report_); !pipeline.empty()) text += pipeline + "\n\n";
    page_.add(text);
  }

  static std::string code_after(const char* before, std::string_view bytes) {
    return bytes.empty() ? "" : before + markdown_code(cut_text(bytes, 500));
  }

  // Worst first, as the verdicts are.
  void add_tests() {
    const auto& tests = report_.verdicts.tests;
    const auto wanted = static_cast<std::size_t>(std::count_if(tests.begin(), tests.end(), needs_a_person));
    std::size_t shown = 0;
    if (wanted > 0)
      page_.add(
          "| Test | Verdict | Did not pass (95 %) | By condition | Severity |\n|---|---|---|---|---|\n");
    for (const TestSummary& test : tests) {
      if (!needs_a_person(test)) continue;
      if (shown == options_.tests || !page_.add(row(test))) break;
      ++shown;
    }
    std::string after = wanted > 0 ? "\n" : "";
    if (shown < wanted)
      after += fmt::format("{} not shown: there is room for so many only; `--json FILE` has all.\n\n",
                           counted(wanted - shown, "more such test"));
    if (const std::string quiet = quiet_words(report_); !quiet.empty()) after += quiet + ".\n\n";
    page_.note(after);
  }

  std::string row(const TestSummary& test) const {
    const std::string ways = ways_words(test), doubt = doubt_words(test);
    return fmt::format("| {} | {} | {} | {}{}{} | {} |\n", code_id_of(report_, test.test),
                       label(test.verdict), rate_words(test), by_condition_words(report_, test),
                       ways.empty() ? "" : " (" + ways + ")", doubt.empty() ? "" : "; " + doubt,
                       test.verdict == TestVerdict::failing ? "" : test.severity);
  }

  // Of the quarantine's entries those that a person is to look at.
  void add_known() {
    constexpr std::size_t kEntries = 20;
    const std::vector<EntryWords> entries = entry_words(report_);
    std::string text;
    for (std::size_t i = 0; i < std::min(kEntries, entries.size()); ++i)
      text += fmt::format("- {}: {}, {}\n", entries[i].label,
                          markdown_code(cut_text(entries[i].test, kLongestId)),
                          markdown_code(cut_text(entries[i].sentence, kLongestLine)));
    if (text.empty()) return;
    if (entries.size() > kEntries) text += fmt::format("- and {} more\n", entries.size() - kEntries);
    page_.add("**Known flakes:** entries to look at\n\n" + text + "\n");
  }

  // What to type, and what to do.
  void add_advice() {
    const AttemptRecord* failed = failure_to_repeat(report_).attempt;
    const auto more = more_runs(report_);
    if (failed) {
      add_command(fmt::format("See it fail again (attempt {}, seed {}):", failed->index, failed->seed),
                  reproduce_attempt(report_, failed->index));
    } else if (more && !report_.plan.only_attempt && report_.end == RunEnd::complete) {
      add_command(fmt::format("To show less than {} %:", percent_text(more->rate_below)),
                  continue_job(report_, more->runs));
    }
    for (const char* advice : advices()) page_.add(fmt::format("- {}\n", advice));
    add_sandbox_hints();
    page_.add("\n");
  }

  void add_command(const std::string& about, const std::string& command) {
    if (command.size() <= kLongestCommand) page_.add(about + "\n\n" + markdown_block(command, "sh") + "\n");
  }

  std::vector<const char*> advices() const {
    const Verdicts& tests = report_.verdicts;
    std::vector<const char*> list;
    if (tests.flaky > 0 || (report_.tests.empty() && verdict(report_) == ReportVerdict::flaky))
      list.push_back(
          "**Flaky** passes and fails on the same code. The first difference below shows where the log of a "
          "failure parts from that of a pass: time, randomness, races and the world outside are the usual "
          "reasons.");
    if (tests.order_dependent > 0 || verdict(report_) == ReportVerdict::order_dependent)
      list.push_back(
          "**Order** passes in one order of the tests and fails in another: another test leaves something "
          "behind, or does something that this one needs.");
    if (tests.repeat_dependent > 0 || verdict(report_) == ReportVerdict::repeat_dependent)
      list.push_back(
          "**Repeat** passes the first time and fails when it runs again in the same process: it leaves "
          "something behind that it finds again.");
    if (tests.failing > 0 || verdict(report_) == ReportVerdict::fails_every_time)
      list.push_back("**Failing** never passed: broken rather than flaky.");
    return list;
  }

  void add_sandbox_hints() {
    std::map<std::string, std::uint64_t> attempts_by_remedy;
    for (const auto& attempt : report_.attempts) {
      std::set<std::string> remedies;
      for (const auto& hint : attempt.hints) remedies.insert(hint.remedy);
      for (const auto& remedy : remedies) ++attempts_by_remedy[remedy];
    }
    for (const auto& [remedy, count] : attempts_by_remedy)
      page_.add(fmt::format(
          "- In {} that did not pass the sandbox refused something. {}\n", counted(count, "attempt"),
          remedy.empty() ? "No flag allows it." : "If the tests need it: " + markdown_code(remedy)));
  }

  void add_groups() {
    if (report_.tests.empty()) return;
    const auto& groups = report_.findings.groups;
    std::size_t shown = 0;
    for (const auto& group : groups) {
      if (shown == options_.groups || !page_.add(folded(group))) break;
      ++shown;
    }
    note_left_out(groups.size() - shown, "other kind", "of failure", shown);
  }

  void note_left_out(std::size_t count, const char* what, const char* of, std::size_t shown) {
    if (count > 0)
      page_.note(fmt::format("{}{} {} not shown for want of room; `--json FILE` has more.\n\n",
                             shown > 0 ? "… and " : "", counted(count, what), of));
  }

  std::string folded(const FailureFinding& group) const {
    std::string text = fmt::format("<details><summary>{} in {}</summary>\n\n",
                                   html_code(cut_text(group.signature, kLongestId)),
                                   counted(group.attempts.size(), "attempt"));
    text += "Attempts " + number_list(group.attempts);
    if (!group.tests.empty()) text += "; tests: " + id_list(report_, group.tests);
    text += "\n\n" + markdown_block(example_of(group), "text");
    if (group.logs) text += difference(*group.logs);
    return text + "\n</details>\n\n";
  }

  std::string example_of(const FailureFinding& group) const {
    if (group.text.bytes > 0) return shortened(spool_.read(group.text), kLongestBlock);
    return group.message.empty() ? "(no text was kept)" : std::string(cut_text(group.message, kLongestBlock));
  }

  static void add_side(std::string& text, const char* sign, const std::vector<std::string>& lines) {
    if (lines.empty()) text += fmt::format("{} (ends here)\n", sign);
    for (std::size_t i = 0; i < std::min(kDiffLines, lines.size()); ++i)
      text += fmt::format("{} {}\n", sign, one_line(cut_text(lines[i], kLongestLine)));
  }

  std::string difference(const ComparedLogs& logs) const {
    const LogDifference& found = logs.difference;
    if (found.same) return "";
    std::string text;
    for (const auto& line : found.before) text += "  " + one_line(cut_text(line, kLongestLine)) + "\n";
    add_side(text, "-", found.failing);
    add_side(text, "+", found.passing);
    return fmt::format(
               "\nThe {} of attempt {} (-) parts from that of attempt {} (+), which passed{}, at line "
               "{}:\n\n",
               logs.what, logs.failing_attempt, logs.passing_attempt, passed_how(report_, logs), found.line) +
           markdown_block(text, "diff");
  }

  // Attempts that did not pass though no test in them failed; all of them where tests are not told apart.
  // Both streams: most runners print what went wrong on stdout.
  void add_outside() {
    const auto groups = failures_outside_tests(report_);
    std::size_t shown = 0;
    for (const FailureGroup& group : groups) {
      if (shown == options_.groups || !page_.add(folded(group))) break;
      ++shown;
    }
    note_left_out(groups.size() - shown, "other way", "of not passing", shown);
  }

  std::string folded(const FailureGroup& group) const {
    constexpr std::size_t kLines = 40;
    std::string text =
        fmt::format("<details><summary>{} {}</summary>\n\nAttempts {}; attempt {} ended with:\n\n",
                    counted(group.attempts.size(), "attempt"), html_code(group.how),
                    number_list(group.attempts), group.example->index);
    text += markdown_block(shortened(attempt_text(*group.example, spool_, kLines), kLongestBlock), "text");
    if (report_.tests.empty())
      for (const auto& finding : report_.findings.groups)
        if (finding.example_attempt == group.example->index && finding.logs)
          text += difference(*finding.logs);
    return text + "\n</details>\n\n";
  }

  void add_links() {
    constexpr std::size_t kFactors = 10, kClusters = 5;
    const Findings& found = report_.findings;
    std::string text;
    for (std::size_t i = 0; i < std::min(kFactors, found.factors.size()); ++i) {
      const FactorFinding& each = found.factors[i];
      text +=
          fmt::format("- {} fails {} of {} times with {}, {} of {} without (q = {:.2g})\n",
                      markdown_code(cut_text(subject(report_, each), kLongestId)), each.failed_with,
                      each.n_with, markdown_code(each.factor), each.failed_without, each.n_without, each.q);
    }
    if (const std::string words = q_words(report_); !text.empty() && !words.empty())
      text += "- " + words + "\n";
    for (std::size_t i = 0; i < std::min(kClusters, found.clusters.size()); ++i) {
      const FailureCluster& cluster = found.clusters[i];
      text += fmt::format("- {} fail together (Jaccard {:.2f}, {}): {}\n",
                          counted(cluster.tests.size(), "test"), cluster.jaccard,
                          counted(cluster.attempts.size(), "attempt"), id_list(report_, cluster.tests));
    }
    if (!text.empty()) page_.add("**What goes with failure**\n\n" + text + "\n");
  }

  void add_warnings() {
    const auto& warnings = report_.warnings;
    for (std::size_t i = 0; i < std::min(kWarnings, warnings.size()); ++i)
      page_.add(fmt::format("> {}\n", markdown_code(cut_text(warnings[i], 500))) + "\n");
  }

  std::string footer() const {
    std::string text = "<sub>" + counted(static_cast<std::uint64_t>(report_.total_runs()), "attempt");
    text += fmt::format(", each in a container of its own; job seed {}", report_.plan.job_seed);
    if (!report_.source.commit.empty()) text += "; commit " + html_code(short_hash(report_.source.commit));
    const std::string command = report_.plan.test_command.shown();
    return text + "; " + html_code(cut_text(command, kLongestId)) + "; orchestrator " +
           html_code(report_.program_version) + "</sub>\n";
  }

  const Report& report_;
  const Spool& spool_;
  const MarkdownOptions& options_;
  Page page_;
};

}  // namespace

std::string comment_marker(const Report& report) {
  const auto& plan = report.plan;
  const std::string command = plan.test_command.display();
  return fmt::format("<!-- orchestrator:{} -->", stable_hash({plan.subdir, plan.suite, command,
                                                              plan.framework, plan.image + plan.dockerfile}));
}

void write_markdown(const Report& report, const Spool& spool, std::ostream& out,
                    const MarkdownOptions& options) {
  out << Comment(report, spool, options).write();
  out.flush();
}

void write_step_summary(const Report& report, const Spool& spool, std::ostream& out, std::size_t already) {
  constexpr std::size_t kLeastUseful = 4096;
  // One byte less than the bound, and a blank line between what stands there and ours.
  const std::size_t room = kMaxStepSummary > already + 3 ? kMaxStepSummary - already - 3 : 0;
  if (room < kLeastUseful) return;
  if (already > 0) out << "\n\n";
  write_markdown(report, spool, out, {.max_bytes = room, .tests = 500, .groups = 100, .marker = false});
}

}  // namespace orchestrator
