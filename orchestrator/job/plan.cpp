#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "orchestrator/job/check.h"
#include "orchestrator/job/field_table.h"
#include "orchestrator/job/pipeline_defaults.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/read_field.h"
#include "orchestrator/job/text_checks.h"
#include "orchestrator/job/variation.h"

namespace orchestrator {
namespace {

constexpr int kDefaultRuns = 10;
constexpr int kMostRuns = 1000;
constexpr int kDefaultParallelism = 4;

// Only what a file of that kind may say, whoever made the request.
JobRequest only_from(Place place, JobRequest request) {
  for (const auto& field : job_fields()) {
    const bool allowed = std::any_of(job_fields().begin(), job_fields().end(), [&](const Field& other) {
      return (other.places & place) && other.member == field.member;
    });
    if (!allowed) forget(field, request);
  }
  return request;
}

class Planner {
 public:
  Planner(const JobRequest& said, const JobRequest& repository, const JobRequest& user,
          const PlanContext& context)
      : said_(said),
        file_(only_from(in_repository, repository)),
        user_(only_from(in_user, user)),
        context_(context) {}

  JobPlan plan() {
    check_bounds();
    if (context_.ci) use_auto_trigger();
    choose_suite();
    all_ = merge(merge(said_, file_), user_);
    check_together();
    if (!errors_.empty()) throw InvalidJob(std::move(errors_));
    fill();
    return std::move(plan_);
  }

 private:
  void fail(const char* name, std::string message) {
    errors_.push_back({field_pointer(*find_field(name)), std::move(message), ""});
  }

  void check_bounds() {
    errors_ = out_of_bounds(said_);
    for (const auto& field : job_fields()) {
      if (field.alias) continue;
      if (auto sentence = violation(field, file_); !sentence.empty()) {
        errors_.push_back({field.name, std::move(sentence), kRepositoryConfig});
      }
      if (auto sentence = violation(field, user_); !sentence.empty()) {
        errors_.push_back({field.name, std::move(sentence), "the user's config"});
      }
    }
  }

  // In a pipeline a file's auto_trigger_* come before its plain fields, as what was said about just that. A
  // suite, which is asked for by name, comes before both.
  void use_auto_trigger() {
    for (JobRequest* file : {&file_, &user_}) {
      if (file->auto_trigger_runs) file->runs = file->auto_trigger_runs;
      if (file->auto_trigger_parallelism) file->parallelism = file->auto_trigger_parallelism;
    }
  }

  std::int64_t default_runs() const { return context_.ci ? kAutoTriggerRuns : kDefaultRuns; }

  // The chosen suite stands in for what the repository's file says at its top.
  void choose_suite() {
    if (!said_.suite) return;
    std::vector<std::string> names;
    for (const auto& suite : file_.test_suites) names.push_back(suite.name);
    const auto found = std::find(names.begin(), names.end(), *said_.suite);
    if (found == names.end()) return fail("suite", unknown_suite(names));
    const TestSuite& suite = file_.test_suites[static_cast<std::size_t>(found - names.begin())];
    plan_.suite = suite.name;
    if (suite.runs) file_.runs = suite.runs;
    if (suite.parallelism) file_.parallelism = suite.parallelism;
    file_.test_command = suite.test_command;
    if (said_.test_command) {
      file_.warnings.push_back("the test command of suite " + in_quotes(suite.name) +
                               " was not used: another was given");
    }
  }

  std::string unknown_suite(const std::vector<std::string>& names) const {
    const std::string start = "suite " + in_quotes(*said_.suite) + " is not in " + kRepositoryConfig;
    if (names.empty()) return start + ", which holds no test_suites";
    std::string known;
    for (const auto& name : names) known += (known.empty() ? "" : ", ") + in_quotes(name);
    return start + did_you_mean(nearest(*said_.suite, names)) + "; it has " + known;
  }

