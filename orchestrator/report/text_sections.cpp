#include "orchestrator/report/text_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "orchestrator/report/failure_groups.h"
#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/utf8.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

using sandbox::Outcome;

constexpr int kLabelColumn = 9;

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

void quote_lines(const std::vector<std::string>& lines, SummaryPen& pen) {
  for (const auto& line : lines) pen.quote(line);
}

std::chrono::milliseconds median_duration(const Report& report, Outcome outcome) {
  std::vector<std::chrono::milliseconds> times;
  for (const auto& attempt : report.attempts)
    if (attempt.outcome == outcome) times.push_back(attempt.duration);
  if (times.empty()) return {};
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

// Beside the number of an outcome: how long it took or, when it is no evidence, why it was the first time.
std::string outcome_remark(const Report& report, Outcome outcome) {
  if (sandbox::is_evidence(outcome)) return "median " + duration_text(median_duration(report, outcome));
  const auto first = std::find_if(report.attempts.begin(), report.attempts.end(),
                                  [&](const AttemptRecord& a) { return a.outcome == outcome; });
  if (first->reason.empty()) return "not counted";
  return fmt::format("not counted (attempt {}: {})", first->index, one_line(first->reason));
}

std::string limits_of(const Report& report, sandbox::Enforcement how) {
  std::vector<std::string> names;
  for (const auto& [limit, enforcement] : report.engine.limits)
    if (enforcement == how) names.push_back(limit);
  return joined(names, ", ");
}

std::string limits_words(const Report& report) {
  const sandbox::Limits& limits = report.plan.limits;
  std::string text = fmt::format("memory {} · cpus {} · pids {} · timeout {}", size_text(limits.memory_bytes),
                                 limits.cpus, limits.pids, duration_text(limits.timeout));
  const std::string sampled = limits_of(report, sandbox::Enforcement::sampled);
  const std::string missing = limits_of(report, sandbox::Enforcement::not_enforced);
  if (!sampled.empty()) text += " · sampled: " + sampled;
  if (!missing.empty()) text += " · not enforced: " + missing;
  return text;
}

// How the repository's own Dockerfile was built; empty where there was none.
std::string dockerfile_words(const Report& report) {
  const JobPlan& plan = report.plan;
  if (plan.dockerfile.empty()) return "";
  const sandbox::Capabilities& engine = report.engine;
  const sandbox::Limits limits = images::dockerfile_limits(plan.install_timeout);
  std::vector<std::string> words{one_line(plan.dockerfile), one_line(engine.builder)};
  for (const auto& [name, value] : plan.build_args) words.push_back(one_line(name + "=" + value));
  if (build_enforcement(engine, "memory") == sandbox::Enforcement::enforced)
    words.push_back("memory " + size_text(limits.memory_bytes));
  words.push_back("timeout " + duration_text(limits.timeout));
  std::vector<std::string> missing;
  for (const auto& [limit, how] : engine.build_limits)
    if (how == sandbox::Enforcement::not_enforced) missing.push_back(limit);
  if (!missing.empty()) words.push_back("not enforced: " + one_line(joined(missing, ", ")));
  return joined(words, " · ");
}

std::string image_words(const images::BuiltImage& image) {
  const auto cached =
      std::count_if(image.layers.begin(), image.layers.end(), [](const auto& l) { return l.cached; });
  return one_line(image.base_reference) +
         (image.layers.empty()
              ? ""
              : fmt::format(" + {} ({} cached)", counted(image.layers.size(), "layer"), cached));
}

std::string source_words(const images::Source& source) {
  if (source.commit.empty())
    return source.tree_hash.empty() ? "" : "none, tree " + short_hash(source.tree_hash);
  std::string text = short_hash(source.commit);
  if (!source.ref.empty() && source.ref != source.commit) text += " (" + one_line(source.ref) + ")";
  return text + (source.dirty ? ", with uncommitted changes" : "");
}

std::string versioned(const std::string& what, const std::string& version) {
  return what.empty() || version.empty() ? what : what + " " + version;
}

// What a refusal is called in the summary, with the limit that was met.
std::string refusal_words(const std::string& kind, const JobPlan& plan) {
  if (kind == "name-resolution") return "name resolution was refused";
  if (kind == "network") return "connections were refused";
  if (kind == "memory") return "the memory limit of " + size_text(plan.limits.memory_bytes) + " was reached";
  if (kind == "pids") return fmt::format("the limit of {} processes was reached", plan.limits.pids);
  if (kind == "nofile") return fmt::format("the limit of {} open files was reached", plan.limits.nofile);
  if (kind == "disk") return "no space was left on a limited file system";
  if (kind == "read-only") return "a file system was read-only";
  if (kind == "file-size") return "a file became too large";
  if (kind == "privilege") return "something was not permitted to a user without privileges";
  return kind;
}

// Test runners draw rules as wide as the terminal; in a quote those would wrap for a few signs that say
// nothing.
std::string_view without_rule(std::string_view line, int room) {
  constexpr std::string_view kSigns = "=-_*#~";
  while (line.size() > 1 && columns(line) > room && line.back() == line[line.size() - 2] &&
         kSigns.find(line.back()) != std::string_view::npos)
    line.remove_suffix(1);
  return line;
}

struct HintCount {
  const SandboxHint* hint = nullptr;
  std::string refusals;
  int attempts = 0;
};

// Hints that the same flag would answer are one.
std::vector<HintCount> count_hints(const Report& report) {
  std::vector<HintCount> counts;
  for (const auto& attempt : report.attempts) {
    std::vector<HintCount*> seen;
    counts.reserve(counts.size() + attempt.hints.size());
    for (const auto& hint : attempt.hints) {
      auto same = std::find_if(counts.begin(), counts.end(), [&](const HintCount& c) {
        return hint.remedy.empty() ? c.hint->kind == hint.kind : c.hint->remedy == hint.remedy;
      });
      if (same == counts.end()) same = counts.insert(counts.end(), HintCount{&hint, "", 0});
      const std::string words = refusal_words(hint.kind, report.plan);
      if (same->refusals.find(words) == std::string::npos)
        same->refusals += (same->refusals.empty() ? "" : ", ") + words;
      if (std::find(seen.begin(), seen.end(), &*same) == seen.end()) {
        seen.push_back(&*same);
        ++same->attempts;
      }
    }
  }
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.attempts > b.attempts; });
  return counts;
}

}  // namespace

