#include "orchestrator/cli/options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "orchestrator/cli/draft.h"
#include "orchestrator/cli/job_inputs.h"
#include "orchestrator/cli/serve_settings.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/text_checks.h"
#include "orchestrator/job/variation.h"
#include "orchestrator/remote/address.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

bool is_host(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c >= 0x80 || std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' ||
           c == ']';
  });
}

}  // namespace

// ---- what the flags of several commands share

void define_git(FlagSet& flags, Draft& draft) {
  CommandLine& line = draft.line;
  const std::string git = "Access to git";
  flags.text(git, "--git-token-env", "NAME", "Variable that holds a token for the repository's host",
             line.git_token_env);
  flags.text(git, "--git-token-file", "FILE", "File that holds it", line.git_token_file);
  flags.text(git, "--git-host", "HOST", "Host that the token is for [the repository's]", line.git_host);
  flags.text(git, "--ca-file", "FILE", "Certificates to trust, as PEM", line.ca_file);
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

namespace {

using Mode = CommandLine::Mode;
using Words = std::vector<std::string>;

const char* const kExample = "orchestrator run --repo . --runs 20 -- pytest tests/";

void define_common(FlagSet& flags, Draft& draft) {
  const std::string group = "In general";
  flags.text(group, "--host", "URL", "The engine, as in DOCKER_HOST [that variable, or the usual socket]",
             draft.line.host);
  flags.text(group, "--state-dir", "DIR", "Where to keep state between runs", draft.line.state_dir);
  flags.text(group, "--progress", "MODE", "auto, tty, plain, json or quiet, on stderr [auto]",
             draft.progress);
  flags.on(group, "-q,--quiet", "The same as --progress quiet", draft.quiet);
  flags.text(group, "--color,--colour", "WHEN", "auto, always or never [auto]; NO_COLOR is heeded",
             draft.colour);
  flags.count(group, "-v,--verbose", "Log more; may be repeated", draft.line.verbosity);
  flags.text(group, "--log-format", "FORMAT", "text or json, of the program's own log [text]",
             draft.log_format);
  flags.on(group, "-h,--help", "Show this", draft.help);
}

void read_common(Draft& draft) {
  auto& errors = draft.reading.errors;
  if (draft.quiet && !draft.progress.empty())
    draft.fail("--quiet", "--quiet and --progress exclude each other");
  if (draft.quiet) draft.line.progress = ProgressMode::quiet;
  using P = ProgressMode;
  read_choice<P>(
      "--progress", draft.progress,
      {{"auto", P::automatic}, {"tty", P::tty}, {"plain", P::plain}, {"json", P::json}, {"quiet", P::quiet}},
      draft.line.progress, errors);
  using C = ColourMode;
  read_choice<C>("--color", draft.colour,
                 {{"auto", C::automatic}, {"always", C::always}, {"never", C::never}}, draft.line.colour,
                 errors);
  read_choice<LogFormat>("--log-format", draft.log_format,
                         {{"text", LogFormat::text}, {"json", LogFormat::json}}, draft.line.log_format,
                         errors);
}

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
       {"image", "dockerfile", "setup_commands", "auto_install_dependencies", "network", "env",
        "secret_env"}},
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
  define_posting(flags, draft);
  define_git(flags, draft);
  define_elsewhere(flags, draft);
}

// Where a token would go nowhere.
void check_elsewhere(Draft& draft) {
  const CommandLine::On& on = draft.line.on;
  if (on.url.empty() && !(on.token_file + on.token_env).empty())
    draft.fail("--on", "a token for another host is there, but no --on that names it");
  if (!on.token_file.empty() && !on.token_env.empty())
    draft.fail("--on-token-file", "--on-token-file and --on-token-env exclude each other");
  if (on.url.empty()) return;
  try {
    remote::parse_address(on.url);
  } catch (const io::RequestError& wrong) {
    draft.fail("--on", wrong.what());
  }
}

void define_run(FlagSet& flags, Draft& draft) { define_job(flags, draft, false); }

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

HelpPage ci_page() {
  return {"orchestrator ci [flags] -- COMMAND…",
          "The same as run for a pipeline. 20 attempts, 5 at a time, unless a flag or the repository says "
          "otherwise; known flakes are excused by a committed list; later steps are told what came out.",
          {},
          {"orchestrator ci --repo . --json report.json -- pytest",
           "orchestrator ci --repo . --only-changed main --fail-on failing -- pytest"}};
}

