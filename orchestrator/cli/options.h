// The command line as values: which mode, what was said about the job, and how to show it. Parsing starts
// nothing; what it cannot understand it says at once, flag by flag. Then, and only then, it also reads the
// job file and the user's config, so that their mistakes are told with it.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "orchestrator/cli/progress.h"
#include "orchestrator/job/job.h"
#include "orchestrator/report/report_formats.h"
#include "orchestrator/run/bundle.h"

namespace orchestrator {

enum class ColourMode { automatic, always, never };
enum class LogFormat { text, json };

struct CommandLine {
  enum class Mode {
    run,
    ci,
    replay,
    compare,
    images_bootstrap,
    images_list,
    images_prune,
    doctor,
    clean,
    serve,
    worker,
    token,
    history_import,
    version
  };

  Mode mode = Mode::run;

  // run
  JobRequest request;                 // what the flags and the words after `--` say; each within its bounds
  std::string input_file;             // a job as JSON; "-": stdin
  std::string json_file;              // the report; "-": stdout
  std::vector<WantedReport> reports;  // in further formats
  bool github_annotations = false;    // workflow commands on stdout, around and behind the summary
  bool post_github = false, post_slack = false;
  int pull_request = 0;       // 0: as the CI tells
  std::string logs_dir;       // the attempts' whole output
  std::string config_file;    // the user's config; empty: the usual place
  std::string git_token_env;  // name of the variable that holds the token
  std::string git_token_file;
  std::string git_host;                     // the host that token and keys are for; empty: the repository's
  std::string ssh_key;                      // a private key's file; empty: as ssh finds one
  std::string ssh_known_hosts, ssh_config;  // files instead of ssh's own
  std::string git_program;                  // fetches instead of libgit2; empty: libgit2 does
  std::string ca_file;                      // PEM bundle
  bool keep = false;                        // leave scratch folders for a look
  std::string bundle_file;                  // the run as one file
  // run: such a file instead of a job; what was said beside it
  std::string from_bundle;
  BundleWishes bundle_wishes;
  std::optional<double> bundle_deadline_s;

  // Another host that runs the job: a serve, or an endpoint of RunPod's.
  struct On {
    std::string url;  // empty: this host
    std::string token_file, token_env;
  } on;

  struct Ci {
    FailOn fail_on = FailOn::flaky;
    std::optional<double> max_flake_rate;
    std::string quarantine_file;  // empty: the tree's own; "none"
    bool on_failure = false;      // another job of the pipeline has failed
    std::string result_file;      // for later steps; "-": stdout
    std::string dotenv_file;
  } ci;

  // compare
  std::string before_file, after_file;  // reports; --json as above

  // replay; with json_file, reports, logs_dir, keep and access to git as for run
  std::string saved_report;    // the file
  std::optional<int> attempt;  // its number there
  std::string test;            // instead: a test's id, or the end of one
  int times = 1;
  bool shell = false;  // a terminal where the test would start

  // serve; with access to git as for run
  struct Serve {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;
    std::string socket;  // a path, instead
    std::string token_file;
    std::vector<std::string> hosts;                                                 // names of this server
    std::vector<std::string> repository_hosts, folders, images, networks, secrets;  // that jobs may name
    bool private_webhooks = false;
    int jobs = 4;  // at once; 0: this host works on none itself
    bool fail_on_restart = false;
    double drain_s = 60, keep_days = 30;
    std::int64_t keep_bytes = 4ll << 30;
    int waiting = 10'000;  // jobs; one client's: a fifth of them
    int readers = 128;     // of events, and of logs
  } serve;

  // worker; what its jobs may name is in `serve`; with access to git as for run
  struct Worker {
    std::string test_input;  // a job as JSON
    bool serve_api = false;
    std::string api_host = "127.0.0.1";
    std::uint16_t api_port = 8000;
    int api_concurrency = 1;
    std::string log_level;  // of RunPod; empty: by the environment
    int jobs = 0;           // at once; 0: what the host carries
    double drain_s = 20;
    std::size_t result_bytes = 8'000'000;
    std::string volume = "/runpod-volume";  // where whole reports go, if it is there
    bool stream = false, refresh = false, private_urls = false;
    std::vector<std::string> ignored;  // words that are not ours
  } worker;

  // token
  std::string token_name, token_scopes = "submit,read";

  std::string history_file;  // of history import

  // images bootstrap
  std::string bootstrap_name;
  std::string mirror;

  // images prune
  struct Prune {
    std::optional<double> unused_for_s;  // only what nobody has used for so long
    bool all = false;                    // not only what is beyond the budget
    bool of_others = false;              // of other state folders, too
    bool bases = false;
    bool dry_run = false;
  } prune;

  bool clean_images = false;  // clean

  // every mode
  std::optional<std::int64_t> image_budget = 20ll << 30;  // bytes; nothing: no budget
  std::string image_cache;                                // a folder; empty: none
  std::string host;              // as DOCKER_HOST; empty: by `context`, or by the environment
  std::string context;           // of the docker program
  bool insecure_engine = false;  // plain TCP is allowed
  std::string state_dir;         // empty: the usual place
  ProgressMode progress = ProgressMode::automatic;
  ColourMode colour = ColourMode::automatic;
  LogFormat log_format = LogFormat::text;
  int verbosity = 0;         // number of -v
  bool json_output = false;  // JSON on stdout (doctor, images list)
};

// what() is one sentence per mistake, a line each; exit 2. It also says how and where a script wants to be
// told, and what the log is like, as far as that could be read.
class UsageError : public std::runtime_error {
 public:
  explicit UsageError(const std::string& what, std::string report_file = "",
                      ProgressMode progress_mode = ProgressMode::automatic)
      : std::runtime_error(what), json_file(std::move(report_file)), progress(progress_mode) {}
  static constexpr int kExitCode = 2;

  std::string json_file;    // of run's --json
  std::string result_file;  // of ci's --result
  ProgressMode progress;
  LogFormat log_format = LogFormat::text;
};

// what() is the help that was asked for: to stdout, exit 0.
class HelpRequested : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using GetEnv = std::function<std::optional<std::string>(const char*)>;
// That of this process.
std::optional<std::string> environment(const char* name);

// `getenv` is asked for the variables of `--env NAME`, and, when there are mistakes, for what else is
// missing. `variables`: the names of all that there are, among which is none that serve does not know. Throws
// UsageError and HelpRequested.
CommandLine parse_command_line(int argc, const char* const* argv, const GetEnv& getenv,
                               const std::vector<std::string>& variables = {});
// The same with the process's own environment.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace orchestrator
