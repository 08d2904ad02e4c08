// The sections of the terminal summary, in the order in which they are written: what matters most comes last.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "orchestrator/report/report.h"
#include "orchestrator/report/verdict_words.h"

namespace orchestrator {

namespace ansi {
inline constexpr std::string_view kNone = "";
inline constexpr std::string_view kRed = "\x1b[1;31m";
inline constexpr std::string_view kGreen = "\x1b[1;32m";
inline constexpr std::string_view kYellow = "\x1b[1;33m";
inline constexpr std::string_view kDim = "\x1b[2m";
inline constexpr std::string_view kReset = "\x1b[0m";
}  // namespace ansi

std::string_view colour(Tone tone);  // one of ansi

// Lays out lines of labels and texts. Its texts must be safe for a terminal already.
class SummaryPen {
 public:
  SummaryPen(std::ostream& out, const TextStyle& style) : out_(out), style_(style) {}

  void entry(std::string_view label, std::string_view text);  // in a column beside its label, wrapped
  void whole(std::string_view label, std::string_view text);  // same, never wrapped: to be copied
  void row(std::string_view what, std::string_view remark);   // of the table of outcomes
  void sentence(std::string_view colour, std::string_view label, std::string_view text);
  void line(std::string_view text, std::string_view colour = ansi::kNone);
  void quote(std::string_view text);  // a line of somebody's output
  void blank();                       // one empty line between sections
  void rule();
  int room() const;  // columns beside a label

 private:
  std::string painted(std::string_view colour, std::string_view text) const;

  std::ostream& out_;
  TextStyle style_;
  bool empty_ = true;  // nothing written yet
};

std::string_view outcome_words(sandbox::Outcome outcome);  // "timed out"

// "7 of 9 failures look like the sandbox: connections were refused. If the tests need it: --network bridge"
std::vector<std::string> sandbox_hint_sentences(const Report& report);

// Attempts that did not pass, by how they ended; not those in which a test that was told apart failed.
void write_failures(const Report& report, const Spool& spool, SummaryPen& pen);
// Failures of tests that look the same, each with an example and where its log parts from a pass's.
void write_groups(const Report& report, const Spool& spool, SummaryPen& pen);
// What goes with failure, and which tests fail together.
void write_links(const Report& report, SummaryPen& pen);
void write_outcomes(const Report& report, SummaryPen& pen);
void write_tests(const Report& report, SummaryPen& pen);
// What a pipeline makes of it: the tests and entries, and the one line at the end. Nothing for `run`.
void write_ci(const Report& report, SummaryPen& pen);
void write_ci_verdict(const Report& report, SummaryPen& pen);
void write_environment(const Report& report, SummaryPen& pen);
void write_warnings(const Report& report, SummaryPen& pen);
void write_sandbox_hints(const Report& report, SummaryPen& pen);
// Of a replay: whether the same happened again, and what to type next.
void write_replay_verdict(const Report& report, SummaryPen& pen);

}  // namespace orchestrator