void define_compare(FlagSet& flags, Draft& draft) {
  flags.text("Output", "--json", "FILE", "The comparison as JSON; - for stdout", draft.line.json_file);
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
}

HelpPage run_page() {
  return {"orchestrator run [flags] -- COMMAND…",
          "Runs a test command many times, each time in a fresh container with its own seed, and reports how "
          "often it "
          "does not pass. COMMAND is taken word by word, without a shell; a single quoted word with a blank "
          "is a line "
          "for /bin/sh.",
          {},
          {kExample, "orchestrator run --repo https://host/owner/project -- 'cd web && npm test'",
           "orchestrator run --input job.json --json report.json --logs logs/"}};
}

HelpPage replay_page() {
  return {
      "orchestrator replay REPORT [flags]",
      "Runs one attempt of an earlier run again: the same image, seed, order, environment and limits. "
      "REPORT is what --json wrote. Without --attempt and --test it takes the worst test's most "
      "reproducible failing attempt. Where the engine no longer has the image it is built again, and what "
      "differs is said. Exits with 0 when it passed every time, with 1 when some times, with 3 when it "
      "never did.",
      {},
      {"orchestrator replay report.json --attempt 17",
       "orchestrator replay report.json --test tests/test_cart.py::test_total --times 20",
       "orchestrator replay report.json --attempt 17 --shell"}};
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

void finish_replay(Draft& draft) {
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

void finish_run(Draft& draft, const std::optional<Words>& after, const GetEnv& getenv) {
  if (draft.no_install) draft.fields[find_field("auto_install_dependencies")] = {"no"};
  read_field_flags(draft.fields, getenv, draft.reading);
  if (after) read_command_words(*after, draft.reading);
  if (draft.line.keep) draft.reading.request.keep = true;
  take_reports(draft);
  check_git_flags(draft);
  check_elsewhere(draft);
  if (!draft.reading.errors.empty())
    draft.reading.errors = all_mistakes(draft.line, draft.reading, draft.complete, getenv);
}

void define_bootstrap(FlagSet& flags, Draft& draft) {
  flags.text("Where from", "--mirror", "URL", "Debian mirror [the one of this host]", draft.line.mirror);
}

void check_mirror(Draft& draft) {
  const std::string& mirror = draft.line.mirror;
  if (mirror.empty()) return;
  for (const char* start : {"http://", "https://", "file:/"})
    if (mirror.starts_with(start)) return;
  draft.fail("--mirror",
             "must be a URL that starts with http://, https:// or file:/, not " + in_quotes(mirror));
}

void define_list(FlagSet& flags, Draft& draft) {
  flags.on("Output", "--json", "As JSON", draft.line.json_output);
}

void define_nothing(FlagSet&, Draft&) {}

// A mode and how it is called.
struct Command {
  Mode mode;
  Words names;  // "images", "bootstrap"
  HelpPage page;
  void (*define)(FlagSet&, Draft&);
  std::size_t words = 0;  // that it takes beside its flags
  bool job = false;       // it runs a job: a test command behind --, and a report
};

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {.mode = Mode::run, .names = {"run"}, .page = run_page(), .define = define_run, .job = true},
      {.mode = Mode::ci, .names = {"ci"}, .page = ci_page(), .define = define_ci, .job = true},
      {Mode::compare,
       {"compare"},
       {"orchestrator compare BEFORE.json AFTER.json [flags]",
        "Tells whether the second report is of flakier tests than the first. Two reports of one command, "
        "say of a branch and of what it is to be merged into.",
        {},
        {"orchestrator compare main.json branch.json"}},
       define_compare,
       2},
      {.mode = Mode::replay, .names = {"replay"}, .page = replay_page(), .define = define_replay, .words = 1},
      {Mode::images_bootstrap,
       {"images", "bootstrap"},
       {"orchestrator images bootstrap NAME [flags]",
        "Makes a base image without any registry, from Debian's packages.",
        {},
        {"orchestrator images bootstrap python"}},
       define_bootstrap,
       1},
      {Mode::images_list,
       {"images", "list"},
       {"orchestrator images list [flags]",
        "Lists the images that this program made and the bases it can make.",
        {},
        {}},
       define_list},
      {Mode::doctor,
       {"doctor"},
       {"orchestrator doctor [flags]",
        "Tells whether this host can run attempts; if not, why and what to do.",
        {},
        {}},
       define_list},
      {Mode::clean,
       {"clean"},
       {"orchestrator clean [flags]",
        "Removes what dead runs left. What a living run owns is never touched.",
        {},
        {}},
       define_nothing},
      {Mode::serve,
       {"serve"},
       {"orchestrator serve [flags]",
        "Takes jobs over HTTP, keeps them in a queue and works on them: RunPod's endpoint API below /v2, its "
        "own "
        "below /api/v1.",
        {},
        {"orchestrator serve",
         "orchestrator serve --listen 0.0.0.0:8080 --token-file /etc/orchestrator/tokens"}},
       define_serve},
      {Mode::worker,
       {"worker"},
       {"orchestrator worker [flags]",
        "Works on the jobs of a RunPod endpoint. RunPod's variables tell where the queue is; without them "
        "it runs one job, --test_input or the file test_input.json, and ends. It needs an engine that it "
        "can reach, as run does. Flags that it does not know are ignored.",
        {},
        {"orchestrator worker",
         "orchestrator worker --test_input '{\"input\": {\"repo\": \".\", \"test_command\": \"pytest\"}}'",
         "orchestrator worker --rp_serve_api"}},
       define_worker},
      {Mode::token,
       {"token"},
       {"orchestrator token NAME [flags]",
        "Makes a token for serve. Prints it on stderr, once, and the line for the token file on stdout.",
        {},
        {"orchestrator token ci --scopes submit >> /etc/orchestrator/tokens"}},
       define_token,
       1},
      {Mode::history_import,
       {"history", "import"},
       {"orchestrator history import FILE [flags]",
        "Takes the runs of a predecessor's flaky_test_history.db into the history of serve. Twice is as good "
        "as once.",
        {},
        {"orchestrator history import flaky_test_history.db"}},
       define_nothing,
       1},
      {Mode::version, {"version"}, {"orchestrator version", "Prints the version.", {}, {}}, define_nothing},
  };
  return all;
}