  void check_together() {
    if (!all_.repo && !said_.repo) fail("repo", "Repository URL is required");
    if (!all_.test_command && plan_.suite.empty() && !said_.suite)
      fail("test_command", "Test command is required");
    // A file's number of runs does not stand against an attempt that was asked for by name.
    JobRequest asked = all_;
    asked.runs = said_.runs;
    for (auto& error : contradictions(asked)) errors_.push_back(std::move(error));
    const std::int64_t attempts = all_.runs.value_or(default_runs()) + changed_runs();
    if (all_.only_changed && attempts > kMostRuns)
      fail("changed_runs",
           fmt::format("runs and changed_runs must be at most {} together, not {}", kMostRuns, attempts));
    if (all_.only_changed && all_.only_attempt && *all_.only_attempt >= attempts)
      fail("only_attempt",
           fmt::format("Only attempt must be less than {}: runs and changed_runs together", attempts));
    check_range();
  }

  std::int64_t changed_runs() const {
    return all_.only_changed ? all_.changed_runs.value_or(kChangedRuns) : 0;
  }

  void check_range() {
    const SeedRange range = all_.random_seed_range.value_or(SeedRange{});
    std::int64_t runs =
        all_.until_sure ? all_.max_runs.value_or(kMostRuns) : all_.runs.value_or(default_runs());
    runs += changed_runs();
    if (all_.only_attempt) runs = std::max(runs, *all_.only_attempt + 1);
    if (range.min > range.max || range.min < 0 || range.size() >= static_cast<std::uint64_t>(runs)) return;
    const bool from_file = file_.random_seed_range.has_value();
    errors_.push_back({"random_seed_range",
                       "random_seed_range holds " + std::to_string(range.size()) + " seeds, fewer than the " +
                           std::to_string(runs) + " runs, each of which needs its own",
                       from_file ? kRepositoryConfig : "the user's config"});
  }

  void fill() {
    fill_what();
    fill_limits();
    fill_parallelism();
    fill_environment();
    fill_settings();
    plan_.warnings.insert(plan_.warnings.begin(), all_.warnings.begin(), all_.warnings.end());
  }

  void fill_what() {
    plan_.repo = *all_.repo;
    plan_.test_command = *all_.test_command;
    plan_.runs = static_cast<int>(all_.runs.value_or(default_runs()));
    plan_.only_changed = all_.only_changed.value_or("");
    plan_.changed_runs = static_cast<int>(changed_runs());
    plan_.framework = all_.framework.value_or("");
    plan_.ref = all_.ref.value_or("");
    plan_.subdir = normalised_subdir(all_.subdir.value_or("")).value();
    if (all_.deadline_s) plan_.deadline = milliseconds_of(*all_.deadline_s);
    plan_.job_seed = all_.seed.value_or(context_.random_seed);
    plan_.seed_range = all_.random_seed_range.value_or(SeedRange{});
    if (all_.only_attempt) {
      plan_.only_attempt = static_cast<int>(*all_.only_attempt);
      if (!all_.only_changed)
        plan_.runs =
            std::max(plan_.runs, *plan_.only_attempt + 1);  // the command to run it again must be a good one
    }
    plan_.include = all_.include;
    plan_.results = all_.results;
    fill_variation();
  }

  void fill_variation() {
    plan_.order = all_.order.value_or("written");
    plan_.repeat_in_process = static_cast<int>(all_.repeat_in_process.value_or(1));
    const bool by_hand = all_.order || all_.repeat_in_process;
    plan_.vary = all_.vary.value_or(by_hand ? "none" : "auto");
    if (!all_.until_sure || all_.only_attempt) return;
    plan_.until_sure = parse_rate(*all_.until_sure);
    plan_.runs = static_cast<int>(all_.max_runs.value_or(kMostRuns));
  }

  void fill_limits() {
    auto& limits = plan_.limits;
    limits.memory_bytes = all_.memory_bytes.value_or(limits.memory_bytes);
    limits.cpus = all_.cpus.value_or(limits.cpus);
    limits.pids = all_.pids.value_or(limits.pids);
    limits.nofile = all_.nofile.value_or(limits.nofile);
    limits.tmp_bytes = all_.tmp_bytes.value_or(limits.tmp_bytes);
    limits.shm_bytes = all_.shm_bytes.value_or(limits.shm_bytes);
    limits.disk_bytes = all_.disk_bytes.value_or(limits.disk_bytes);
    if (all_.timeout_s) limits.timeout = milliseconds_of(*all_.timeout_s);
  }

