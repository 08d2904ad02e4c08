// What to run. A `JobRequest` is what was said, field by field and by whom; a `JobPlan` is complete and
// within bounds. The one becomes the other after the checkout, because the repository's own file may set some
// fields.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/execution.h"
#include "sandbox/limits.h"

namespace orchestrator {

// A line for `/bin/sh -c`, or exact words.
struct TestCommand {
  std::string line;  // when `words` is empty
  std::vector<std::string> words;

  bool empty() const { return line.empty() && words.empty(); }
  std::vector<std::string> argv() const;  // {"/bin/sh", "-c", line} or the words
  // The words, or those of the line (also of `sh -c LINE`), split at blanks: to guess the runner, never to
  // run.
  std::vector<std::string> split() const;
  // To be copied behind `--`, quoted for a shell. A line of one word has a blank at its end: without it would
  // be a program's name.
  std::string display() const;
  std::string shown() const;  // to be read: a line without the quotes, words as above
};

struct SeedRange {
  std::int64_t min = 1;
  std::int64_t max = 1'000'000;
  std::uint64_t size() const { return static_cast<std::uint64_t>(max - min) + 1; }
};

// The seed of an attempt: a function of job seed, index and range alone, and a different one for each index
// (a keyed permutation of the range; see seeds.cpp for its definition).
std::int64_t attempt_seed(std::uint64_t job_seed, std::uint64_t index, const SeedRange& range);

struct TestSuite {
  std::string name;
  TestCommand test_command;
  std::optional<int> runs;
  std::optional<int> parallelism;
};

struct SeverityThresholds {
  double critical = 0.9, high = 0.5, medium = 0.1, low = 0.01;
};
// "CRITICAL", "HIGH", "MEDIUM", "LOW", "NONE": compared with >=.
std::string_view severity(double rate, const SeverityThresholds& thresholds);

// The repository's own file, at the root of its tree.
inline constexpr const char* kRepositoryConfig = ".flaky-detector.yml";

// Every field optional: absent means "not said".
struct JobRequest {
  std::optional<std::string> repo;
  std::optional<TestCommand> test_command;
  std::optional<std::string> suite;
  std::optional<std::int64_t> runs;
  std::optional<std::int64_t> parallelism;
  std::optional<std::string> framework;
  std::optional<std::string> ref;
  std::optional<std::string> subdir;
  std::optional<double> timeout_s;
  std::optional<double> deadline_s;
  std::optional<std::uint64_t> seed;
  std::optional<std::int64_t> only_attempt;
  std::optional<std::string> image;
  std::optional<std::string> dockerfile;
  std::map<std::string, std::string> build_args;  // of the Dockerfile
  std::optional<std::string> pull;                // "missing", "always", "never"
  std::optional<std::vector<std::string>> setup_commands;
  std::optional<bool> auto_install_dependencies;
  std::optional<std::string> network;  // "none", "internal", "bridge"
  std::map<std::string, std::string> env;
  std::vector<std::string> secret_env;  // names only
  std::vector<std::string> include;
  std::vector<std::string> results;  // globs of files with results that the command writes
  std::optional<std::string> vary;   // "none", "auto", or shares: "written=2,shuffle=1,repeat=1"
  std::optional<std::string> order;  // "written", "reversed", "shuffled": of every attempt
  std::optional<std::int64_t> repeat_in_process;
  std::optional<std::string> until_sure;  // a rate: "5%" or "0.05"
  std::optional<std::int64_t> max_runs;
  std::optional<std::string>
      only_changed;  // a ref: tests of files changed since it have attempts of their own
  std::optional<std::int64_t> changed_runs;  // so many
  // Of `limits`: each as said, in the unit of the name. Sizes accept "512m", "2g" or bytes.
  std::optional<std::int64_t> memory_bytes, tmp_bytes, shm_bytes, disk_bytes;
  std::optional<double> cpus;
  std::optional<std::int64_t> pids, nofile;

  // Only from .flaky-detector.yml:
  std::vector<std::string> ignore_patterns;
  std::optional<SeverityThresholds> severity_thresholds;
  std::optional<double> install_timeout_s;  // pip_install_timeout: every install step
  std::optional<std::int64_t> max_error_length;
  std::optional<bool> save_full_output;
  std::optional<bool> keep;  // preserve_temp_dir, or cleanup_on_failure: false
  std::optional<SeedRange> random_seed_range;
  std::vector<TestSuite> test_suites;
  std::optional<bool> auto_trigger_on_failure;
  std::optional<std::int64_t> auto_trigger_runs, auto_trigger_parallelism;

  std::vector<std::string> warnings;  // fields that were ignored, deprecations

  nlohmann::json to_json() const;  // only what was said; no secret values
};

// One mistake in a request.
struct FieldError {
  std::string pointer;  // "/runs", or "runs" of which file: "/limits/memory"
  std::string message;  // one sentence; the predecessor's texts unchanged
  std::string where;    // the file it stands in; empty for flags, environment and requests without a name
};

// So many mistakes are told; after them only that there are more. A stranger's list of a million wrong words
// would else be a million sentences, kept and answered again and again.
inline constexpr std::size_t kMostErrors = 100;
// Adds one to those that are told, shortened to what a person reads.
void add_error(std::vector<FieldError>& errors, FieldError error);

// All mistakes at once. what() is all messages, a line each.
class InvalidJob : public std::runtime_error {
 public:
  explicit InvalidJob(std::vector<FieldError> errors, std::string where = "");
  const std::vector<FieldError>& errors() const { return errors_; }

