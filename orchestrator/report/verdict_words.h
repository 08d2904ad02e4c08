// What a report says, in words that every form of it shares: the sentence of the whole verdict, and those on
// single tests. Pure functions; any thread. Plain text without markup; what comes from the repository or from
// the host is raw and stands apart (`VerdictWords::reason`), so that each form can escape it for its place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/report/report.h"

namespace orchestrator {

enum class Tone { good, doubtful, bad };

struct VerdictWords {
  Tone tone = Tone::good;
  std::string label;          // "FLAKY"
  std::string sentence;       // "3 of 50 attempts did not pass: 6.0 % [1.3–16.5, 95 %]"
  std::string reason;         // of the host or the command, raw; follows the sentence; mostly empty
  std::string severity = "";  // "LOW", of a command that passed at times; else empty
  std::string doubt = "";     // see doubt_words

  // The sentence, with " (severity LOW)" and "; " and the doubt where there are some.
  std::string graded() const;
};

// Of the whole run; with a single attempt that was asked for: of that attempt; of a replay: whether the same
// happened again.
VerdictWords verdict_words(const Report& report);
// Of a replay (`report.replay` must be there).
VerdictWords replay_words(const Report& report);
// "after 3 of 30 attempts", when the run was stopped before its end; else empty. Why is `end_reason`.
std::string stopped_words(const Report& report);

// "by --until-sure after 40 attempts, 160 saved: …": the rule that ended a run that could stop early; else
// empty.
std::string early_stop_words(const Report& report);
// What a pipeline makes of the run; no label for `run`, or where the verdict says it.
VerdictWords ci_words(const Report& report);
// "3 of 50 as written: no entry excuses it". Raw: it quotes the entry.
std::string standing_words(const Report& report, const CiTest& test);
// An entry of the quarantine that a person is to look at. Raw but for the label.
struct EntryWords {
  const char* label;  // "healed", "expired", "gone"
  std::string test;
  std::string sentence;  // "0 of 60 as written: below its bound of 20 % (95 %); remove its entry"
};
std::vector<EntryWords> entry_words(const Report& report);

std::string_view label(TestVerdict verdict);  // "FLAKY"; empty for what needs nobody
Tone tone(TestVerdict verdict);
bool needs_a_person(const TestSummary& test);
bool passed_once(const TestSummary& test);  // in any attempt

// "6.0 % [1.3–16.5]", or "at least 92.6 % (95 %)". The test must have run.
std::string rate_words(const TestSummary& test);
// "3 of 50 as written, 2 of 12 by shuffle": each condition with its own rate, never one for all.
std::string by_condition_words(const Report& report, const TestSummary& test);
// "2 hung, 1 with an error": other ways of not passing than a failure of its own; mostly empty.
std::string ways_words(const TestSummary& test);
// "may be chance (p = 0.25): more attempts would tell", of a test that so few attempts say to depend on order
// or repeats that Fisher's test cannot exclude chance; else empty.
std::string doubt_words(const TestSummary& test);
// "FLAKY in 6.0 % [1.3–16.5] of attempts as written, low: 3 of 50 as written did not pass".
std::string test_sentence(const Report& report, const TestSummary& test);

// What must be known of the q of factors; empty: nothing, since the number of attempts was decided
// beforehand.
std::string q_words(const Report& report);

// "2 flaky · 1 failing · 6 not shown flaky"; empty where tests were not told apart.
std::string tally_words(const Verdicts& verdicts);
// What `ci` makes of it: "The pipeline fails: 1 new, 2 known."; empty outside of `ci`.
std::string pipeline_words(const Report& report);
// "6 tests not shown flaky: each below 5.8 % as written (95 %); 149 such attempts would show less than 2 %":
// the bound that holds for each of them, in the condition that decided; empty for none.
std::string quiet_words(const Report& report);

}  // namespace orchestrator
