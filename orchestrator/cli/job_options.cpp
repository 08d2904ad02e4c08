// The flags of run, ci and replay; and of those, what others have too: access to git, numbers within bounds.
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "orchestrator/cli/draft.h"
#include "orchestrator/cli/job_inputs.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/text_checks.h"
#include "orchestrator/job/variation.h"
#include "orchestrator/remote/address.h"
#include "sandbox/io/error.h"

namespace orchestrator {

bool is_host(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c >= 0x80 || std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' ||
           c == ']';
  });
}

std::optional<int> number_said(const std::string& flag, const std::string& text, int least, int most,
                               Draft& draft) {
  if (text.empty()) return std::nullopt;
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end && value >= least && value <= most) return value;
  draft.fail(flag, "must be a whole number between " + std::to_string(least) + " and " +
                       std::to_string(most) + ", not " + in_quotes(text));
  return std::nullopt;
}

void define_git(FlagSet& flags, Draft& draft, const std::string& host, const std::string& key) {
  CommandLine& line = draft.line;
  const std::string git = "Access to git";
  flags.text(git, "--git-token-env", "NAME",
             "Variable that holds a token for a repository's host [ORCHESTRATOR_GIT_TOKEN]",
             line.git_token_env);
  flags.text(git, "--git-token-file", "FILE", "File that holds it", line.git_token_file);
  flags.text(git, "--git-host", "HOST", "Host that token and keys are for [" + host + "]", line.git_host);
  flags.text(git, "--ssh-key", "FILE", "Private key for ssh, and no other [" + key + "]", line.ssh_key);
  flags.text(git, "--ssh-known-hosts", "FILE", "Host keys to trust [~/.ssh/known_hosts]",
             line.ssh_known_hosts);
  flags.text(git, "--ssh-config", "FILE", "Configuration of ssh [~/.ssh/config]", line.ssh_config);
  flags.text(git, "--ca-file", "FILE", "Certificates to trust, as PEM", line.ca_file);
}

void define_git_program(FlagSet& flags, Draft& draft) {
  flags.text("Access to git", "--git-program", "PROGRAM",
             "Fetch by this git, with its own configuration [libgit2 fetches]", draft.line.git_program);
}

void check_git_flags(Draft& draft) {
  const CommandLine& line = draft.line;
  if (!is_host(line.git_host))
    draft.fail("--git-host", "must be a host, as in git.example.com or git.example.com:8443, not " +
                                 in_quotes(line.git_host));
  if (!line.git_token_env.empty()) {
    if (auto sentence = check_variable_name(line.git_token_env); !sentence.empty()) {
      draft.fail("--git-token-env", sentence);
    }
    if (!line.git_token_file.empty()) {
      draft.fail("--git-token-file", "--git-token-file and --git-token-env exclude each other");
    }
  }
}

