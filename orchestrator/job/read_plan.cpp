#include "orchestrator/job/read_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "orchestrator/job/check.h"
#include "orchestrator/job/field_table.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/read_field.h"
#include "orchestrator/job/text_checks.h"

namespace orchestrator {
namespace {

using nlohmann::json;

constexpr const char* kAt = "/job/plan";
constexpr std::size_t kMostWarnings = 10'000;

// A key of a plan, and the field of a job whose type and bounds it has.
struct PlanKey {
  const char* key;
  const char* field;
  bool may_be_null = false;
  bool may_be_absent = false;  // plans of older versions do not have it
};

constexpr PlanKey kKeys[] = {{"repo", "repo"},
                             {"test_command", "test_command"},
                             {"suite", "suite", true},
                             {"runs", "runs"},
                             {"parallelism", "parallelism"},
                             {"framework", "framework", true},
                             {"ref", "ref", true},
                             {"subdir", "subdir"},
                             {"deadline_s", "deadline", true},
                             {"job_seed", "seed"},
                             {"random_seed_range", "random_seed_range"},
                             {"vary", "vary"},
                             {"order", "order"},
                             {"repeat_in_process", "repeat_in_process"},
                             {"only_changed", "only_changed", true},
                             {"image", "image", true},
                             {"dockerfile", "dockerfile", true},
                             {"build_args", "build_args", false, true},
                             {"pull", "pull", false, true},
                             {"setup_commands", "setup_commands"},
                             {"auto_install_dependencies", "auto_install_dependencies"},
                             {"install_timeout_s", "pip_install_timeout"},
                             {"network", "network"},
                             {"env", "env"},
                             {"secret_env", "secret_env"},
                             {"include", "include"},
                             {"results", "results"},
                             {"ignore_patterns", "ignore_patterns"},
                             {"severity_thresholds", "severity_thresholds"},
                             {"max_error_length", "max_error_length"},
                             {"save_full_output", "save_full_output"},
                             {"keep", "preserve_temp_dir"}};

constexpr PlanKey kLimitKeys[] = {{"memory_bytes", "memory"}, {"cpus", "cpus"},        {"pids", "pids"},
                                  {"nofile", "nofile"},       {"tmp_bytes", "tmp"},    {"shm_bytes", "shm"},
                                  {"disk_bytes", "disk"},     {"timeout_s", "timeout"}};

class PlanReader {
 public:
  PlanReader(const json& plan, std::string where) : json_(plan), where_(std::move(where)) {}

  JobPlan read() {
    if (!json_.is_object()) {
      fail("", "must be an object");
    } else {
      read_fields(json_, kKeys, "");
      read_own();
      read_limits();
      refuse_unknown(json_, known_, "");
    }
    if (reading_.errors.empty()) check_together();
    if (!reading_.errors.empty()) throw InvalidJob(std::move(reading_.errors), where_);
    fill();
    return std::move(plan_);
  }

 private:
  void fail(const std::string& key, std::string message) {
    add_error(reading_.errors, {kAt + key, std::move(message), ""});
  }

  // The value of a key that must be there; null when it is not, which is a mistake.
  const json* value_of(const json& object, const std::string& pointer, const char* key) {
    const auto found = object.find(key);
    if (found != object.end()) return &*found;
    fail(pointer + "/" + key, "is missing");
    return nullptr;
  }

  template <std::size_t N>
  void read_fields(const json& object, const PlanKey (&keys)[N], const std::string& pointer) {
    for (const PlanKey& each : keys) {
      known_.push_back(each.key);
      if (each.may_be_absent && !object.contains(each.key)) continue;
      const json* value = value_of(object, pointer, each.key);
      if (!value) continue;
      if (value->is_null() && !each.may_be_null) {
        fail(pointer + "/" + each.key, "must not be null");
        continue;
      }
      // A plan says "" for the root of the tree; a job leaves it out.
      if (each.field == std::string_view("subdir") && *value == "") continue;
      read_field(*find_field(each.field), *value, kAt + pointer + "/" + each.key, UnknownFields::error,
                 reading_);
    }
  }

  std::int64_t whole(const json& object, const std::string& pointer, const char* key, std::int64_t least,
                     std::int64_t most) {
    known_.push_back(key);
    const json* value = value_of(object, pointer, key);
    if (!value) return least;
    const bool fits = value->is_number_integer() &&
                      !(value->is_number_unsigned() && value->get<std::uint64_t>() > 1ull << 62);
    const std::int64_t number = fits ? value->get<std::int64_t>() : least - 1;
    if (number >= least && number <= most) return number;
    fail(pointer + "/" + key, fmt::format("must be a whole number between {} and {}", least, most));
    return least;
  }

  // What a plan has and no job can say.
  void read_own() {
    plan_.parallelism_requested = static_cast<int>(whole(json_, "", "parallelism_requested", 1, 50));
    plan_.changed_runs = static_cast<int>(whole(json_, "", "changed_runs", 0, 1000));
    known_.push_back("only_attempt");
    // Beyond what may be asked for: the attempts of changed tests are counted behind all others.
    if (const json* index = value_of(json_, "", "only_attempt"); index && !index->is_null())
      plan_.only_attempt = static_cast<int>(whole(json_, "", "only_attempt", 0, 1'000'000));
    known_.push_back("until_sure");
    if (const json* rate = value_of(json_, "", "until_sure"); rate && !rate->is_null()) {
      const double value = rate->is_number() ? rate->get<double>() : 0;
      if (value > 0 && value < 1)
        plan_.until_sure = value;
      else
        fail("/until_sure", "must be a number between 0 and 1");
    }
    known_.push_back("warnings");
    if (const json* list = value_of(json_, "", "warnings")) read_warnings(*list);
  }