std::string_view colour(Tone tone) {
  switch (tone) {
    case Tone::good:
      return ansi::kGreen;
    case Tone::doubtful:
      return ansi::kYellow;
    case Tone::bad:
      return ansi::kRed;
  }
  return ansi::kNone;
}

std::string SummaryPen::painted(std::string_view colour, std::string_view text) const {
  if (!style_.colour || colour.empty()) return std::string(text);
  return fmt::format("{}{}{}", colour, text, ansi::kReset);
}

void SummaryPen::entry(std::string_view label, std::string_view text) {
  out_ << painted(ansi::kDim, fmt::format("{:<{}}", label, kLabelColumn))
       << wrap(text, style_.width, kLabelColumn, kLabelColumn);
  empty_ = false;
}

void SummaryPen::row(std::string_view what, std::string_view remark) {
  constexpr int kRemarkColumn = 31;
  const int gap = std::max(2, kRemarkColumn - columns(what));
  out_ << what << std::string(static_cast<std::size_t>(gap), ' ')
       << wrap(remark, style_.width, kRemarkColumn, columns(what) + gap);
  empty_ = false;
}

void SummaryPen::whole(std::string_view label, std::string_view text) {
  out_ << painted(ansi::kDim, fmt::format("{:<{}}", label, kLabelColumn)) << text << "\n";
  empty_ = false;
}

void SummaryPen::sentence(std::string_view colour, std::string_view label, std::string_view text) {
  out_ << painted(colour, label) << "  " << wrap(text, style_.width, kLabelColumn, columns(label) + 2);
  empty_ = false;
}

void SummaryPen::line(std::string_view text, std::string_view colour) {
  out_ << painted(colour, wrap(text, style_.width, 2));
  empty_ = false;
}

void SummaryPen::quote(std::string_view text) {
  constexpr std::string_view kMark = "  | ";
  const int room = std::max(20, style_.width - static_cast<int>(kMark.size()));
  text = without_rule(text, room);
  do {
    std::string part;
    int used = 0;
    while (!text.empty()) {
      const CodePoint point = next_code_point(text);
      if (used + columns(point.value) > room) break;
      used += columns(point.value);
      part.append(text.substr(0, point.length));
      text.remove_prefix(point.length);
    }
    out_ << painted(ansi::kDim, kMark) << part << "\n";
  } while (!text.empty());
  empty_ = false;
}

void SummaryPen::blank() {
  if (!empty_) out_ << "\n";
}

void SummaryPen::rule() {
  std::string line;
  for (int i = 0; i < style_.width; ++i) line += "─";
  out_ << painted(ansi::kDim, line) << "\n";
}

int SummaryPen::room() const { return style_.width - kLabelColumn; }

