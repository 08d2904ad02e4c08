#include "orchestrator/job/field_table.h"

#include <algorithm>

#include "orchestrator/job/text_checks.h"

namespace orchestrator {
namespace {

using K = FieldKind;
using R = JobRequest;

constexpr unsigned kPerson = in_job | in_environment | on_command_line;  // whoever asks for this job
constexpr unsigned kScalar = kPerson | in_user;
constexpr unsigned kList = in_job | on_command_line | in_user;
constexpr unsigned kFiles = in_repository | in_user;

constexpr double kDay = 86'400;
constexpr double kYear = 365 * kDay;
constexpr double kInstant = 0.001;  // times are kept in milliseconds
constexpr double kMiB = 1024.0 * 1024;
constexpr double kPiB = kMiB * kMiB * 1024;

const char* const kRuns = "Runs must be between 1 and 1000";
const char* const kParallelism = "Parallelism must be between 1 and 50";

std::vector<Field> what_to_test() {
  return {
      {.name = "repo",
       .flag = "--repo",
       .kind = K::text,
       .places = kPerson,
       .member = &R::repo,
       .check = check_repo,
       .value = "URL|DIR",
       .about = "Repository: a URL (https, ssh) or a local folder"},
      {.name = "ref",
       .flag = "--ref",
       .kind = K::text,
       .places = kScalar,
       .member = &R::ref,
       .check = check_ref,
       .value = "REF",
       .about = "Branch, tag or commit [the default branch]"},
      {.name = "subdir",
       .flag = "--subdir",
       .kind = K::text,
       .places = kScalar,
       .member = &R::subdir,
       .check = check_subdir,
       .value = "DIR",
       .about = "Folder inside the tree to run in [its root]"},
      {.name = "include",
       .flag = "--include",
       .kind = K::texts,
       .places = kList,
       .member = &R::include,
       .check = check_not_empty,
       .value = "GLOB",
       .about = "Bring ignored files of a local folder back; may be repeated"},
      {.name = "test_command",
       .flag = "--",
       .kind = K::command,
       .places = kPerson | in_repository,
       .member = &R::test_command,
       .value = "COMMAND",
       .about = ""},
      {.name = "suite",
       .flag = "--suite",
       .kind = K::text,
       .places = kPerson,
       .member = &R::suite,
       .check = check_not_empty,
       .value = "NAME",
       .about = "Run this one of the test_suites in the repository's .flaky-detector.yml"},
      {.name = "results",
       .flag = "--results",
       .kind = K::globs,
       .places = kList | in_repository,
       .member = &R::results,
       .check = check_results_glob,
       .value = "GLOB",
       .about = "JUnit XML that the command writes, for results test by test; may be repeated"},
      {.name = "framework",
       .flag = "--framework",
       .kind = K::text,
       .places = kScalar,
       .member = &R::framework,
       .check = check_framework,
       .value = "NAME",
       .about = "Toolchain [detected]"},
  };
}

std::vector<Field> how_often() {
  return {
      {.name = "runs",
       .flag = "--runs",
       .kind = K::whole,
       .places = kScalar | in_repository,
       .member = &R::runs,
       .min = 1,
       .max = 1000,
       .rule = kRuns,
       .value = "N",
       .about = "Number of attempts, 1 to 1000 [10]",
       .about_in_ci = "Number of attempts, 1 to 1000 [20]"},
      {.name = "parallelism",
       .flag = "--parallelism",
       .kind = K::whole,
       .places = kScalar | in_repository,
       .member = &R::parallelism,
       .min = 1,
       .max = 50,
       .rule = kParallelism,
       .value = "N",
       .about = "Attempts at once, 1 to 50 [4, or as many as the CPUs allow]",
       .about_in_ci = "Attempts at once, 1 to 50 [5, or as many as the CPUs allow]"},
      {.name = "timeout",
       .flag = "--timeout",
       .kind = K::seconds,
       .places = kScalar | in_repository,
       .member = &R::timeout_s,
       .min = kInstant,
       .max = kDay,
       .rule = "Timeout must be more than 0 and at most 86400 seconds",
       .value = "TIME",
       .about = "Of one attempt: 90s, 5m, 1h or seconds [5m]"},
      {.name = "deadline",
       .flag = "--deadline",
       .kind = K::seconds,
       .places = kScalar,
       .member = &R::deadline_s,
       .min = kInstant,
       .max = kYear,
       .rule = "Deadline must be more than 0 and at most 31536000 seconds",
       .value = "TIME",
       .about = "Of the whole job; then a partial report [none]"},
      {.name = "seed",
       .flag = "--seed",
       .kind = K::seed,
       .places = kScalar,
       .member = &R::seed,
       .rule = "Seed must be a whole number between 0 and 18446744073709551615",
       .value = "N",
       .about = "Job seed, from which each attempt's seed follows [random]"},
      {.name = "only_attempt",
       .flag = "--only-attempt",
       .kind = K::whole,
       .places = in_job | on_command_line,
       .member = &R::only_attempt,
       .min = 0,
       .max = 999,
       .rule = "Only attempt must be between 0 and 999",
       .value = "K",
       .about = "Run attempt K of the job again, and no other"},
      {.name = "vary",
       .flag = "--vary",
       .kind = K::text,
       .places = kScalar,
       .member = &R::vary,
       .check = check_vary,
       .value = "none|auto|SHARES",
       .about = "What differs between attempts: shares as in written=2,shuffle=1,repeat=1 [auto: these]"},
      {.name = "order",
       .flag = "--order",
       .kind = K::text,
       .places = kScalar,
       .member = &R::order,
       .check = check_order,
       .value = "ORDER",
       .about = "Order of the tests in every attempt: written, reversed or shuffled"},
      {.name = "repeat_in_process",
       .flag = "--repeat-in-process",
       .kind = K::whole,
       .places = kScalar,
       .member = &R::repeat_in_process,
       .min = 1,
       .max = 100,
       .rule = "Repeat in process must be between 1 and 100",
       .value = "N",
       .about = "How often each test runs in one process, in every attempt"},
      {.name = "until_sure",
       .flag = "--until-sure",
       .kind = K::text,
       .places = kScalar,
       .member = &R::until_sure,
       .check = check_rate,
       .alone = "5%",
       .value = "RATE",
       .about = "Stop when each test has passed and failed, or fails less often than this [5%]"},
      {.name = "max_runs",
       .flag = "--max-runs",
       .kind = K::whole,
       .places = kScalar,
       .member = &R::max_runs,
       .min = 1,
       .max = 1000,
       .rule = "Max runs must be between 1 and 1000",
       .value = "N",
       .about = "At most so many attempts with --until-sure [1000]"},
      {.name = "only_changed",
       .flag = "--only-changed",
       .kind = K::text,
       .places = kPerson,
       .member = &R::only_changed,
       .check = check_base,
       .value = "BASE",
       .about = "Tests in files that were added or changed since BASE get attempts of their own"},
      {.name = "changed_runs",
       .flag = "--changed-runs",
       .kind = K::whole,
       .places = kPerson,
       .member = &R::changed_runs,
       .min = 1,
       .max = 1000,
       .rule = "Changed runs must be between 1 and 1000",
       .value = "N",
       .about = "So many with --only-changed; all others get --runs [100]"},
  };
}

std::vector<Field> where_it_runs() {
  return {
      {.name = "image",
       .flag = "--image",
       .kind = K::text,
       .places = kScalar,
       .member = &R::image,
       .check = check_image,
       .value = "IMAGE",
       .about = "Base image [by toolchain]"},
      {.name = "dockerfile",
       .flag = "--dockerfile",
       .kind = K::text,
       .places = kScalar,
       .member = &R::dockerfile,
       .check = check_dockerfile,
       .value = "FILE",
       .about = "The repository's own Dockerfile instead of an image"},
      {.name = "build_args",
       .flag = "--build-arg",
       .kind = K::variables,
       .places = kList,
       .member = &R::build_args,
       .check = check_variable_name,
       .value = "NAME[=VALUE]",
       .about = "Argument of the Dockerfile; NAME alone copies it from here; may be repeated"},
      {.name = "pull",
       .flag = "--pull",
       .kind = K::text,
       .places = kScalar,
       .member = &R::pull,
       .check = check_pull,
       .value = "WHEN",
       .about = "Ask a registry for the base image: missing, always or never [missing]"},
      {.name = "setup_commands",
       .flag = "--setup-command",
       .kind = K::texts,
       .places = kList,
       .member = &R::setup_commands,
       .check = check_not_empty,
       .value = "LINE",
       .about = "Shell line to run as root while the image is built; may be repeated"},
      {.name = "auto_install_dependencies",
       .flag = "--no-install",
       .kind = K::boolean,
       .places = kScalar | in_repository,
       .member = &R::auto_install_dependencies,
       .about = "Do not install the repository's dependencies"},
      {.name = "network",
       .flag = "--network",
       .kind = K::text,
       .places = kScalar,
       .member = &R::network,
       .check = check_network,
       .value = "NAME",
       .about = "Of attempts: none, internal or bridge [none]"},
      {.name = "env",
       .flag = "--env",
       .kind = K::variables,
       .places = kList,
       .member = &R::env,
       .check = check_attempt_variable,
       .value = "NAME[=VALUE]",
       .about = "Set a variable; NAME alone copies it from here; may be repeated"},
      {.name = "secret_env",
       .flag = "--secret-env",
       .kind = K::names,
       .places = kList,
       .member = &R::secret_env,
       .check = check_attempt_variable,
       .value = "NAME",
       .about = "Pass a variable from here, masked and never stored; may be repeated"},
  };
}

std::vector<Field> limits_of_an_attempt() {
  return {
      {.name = "memory",
       .group = kLimits,
       .flag = "--memory",
       .kind = K::size,
       .places = kScalar,
       .member = &R::memory_bytes,
       .min = 6 * kMiB,
       .max = kPiB,
       .rule = "Memory must be between 6 MiB and 1 PiB",
       .value = "SIZE",
       .about = "Memory, swap included: 512m, 2g or bytes [2g]"},
      {.name = "cpus",
       .group = kLimits,
       .flag = "--cpus",
       .kind = K::number,
       .places = kScalar,
       .member = &R::cpus,
       .min = 0.01,
       .max = 1024,
       .rule = "CPUs must be between 0.01 and 1024",
       .value = "N",
       .about = "CPUs [1]"},
      {.name = "pids",
       .group = kLimits,
       .flag = "--pids",
       .kind = K::whole,
       .places = kScalar,
       .member = &R::pids,
       .min = 1,
       .max = 1'000'000,
       .rule = "Pids must be between 1 and 1000000",
       .value = "N",
       .about = "Processes and threads [512]"},
      {.name = "nofile",
       .group = kLimits,
       .flag = "--nofile",
       .kind = K::whole,
       .places = kScalar,
       .member = &R::nofile,
       .min = 16,
       .max = 1'048'576,
       .rule = "Nofile must be between 16 and 1048576",
       .value = "N",
       .about = "Open files [4096]"},
      {.name = "tmp",
       .group = kLimits,
       .flag = "--tmp",
       .kind = K::size,
       .places = kScalar,
       .member = &R::tmp_bytes,
       .min = kMiB,
       .max = kPiB,
       .rule = "Tmp must be between 1 MiB and 1 PiB",
       .value = "SIZE",
       .about = "Size of /tmp, which is memory [512m]"},
      {.name = "shm",
       .group = kLimits,
       .flag = "--shm",
       .kind = K::size,
       .places = kScalar,
       .member = &R::shm_bytes,
       .min = kMiB,
       .max = kPiB,
       .rule = "Shm must be between 1 MiB and 1 PiB",
       .value = "SIZE",
       .about = "Size of /dev/shm [64m]"},
      {.name = "disk",
       .group = kLimits,
       .flag = "--disk",
       .kind = K::size,
       .places = kScalar,
       .member = &R::disk_bytes,
       .min = kMiB,
       .max = kPiB,
       .rule = "Disk must be between 1 MiB and 1 PiB",
       .value = "SIZE",
       .about = "What an attempt may write [4g]"},
  };
}

std::vector<Field> of_config_files() {
  return {
      {.name = "environment",
       .kind = K::variables,
       .places = kFiles,
       .member = &R::env,
       .check = check_attempt_variable,
       .alias = true},
      {.name = "ignore_patterns",
       .kind = K::texts,
       .places = kFiles,
       .member = &R::ignore_patterns,
       .check = check_not_empty},
      {.name = "severity_thresholds",
       .kind = K::thresholds,
       .places = kFiles,
       .member = &R::severity_thresholds},
      {.name = "pip_install_timeout",
       .kind = K::seconds,
       .places = kFiles,
       .member = &R::install_timeout_s,
       .min = kInstant,
       .max = kDay,
       .rule = "The install timeout must be more than 0 and at most 86400 seconds"},
      {.name = "max_error_length",
       .kind = K::whole,
       .places = kFiles,
       .member = &R::max_error_length,
       .min = 1,
       .max = 100'000,
       .rule = "The maximum error length must be between 1 and 100000"},
      {.name = "save_full_output", .kind = K::boolean, .places = kFiles, .member = &R::save_full_output},
      {.name = "preserve_temp_dir", .kind = K::boolean, .places = kFiles, .member = &R::keep},
      {.name = "cleanup_on_failure", .kind = K::negated, .places = kFiles, .member = &R::keep, .alias = true},
      {.name = "random_seed_range", .kind = K::range, .places = kFiles, .member = &R::random_seed_range},
      {.name = "test_suites", .kind = K::suites, .places = in_repository, .member = &R::test_suites},
      {.name = "auto_trigger_on_failure",
       .kind = K::boolean,
       .places = kFiles,
       .member = &R::auto_trigger_on_failure},
      {.name = "auto_trigger_runs",
       .kind = K::whole,
       .places = kFiles,
       .member = &R::auto_trigger_runs,
       .min = 1,
       .max = 1000,
       .rule = kRuns},
      {.name = "auto_trigger_parallelism",
       .kind = K::whole,
       .places = kFiles,
       .member = &R::auto_trigger_parallelism,
       .min = 1,
       .max = 50,
       .rule = kParallelism},
  };
}

}  // namespace

const std::vector<Field>& job_fields() {
  static const std::vector<Field> table = [] {
    std::vector<Field> all;
    for (const auto& part :
         {what_to_test(), how_often(), where_it_runs(), limits_of_an_attempt(), of_config_files()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return table;
}

const Field* find_field(std::string_view name) {
  for (const auto& field : job_fields()) {
    if (name == field.name) return &field;
  }
  return nullptr;
}

std::vector<std::string> field_names(unsigned place, std::string_view group) {
  std::vector<std::string> names;
  bool limits = false;
  for (const auto& field : job_fields()) {
    if (!(field.places & place)) continue;
    if (group == field.group) names.emplace_back(field.name);
    limits = limits || std::string_view(kLimits) == field.group;
  }
  if (group.empty() && limits) names.emplace_back(kLimits);
  return names;
}

std::string field_pointer(const Field& field) {
  const std::string group = field.group;
  return (group.empty() ? "/" : "/" + group + "/") + field.name;
}

std::string field_variable(const Field& field) {
  std::string name = "ORCHESTRATOR_";
  for (const char* c = field.name; *c; ++c)
    name += *c >= 'a' && *c <= 'z' ? static_cast<char>(*c - 'a' + 'A') : *c;
  return name;
}

}  // namespace orchestrator
