#include "orchestrator/cli/options.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "orchestrator/cli/draft.h"
#include "orchestrator/cli/serve_settings.h"
#include "orchestrator/job/quoted.h"

namespace orchestrator {
namespace {

using Mode = CommandLine::Mode;
using Words = std::vector<std::string>;

constexpr const char* kImageBudget = "ORCHESTRATOR_IMAGE_BUDGET";
constexpr const char* kImageCache = "ORCHESTRATOR_IMAGE_CACHE";
const char* const kExample = "orchestrator run --repo . --runs 20 -- pytest tests/";

void define_common(FlagSet& flags, Draft& draft) {
  const std::string group = "In general";
  flags.text(
      group, "--host", "URL",
      "The engine: unix:///path, tcp://host:port with TLS, ssh://user@host [as the docker program has it]",
      draft.line.host);
  flags.text(group, "--context", "NAME", "The engine of that docker context, instead", draft.line.context);
  flags.on(group, "--insecure-engine", "Let tcp:// be spoken without TLS", draft.line.insecure_engine);
  flags.text(group, "--state-dir", "DIR", "Where to keep state between runs", draft.line.state_dir);
  flags.text(group, "--image-budget", "SIZE",
             "What its layers may take at the engine before the least recently used go; none for no bound "
             "[ORCHESTRATOR_IMAGE_BUDGET, 20g]",
             draft.image_budget);
  flags.text(group, "--image-cache", "DIR",
             "Keep installed layers there as files, up to that size, and take them from there "
             "[ORCHESTRATOR_IMAGE_CACHE]",
             draft.line.image_cache);
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

void read_image_budget(const std::string& where, const std::string& text, Draft& draft) {
  if (text == "none") {
    draft.line.image_budget.reset();
  } else if (const auto bytes = parse_size(text)) {
    draft.line.image_budget = *bytes;
  } else {
    draft.fail(where, "must be a size as in 500m or 20g, or none, not " + in_quotes(text));
  }
}

void read_common(Draft& draft, const GetEnv& getenv) {
  const std::string variable = getenv(kImageBudget).value_or("");
  if (!draft.image_budget.empty())
    read_image_budget("--image-budget", draft.image_budget, draft);
  else if (!variable.empty())
    read_image_budget(kImageBudget, variable, draft);
  if (draft.line.image_cache.empty()) draft.line.image_cache = getenv(kImageCache).value_or("");
  auto& errors = draft.reading.errors;
  if (!draft.line.host.empty() && !draft.line.context.empty())
    draft.fail("--context", "--context and --host exclude each other");
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

HelpPage run_page() {
  return {"orchestrator run [flags] -- COMMAND…",
          "Runs a test command many times, each time in a fresh container with its own seed, and reports how "
          "often it does not pass. COMMAND is taken word by word, without a shell; a single quoted word with "
          "a blank is a line for /bin/sh.",
          {},
          {kExample, "orchestrator run --repo https://host/owner/project -- 'cd web && npm test'",
           "orchestrator run --input job.json --json report.json --logs logs/",
           "orchestrator run --from-bundle run.bundle --only-attempt 17"}};
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

void define_bootstrap(FlagSet& flags, Draft& draft) {
  flags.text("Where from", "--mirror", "URL", "Debian mirror [the one of this host]", draft.line.mirror);
}

void finish_bootstrap(Draft& draft, const Beside&) {
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

void define_prune(FlagSet& flags, Draft& draft) {
  const std::string what = "What goes";
  CommandLine::Prune& prune = draft.line.prune;
  flags.text(what, "--older-than", "TIME", "Whatever was not used for so long, as in 7d", draft.older_than);
  flags.on(what, "--all", "Whatever nobody uses right now", prune.all);
  flags.on(what, "--bases", "Bases, too, that images bootstrap made", prune.bases);
  flags.on(what, "--others", "What other state folders or earlier versions made, too", prune.of_others);
  flags.on(what, "--dry-run", "Only say what would go", prune.dry_run);
}

void finish_prune(Draft& draft, const Beside&) {
  if (draft.older_than.empty()) return;
  CommandLine::Prune& prune = draft.line.prune;
  prune.unused_for_s = parse_duration_s(draft.older_than);
  if (!prune.unused_for_s)
    draft.fail("--older-than", "must be a time as in 12h or 7d, not " + in_quotes(draft.older_than));
  if (prune.all) draft.fail("--all", "--all and --older-than exclude each other");
}

void define_clean(FlagSet& flags, Draft& draft) {
  flags.on("What goes", "--images", "Every layer that nobody uses right now, too; they are built again",
           draft.line.clean_images);
}

void define_nothing(FlagSet&, Draft&) {}

void finish_nothing(Draft&, const Beside&) {}

// A mode and how it is called.
struct Command {
  Mode mode;
  Words names;  // "images", "bootstrap"
  HelpPage page;
  void (*define)(FlagSet&, Draft&) = define_nothing;
  void (*finish)(Draft&, const Beside&) = finish_nothing;
  std::vector<std::string CommandLine::*> words = {};  // what it takes beside its flags
  const char* a_word = "a name";
  bool job = false;           // it runs a job: a test command behind --, and a report
  bool ignores_rest = false;  // words behind -- are others' business
};

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {.mode = Mode::run,
       .names = {"run"},
       .page = run_page(),
       .define = define_run,
       .finish = finish_run,
       .job = true},
      {.mode = Mode::ci,
       .names = {"ci"},
       .page = ci_page(),
       .define = define_ci,
       .finish = finish_ci,
       .job = true},
      {.mode = Mode::compare,
       .names = {"compare"},
       .page =
           {"orchestrator compare BEFORE.json AFTER.json [flags]",
            "Tells whether the second report is of flakier tests than the first. Two reports of one command, "
            "say of a branch and of what it is to be merged into.",
            {},
            {"orchestrator compare main.json branch.json"}},
       .define = define_compare,
       .words = {&CommandLine::before_file, &CommandLine::after_file},
       .a_word = "a report"},
      {.mode = Mode::replay,
       .names = {"replay"},
       .page = replay_page(),
       .define = define_replay,
       .finish = finish_replay,
       .words = {&CommandLine::saved_report},
       .a_word = "the report"},
      {.mode = Mode::images_bootstrap,
       .names = {"images", "bootstrap"},
       .page = {"orchestrator images bootstrap NAME [flags]",
                "Makes a base image without any registry, from Debian's packages.",
                {},
                {"orchestrator images bootstrap python"}},
       .define = define_bootstrap,
       .finish = finish_bootstrap,
       .words = {&CommandLine::bootstrap_name}},
      {.mode = Mode::images_list,
       .names = {"images", "list"},
       .page = {"orchestrator images list [flags]",
                "Lists the images that this program made and the bases it can make.",
                {},
                {}},
       .define = define_list},
      {.mode = Mode::images_prune,
       .names = {"images", "prune"},
       .page = {"orchestrator images prune [flags]",
                "Removes layers, the least recently used first, until they keep the budget. What a run or a "
                "container uses stays, and so does what has another name or an image on top of it.",
                {},
                {"orchestrator images prune --older-than 7d", "orchestrator images prune --all --dry-run"}},
       .define = define_prune,
       .finish = finish_prune},
      {.mode = Mode::doctor,
       .names = {"doctor"},
       .page = {"orchestrator doctor [flags]",
                "Tells whether this host can run attempts; if not, why and what to do.",
                {},
                {}},
       .define = define_list},
      {.mode = Mode::clean,
       .names = {"clean"},
       .page = {"orchestrator clean [flags]",
                "Removes what dead runs left. What a living run owns is never touched.",
                {},
                {}},
       .define = define_clean},
      {.mode = Mode::serve,
       .names = {"serve"},
       .page =
           {"orchestrator serve [flags]",
            "Takes jobs over HTTP, keeps them in a queue and works on them: RunPod's endpoint API below /v2, "
            "its own below /api/v1.",
            {},
            {"orchestrator serve",
             "orchestrator serve --listen 0.0.0.0:8080 --token-file /etc/orchestrator/tokens"}},
       .define = define_serve,
       .finish = finish_serve},
      {.mode = Mode::worker,
       .names = {"worker"},
       .page =
           {"orchestrator worker [flags]",
            "Works on the jobs of a RunPod endpoint. RunPod's variables tell where the queue is; without "
            "them it runs one job, --test_input or the file test_input.json, and ends. It needs an engine "
            "that it can reach, as run does. Flags that it does not know are ignored.",
            {},
            {"orchestrator worker",
             "orchestrator worker --test_input '{\"input\": {\"repo\": \".\", \"test_command\": "
             "\"pytest\"}}'",
             "orchestrator worker --rp_serve_api"}},
       .define = define_worker,
       .finish = finish_worker,
       .ignores_rest = true},
      {.mode = Mode::token,
       .names = {"token"},
       .page =
           {"orchestrator token NAME [flags]",
            "Makes a token for serve. Prints it on stderr, once, and the line for the token file on stdout.",
            {},
            {"orchestrator token ci --scopes submit >> /etc/orchestrator/tokens"}},
       .define = define_token,
       .words = {&CommandLine::token_name}},
      {.mode = Mode::history_import,
       .names = {"history", "import"},
       .page =
           {"orchestrator history import FILE [flags]",
            "Takes the runs of a predecessor's flaky_test_history.db into the history of serve. Twice is as "
            "good as once.",
            {},
            {"orchestrator history import flaky_test_history.db"}},
       .words = {&CommandLine::history_file},
       .a_word = "a file"},
      {.mode = Mode::version,
       .names = {"version"},
       .page = {"orchestrator version", "Prints the version.", {}, {}}},
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
  if (!draft.complete && value_among(words, "--log-format") == "json") line.log_format = LogFormat::json;
  const bool reports = command.job || command.mode == Mode::replay;
  UsageError error(InvalidJob(draft.reading.errors).what(), reports ? line.json_file : "", line.progress);
  error.result_file = line.ci.result_file;
  error.log_format = line.log_format;
  return error;
}

void take_words(const Command& command, const Words& words, Draft& draft) {
  for (std::size_t i = 0; i < words.size() && i < command.words.size(); ++i)
    draft.line.*command.words[i] = words[i];
  if (words.size() < command.words.size())
    draft.fail("", std::string(command.a_word) + " is missing, as in: " + command.page.examples.front());
}

// A flag that nobody has typed is none that its author knows.
void name_places(const std::map<std::string, FieldError>& places, std::vector<FieldError>& errors) {
  for (auto& error : errors) {
    const auto place = places.find(error.pointer);
    if (place == places.end()) continue;
    error.pointer = place->second.pointer;
    error.where = place->second.where;
  }
}

CommandLine parse_command(const Command& command, Words words, const Beside& beside) {
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
  ServeFlags settings;
  if (command.mode == Mode::serve)
    settings = serve_settings(words, beside.getenv, beside.variables, of_settings);
  words.insert(words.end(), settings.words.begin(), settings.words.end());
  auto parsed = flags.parse(words, command.words.size());
  draft.reading.errors = std::move(parsed.errors);
  draft.reading.errors.insert(draft.reading.errors.end(), of_settings.begin(), of_settings.end());
  draft.complete = parsed.complete && !parsed.stray;
  draft.line.worker.ignored = std::move(parsed.ignored);
  if (parsed.stray) draft.fail("", about_stray(command, *parsed.stray));
  read_common(draft, beside.getenv);
  command.finish(draft, beside);
  if (beside.test_command && !command.job && !command.ignores_rest)
    draft.fail("--", joined(command.names) + " takes no test command");
  take_words(command, parsed.words, draft);
  name_places(settings.places, draft.reading.errors);
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
    throw UsageError("'images' needs a command: images bootstrap NAME, images list, or images prune");
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

CommandLine parse_command_line(int argc, const char* const* argv, const GetEnv& getenv,
                               const Words& variables) {
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
  return parse_command(command, words, {after, getenv, variables});
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

CommandLine parse_command_line(int argc, const char* const* argv) {
  Words variables;
  for (char** each = environ; each && *each; ++each) {
    const std::string_view variable = *each;
    variables.emplace_back(variable.substr(0, variable.find('=')));
  }
  return parse_command_line(argc, argv, environment, variables);
}

}  // namespace orchestrator