std::string_view outcome_words(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::timed_out:
      return "timed out";
    case Outcome::out_of_memory:
      return "out of memory";
    case Outcome::output_limit:
      return "printed too much";
    case Outcome::disk_limit:
      return "wrote too much";
    case Outcome::pids_limit:
      return "out of processes";
    case Outcome::not_runnable:
      return "not runnable";
    case Outcome::infrastructure_error:
      return "host or engine failed";
    case Outcome::cancelled:
      return "cancelled";
  }
  return "unknown";
}

void write_failures(const Report& report, const Spool& spool, SummaryPen& pen) {
  constexpr std::size_t kGroups = 3, kLines = 8;
  const auto groups = failures_outside_tests(report);
  for (std::size_t i = 0; i < std::min(kGroups, groups.size()); ++i) {
    const FailureGroup& group = groups[i];
    pen.blank();
    pen.line(fmt::format("{} {}; attempt {} (seed {}) ended with:", counted(group.count, "attempt"),
                         group.how, group.example->index, group.example->seed),
             ansi::kRed);
    const LastLines last = last_lines(*group.example, spool, kLines, report.plan.max_error_length);
    if (last.empty()) pen.line("  (it printed nothing)");
    quote_lines(last.out, pen);
    if (!last.out.empty() && !last.err.empty()) pen.line("and on stderr:", ansi::kDim);
    quote_lines(last.err, pen);
  }
  if (groups.size() > kGroups)
    pen.line(fmt::format("… and {} of not passing", counted(groups.size() - kGroups, "other way")));
}

void write_outcomes(const Report& report, SummaryPen& pen) {
  std::vector<Outcome> seen;
  for (const Outcome outcome : {Outcome::passed, Outcome::failed, Outcome::timed_out, Outcome::out_of_memory,
                                Outcome::output_limit, Outcome::disk_limit, Outcome::pids_limit,
                                Outcome::not_runnable, Outcome::infrastructure_error, Outcome::cancelled})
    if (report.count(outcome) > 0) seen.push_back(outcome);
  if (seen.size() < 2) return;
  pen.blank();
  for (const Outcome outcome : seen)
    pen.row(fmt::format("{:>6} {}", report.count(outcome), outcome_words(outcome)),
            outcome_remark(report, outcome));
}

void write_environment(const Report& report, SummaryPen& pen) {
  pen.blank();
  const auto entry = [&pen](std::string_view label, const std::string& text) {
    if (!text.empty()) pen.entry(label, text);
  };
  const sandbox::Capabilities& engine = report.engine;
  entry("commit", source_words(report.source));
  entry("image", image_words(report.image));
  entry("built by", dockerfile_words(report));
  entry("engine", one_line(joined({versioned(engine.engine, engine.engine_version),
                                   versioned(engine.runtime, engine.runtime_version),
                                   versioned("cgroup", engine.cgroup_version)},
                                  " · ")));
  if (report.bundle) {
    entry("bundle", fmt::format("{} · sha256 {}", one_line(report.bundle->file), report.bundle->sha256));
    for (const auto& difference : report.bundle->differences) entry("differs", one_line(difference));
  }
  entry("network", std::string(name(report.plan.network)));
  entry("limits", limits_words(report));
}

void write_warnings(const Report& report, SummaryPen& pen) {
  if (report.warnings.empty()) return;
  pen.blank();
  for (const auto& warning : report.warnings) pen.entry("warning", one_line(warning));
}

std::vector<std::string> sandbox_hint_sentences(const Report& report) {
  std::vector<std::string> sentences;
  for (const HintCount& count : count_hints(report)) {
    const std::string allow =
        count.hint->remedy.empty() ? "No flag allows it." : "If the tests need it: " + count.hint->remedy;
    const bool of_network = count.hint->kind == "network" || count.hint->kind == "name-resolution";
    const std::string setting = of_network ? fmt::format(" (network is {})", name(report.plan.network)) : "";
    sentences.push_back(fmt::format("{} of {} look{} like the sandbox: {}{}. {}", count.attempts,
                                    counted(report.failures(), "failure"), count.attempts == 1 ? "s" : "",
                                    count.refusals, setting, allow));
  }
  return sentences;
}

void write_sandbox_hints(const Report& report, SummaryPen& pen) {
  constexpr std::size_t kShown = 3;
  const auto sentences = sandbox_hint_sentences(report);
  if (sentences.empty()) return;
  pen.blank();
  for (std::size_t i = 0; i < std::min(kShown, sentences.size()); ++i) pen.entry("sandbox?", sentences[i]);
}

}  // namespace orchestrator
