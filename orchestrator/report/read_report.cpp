#include "orchestrator/report/read_report.h"

#include <algorithm>

#include "orchestrator/job/check.h"
#include "orchestrator/job/read_plan.h"
#include "orchestrator/job/read_request.h"
#include "orchestrator/report/cut.h"
#include "orchestrator/report/saved_environment.h"
#include "orchestrator/report/times.h"

namespace orchestrator {
namespace {

using std::chrono::system_clock;

constexpr std::size_t kLongestSentence = 64 * 1024;
constexpr std::size_t kLongestOutput = kNoLimit;  // the document as a whole has a bound

system_clock::time_point time_at(const SavedPlace& place, const char* key) {
  const auto said = place.find(key);
  if (!said) return {};
  const auto time = from_iso_time(said->text());
  if (!time) said->refuse("must be a time, as in 2026-11-23T10:15:30.123Z");
  return *time;
}

std::vector<std::string> sentences(const SavedPlace& list) {
  std::vector<std::string> sentences;
  list.each(kMostSavedTests,
            [&](const SavedPlace& place) { sentences.push_back(place.text(kLongestSentence)); });
  return sentences;
}

sandbox::Outcome outcome_at(const SavedPlace& place) {
  const auto outcome = sandbox::outcome_from_name(place.text());
  if (!outcome) place.refuse("is no outcome of an attempt");
  return *outcome;
}

std::vector<Try> tries_at(const SavedPlace& list) {
  std::vector<Try> tries;
  list.each(kMostSavedConditions, [&](const SavedPlace& place) {
    tries.push_back({outcome_at(place.at("outcome")), place.at("reason").text(kLongestSentence)});
  });
  return tries;
}

std::vector<SandboxHint> hints_at(const SavedPlace& list) {
  std::vector<SandboxHint> hints;
  list.each(kMostSavedConditions, [&](const SavedPlace& place) {
    hints.push_back({place.at("kind").text(), place.at("evidence").text(kLongestSentence),
                     place.at("remedy").text(kLongestSentence)});
  });
  return hints;
}

sandbox::Usage usage_at(const SavedPlace& attempt) {
  const auto amount = [&](const char* key) {
    const auto said = attempt.find(key);
    return said ? std::optional(said->whole(0, INT64_MAX)) : std::nullopt;
  };
  return {amount("cpu_ms"), amount("peak_memory_bytes"), attempt.at("peak_memory_source").text()};
}

// Where something was cut out, the mark stands between what was kept of beginning and end.
StreamRecord stream_at(const SavedPlace& attempt, const char* stream, std::string text, Spool& spool) {
  StreamRecord record{text.size(), text.size(), 0, 0};
  if (const auto cuts = attempt.find("truncated")) {
    if (const auto cut = cuts->find(stream)) {
      const auto total = static_cast<std::uint64_t>(cut->at("total_bytes").whole(0, INT64_MAX));
      const auto kept = static_cast<std::uint64_t>(cut->at("kept_bytes").whole(0, INT64_MAX));
      if (kept >= total) cut->refuse("does not fit together");
      const std::string mark = cut_mark(total - kept);
      const auto at = text.find(mark);
      if (at == std::string::npos) cut->refuse("does not fit to the text");
      text.erase(at, mark.size());
      // Sizes are those of the text that is here, which is UTF-8 also where the bytes were not.
      record = {text.size() + (total - kept), at, text.size() - at, 0};
    }
  }
  record.spool_offset = spool.keep(text).offset;
  return record;
}

// The line that stands for the exit code of a time-out is none of what was printed.
std::string stderr_at(const SavedPlace& attempt, sandbox::Outcome outcome) {
  constexpr std::string_view kTimeout = "TIMEOUT";
  std::string text = attempt.at("stderr").text(kLongestOutput);
  if (outcome == sandbox::Outcome::timed_out && text.ends_with(kTimeout))
    text.resize(text.size() - kTimeout.size());
  return text;
}

class Reader {
 public:
  Reader(const nlohmann::json& document, const std::string& where, Spool& spool)
      : document_(document, where), where_(where), spool_(spool) {}

  ReadReport read() {
    if (const auto replay = document_.find("replay")) replay->refuse("is of a replay");
    read_job();
    read_environment(document_.at("environment"));
    report().conditions = read_conditions(document_.at("conditions"));
    if (report().conditions.empty()) document_.at("conditions").refuse("is empty");
    read_attempts();
    read_end();
    read_tests(document_, spool_, read_);
    read_findings(document_.at("findings"), spool_, read_);
    report().warnings.insert(report().warnings.end(), read_.lost.begin(), read_.lost.end());
    return std::move(read_);
  }

 private:
  Report& report() { return read_.report; }

  void read_job() {
    const SavedPlace job = document_.at("job");
    report().plan = read_plan(job.at("plan").value(), where_);
    const SavedPlace request = job.at("request");
    if (!request.value().is_object()) request.refuse("must be an object");
    JobReading said;
    read_request(request.value(), in_job, UnknownFields::warn, said);
    if (!said.errors.empty()) throw InvalidJob(std::move(said.errors), where_);
    report().request = std::move(said.request);
    report().framework = document_.at("framework").text();
    report().reproduce = document_.at("reproduce").text(kLongestOutput);
    report().program_version = document_.at("program_version").text();
    if (const auto bundle = document_.find("bundle"))
      report().bundle = {bundle->at("file").text(), bundle->at("sha256").text(),
                         bundle->at("program_version").text(), bundle->at("image_loaded").boolean(),
                         sentences(bundle->at("differences"))};
  }