  // A person is taken at their word; a repository may not overload the host.
  void fill_parallelism() {
    const double fitting = std::floor(context_.engine_cpus / plan_.limits.cpus);
    const int cap = static_cast<int>(std::clamp(fitting, 1.0, 1000.0));
    const bool by_person = said_.parallelism || (!file_.parallelism && user_.parallelism);
    plan_.parallelism_requested = static_cast<int>(
        all_.parallelism.value_or(context_.ci ? kAutoTriggerParallelism : kDefaultParallelism));
    plan_.parallelism = by_person ? plan_.parallelism_requested : std::min(plan_.parallelism_requested, cap);
    if (all_.parallelism && plan_.parallelism < plan_.parallelism_requested) {
      plan_.warnings.push_back(fmt::format(
          "{} asks for a parallelism of {}; the CPUs here allow {}, unless --parallelism says more",
          kRepositoryConfig, plan_.parallelism_requested, plan_.parallelism));
    }
  }

  void fill_environment() {
    plan_.image = all_.image.value_or("");
    if (all_.dockerfile) plan_.dockerfile = normalised_subdir(*all_.dockerfile).value();
    plan_.build_args.assign(all_.build_args.begin(), all_.build_args.end());
    plan_.pull = all_.pull.value_or(plan_.pull);
    plan_.setup_commands = all_.setup_commands.value_or(std::vector<std::string>());
    plan_.install_dependencies = all_.auto_install_dependencies.value_or(!all_.dockerfile);
    if (all_.install_timeout_s) plan_.install_timeout = milliseconds_of(*all_.install_timeout_s);
    plan_.network = network_of(all_.network.value_or("none"));
    plan_.env.assign(all_.env.begin(), all_.env.end());
    plan_.secret_env = all_.secret_env;
    warn_of_replaced_variables();
  }

  // Theirs to set, but then an attempt is another than the report's reader expects.
  void warn_of_replaced_variables() {
    const std::pair<const char*, const char*> ours[] = {
        {"HOME", "the attempt's own folder"},
        {"PATH", "the image's, where installed programs are found"},
        {"PYTHONHASHSEED", "the attempt's own, so that hashes do not follow its seed"}};
    for (const auto& [name, what] : ours) {
      const std::string who = who_sets(name);
      if (!who.empty())
        plan_.warnings.push_back(fmt::format("{} is set by {}: it replaces {}", name, who, what));
    }
  }

  std::string who_sets(const std::string& name) const {
    const auto sets = [&](const JobRequest& request) {
      return request.env.count(name) > 0 ||
             std::count(request.secret_env.begin(), request.secret_env.end(), name) > 0;
    };
    return sets(said_)   ? "the request"
           : sets(file_) ? kRepositoryConfig
           : sets(user_) ? "the user's config"
                         : "";
  }

  void fill_settings() {
    plan_.ignore_patterns = all_.ignore_patterns;
    plan_.severity_thresholds = all_.severity_thresholds.value_or(SeverityThresholds{});
    plan_.max_error_length = static_cast<int>(all_.max_error_length.value_or(plan_.max_error_length));
    plan_.save_full_output = all_.save_full_output.value_or(false);
    plan_.auto_trigger_on_failure = all_.auto_trigger_on_failure.value_or(true);
    plan_.keep = all_.keep.value_or(false);
  }

  const JobRequest& said_;
  JobRequest file_, user_, all_;
  const PlanContext& context_;
  std::vector<FieldError> errors_;
  JobPlan plan_;
};

}  // namespace

JobPlan make_plan(const JobRequest& said, const JobRequest& repository, const JobRequest& user,
                  const PlanContext& context) {
  return Planner(said, repository, user, context).plan();
}

}  // namespace orchestrator