 private:
  std::vector<FieldError> errors_;
};

enum class UnknownFields { error, warn };  // warn: RunPod's wire

// What could be read from one source, and what could not. Wrong fields are left out of `request`.
struct JobReading {
  JobRequest request;
  std::vector<FieldError> errors;
  std::vector<std::string> beside;  // the names that stand beside a wrapped "input": not the job's
};

// The largest job that is read from a file.
inline constexpr std::size_t kLargestJson = 8 * 1024 * 1024;

// Reads a job from JSON text, bare or wrapped in {"input": …}. Depth is limited to 64, size to 8 MiB;
// duplicate keys are an error. Throws InvalidJob. `where` names the file or request in messages.
JobRequest parse_job(std::string_view json, UnknownFields unknown, const std::string& where);

// The same without throwing: for `combine`. Who has bounded the text already says how large it may be.
JobReading read_job(std::string_view json, UnknownFields unknown, const std::string& where,
                    std::size_t most_bytes = kLargestJson);

// Reads ORCHESTRATOR_RUNS, ORCHESTRATOR_PARALLELISM, … (every scalar field) through `getenv`. An empty
// variable is one that is not set. Throws InvalidJob.
JobRequest job_from_environment(const std::function<std::optional<std::string>(const char*)>& getenv);
// The same without throwing: for `combine`.
JobReading read_environment(const std::function<std::optional<std::string>(const char*)>& getenv);

// Reads the repository's .flaky-detector.yml. Only the keys that cannot loosen anything; out of bounds is an
// InvalidJob that names file and key, other keys are an error with the nearest known one, forbidden keys
// (image, network, …) an error that says so. `where` is the file's path in the tree.
JobRequest parse_repository_config(std::string_view yaml, const std::string& where);

// Reads the user's config (the same YAML with every job field but repo, test_command and secret values
// allowed).
JobRequest parse_user_config(std::string_view yaml, const std::string& where);
// The same without throwing.
JobReading read_user_config(std::string_view yaml, const std::string& where);

// What `strong` says wins field by field over `weak`; env maps are merged, lists are replaced.
JobRequest merge(JobRequest strong, const JobRequest& weak);

// Bounds of everything that can be checked before the checkout: throws InvalidJob with all mistakes. A
// missing test command is a mistake here only beside others or without a repository, since the repository's
// file may bring one.
void check_request(const JobRequest& request);
// The same without throwing.
std::vector<FieldError> request_errors(const JobRequest& request);

// Merges what several sources said, the strongest first, and checks the whole like check_request. Throws
// InvalidJob with the mistakes of all of them, so that a person sees them at once.
JobRequest combine(const std::vector<JobReading>& strongest_first);

struct JobPlan {
  std::string repo;
  TestCommand test_command;
  std::string suite;
  int runs = 10;
  int parallelism = 4;  // as granted
  int parallelism_requested = 4;
  std::string framework;  // empty: detect
  std::string ref;
  std::string subdir;  // normalised, "" for the root
  std::optional<std::chrono::milliseconds> deadline;
  std::uint64_t job_seed = 0;
  SeedRange seed_range;
  std::optional<int> only_attempt;  // 0-based index
  std::string vary = "auto";        // as said; "none" where order or repeat_in_process is
  std::string order = "written";
  int repeat_in_process = 1;
  std::optional<double> until_sure;  // stop when each test is settled at that rate; `runs` is then the most
  std::string only_changed;          // empty: not asked for
  int changed_runs =
      0;  // attempts of the changed files' tests alone, after the others; 0 when there are none
  std::string image;
  std::string dockerfile;        // normalised path inside the tree; empty: none
  sandbox::EnvList build_args;   // of the Dockerfile, sorted by name; shown in the report
  std::string pull = "missing";  // when a registry is asked for the base image
  std::vector<std::string> setup_commands;
  bool install_dependencies = true;  // by default not beside a Dockerfile, whose business they are
  std::chrono::milliseconds install_timeout{900'000};
  sandbox::Network network = sandbox::Network::none;
  sandbox::EnvList env;
  std::vector<std::string> secret_env;
  sandbox::Limits limits;
  std::vector<std::string> include;
  std::vector<std::string> results;  // see sandbox::Execution::results
  std::vector<std::string> ignore_patterns;
  SeverityThresholds severity_thresholds;
  int max_error_length = 200;
  bool save_full_output = false;
  bool keep = false;
  bool auto_trigger_on_failure = true;  // a pipeline may ask when another job of it has failed
  std::vector<std::string> warnings;

  int attempts() const { return runs + changed_runs; }
  nlohmann::json to_json() const;
};

struct PlanContext {
  int engine_cpus = 1;  // parallelism is at most this ÷ limits.cpus unless it was asked for by a person
  std::uint64_t random_seed = 0;  // the job seed when none was said
  bool ci = false;  // auto_trigger_runs and auto_trigger_parallelism count, and have defaults of their own
};

// `said` is the merge of flags, job and environment; `repository` and `user` the two files. Applies the
// precedence of all, the chosen suite, the defaults, and checks every bound. Throws InvalidJob.
JobPlan make_plan(const JobRequest& said, const JobRequest& repository, const JobRequest& user,
                  const PlanContext& context);

// "2g", "512m", "1.5GiB", "4096" → bytes; nullopt when it is no size.
std::optional<std::int64_t> parse_size(std::string_view text);
// "5m", "90s", "1h", "300" → seconds; nullopt when it is no duration.
std::optional<double> parse_duration_s(std::string_view text);
// The nearest of `known` by edit distance, empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace orchestrator