namespace {

struct FieldGroup {
  const char* title;
  std::vector<const char*> fields;
};

const std::vector<FieldGroup>& field_groups() {
  static const std::vector<FieldGroup> groups = {
      {"What to test", {"repo", "ref", "subdir", "include", "suite", "framework", "results"}},
      {"How often",
       {"runs", "parallelism", "timeout", "deadline", "seed", "only_attempt", "vary", "order",
        "repeat_in_process", "until_sure", "max_runs", "only_changed", "changed_runs"}},
      {"Where it runs",
       {"image", "dockerfile", "build_args", "pull", "setup_commands", "auto_install_dependencies", "network",
        "env", "secret_env"}},
      {"Limits of an attempt", {"memory", "cpus", "pids", "nofile", "tmp", "shm", "disk"}},
  };
  return groups;
}

void define_fields(FlagSet& flags, Draft& draft, bool ci) {
  for (const auto& group : field_groups()) {
    for (const char* name : group.fields) {
      const Field& field = *find_field(name);
      if (field.kind == FieldKind::boolean) {
        flags.on(group.title, field.flag, field.about, draft.no_install);
        flags.on(group.title, "--install", "Install them beside --dockerfile, too", draft.install);
      } else {
        const char* about = ci && *field.about_in_ci ? field.about_in_ci : field.about;
        flags.list(group.title, field.flag, field.value, about, draft.fields[&field]);
        if (*field.alone) flags.may_stand_alone(field.flag, field.alone);
      }
    }
  }
}

void define_reports(FlagSet& flags, Draft& draft) {
  const std::string files = "Files";
  CommandLine& line = draft.line;
  flags.text(files, "--json", "FILE", "Write the report as JSON; - for stdout", line.json_file);
  for (const auto& format : report_formats())
    flags.text(files, format.flag, "FILE", format.about, draft.reports[&format]);
  flags.text(files, "--junit-flaky", "WORD", "pass or fail: what a flaky test is to readers of JUnit [pass]",
             draft.junit_flaky);
  flags.text(files, "--logs", "DIR", "Keep the whole output of every attempt", line.logs_dir);
  flags.on(files, "--keep", "Leave scratch folders for a look", line.keep);
}

void define_posting(FlagSet& flags, Draft& draft) {
  CommandLine& line = draft.line;
  const std::string post = "Where else it is told";
  flags.on(post, "--github-annotations", "Print workflow commands for GitHub Actions",
           line.github_annotations);
  flags.on(post, "--post-github", "Comment on the pull request, by GITHUB_TOKEN; updated in place",
           line.post_github);
  flags.text(post, "--pr", "N", "The pull request [the one that the workflow runs for]", draft.pull_request);
  flags.on(post, "--post-slack", "Send a message to the webhook SLACK_WEBHOOK_URL", line.post_slack);
}

void define_elsewhere(FlagSet& flags, Draft& draft) {
  const std::string elsewhere = "On another host";
  CommandLine::On& on = draft.line.on;
  flags.text(elsewhere, "--on", "URL",
             "Let a serve run it (https://HOST, unix:/PATH), or a RunPod endpoint (https://HOST/v2/ID)",
             on.url);
  flags.text(elsewhere, "--on-token-file", "FILE", "File that holds the token for it", on.token_file);
  flags.text(elsewhere, "--on-token-env", "NAME",
             "Variable that holds it [ORCHESTRATOR_TOKEN; of an endpoint RUNPOD_API_KEY, too]", on.token_env);
}

void define_job(FlagSet& flags, Draft& draft, bool ci) {
  define_fields(flags, draft, ci);
  const std::string files = "Files";
  CommandLine& line = draft.line;
  flags.text(files, "--input", "FILE", "A job as JSON; - for stdin. Flags win over it", line.input_file);
  flags.text(files, "--config", "FILE", "Your own defaults [~/.config/orchestrator/config.yml]",
             line.config_file);
  define_reports(flags, draft);
  flags.text(files, "--bundle", "FILE", "Carry it away: report, sources, packages and image as one file",
             line.bundle_file);
  define_posting(flags, draft);
  define_git(flags, draft);
  define_git_program(flags, draft);
  define_elsewhere(flags, draft);
}

std::optional<int> as_int(const std::optional<std::int64_t>& number) {
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

// Beside --from-bundle only what does not change what an attempt is.
void check_bundle(Draft& draft, const Beside& beside) {
  CommandLine& line = draft.line;
  const auto refuse = [&](const std::string& flag) {
    draft.fail(flag, flag + " and --from-bundle exclude each other: a bundle holds what is run");
  };
  for (const auto& group : field_groups())
    for (const char* name : group.fields) {
      constexpr std::array<std::string_view, 5> kBeside = {"runs", "parallelism", "deadline", "only_attempt",
                                                           "secret_env"};
      const Field& field = *find_field(name);
      const auto said = draft.fields.find(&field);
      const bool allowed = std::find(kBeside.begin(), kBeside.end(), name) != kBeside.end();
      if (!allowed && said != draft.fields.end() && !said->second.empty()) refuse(field.flag);
    }
  if (beside.test_command) refuse("--");
  if (!line.input_file.empty()) refuse("--input");
  if (!line.config_file.empty()) refuse("--config");
  if (!line.on.url.empty()) refuse("--on");
  if (!line.bundle_file.empty()) refuse("--bundle");
  const JobRequest& said = draft.reading.request;
  line.bundle_wishes = {as_int(said.parallelism), as_int(said.runs), as_int(said.only_attempt),
                        said.secret_env};
  line.bundle_deadline_s = said.deadline_s;
}

// Where a token would go nowhere.
void check_elsewhere(Draft& draft) {
  const CommandLine::On& on = draft.line.on;
  if (on.url.empty() && !(on.token_file + on.token_env).empty())
    draft.fail("--on", "a token for another host is there, but no --on that names it");
  if (!on.token_file.empty() && !on.token_env.empty())
    draft.fail("--on-token-file", "--on-token-file and --on-token-env exclude each other");
  if (on.url.empty()) return;
  if (!draft.line.bundle_file.empty())
    draft.fail("--bundle", "--bundle and --on exclude each other: the image is on the other host");
  try {
    remote::parse_address(on.url);
  } catch (const io::RequestError& wrong) {
    draft.fail("--on", wrong.what());
  }
}

void read_ci(Draft& draft) {
  read_choice<FailOn>("--fail-on", draft.fail_on,
                      {{"flaky", FailOn::flaky}, {"failing", FailOn::failing}, {"none", FailOn::none}},
                      draft.line.ci.fail_on, draft.reading.errors);
  if (draft.max_flake_rate.empty()) return;
  draft.line.ci.max_flake_rate = parse_rate(draft.max_flake_rate);
  if (!draft.line.ci.max_flake_rate)
    draft.fail("--max-flake-rate",
               "must be a rate between 0 and 1, as in 2% or 0.02, not " + in_quotes(draft.max_flake_rate));
}

// How the report is told; after where it goes.
void read_telling(Draft& draft) {
  CommandLine& line = draft.line;
  bool fail = false;
  read_choice<bool>("--junit-flaky", draft.junit_flaky, {{"pass", false}, {"fail", true}}, fail,
                    draft.reading.errors);
  bool has_junit = false;
  for (auto& wanted : line.reports) {
    if (wanted.format->flag != std::string("--junit")) continue;
    has_junit = true;
    if (fail) wanted.format = &junit_with_flaky_failing();
  }
  if (!draft.junit_flaky.empty() && !has_junit)
    draft.fail("--junit-flaky", "--junit-flaky says how --junit FILE is written, and there is none");
  if (const auto number = number_said("--pr", draft.pull_request, 1, 999'999'999, draft))
    line.pull_request = *number;
}

void take_reports(Draft& draft) {
  for (const auto& format : report_formats())
    if (const auto& path = draft.reports[&format]; !path.empty())
      draft.line.reports.push_back({&format, path});
  read_telling(draft);
}

}  // namespace

void define_run(FlagSet& flags, Draft& draft) {
  define_job(flags, draft, false);
  flags.text("Instead of all that", "--from-bundle", "FILE",
             "The attempts of that bundle again, without repository or registry", draft.line.from_bundle);
}

void finish_run(Draft& draft, const Beside& beside) {
  if (draft.no_install && draft.install)
    draft.fail("--install", "--install and --no-install exclude each other");
  else if (draft.no_install || draft.install)
    draft.fields[find_field("auto_install_dependencies")] = {draft.install ? kYes : "no"};
  read_field_flags(draft.fields, beside.getenv, draft.reading);
  if (beside.test_command) read_command_words(*beside.test_command, draft.reading);
  if (draft.line.keep) draft.reading.request.keep = true;
  take_reports(draft);
  check_git_flags(draft);
  check_elsewhere(draft);
  if (!draft.line.from_bundle.empty()) return check_bundle(draft, beside);
  if (!draft.reading.errors.empty())
    draft.reading.errors = all_mistakes(draft.line, draft.reading, draft.complete, beside.getenv);
}

void define_ci(FlagSet& flags, Draft& draft) {
  const std::string passes = "What passes";
  CommandLine::Ci& ci = draft.line.ci;
  flags.text(passes, "--fail-on", "WHAT",
             "flaky: whatever did not always pass; failing: only what failed every time; none [flaky]",
             draft.fail_on);
  flags.text(passes, "--max-flake-rate", "RATE",
             "Pass a flaky test unless it is shown (95 %) to fail more often than this, as in 2%",
             draft.max_flake_rate);
  flags.text(passes, "--quarantine", "FILE",
             "Tests known to be flaky; none for none [known-flaky.json of the tree, if it is there]",
             ci.quarantine_file);
  flags.on(passes, "--on-failure",
           "Another job has failed: do nothing where the repository says auto_trigger_on_failure: false",
           ci.on_failure);
  const std::string later = "For later steps";
  flags.text(later, "--result", "FILE", "What was decided, as a small JSON; - for stdout", ci.result_file);
  flags.text(later, "--dotenv", "FILE", "The same as variables FLAKY_…, for GitLab", ci.dotenv_file);
  define_job(flags, draft, true);
}

void finish_ci(Draft& draft, const Beside& beside) {
  read_ci(draft);
  finish_run(draft, beside);
}

void define_replay(FlagSet& flags, Draft& draft) {
  const std::string what = "What to run again";
  CommandLine& line = draft.line;
  flags.text(what, "--attempt", "N", "This attempt of the report", draft.attempt);
  flags.text(what, "--test", "ID", "The attempt in which this test fails as it mostly does", line.test);
  flags.text(what, "--times", "K", "So many times, 1 to 1000, with a rate [1]", draft.times);
  flags.on(what, "--shell", "Open a terminal in the container right where the test would start", line.shell);
  define_reports(flags, draft);
  define_git(flags, draft);
  define_git_program(flags, draft);
}

void finish_replay(Draft& draft, const Beside&) {
  CommandLine& line = draft.line;
  line.attempt = number_said("--attempt", draft.attempt, 0, 1'000'000, draft);
  line.times = number_said("--times", draft.times, 1, 1000, draft).value_or(1);
  if (!draft.attempt.empty() && !line.test.empty())
    draft.fail("--test", "--test and --attempt exclude each other");
  take_reports(draft);
  check_git_flags(draft);
  if (!line.shell) return;
  if (!draft.times.empty()) draft.fail("--shell", "--shell and --times exclude each other");
  if (!line.json_file.empty() || !line.reports.empty() || !line.logs_dir.empty())
    draft.fail("--shell", "--shell runs no test, so that there is no report to write");
}

}  // namespace orchestrator