std::string joined(const Words& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Without its full stop.
std::string first_sentence(const std::string& text) {
  std::string sentence = text.substr(0, text.find(". "));
  if (sentence.ends_with('.')) sentence.pop_back();
  return sentence;
}

std::string program_help() {
  HelpPage page{
      "orchestrator COMMAND [flags]",
      "Finds flaky tests: runs a test command many times, each time in a fresh container with its own seed.",
      {},
      {kExample, "orchestrator COMMAND --help"}};
  for (const auto& command : commands()) {
    page.entries.push_back({"Commands", joined(command.names), first_sentence(command.page.about)});
  }
  return help_text(page);
}

bool asks_for_help(const Words& words) {
  return std::any_of(words.begin(), words.end(), [](auto& word) { return word == "--help" || word == "-h"; });
}

std::string about_stray(const Command& command, const std::string& word) {
  const std::string start = in_quotes(word) + " is not expected here; ";
  if (!command.job) return start + "see orchestrator " + joined(command.names) + " --help";
  return start + "the test command stands behind --, as in: " + kExample;
}

// For flags that nobody has read, because one before them could not be.
std::string value_among(const Words& words, const std::string& flag) {
  std::string value;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with(flag + "=")) value = words[i].substr(flag.size() + 1);
    if (words[i] == flag && i + 1 < words.size()) value = words[i + 1];
  }
  return value.size() > 1 && value[0] == '-' ? "" : value;
}

UsageError usage_error(const Command& command, const Draft& draft, const Words& words) {
  CommandLine line = draft.line;
  if (!draft.complete && line.json_file.empty()) line.json_file = value_among(words, "--json");
  if (!draft.complete && line.ci.result_file.empty()) line.ci.result_file = value_among(words, "--result");
  if (!draft.complete && value_among(words, "--progress") == "json") line.progress = ProgressMode::json;
  const bool reports = command.job || command.mode == Mode::replay;
  UsageError error(InvalidJob(draft.reading.errors).what(), reports ? line.json_file : "", line.progress);
  error.result_file = line.ci.result_file;
  return error;
}

