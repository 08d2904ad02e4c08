// All that is known about a job's execution, at any moment: after the last attempt, but also after Ctrl-C, a
// deadline or a lost engine. It is an index over a Spool: outputs stay on disk until a writer reads them, one
// attempt at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "images/recipe.h"
#include "orchestrator/analysis/condition.h"
#include "orchestrator/analysis/proportions.h"
#include "orchestrator/analysis/verdict.h"
#include "orchestrator/job/job.h"
#include "orchestrator/report/ci_decision.h"
#include "orchestrator/report/findings.h"
#include "orchestrator/report/replay.h"
#include "orchestrator/report/spool.h"
#include "sandbox/capabilities.h"
#include "sandbox/outcome.h"

namespace orchestrator {

inline constexpr int kSchemaVersion = 1;

// What isolation refused an attempt that did not pass: a sign that the sandbox, not the test, is the reason.
struct SandboxHint {
  std::string kind;      // one of sandbox_hint_kinds()
  std::string evidence;  // "kernel counter: 3 packets without a route", "stderr: Too many open files"
  std::string remedy;    // "--network bridge"; empty when no flag allows it
};

struct Try {  // a try of an attempt that ended as infrastructure_error and was repeated
  sandbox::Outcome outcome;
  std::string reason;
};

struct AttemptRecord {
  int index = 0;
  std::int64_t seed = 0;
  int condition = 0;  // into Report::conditions
  sandbox::Outcome outcome = sandbox::Outcome::cancelled;
  std::string reason;            // for outcomes that are no evidence; also "stopped at 300 s"
  std::optional<int> exit_code;  // null for a time-out
  std::optional<int> signal;
  std::chrono::system_clock::time_point started_at{};
  std::chrono::milliseconds duration{0};
  sandbox::Usage usage;
  StreamRecord out, err;
  std::vector<SandboxHint> hints;  // only when it did not pass
  std::vector<std::string> notes;
  std::vector<Try> earlier_tries;

  bool passed() const { return outcome == sandbox::Outcome::passed; }
  bool counted() const { return sandbox::is_evidence(outcome); }
};

enum class RunEnd {
  complete,
  cancelled,  // SIGINT, SIGTERM
  deadline,
  not_runnable,    // the command cannot be started: stopped early
  infrastructure,  // too many infrastructure errors, or the engine was lost
};
std::string_view name(RunEnd end);

// In a report: that its attempts are those of an earlier run, which came here in a bundle.
struct BundleOrigin {
  std::string file;                      // as it was named
  std::string sha256;                    // of that file
  std::string program_version;           // that wrote it
  bool image_loaded = false;             // the engine did not have it
  std::vector<std::string> differences;  // see ReplayRecord
};

// The attempts of one condition that are evidence.
struct ConditionShare {
  std::size_t condition = 0;  // into Report::conditions
  int n = 0, failed = 0;
};

struct Report {
  JobRequest request;
  JobPlan plan;
  images::Source source;  // entries and manifests may be empty here
  images::BuiltImage image;
  std::string framework;              // "python"
  std::string framework_found;        // why
  std::vector<std::string> packages;  // resolved, "name==version"
  sandbox::Capabilities engine;
  std::vector<AttemptRecord> attempts;  // sorted by index; those that ended, whatever the outcome
  std::vector<Condition> conditions{Condition{}};
  TestResults tests;             // empty when no attempt told its tests apart
  Verdicts verdicts;             // of those
  Findings findings;             // what failures and tests have in common
  std::optional<CiDecision> ci;  // what a pipeline makes of it; absent for `run`
  // Of a file that had no room for them, by verdict; `verdicts` counts them, too.
  std::map<TestVerdict, int> tests_left_out{};
  bool anytime = false;  // the run could stop early, so intervals must hold at every number of attempts
  bool settled = false;  // … and it did, or could have: every test was settled
  RunEnd end = RunEnd::complete;
  std::string end_reason;  // a sentence
  std::chrono::system_clock::time_point started_at{};
  std::chrono::system_clock::time_point finished_at{};
  std::vector<std::string> warnings;
  std::string reproduce;               // command line that runs the job again
  std::string saved_as;                // the file of its JSON, for the next command to try; empty: none
  std::optional<ReplayRecord> replay;  // all attempts are this one of an earlier run
  std::optional<BundleOrigin> bundle;  // what ran came out of it
  std::string program_version;

  // Of the attempts that are evidence: do they share a condition, and so may share a rate?
  bool one_condition() const;
  const AttemptRecord* find(int index) const;  // nullptr when no attempt of that index ended
  ConditionShare largest_share() const;        // the condition with most of them
  // 95 % of k failures in n attempts: valid for how the number of attempts came about.
  Interval interval(int k, int n) const;

