#include "orchestrator/report/json_sections.h"

#include <cmath>

#include "orchestrator/report/command_verdict.h"
#include "orchestrator/report/times.h"

namespace orchestrator {
namespace {

// Integers and nulls.
template <class T>
OrderedJson or_null(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson time_or_null(std::chrono::system_clock::time_point time) {
  const std::string text = iso_time(time);
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

OrderedJson truncated_json(const AttemptRecord& attempt, const ShownStreams& shown) {
  OrderedJson cuts = OrderedJson::object();
  const auto add = [&cuts](const char* stream, const StreamRecord& record, const ShownText& text) {
    if (text.kept_bytes < record.total_bytes)
      cuts[stream] = {{"total_bytes", record.total_bytes}, {"kept_bytes", text.kept_bytes}};
  };
  add("stdout", attempt.out, shown.out);
  add("stderr", attempt.err, shown.err);
  return cuts.empty() ? OrderedJson(nullptr) : cuts;
}

OrderedJson hints_json(const std::vector<SandboxHint>& hints) {
  OrderedJson list = OrderedJson::array();
  for (const auto& hint : hints)
    list.push_back({{"kind", hint.kind}, {"evidence", hint.evidence}, {"remedy", hint.remedy}});
  return list;
}

OrderedJson tries_json(const std::vector<Try>& tries) {
  OrderedJson list = OrderedJson::array();
  for (const auto& one : tries)
    list.push_back({{"outcome", sandbox::name(one.outcome)}, {"reason", one.reason}});
  return list;
}

// A time-out has no exit code; the line that stands for it ends stderr.
std::string stderr_text(const AttemptRecord& attempt, std::string text) {
  if (attempt.outcome != sandbox::Outcome::timed_out) return text;
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text + "TIMEOUT";
}

// add(name, value, unit) of each, in the order of a report.
template <class Add>
void for_each_limit(const sandbox::Limits& limits, const Add& add) {
  add("memory", limits.memory_bytes, "bytes");
  add("cpus", limits.cpus, "cpus");
  add("pids", limits.pids, "processes");
  add("nofile", limits.nofile, "files");
  add("core", 0, "bytes");
  add("tmp", limits.tmp_bytes, "bytes");
  add("shm", limits.shm_bytes, "bytes");
  add("disk", limits.disk_bytes, "bytes");
  add("output", limits.output_stop_bytes, "bytes");
  add("timeout", limits.timeout.count(), "ms");
}

OrderedJson limits_json(const Report& report) {
  const sandbox::Limits& limits = report.plan.limits;
  OrderedJson list = OrderedJson::object();
  const auto add = [&](const char* name, auto value, const char* unit) {
    const auto found = report.engine.limits.find(name);
    const auto how = found == report.engine.limits.end() ? sandbox::Enforcement::not_enforced : found->second;
    list[name] = {{"value", value}, {"unit", unit}, {"enforcement", sandbox::to_string(how)}};
  };
  for_each_limit(limits, add);
  return list;
}

// How the base was built. A limit that the engine does not heed has no value there.
OrderedJson dockerfile_json(const Report& report) {
  const JobPlan& plan = report.plan;
  if (plan.dockerfile.empty()) return nullptr;
  const sandbox::Limits limits = images::dockerfile_limits(plan.install_timeout);
  OrderedJson list = OrderedJson::object();
  const auto add = [&](const char* name, auto value, const char* unit) {
    const auto how = build_enforcement(report.engine, name);
    const bool limited = how != sandbox::Enforcement::not_enforced;
    list[name] = {{"value", limited ? OrderedJson(value) : OrderedJson(nullptr)},
                  {"unit", unit},
                  {"enforcement", sandbox::to_string(how)}};
  };
  for_each_limit(limits, add);
  add("capabilities", nullptr, "capabilities");
  OrderedJson arguments = OrderedJson::object();
  for (const auto& [name, value] : plan.build_args) arguments[name] = value;
  return {{"path", plan.dockerfile},
          {"build_args", std::move(arguments)},
          {"builder", report.engine.builder},
          {"limits", std::move(list)}};
}

OrderedJson image_json(const images::BuiltImage& image) {
  OrderedJson layers = OrderedJson::array();
  for (const auto& layer : image.layers)
    layers.push_back({{"kind", layer.kind},
                      {"key", layer.key},
                      {"image", layer.image},
                      {"cached", layer.cached},
                      {"seconds", layer.seconds},
                      {"note", layer.note}});
  OrderedJson notes = OrderedJson::array();
  for (const auto& note : image.notes) notes.push_back(to_utf8(note));
  return {{"id", image.id},
          {"base_reference", image.base_reference},
          {"base_id", image.base_id},
          {"base_digest", image.base_digest},
          {"layers", std::move(layers)},
          {"notes", std::move(notes)}};
}

OrderedJson isolation_json() {
  return {{"user", sandbox::kTestUser},
          {"capabilities", OrderedJson::array()},
          {"no_new_privileges", true},
          {"root", "writable, thrown away"}};
}

// The line that runs the attempt again. One with very long variables, a thousand times, would make the whole
// report too large: then the job's line, with --only-attempt, must do.
OrderedJson reproduce_json(const Report& report, const AttemptRecord& attempt) {
  constexpr std::size_t kLongest = 4096;
  if (attempt.passed()) return nullptr;
  std::string line = reproduce_attempt(report, attempt.index);
  return line.size() > kLongest ? OrderedJson(nullptr) : OrderedJson(std::move(line));
}

OrderedJson not_counted_json(const Report& report) {
  OrderedJson list = OrderedJson::array();
  for (const auto& attempt : report.attempts) {
    if (attempt.counted()) continue;
    list.push_back({{"attempt", attempt.index},
                    {"seed", attempt.seed},
                    {"outcome", sandbox::name(attempt.outcome)},
                    {"reason", attempt.reason},
                    {"earlier_tries", tries_json(attempt.earlier_tries)}});
  }
  return list;
}

OrderedJson interval_json(const Report& report) {
  if (!report.one_condition()) return nullptr;
  const Interval interval = report.interval(report.failures(), report.total_runs());
  return {{"low", rounded(interval.low)},
          {"high", rounded(interval.high)},
          {"confidence", 0.95},
          {"method", report.anytime ? "anytime beta mixture" : "Clopper-Pearson"}};
}

OrderedJson early_stop_json(const Report& report) {
  const auto stop = early_stop(report);
  if (!stop) return nullptr;
  return {{"rule", stop->rule},
          {"rate", stop->rate},
          {"attempts", stop->attempts},
          {"max_runs", stop->max_runs},
          {"saved", stop->saved()}};
}

OrderedJson more_runs_json(const Report& report) {
  const auto more = more_runs(report);
  if (!more) return nullptr;
  return {{"runs", more->runs}, {"rate_below", rounded(more->rate_below)}};
}

int requested_runs(const Report& report) {
  if (report.replay) return report.replay->times;
  return report.plan.only_attempt ? 1 : report.plan.attempts();
}

OrderedJson replay_json(const Report& report) {
  if (!report.replay) return nullptr;
  const ReplayRecord& replay = *report.replay;
  const ReplayResult result = replay_result(report);
  return {{"report", to_utf8(replay.report)},
          {"attempt", replay.attempt.index},
          {"seed", replay.attempt.seed},
          {"test", replay.test.empty() ? OrderedJson() : OrderedJson(replay.test)},
          {"outcome", sandbox::name(replay.attempt.outcome)},
          {"times", replay.times},
          {"n", result.n},
          {"same", result.same},
          {"differently", result.differently},
          {"passed", result.passed},
          {"interval",
           {{"low", rounded(result.interval.low)},
            {"high", rounded(result.interval.high)},
            {"confidence", 0.95},
            {"method", "Clopper-Pearson"}}},
          {"image_rebuilt", replay.rebuilt},
          {"differences", replay.differences}};
}

OrderedJson bundle_json(const Report& report) {
  if (!report.bundle) return nullptr;
  const BundleOrigin& bundle = *report.bundle;
  return {{"file", to_utf8(bundle.file)},
          {"sha256", bundle.sha256},
          {"program_version", bundle.program_version},
          {"image_loaded", bundle.image_loaded},
          {"differences", bundle.differences}};
}

}  // namespace

bool takes_from(std::uint64_t& room, const OrderedJson& entry) {
  constexpr int kIndent = 6;  // of two levels more, as the document has them
  const std::uint64_t size = dump(entry, kIndent).size();
  if (size > room) return false;
  room -= size;
  return true;
}

double rounded(double value) { return std::round(value * 1e6) / 1e6; }

std::string_view name(sandbox::Network network) {
  switch (network) {
    case sandbox::Network::none:
      return "none";
    case sandbox::Network::internal:
      return "internal";
    case sandbox::Network::bridge:
      return "bridge";
  }
  return "unknown";
}

OrderedJson environment_json(const Report& report) {
  const sandbox::Capabilities& engine = report.engine;
  return {{"engine", engine.engine},
          {"engine_version", engine.engine_version},
          {"api_version", engine.api_version},
          {"runtime", engine.runtime},
          {"runtime_version", engine.runtime_version},
          {"kernel", engine.kernel},
          {"os", engine.os},
          {"architecture", engine.architecture},
          {"cgroup_version", engine.cgroup_version},
          {"storage_driver", engine.storage_driver},
          {"security", engine.security},
          {"image", image_json(report.image)},
          {"dockerfile", dockerfile_json(report)},
          {"commit", report.source.commit},
          {"ref", report.source.ref},
          {"tree_hash", report.source.tree_hash},
          {"dirty", report.source.dirty},
          {"limits", limits_json(report)},
          {"network", name(report.plan.network)},
          {"isolation", isolation_json()},
          {"framework_found", report.framework_found},
          {"packages", report.packages}};
}

OrderedJson attempt_json(const Report& report, const AttemptRecord& attempt, ShownStreams shown) {
  const bool timed_out = attempt.outcome == sandbox::Outcome::timed_out;
  OrderedJson json;
  json["attempt"] = attempt.index;
  json["exit_code"] = timed_out ? OrderedJson(nullptr) : or_null(attempt.exit_code);
  json["stdout"] = std::move(shown.out.text);
  json["stderr"] = stderr_text(attempt, std::move(shown.err.text));
  json["passed"] = attempt.passed();
  json["seed"] = attempt.seed;
  json["condition"] = report.conditions[static_cast<std::size_t>(attempt.condition)].name;
  json["outcome"] = sandbox::name(attempt.outcome);
  json["reason"] = attempt.reason;
  json["signal"] = or_null(attempt.signal);
  json["duration_ms"] = attempt.duration.count();
  json["started_at"] = time_or_null(attempt.started_at);
  json["cpu_ms"] = or_null(attempt.usage.cpu_ms);
  json["peak_memory_bytes"] = or_null(attempt.usage.peak_memory_bytes);
  json["peak_memory_source"] = attempt.usage.peak_memory_source;
  json["truncated"] = truncated_json(attempt, shown);
  json["lossy"] = shown.out.lossy || shown.err.lossy;
  json["sandbox_hints"] = hints_json(attempt.hints);
  json["notes"] = attempt.notes;
  json["earlier_tries"] = tries_json(attempt.earlier_tries);
  json["reproduce"] = reproduce_json(report, attempt);
  return json;
}

OrderedJson attempt_json_without_output(const Report& report, const AttemptRecord& attempt) {
  OrderedJson json = attempt_json(report, attempt, {});
  const OrderedJson most = {{"total_bytes", attempt.out.total_bytes},
                            {"kept_bytes", attempt.out.total_bytes}};
  const OrderedJson most_err = {{"total_bytes", attempt.err.total_bytes},
                                {"kept_bytes", attempt.err.total_bytes}};
  json["truncated"] = {{"stdout", most}, {"stderr", most_err}};
  json["stderr"] = "\nTIMEOUT";
  return json;
}

OrderedJson head_json(const Report& report) {
  return {{"total_runs", report.total_runs()},
          {"parallelism", report.plan.parallelism},
          {"framework", report.framework},
          {"failures", report.failures()},
          {"repro_rate", report.repro_rate()}};
}

OrderedJson tail_json(const Report& report, const Spool& spool, ShownTests tests) {
  OrderedJson json = {
      {"verdict", name(verdict(report))},
      {"severity", severity(worst_rate(report), report.plan.severity_thresholds)},
      {"interval", interval_json(report)},
      {"more_runs", more_runs_json(report)},
      {"conditions", conditions_json(report)},
      {"tests", std::move(tests.list)},
      {"tests_left_out", std::move(tests.left_out)},
      {"outcome_attempts", outcome_attempts_json(report)},
      {"findings", findings_json(report, spool)},
      {"early_stop", early_stop_json(report)},
      {"ci", ci_json(report)},
      {"changed", changed_json(report)},
      {"requested_runs", requested_runs(report)},
      {"not_counted", not_counted_json(report)},
      {"end", name(report.end)},
      {"end_reason", report.end_reason},
      {"started_at", time_or_null(report.started_at)},
      {"finished_at", time_or_null(report.finished_at)},
      {"job_seed", report.plan.job_seed},
      {"reproduce", report.reproduce},
      {"replay", replay_json(report)},
      {"bundle", bundle_json(report)},
      {"warnings", report.warnings},
      {"environment", environment_json(report)},
      {"job",
       {{"request", OrderedJson(report.request.to_json())}, {"plan", OrderedJson(report.plan.to_json())}}},
      {"schema_version", kSchemaVersion},
      {"program_version", report.program_version}};
  if (const auto p = command_dependence_p(report)) json["dependence_p"] = rounded(*p);
  return json;
}

std::string dump(const OrderedJson& json, int indent) {
  return json.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace orchestrator