  void read_environment(const SavedPlace& place) {
    SavedEnvironment saved = read_saved_environment(place);
    images::Source& source = report().source;
    source.local = !is_cloned(report().plan.repo);
    if (!source.local) source.url = images::without_credentials(report().plan.repo);
    source.commit = std::move(saved.commit);
    source.ref = std::move(saved.ref);
    source.tree_hash = std::move(saved.tree_hash);
    source.dirty = saved.dirty;
    if (const auto changed = document_.find("changed"))
      source.changes = {changed->at("base").text(), changed->at("files").texts()};
    report().framework_found = std::move(saved.framework_found);
    report().packages = std::move(saved.packages);
    report().engine = std::move(saved.engine);
    read_image(std::move(saved.image), place.at("image"));
  }

  void read_image(SavedImage saved, const SavedPlace& place) {
    images::BuiltImage& image = report().image;
    image.id = std::move(saved.id);
    image.base_reference = std::move(saved.base_reference);
    image.base_id = std::move(saved.base_id);
    image.base_digest = std::move(saved.base_digest);
    if (const auto notes = place.find("notes")) image.notes = notes->texts();
    place.at("layers").each(kMostSavedConditions, [&](const SavedPlace& layer) {
      image.layers.push_back({layer.at("kind").text(), layer.at("key").text(), layer.at("image").text(),
                              layer.at("cached").boolean(), layer.at("seconds").number(0, 1e9),
                              layer.at("note").text(kLongestSentence)});
    });
  }

  void read_attempts() {
    document_.at("results").each(
        kMostSavedAttempts, [&](const SavedPlace& place) { report().attempts.push_back(attempt_at(place)); });
    document_.at("not_counted").each(kMostSavedAttempts, [&](const SavedPlace& place) {
      report().attempts.push_back(uncounted_at(place));
    });
    auto& attempts = report().attempts;
    std::sort(attempts.begin(), attempts.end(),
              [](const auto& a, const auto& b) { return a.index < b.index; });
    const auto twice = std::adjacent_find(attempts.begin(), attempts.end(),
                                          [](const auto& a, const auto& b) { return a.index == b.index; });
    if (twice != attempts.end())
      document_.at("results").refuse("has attempt " + std::to_string(twice->index) + " twice");
  }

  static AttemptRecord uncounted_at(const SavedPlace& place) {
    AttemptRecord attempt;
    attempt.index = place.at("attempt").integer(0, kLargestSavedIndex);
    attempt.seed = place.at("seed").whole(0, INT64_MAX);
    attempt.outcome = outcome_at(place.at("outcome"));
    attempt.reason = place.at("reason").text(kLongestSentence);
    attempt.earlier_tries = tries_at(place.at("earlier_tries"));
    return attempt;
  }

  AttemptRecord attempt_at(const SavedPlace& place) {
    AttemptRecord attempt = uncounted_at(place);
    if (!attempt.counted()) place.at("outcome").refuse("is no outcome that is evidence");
    attempt.condition = condition_at(place.at("condition"), report().conditions);
    if (const auto code = place.find("exit_code")) attempt.exit_code = code->integer(INT32_MIN, INT32_MAX);
    if (const auto signal = place.find("signal")) attempt.signal = signal->integer(0, 1000);
    attempt.duration = std::chrono::milliseconds(place.at("duration_ms").whole(0, INT32_MAX));
    attempt.started_at = time_at(place, "started_at");
    attempt.usage = usage_at(place);
    attempt.out = stream_at(place, "stdout", place.at("stdout").text(kLongestOutput), spool_);
    attempt.err = stream_at(place, "stderr", stderr_at(place, attempt.outcome), spool_);
    attempt.hints = hints_at(place.at("sandbox_hints"));
    attempt.notes = sentences(place.at("notes"));
    return attempt;
  }

  void read_end() {
    report().end =
        document_.at("end").choice("the end of a run", {RunEnd::complete, RunEnd::cancelled, RunEnd::deadline,
                                                        RunEnd::not_runnable, RunEnd::infrastructure});
    report().end_reason = document_.at("end_reason").text(kLongestSentence);
    report().started_at = time_at(document_, "started_at");
    report().finished_at = time_at(document_, "finished_at");
    report().warnings = sentences(document_.at("warnings"));
    report().anytime = report().plan.until_sure.has_value();
    const auto early = document_.find("early_stop");
    report().settled = early && early->at("rule").text() == "settled";
  }

  const SavedPlace document_;
  const std::string& where_;
  Spool& spool_;
  ReadReport read_;
};

}  // namespace

ReadReport read_report(const nlohmann::json& document, const std::string& where, Spool& spool) {
  return Reader(document, where, spool).read();
}

}  // namespace orchestrator
