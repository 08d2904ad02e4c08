// A command line that is being read, and what the readers of its commands share. Inside the command line
// only.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "orchestrator/cli/flag_set.h"
#include "orchestrator/cli/option_values.h"
#include "orchestrator/cli/options.h"

namespace orchestrator {

struct Draft {
  CommandLine line;
  FieldTexts fields;  // of the job's own flags
  std::map<const ReportFormat*, std::string> reports;
  bool no_install = false, install = false;
  bool quiet = false, help = false;
  bool complete = true;  // false: not all flags were read, so that nothing can be said to be missing
  std::string progress, colour, log_format, junit_flaky, pull_request;
  std::string image_budget, older_than;
  std::string fail_on, max_flake_rate;
  std::string attempt, times;  // of replay
  // Of serve; jobs and drain of worker, too.
  std::string listen, jobs, on_restart, drain, keep, keep_size, waiting, readers;
  std::string api_port, api_concurrency, result_size;  // of worker
  JobReading reading;

  // `pointer`: the flag.
  void fail(std::string pointer, std::string message) {
    reading.errors.push_back({std::move(pointer), std::move(message), ""});
  }
};

// What stands beside the flags of a command line.
struct Beside {
  const std::optional<std::vector<std::string>>& test_command;  // the words behind --
  const GetEnv& getenv;
  const std::vector<std::string>& variables;  // all that there are: their names
};

// Access to git: the flags, and what is wrong with them.
// `otherwise`: of --git-host.
// `host`, `key`: what counts where none is named.
void define_git(FlagSet& flags, Draft& draft, const std::string& host = "the repository's",
                const std::string& key = "agent and ssh's configuration");
void check_git_flags(Draft& draft);
// For whoever clones for themselves.
void define_git_program(FlagSet& flags, Draft& draft);

// Whether it may be a host, with or without a port: no URL.
bool is_host(const std::string& text);
// A whole number within bounds, if one was said; else its mistake is the draft's.
std::optional<int> number_said(const std::string& flag, const std::string& text, int least, int most,
                               Draft& draft);

// The flags of each command, and afterwards what they come to.
void define_run(FlagSet& flags, Draft& draft);
void finish_run(Draft& draft, const Beside& beside);
void define_ci(FlagSet& flags, Draft& draft);
void finish_ci(Draft& draft, const Beside& beside);
void define_replay(FlagSet& flags, Draft& draft);
void finish_replay(Draft& draft, const Beside& beside);
void define_serve(FlagSet& flags, Draft& draft);
void finish_serve(Draft& draft, const Beside& beside);
void define_worker(FlagSet& flags, Draft& draft);
void finish_worker(Draft& draft, const Beside& beside);
void define_token(FlagSet& flags, Draft& draft);

}  // namespace orchestrator