  int total_runs() const;     // attempts that are evidence
  int failures() const;       // of those, not passed
  double repro_rate() const;  // failures ÷ total_runs to 3 decimals; 0.0 when empty
  int count(sandbox::Outcome outcome) const;
};

// What the whole run says about the command, judged as a test is (see verdict.h): conditions are never
// pooled. Where the command passed each time, the worst of its tests speaks.
enum class ReportVerdict {
  not_shown_flaky,
  flaky,             // in one condition it both passed and did not
  order_dependent,   // passes in one order of its tests, fails in another
  repeat_dependent,  // passes, but fails where its tests run again in the same process
  fails_every_time,  // or a test inside attempts that pass does
  not_runnable,
  infrastructure,
  inconclusive
};
std::string_view name(ReportVerdict verdict);  // "flaky", "fails_every_time", …: the report's words
ReportVerdict verdict(const Report& report);
// The command passed each time, but not every test did: its runner ran tests again until they passed, or its
// exit code was thrown away.
bool tests_failed_inside(const Report& report);

// What ended the attempts of a run that could stop early.
struct EarlyStop {
  std::string_view rule;  // "settled": enough is known of every test; "max_runs"; "interrupted"
  double rate = 0;        // below which a test that never fails is settled
  int attempts = 0;       // that ended, whatever their outcome
  int max_runs = 0;
  int saved() const { return max_runs - attempts; }
};
std::optional<EarlyStop> early_stop(const Report& report);  // absent without --until-sure

// How many runs without a failure would show how small a rate; absent when something failed, 1,000 were run,
// or the run may stop early.
struct MoreRuns {
  int runs = 0;
  double rate_below = 1;  // with 95 % confidence
};
std::optional<MoreRuns> more_runs(const Report& report);

// How many attempts of one condition, without a failure, would show of a test that its rate there is below
// the next smaller of some usual rates; absent where `bound`, which is shown, is among the smallest.
struct LessThan {
  int attempts = 0;
  double rate_below = 1;  // with 95 % confidence
};
std::optional<LessThan> to_show_less(const Report& report, double bound);

// The exit code of `run`: 0 not shown flaky, 1 flaky, order- or repeat-dependent, 3 fails every time, 4, 5,
// 6, 130/143 by the caller for signals.
int exit_code(const Report& report);

// Which refusals of the sandbox an attempt that did not pass shows: from kernel counters, from the words of
// its output (head and tail of both streams) and from how it ended.
std::vector<SandboxHint> find_sandbox_hints(const sandbox::ExecutionResult& result, sandbox::Outcome outcome,
                                            const Spool::Text& out, const Spool::Text& err,
                                            sandbox::Network network);
// All kinds that a hint can have: "network", "name-resolution", … The schema lists the same.
std::vector<std::string_view> sandbox_hint_kinds();

// What to run again to see a failure: of the worst test its most reproducible failing attempt, as `replay`
// chooses it (see replay.h); where no test failed, the first attempt that counts and did not pass.
struct FailureToRepeat {
  const AttemptRecord* attempt = nullptr;  // nullptr: everything passed
  std::optional<TestIndex> test;           // that the attempt is about
};
FailureToRepeat failure_to_repeat(const Report& report);

// Command lines that run the job, or one attempt of it, again: what the plan says where it is no default.
// Never a value of a secret.
std::string reproduce_job(const Report& report);
std::string reproduce_attempt(const Report& report, int index);
// The attempt again out of the file of its report; `saved_as` must be there.
std::string replay_attempt(const Report& report, int index);
std::string replay_test(const Report& report, TestIndex test);
// The job with other seeds and so many runs: for more evidence.
std::string continue_job(const Report& report, int runs);

struct JsonLimits {
  std::uint64_t max_bytes =
      32ull << 20;  // of the whole document; outputs are shortened, passing attempts' first
};

// Writes report.json, attempt by attempt: memory does not grow with the outputs. The predecessor's keys
// unchanged. What was cut is said in the document. UTF-8 with U+FFFD and `lossy` where bytes were not.
void write_json(const Report& report, const Spool& spool, std::ostream& out, const JsonLimits& limits = {});

struct TextStyle {
  bool colour = false;
  int width = 80;
};
// The summary for a person: most important lines last, with the next command to try.
void write_text(const Report& report, const Spool& spool, std::ostream& out, const TextStyle& style);

// Replaces invalid sequences by U+FFFD; `lossy` is set when there were any. Control characters are kept.
std::string to_utf8(std::string_view bytes, bool* lossy = nullptr);
// For a terminal: to_utf8, with escape sequences and other control characters made visible.
std::string for_terminal(std::string_view bytes);

}  // namespace orchestrator