CommandLine parse_command(const Command& command, Words words, const std::optional<Words>& after,
                          const GetEnv& getenv) {
  Draft draft;
  draft.line.mode = command.mode;
  FlagSet flags;
  command.define(flags, draft);
  define_common(flags, draft);
  if (asks_for_help(words)) {
    HelpPage page = command.page;
    page.entries = flags.entries();
    throw HelpRequested(help_text(page));
  }
  std::vector<FieldError> of_settings;
  if (command.mode == Mode::serve)
    for (auto& flag : serve_settings(words, getenv, of_settings)) words.push_back(std::move(flag));
  auto parsed = flags.parse(words, command.words);
  draft.reading.errors = std::move(parsed.errors);
  draft.reading.errors.insert(draft.reading.errors.end(), of_settings.begin(), of_settings.end());
  draft.complete = parsed.complete && !parsed.stray;
  draft.line.worker.ignored = std::move(parsed.ignored);
  if (parsed.stray) draft.fail("", about_stray(command, *parsed.stray));
  read_common(draft);
  read_ci(draft);
  check_mirror(draft);
  if (command.mode == Mode::replay) finish_replay(draft);
  if (command.mode == Mode::serve) finish_serve(draft);
  if (command.mode == Mode::worker) finish_worker(draft);
  if (command.job) {
    finish_run(draft, after, getenv);
  } else if (after && command.mode != Mode::worker) {
    draft.fail("--", joined(command.names) + " takes no test command");
  }
  if (parsed.words.size() < command.words)
    draft.fail("", std::string(command.mode == Mode::replay ? "the report" : "a name") +
                       " is missing, as in: " + command.page.examples.front());
  if (command.words == 1 && !parsed.words.empty())
    (command.mode == Mode::replay           ? draft.line.saved_report
     : command.mode == Mode::token          ? draft.line.token_name
     : command.mode == Mode::history_import ? draft.line.history_file
                                            : draft.line.bootstrap_name) = parsed.words.front();
  if (command.words == 2 && parsed.words.size() == 2) {
    draft.line.before_file = parsed.words[0];
    draft.line.after_file = parsed.words[1];
  }
  if (!draft.reading.errors.empty()) throw usage_error(command, draft, words);
  draft.line.request = std::move(draft.reading.request);
  return std::move(draft.line);
}

// The command that `words` begin with; its names are taken off them.
const Command& take_command(Words& words) {
  for (const auto& command : commands()) {
    const auto& names = command.names;
    if (words.size() < names.size() || !std::equal(names.begin(), names.end(), words.begin())) continue;
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(names.size()));
    return command;
  }
  Words known;
  for (const auto& command : commands()) known.push_back(joined(command.names));
  const bool two = words[0] == "images";
  if (two && words.size() == 1)
    throw UsageError("'images' needs a command: images bootstrap NAME, or images list");
  if (words[0][0] == '-') throw UsageError("the command comes first, as in: " + std::string(kExample));
  const std::string said = two ? words[0] + " " + words[1] : words[0];
  throw UsageError("unknown command " + in_quotes(said) + did_you_mean(nearest(said, known)) +
                   "; see orchestrator --help");
}

CommandLine version_only() {
  CommandLine line;
  line.mode = Mode::version;
  return line;
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv, const GetEnv& getenv) {
  Words words(argv + std::min(argc, 1), argv + argc);
  std::optional<Words> after;
  if (const auto dashes = std::find(words.begin(), words.end(), "--"); dashes != words.end()) {
    after = Words(dashes + 1, words.end());
    words.erase(dashes, words.end());
  }
  if (words.empty() || words[0].empty()) throw UsageError(program_help());
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    words.erase(words.begin());
    if (words.empty() || words[0].empty()) throw HelpRequested(program_help());
    words.push_back("--help");
  }
  if (words[0] == "--version" || words[0] == "-V") return version_only();
  if (words == Words{"images", "--help"} || words == Words{"images", "-h"})
    throw HelpRequested(program_help());
  const Command& command = take_command(words);
  return parse_command(command, words, after, getenv);
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

CommandLine parse_command_line(int argc, const char* const* argv) {
  return parse_command_line(argc, argv, environment);
}

}  // namespace orchestrator