  void read_warnings(const json& list) {
    if (!list.is_array() || list.size() > kMostWarnings)
      return fail("/warnings", "must be a list of strings");
    for (const auto& each : list) {
      if (!each.is_string()) return fail("/warnings", "must be a list of strings");
      plan_.warnings.push_back(each.get<std::string>());
    }
  }

  void read_limits() {
    const json* limits = value_of(json_, "", "limits");
    if (!limits) return;
    if (!limits->is_object()) return fail("/limits", "must be an object");
    const auto outer = std::exchange(known_, {});
    read_fields(*limits, kLimitKeys, "/limits");
    // A plan may come from anybody, and no flag asks for more.
    const sandbox::Limits most;
    plan_.limits.output_keep_bytes =
        whole(*limits, "/limits", "output_keep_bytes", 0, most.output_keep_bytes);
    plan_.limits.output_stop_bytes =
        whole(*limits, "/limits", "output_stop_bytes", 1, most.output_stop_bytes);
    known_.push_back("grace_s");
    if (const json* grace = value_of(*limits, "/limits", "grace_s")) {
      const double seconds = grace->is_number() ? grace->get<double>() : -1;
      if (seconds >= 0 && seconds <= 3600)
        plan_.limits.grace = milliseconds_of(seconds);
      else
        fail("/limits/grace_s", "must be a number between 0 and 3600");
    }
    refuse_unknown(*limits, known_, "/limits");
    known_ = outer;
    known_.push_back("limits");
  }

  void refuse_unknown(const json& object, const std::vector<std::string>& known, const std::string& pointer) {
    for (const auto& [key, value] : object.items())
      if (std::find(known.begin(), known.end(), key) == known.end())
        fail(pointer, "unknown field " + in_quotes(key) + did_you_mean(nearest(key, known)));
  }

  void check_together() {
    const JobRequest& said = reading_.request;
    if (said.image && said.dockerfile) fail("/dockerfile", "image and dockerfile exclude each other");
    if (!said.build_args.empty() && !said.dockerfile) fail("/build_args", "build_args needs dockerfile");
    for (const auto& name : said.secret_env)
      if (said.build_args.count(name)) fail("/build_args", shown_build_arg(name));
    for (const auto& name : said.secret_env)
      if (said.env.count(name))
        fail("/secret_env", in_quotes(name) + " stands in env too, where its value would be shown");
  }

  void fill() {
    JobRequest& said = reading_.request;
    plan_.repo = *said.repo;
    plan_.test_command = std::move(*said.test_command);
    plan_.suite = said.suite.value_or("");
    plan_.runs = static_cast<int>(*said.runs);
    plan_.parallelism = static_cast<int>(*said.parallelism);
    plan_.framework = said.framework.value_or("");
    plan_.ref = said.ref.value_or("");
    plan_.subdir = normalised_subdir(said.subdir.value_or("")).value_or("");
    if (said.deadline_s) plan_.deadline = milliseconds_of(*said.deadline_s);
    plan_.job_seed = *said.seed;
    plan_.seed_range = *said.random_seed_range;
    plan_.vary = *said.vary;
    plan_.order = *said.order;
    plan_.repeat_in_process = static_cast<int>(*said.repeat_in_process);
    plan_.only_changed = said.only_changed.value_or("");
    fill_environment(said);
    fill_limits(said);
    plan_.ignore_patterns = std::move(said.ignore_patterns);
    plan_.severity_thresholds = *said.severity_thresholds;
    plan_.max_error_length = static_cast<int>(*said.max_error_length);
    plan_.save_full_output = *said.save_full_output;
    plan_.keep = *said.keep;
  }

  void fill_environment(JobRequest& said) {
    plan_.image = said.image.value_or("");
    plan_.dockerfile = said.dockerfile.value_or("");
    plan_.build_args.assign(said.build_args.begin(), said.build_args.end());
    plan_.pull = said.pull.value_or(plan_.pull);
    plan_.setup_commands = std::move(*said.setup_commands);
    plan_.install_dependencies = *said.auto_install_dependencies;
    plan_.install_timeout = milliseconds_of(*said.install_timeout_s);
    plan_.network = network_of(*said.network);
    plan_.env.assign(said.env.begin(), said.env.end());
    plan_.secret_env = std::move(said.secret_env);
    plan_.include = std::move(said.include);
    plan_.results = std::move(said.results);
  }

  void fill_limits(const JobRequest& said) {
    auto& limits = plan_.limits;
    limits.memory_bytes = *said.memory_bytes;
    limits.cpus = *said.cpus;
    limits.pids = *said.pids;
    limits.nofile = *said.nofile;
    limits.tmp_bytes = *said.tmp_bytes;
    limits.shm_bytes = *said.shm_bytes;
    limits.disk_bytes = *said.disk_bytes;
    limits.timeout = milliseconds_of(*said.timeout_s);
  }

  const json& json_;
  const std::string where_;
  JobReading reading_;
  std::vector<std::string> known_;  // keys of the object that is being read
  JobPlan plan_;
};

}  // namespace

JobPlan read_plan(const json& plan, const std::string& where) { return PlanReader(plan, where).read(); }

}  // namespace orchestrator
