#include "orchestrator/cli/options.h"

#include <gtest/gtest.h>

#include <sstream>

#include "orchestrator/job/field_table.h"

namespace orchestrator {
namespace {

using Mode = CommandLine::Mode;
using Words = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

CommandLine parse(const Words& words, const Variables& variables = {}) {
  std::vector<const char*> argv = {"orchestrator"};
  for (const auto& word : words) argv.push_back(word.c_str());
  Words names;
  for (const auto& [name, value] : variables) names.push_back(name);
  return parse_command_line(static_cast<int>(argv.size()), argv.data(),
                            [&](const char* name) -> std::optional<std::string> {
                              const auto found = variables.find(name);
                              return found == variables.end() ? std::nullopt : std::optional(found->second);
                            },
                            names);
}

// What the person is told; "" when nothing is wrong.
std::string complaint(const Words& words, const Variables& variables = {}) {
  try {
    parse(words, variables);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

std::string help(const Words& words) {
  try {
    parse(words);
  } catch (const HelpRequested& help) {
    return help.what();
  }
  return "";
}

// The start of a run that lacks nothing.
Words run(const Words& flags) {
  Words words = {"run", "--repo", "."};
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {"--", "pytest"});
  return words;
}

TEST(Options, OfARunMakeARequest) {
  const CommandLine line = parse({"run",
                                  "--repo",
                                  "https://e.org/r",
                                  "--ref",
                                  "v1",
                                  "--subdir",
                                  "a",
                                  "--runs",
                                  "20",
                                  "--parallelism",
                                  "8",
                                  "--framework",
                                  "python",
                                  "--timeout",
                                  "5m",
                                  "--deadline",
                                  "1h",
                                  "--seed",
                                  "4242",
                                  "--only-attempt",
                                  "17",
                                  "--image",
                                  "python",
                                  "--pull",
                                  "always",
                                  "--setup-command",
                                  "a b",
                                  "--setup-command",
                                  "c",
                                  "--no-install",
                                  "--network",
                                  "bridge",
                                  "--memory",
                                  "1g",
                                  "--cpus",
                                  "0.5",
                                  "--pids",
                                  "64",
                                  "--nofile",
                                  "99",
                                  "--tmp",
                                  "1m",
                                  "--shm",
                                  "2m",
                                  "--disk",
                                  "3m",
                                  "--include",
                                  "*.a",
                                  "--include=*.b",
                                  "--suite",
                                  "unit",
                                  "--secret-env",
                                  "TOKEN",
                                  "--vary",
                                  "none",
                                  "--",
                                  "pytest",
                                  "-k",
                                  "a or b"});
  const JobRequest& job = line.request;
  EXPECT_EQ(line.mode, Mode::run);
  EXPECT_EQ(job.repo, "https://e.org/r");
  EXPECT_EQ(job.ref, "v1");
  EXPECT_EQ(job.subdir, "a");
  EXPECT_EQ(job.runs, 20);
  EXPECT_EQ(job.parallelism, 8);
  EXPECT_EQ(job.framework, "python");
  EXPECT_EQ(job.timeout_s, 300);
  EXPECT_EQ(job.deadline_s, 3600);
  EXPECT_EQ(job.seed, 4242U);
  EXPECT_EQ(job.only_attempt, 17);
  EXPECT_EQ(job.image, "python");
  EXPECT_EQ(job.pull, "always");
  EXPECT_EQ(job.setup_commands, (Words{"a b", "c"}));
  EXPECT_EQ(job.auto_install_dependencies, false);
  EXPECT_EQ(job.network, "bridge");
  EXPECT_EQ(job.memory_bytes, 1LL << 30);
  EXPECT_EQ(job.cpus, 0.5);
  EXPECT_EQ(job.pids, 64);
  EXPECT_EQ(job.nofile, 99);
  EXPECT_EQ(job.tmp_bytes, 1LL << 20);
  EXPECT_EQ(job.shm_bytes, 2LL << 20);
  EXPECT_EQ(job.disk_bytes, 3LL << 20);
  EXPECT_EQ(job.include, (Words{"*.a", "*.b"}));
  EXPECT_EQ(job.suite, "unit");
  EXPECT_EQ(job.secret_env, (Words{"TOKEN"}));
  EXPECT_EQ(job.vary, "none");
  EXPECT_EQ(job.test_command->words, (Words{"pytest", "-k", "a or b"}));
}

TEST(Options, LeaveUnsaidWhatIsNotGiven) {
  const CommandLine line = parse({"run"});
  EXPECT_EQ(line.request.to_json().dump(), "{}");
  EXPECT_EQ(line.progress, ProgressMode::automatic);
  EXPECT_EQ(line.colour, ColourMode::automatic);
  EXPECT_FALSE(line.keep);
}

TEST(Options, TakeWordsAfterTheDashesAsTheyAre) {
  const auto command = [](const Words& after) {
    Words words = {"run", "--"};
    words.insert(words.end(), after.begin(), after.end());
    return *parse(words).request.test_command;
  };
  EXPECT_EQ(command({"pytest", "--runs", "5", "--help", "--"}).words,
            (Words{"pytest", "--runs", "5", "--help", "--"}));
  EXPECT_EQ(command({"make"}).words, (Words{"make"}));
  EXPECT_EQ(command({"cd web && npm test"}).line, "cd web && npm test");
  EXPECT_EQ(command({"a b", "c"}).words, (Words{"a b", "c"}));
}

TEST(Options, RunWhatTheDisplayOfACommandShows) {
  const TestCommand line{"make;true", {}};
  const std::string shown = line.display();  // 'make;true ', which a shell makes one word
  const auto read = *parse({"run", "--", shown.substr(1, shown.size() - 2)}).request.test_command;
  EXPECT_EQ(read.line, "make;true ");
}

TEST(Options, SayWhatImagesMayTake) {
  EXPECT_EQ(parse(run({})).image_budget, 20ll << 30);
  EXPECT_EQ(parse(run({"--image-budget", "500m"})).image_budget, 500ll << 20);
  EXPECT_EQ(parse(run({"--image-budget", "none"})).image_budget, std::nullopt);
  EXPECT_EQ(parse(run({}), {{"ORCHESTRATOR_IMAGE_BUDGET", "1g"}}).image_budget, 1ll << 30);
  EXPECT_EQ(parse(run({"--image-budget", "2g"}), {{"ORCHESTRATOR_IMAGE_BUDGET", "x"}}).image_budget,
            2ll << 30);
  EXPECT_EQ(parse({"serve"}, {{"ORCHESTRATOR_SERVE_IMAGE_BUDGET", "3g"}, {"ORCHESTRATOR_IMAGE_BUDGET", "1g"}})
                .image_budget,
            3ll << 30);
  EXPECT_EQ(complaint(run({"--image-budget", "much"})),
            "--image-budget: must be a size as in 500m or 20g, or none, not 'much'");
  EXPECT_EQ(complaint(run({}), {{"ORCHESTRATOR_IMAGE_BUDGET", "-1"}}),
            "ORCHESTRATOR_IMAGE_BUDGET: must be a size as in 500m or 20g, or none, not '-1'");
}

TEST(Options, SayWhereLayersAreKept) {
  EXPECT_EQ(parse(run({})).image_cache, "");
  EXPECT_EQ(parse(run({"--image-cache", "/volume"})).image_cache, "/volume");
  EXPECT_EQ(parse(run({}), {{"ORCHESTRATOR_IMAGE_CACHE", "/volume"}}).image_cache, "/volume");
  EXPECT_EQ(parse(run({"--image-cache", "here"}), {{"ORCHESTRATOR_IMAGE_CACHE", "/volume"}}).image_cache,
            "here");
  EXPECT_EQ(parse({"serve"}, {{"ORCHESTRATOR_SERVE_IMAGE_CACHE", "/volume"}}).image_cache, "/volume");
  EXPECT_EQ(parse({"worker", "--image-cache", "/volume"}).image_cache, "/volume");
}

TEST(Options, CarryARunAway) {
  EXPECT_EQ(parse(run({"--bundle", "run.bundle"})).bundle_file, "run.bundle");
  EXPECT_EQ(parse({"ci", "--bundle", "run.bundle", "--", "pytest"}).bundle_file, "run.bundle");
  EXPECT_EQ(complaint(run({"--bundle", "run.bundle", "--on", "https://e.org"})),
            "--bundle: --bundle and --on exclude each other: the image is on the other host");
}

TEST(Options, OfABundleAreThoseThatChangeNoAttempt) {
  const CommandLine line = parse({"run", "--from-bundle", "run.bundle", "--parallelism", "2", "--runs", "40",
                                  "--only-attempt", "7", "--deadline", "90s", "--json", "r.json",
                                  "--secret-env", "TOKEN"});
  EXPECT_EQ(line.bundle_wishes.secret_env, Words{"TOKEN"});
  EXPECT_EQ(line.from_bundle, "run.bundle");
  EXPECT_EQ(line.bundle_wishes.parallelism, 2);
  EXPECT_EQ(line.bundle_wishes.runs, 40);
  EXPECT_EQ(line.bundle_wishes.only_attempt, 7);
  EXPECT_EQ(line.bundle_deadline_s, 90);
  EXPECT_EQ(line.json_file, "r.json");
  EXPECT_FALSE(
      parse({"run", "--from-bundle", "run.bundle"}, {{"ORCHESTRATOR_RUNS", "3"}}).bundle_wishes.runs);
  const auto with = [](Words more) {
    more.insert(more.begin(), {"run", "--from-bundle", "run.bundle"});
    return complaint(more);
  };
  for (const Words& flag :
       {Words{"--repo", "."}, Words{"--ref", "main"}, Words{"--image", "python:3"}, Words{"--seed", "7"},
        Words{"--network", "bridge"}, Words{"--env", "A=b"}, Words{"--memory", "1g"}, Words{"--timeout", "5"},
        Words{"--input", "job.json"}, Words{"--config", "c.yml"}, Words{"--bundle", "other.bundle"},
        Words{"--no-install"}, Words{"--", "pytest"}})
    EXPECT_NE(with(flag).find(flag[0] + " and --from-bundle exclude each other: a bundle holds what is run"),
              std::string::npos)
        << with(flag);
  EXPECT_NE(with({"--runs", "5000"}), "");
}

TEST(Options, OfPruneSayWhatGoes) {
  const auto line = parse({"images", "prune", "--older-than", "7d", "--bases", "--others", "--dry-run"});
  EXPECT_EQ(line.mode, Mode::images_prune);
  EXPECT_EQ(line.prune.unused_for_s, 7 * 86'400.0);
  EXPECT_TRUE(line.prune.bases && line.prune.of_others && line.prune.dry_run);
  EXPECT_FALSE(line.prune.all);
  EXPECT_TRUE(parse({"images", "prune", "--all"}).prune.all);
  EXPECT_TRUE(parse({"clean", "--images"}).clean_images);
  EXPECT_EQ(complaint({"images", "prune", "--older-than", "long"}),
            "--older-than: must be a time as in 12h or 7d, not 'long'");
  EXPECT_EQ(complaint({"images", "prune", "--older-than", "1h", "--all"}),
            "--all: --all and --older-than exclude each other");
}

TEST(Options, OfARunNameItsFiles) {
  const CommandLine line = parse(
      {"run",       "--input", "-",      "--json",          "-",           "--logs",     "l",
       "--config",  "c",       "--keep", "--git-token-env", "T",           "--git-host", "h",
       "--ca-file", "ca",      "--host", "unix:///x",       "--state-dir", "s",          "--progress=json",
       "--color",   "never",   "-vv",    "--log-format",    "json"});
  EXPECT_EQ(line.input_file, "-");
  EXPECT_EQ(line.json_file, "-");
  EXPECT_EQ(line.logs_dir, "l");
  EXPECT_EQ(line.config_file, "c");
  EXPECT_TRUE(line.keep);
  EXPECT_EQ(line.request.keep, true);
  EXPECT_EQ(line.git_token_env, "T");
  EXPECT_EQ(line.git_host, "h");
  EXPECT_EQ(line.ca_file, "ca");
  EXPECT_EQ(line.host, "unix:///x");
  EXPECT_EQ(line.state_dir, "s");
  EXPECT_EQ(line.progress, ProgressMode::json);
  EXPECT_EQ(line.colour, ColourMode::never);
  EXPECT_EQ(line.verbosity, 2);
  EXPECT_EQ(line.log_format, LogFormat::json);
  EXPECT_EQ(parse({"run", "-q"}).progress, ProgressMode::quiet);
  EXPECT_EQ(parse({"run", "--git-token-file", "f"}).git_token_file, "f");
}

TEST(Options, OfARunNameItsFurtherReports) {
  const CommandLine line =
      parse(run({"--junit", "j.xml", "--ctrf", "c.json", "--markdown", "-", "--code-quality", "q",
                 "--step-summary", "s", "--post-github", "--pr", "12", "--post-slack"}));
  ASSERT_EQ(line.reports.size(), 5u);
  EXPECT_STREQ(line.reports[0].format->flag, "--junit");
  EXPECT_EQ(line.reports[0].path, "j.xml");
  EXPECT_TRUE(line.post_github && line.post_slack && !line.github_annotations);
  EXPECT_EQ(line.pull_request, 12);
  const CommandLine strict =
      parse(run({"--junit", "j.xml", "--junit-flaky", "fail", "--github-annotations"}));
  EXPECT_EQ(strict.reports[0].format, &junit_with_flaky_failing());
  EXPECT_TRUE(strict.github_annotations);
  EXPECT_NE(parse(run({"--junit", "j.xml", "--junit-flaky", "pass"})).reports[0].format,
            &junit_with_flaky_failing());
}

TEST(Options, OfFurtherReportsAreChecked) {
  EXPECT_NE(complaint(run({"--junit", "j", "--junit-flaky", "maybe"})).find("--junit-flaky"),
            std::string::npos);
  EXPECT_NE(complaint(run({"--junit-flaky", "fail"})).find("there is none"), std::string::npos);
  for (const char* number : {"0", "-1", "x", "12345678901", "1.5"})
    EXPECT_NE(complaint(run({std::string("--pr=") + number})).find("--pr"), std::string::npos) << number;
}

TEST(Options, CopyAVariableThatIsOnlyNamed) {
  const auto line =
      parse(run({"--env", "A=1", "--env", "B", "--env", "C=", "--env", "D=[x,y]=z"}), {{"B", "here"}});
  EXPECT_EQ(line.request.env, (Variables{{"A", "1"}, {"B", "here"}, {"C", ""}, {"D", "[x,y]=z"}}));
  EXPECT_EQ(complaint(run({"--env", "B"})), "--env: 'B' is not set here; use NAME=VALUE to give it a value");
}

struct Case {
  Words words;
  const char* complaint;
};

TEST(Options, SayWhatIsWrongAndWhichFlag) {
  const Case cases[] = {
      {run({"--runs", "0"}), "--runs: Runs must be between 1 and 1000"},
      {run({"--runs", "many"}), "--runs: runs must be a whole number, not 'many'"},
      {run({"--runs", "5.5"}), "--runs: runs must be a whole number, not '5.5'"},
      {run({"--runs", "-1"}), "--runs: Runs must be between 1 and 1000"},
      {run({"--parallelism", "51"}), "--parallelism: Parallelism must be between 1 and 50"},
      {run({"--only-attempt", "1000"}), "--only-attempt: Only attempt must be between 0 and 999"},
      {run({"--timeout", "soon"}),
       "--timeout: timeout must be a number of seconds or a time as in 90s or 5m, not 'soon'"},
      {run({"--memory", "1m"}), "--memory: Memory must be between 6 MiB and 1 PiB"},
      {run({"--cpus", "0"}), "--cpus: CPUs must be between 0.01 and 1024"},
      {run({"--network", "host"}), "--network: network must be none, internal or bridge, not 'host'"},
      {run({"--framework", "pyton"}), "--framework: framework 'pyton' is not known (did you mean 'python'?)"},
      {run({"--vary", "shuffel=1"}),
       "--vary: vary must be none, auto or shares of written, reverse, shuffle and repeat as in "
       "\"written=2,shuffle=1,repeat=1\", not 'shuffel=1'"},
      {run({"--env", "1A=x"}),
       "--env: '1A' is no name of an environment variable: letters, digits and '_', no digit first"},
      {run({"--secret-env", "A=x"}),
       "--secret-env: 'A=x' is no name of an environment variable: letters, digits and '_', no digit first"},
      {run({"--subdir", "../x"}),
       "--subdir: subdir leaves the tree: '../x'; it is a folder inside the repository, "
       "without '..'"},
      {run({"--progress", "jsn"}),
       "--progress: must be one of auto, tty, plain, json, quiet, not 'jsn' (did you mean 'json'?)"},
      {run({"--color", "maybe"}), "--color: must be one of auto, always, never, not 'maybe'"},
      {run({"--log-format", "xml"}), "--log-format: must be one of text, json, not 'xml'"},
      {run({"-q", "--progress", "json"}), "--quiet: --quiet and --progress exclude each other"},
      {run({"--runs", "1", "--runs", "2"}), "--runs: is given more than once"},
      {run({"--json", "a", "--json", "b"}), "--json: is given more than once"},
      {run({"--json", "--keep"}), "--json: needs a value"},
      {run({"--ref"}), "--ref: needs a value"},
      {run({"--rnus", "5"}), "--rnus: is no flag of this command (did you mean '--runs'?)"},
      {run({"--rnus=5"}), "--rnus: is no flag of this command (did you mean '--runs'?)"},
      {run({"-x"}), "-x: is no flag of this command"},
      {run({"--verbose=5x"}), "--verbose: takes no value"},
      {run({"-v=2"}), "-v: takes no value"},
      {run({"--quiet=zz", "--keep=", "--no-install=false"}),
       "--quiet: takes no value\n--keep: takes no value\n--no-install: takes no value"},
      {{"doctor", "--json=report.json", "--help=x"}, "--json: takes no value\n--help: takes no value"},
      {{"images", "bootstrap", "python", "--mirror", "deb.example"},
       "--mirror: must be a URL that starts with http://, https:// or file:/, not 'deb.example'"},
      {run({"--git-host", "https://git.example/"}),
       "--git-host: must be a host, as in git.example.com or git.example.com:8443, not "
       "'https://git.example/'"},
      {run({"--memory", "1x"}),
       "--memory: memory must be a number of bytes or a size as in 512m or 2g, not '1x'"},
      {run({"--git-token-env", "a-b"}),
       "--git-token-env: 'a-b' is no name of an environment variable: letters, digits and '_', no digit "
       "first"},
      {{"run", "--repo", ".", "pytest", "tests/", "-x"},
       "'pytest' is not expected here; the test command stands behind --, as in: orchestrator run --repo . "
       "--runs 20 "
       "-- pytest tests/"},
      {run({"--env", "A=\xff"}),
       "--env: A must be UTF-8 text: other bytes would not reach an attempt as they are"},
      {run({"--image", "\xff"}),
       "--image: image must be UTF-8 text: other bytes would not reach an attempt as they are"},
      {{"run", "--repo", ".", "--", "echo", "\xc3"},
       "--: test_command must be UTF-8 text: other bytes would not reach an attempt as they are"},
      {{"run", "--repo", ".", "--", "echo \xed\xa0\x80"},
       "--: test_command must be UTF-8 text: other bytes would not reach an attempt as they are"},
      {run({"--build-arg", "A=1", "--runs", "0"}),
       "--runs: Runs must be between 1 and 1000\n"
       "--build-arg: build_args needs dockerfile"},
      {run({"--dockerfile", "Dockerfile", "--build-arg", "A B=1"}),
       "--build-arg: 'A B' is no name of an environment variable: letters, digits and '_', no digit first"},
      {run({"--install", "--no-install"}), "--install: --install and --no-install exclude each other"},
      {run({"--image", "UPPER"}), "--image: image 'UPPER' must be in lower case but for a tag"},
      {run({"--env", "TEST_SEED=5"}),
       "--env: 'TEST_SEED' is each attempt's own: it comes from the job seed, which --seed or seed sets"},
      {{"run", "--repo", ".", "--", ""}, "--: Test command is required"},
      {{"rnu"}, "unknown command 'rnu' (did you mean 'run'?); see orchestrator --help"},
      {{"images", "bootstrp", "python"},
       "unknown command 'images bootstrp' (did you mean 'images bootstrap'?); see orchestrator --help"},
      {{"images"}, "'images' needs a command: images bootstrap NAME, images list, or images prune"},
      {{"--runs", "5", "run"},
       "the command comes first, as in: orchestrator run --repo . --runs 20 -- pytest tests/"},
      {{"images", "bootstrap"}, "a name is missing, as in: orchestrator images bootstrap python"},
      {{"images", "bootstrap", "a", "b"},
       "'b' is not expected here; see orchestrator images bootstrap --help"},
      {{"doctor", "--", "pytest"}, "--: doctor takes no test command"},
      {{"clean", "--runs", "5"}, "--runs: is no flag of this command"},
      {{"clean", "--yes"}, "--yes: is no flag of this command"},
  };
  for (const auto& c : cases) {
    std::string words;
    for (const auto& word : c.words) words += word + " ";
    EXPECT_EQ(complaint(c.words), c.complaint) << words;
  }
}

TEST(Options, TellAllMistakesAtOnceMissingFieldsIncluded) {
  EXPECT_EQ(complaint({"run", "--runs", "0", "--parallelism", "x", "--zzzzzz", "5"}),
            "--zzzzzz: is no flag of this command\n"
            "--runs: Runs must be between 1 and 1000\n"
            "--parallelism: parallelism must be a whole number, not 'x'\n"
            "--repo: Repository URL is required\n"
            "--: Test command is required");
  EXPECT_EQ(
      complaint({"run", "--runs", "0"}, {{"ORCHESTRATOR_REPO", "."}, {"ORCHESTRATOR_TEST_COMMAND", "x"}}),
      "--runs: Runs must be between 1 and 1000");
  EXPECT_EQ(complaint({"run", "--input", "/nowhere.json", "--runs", "0"}),
            "--runs: Runs must be between 1 and 1000\n"
            "--input: the input file '/nowhere.json' cannot be read: No such file or directory");
  EXPECT_EQ(complaint({"run", "--ref"}, {{"ORCHESTRATOR_RUNS", "zz"}}),
            "--ref: needs a value\nORCHESTRATOR_RUNS: runs must be a whole number, not 'zz'");
}

TEST(Options, ThatAreWrongStillSayWhereTheReportGoes) {
  const auto told = [](const Words& words) -> std::pair<std::string, ProgressMode> {
    try {
      parse(words);
    } catch (const UsageError& error) {
      return {error.json_file, error.progress};
    }
    return {"none", ProgressMode::quiet};
  };
  const std::pair<std::string, ProgressMode> both("r.json", ProgressMode::json);
  EXPECT_EQ(told(run({"--runs", "0", "--json", "r.json", "--progress", "json"})), both);
  EXPECT_EQ(told({"run", "--json", "r.json", "--progress=json", "--ref"}), both) << "not all flags were read";
  EXPECT_EQ(told({"run", "--json=r.json", "stray", "--progress", "json"}), both);
  EXPECT_EQ(told({"run", "--json", "--keep", "--ref"}).first, "");
  EXPECT_EQ(told({"doctor", "--json", "word"}).first, "");
}

TEST(Options, ThatAreWrongStillSayWhatTheLogIsLike) {
  const auto log_format = [](const Words& words, const Variables& variables = {}) {
    try {
      parse(words, variables);
    } catch (const UsageError& error) {
      return error.log_format;
    }
    ADD_FAILURE() << "nothing is wrong";
    return LogFormat::text;
  };
  EXPECT_EQ(log_format({"serve", "--log-format", "json", "--jobs", "x"}), LogFormat::json);
  EXPECT_EQ(log_format({"serve", "--jobs", "x"}, {{"ORCHESTRATOR_SERVE_LOG_FORMAT", "json"}}),
            LogFormat::json);
  EXPECT_EQ(log_format({"serve", "--log-format=json", "--listen"}), LogFormat::json)
      << "not all flags were read";
  EXPECT_EQ(log_format({"serve", "--jobs", "x"}), LogFormat::text);
  EXPECT_EQ(log_format({"serve", "--log-format", "xml"}), LogFormat::text);
}

TEST(Options, SayOnWhichHostAJobRuns) {
  const CommandLine line = parse(run({"--on", "https://h.example/v2/id", "--on-token-env", "T"}));
  EXPECT_EQ(line.on.url, "https://h.example/v2/id");
  EXPECT_EQ(line.on.token_env, "T");
  EXPECT_NE(complaint(run({"--on", "h.example"})).find("--on: must be https://HOST"), std::string::npos);
  EXPECT_NE(complaint(run({"--on-token-env", "T"})).find("no --on"), std::string::npos);
  EXPECT_NE(
      complaint(run({"--on", "unix:/s", "--on-token-env", "T", "--on-token-file", "f"})).find("exclude"),
      std::string::npos);
}

TEST(Options, OfAServerSayHowMuchIsKept) {
  EXPECT_EQ(parse({"serve"}).serve.keep_bytes, 4ll << 30);
  EXPECT_EQ(parse({"serve", "--keep-size", "512m"}).serve.keep_bytes, 512ll << 20);
  EXPECT_EQ(parse({"serve", "--max-waiting", "50"}).serve.waiting, 50);
  EXPECT_EQ(parse({"serve", "--max-readers", "0"}).serve.readers, 0);
  EXPECT_NE(complaint({"serve", "--max-waiting", "1"}), "");
  for (const char* wrong : {"x", "1k", "-1"})
    EXPECT_NE(complaint({"serve", "--keep-size", wrong}), "") << wrong;
}

TEST(Options, OfAServerAreRefusedWhereTheyCouldNeverWork) {
  const auto is_told = [](const Words& flags, const std::string& sentence) {
    Words words{"serve"};
    words.insert(words.end(), flags.begin(), flags.end());
    EXPECT_EQ(complaint(words), sentence);
  };
  is_told({"--allow-folder", "projects"}, "--allow-folder: must be an absolute path, not 'projects'");
  is_told({"--allow-folder", "/does/not/exist"},
          "--allow-folder: must be a folder that exists, not '/does/not/exist'");
  is_told({"--allow-repo-host", "https://github.com/x"},
          "--allow-repo-host: must be a host, as in git.example.com, not 'https://github.com/x'");
  for (const char* listen :
       {"127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "::1:80", "[::1]"})
    is_told({"--listen", listen},
            "--listen: must be ADDRESS:PORT with a port up to 65535, as in 127.0.0.1:8080, not '" +
                std::string(listen) + "'");
  EXPECT_NE(complaint({"worker", "--allow-repo-host", "https://github.com/x"}), "");

  const CommandLine line = parse(
      {"serve", "--allow-folder", "/", "--allow-repo-host", "git.example.com:8443", "--listen", "[::1]:80"});
  EXPECT_EQ(line.serve.address, "::1");
  EXPECT_EQ(line.serve.port, 80);
  EXPECT_EQ(parse({"serve", "--listen", "8081"}).serve.port, 8081);
  EXPECT_EQ(parse({"serve", "--listen", ":8081"}).serve.address, "127.0.0.1");
}

TEST(Options, OfAServerAreComplainedAboutWhereTheyWereSaid) {
  EXPECT_EQ(complaint({"serve"}, {{"ORCHESTRATOR_SERVE_JOBS", "many"}}),
            "ORCHESTRATOR_SERVE_JOBS: must be a whole number between 0 and 64, not 'many'");
  EXPECT_EQ(complaint({"serve", "--jobs", "many"}, {{"ORCHESTRATOR_SERVE_JOBS", "2"}}),
            "--jobs: must be a whole number between 0 and 64, not 'many'");
  EXPECT_EQ(
      complaint({"serve"}, {{"ORCHESTRATOR_SERVE_BOGUS", "1"}}).find("ORCHESTRATOR_SERVE_BOGUS: is no "), 0u);
  EXPECT_EQ(complaint(run({}), {{"ORCHESTRATOR_SERVE_BOGUS", "1"}}), "") << "it is nothing to a run";
}

TEST(Options, AloneAreAnsweredWithAShortHelp) {
  const std::string text = complaint({});
  EXPECT_NE(text.find("Usage: orchestrator COMMAND"), std::string::npos);
  EXPECT_NE(text.find("images bootstrap"), std::string::npos);
  EXPECT_EQ(UsageError::kExitCode, 2);
}

TEST(Options, OfOtherModes) {
  const CommandLine bootstrap = parse({"images", "bootstrap", "python", "--mirror", "http://m/"});
  EXPECT_EQ(bootstrap.mode, Mode::images_bootstrap);
  EXPECT_EQ(bootstrap.bootstrap_name, "python");
  EXPECT_EQ(bootstrap.mirror, "http://m/");
  EXPECT_EQ(parse({"images", "list"}).mode, Mode::images_list);
  EXPECT_TRUE(parse({"doctor", "--json"}).json_output);
  EXPECT_EQ(parse({"clean"}).mode, Mode::clean);
  EXPECT_EQ(parse({"version"}).mode, Mode::version);
  EXPECT_EQ(parse({"--version"}).mode, Mode::version);
}

TEST(Help, IsThereForEveryCommand) {
  EXPECT_NE(help({"run", "--help"}).find("[agent"), std::string::npos);
  for (const char* service : {"serve", "worker"})
    EXPECT_EQ(help({service, "--help"}).find("[agent"), std::string::npos);
  for (const Words& words : {Words{"--help"},
                             {"-h"},
                             {"help"},
                             {"run", "--help"},
                             {"help", "run"},
                             {"run", "-h"},
                             {"images", "--help"},
                             {"images", "bootstrap", "--help"},
                             {"images", "list", "--help"},
                             {"doctor", "--help"},
                             {"clean", "--help"},
                             {"version", "--help"}}) {
    EXPECT_EQ(help(words).rfind("Usage: orchestrator", 0), 0U) << words.back();
  }
  EXPECT_EQ(help({"run", "--", "pytest", "--help"}), "");
}

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(
      line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

TEST(Help, ListsTheCommandsWithASentenceEachAndNoFullStop) {
  const std::string text = help({"--help"});
  const auto list = text.substr(text.find("Commands:"), text.find("Examples:") - text.find("Commands:"));
  EXPECT_NE(list.find("version"), std::string::npos);
  EXPECT_EQ(list.find(".\n"), std::string::npos) << list;
}

TEST(Help, FitsInto80Columns) {
  for (const Words& words : {Words{"--help"},
                             {"run", "--help"},
                             {"ci", "--help"},
                             {"compare", "--help"},
                             {"images", "bootstrap", "--help"}}) {
    std::istringstream lines(help(words));
    std::string line;
    while (std::getline(lines, line)) EXPECT_LE(columns(line), 80U) << line;
  }
}

TEST(Help, TellsEveryFieldThatHasAFlag) {
  const std::string text = help({"run", "--help"});
  for (const auto& field : job_fields()) {
    if (!(field.places & on_command_line) || std::string(field.flag) == "--") continue;
    EXPECT_NE(text.find("  " + std::string(field.flag) + (*field.value ? " " : "")), std::string::npos)
        << field.name;
  }
}

TEST(Options, OfAPipelineSayWhatPassesAndWhatLaterStepsRead) {
  const CommandLine line = parse({"ci",           "--repo",         ".",
                                  "--fail-on",    "failing",        "--max-flake-rate",
                                  "2%",           "--quarantine",   "q.json",
                                  "--on-failure", "--result",       "r.json",
                                  "--dotenv",     "d.env",          "--only-changed",
                                  "main",         "--changed-runs", "5",
                                  "--",           "pytest"});
  EXPECT_EQ(line.mode, Mode::ci);
  EXPECT_EQ(line.ci.fail_on, FailOn::failing);
  EXPECT_DOUBLE_EQ(line.ci.max_flake_rate.value(), 0.02);
  EXPECT_EQ(line.ci.quarantine_file, "q.json");
  EXPECT_TRUE(line.ci.on_failure);
  EXPECT_EQ(line.ci.result_file, "r.json");
  EXPECT_EQ(line.ci.dotenv_file, "d.env");
  EXPECT_EQ(line.request.only_changed, "main");
  EXPECT_EQ(line.request.changed_runs, 5);
  const CommandLine usual = parse({"ci", "--repo", ".", "--", "pytest"});
  EXPECT_EQ(usual.ci.fail_on, FailOn::flaky);
  EXPECT_FALSE(usual.ci.max_flake_rate);
}

TEST(Options, OfAPipelineAreNotThoseOfARun) {
  EXPECT_NE(complaint(run({"--fail-on", "none"})), "");
  EXPECT_EQ(complaint({"ci", "--repo", ".", "--max-flake-rate", "1", "--fail-on", "all", "--", "x"}),
            "--fail-on: must be one of flaky, failing, none, not 'all'\n"
            "--max-flake-rate: must be a rate between 0 and 1, as in 2% or 0.02, not '1'");
}

TEST(Options, OfAComparisonAreTwoReports) {
  const CommandLine line = parse({"compare", "a.json", "b.json", "--json", "-"});
  EXPECT_EQ(line.mode, Mode::compare);
  EXPECT_EQ(line.before_file, "a.json");
  EXPECT_EQ(line.after_file, "b.json");
  EXPECT_EQ(line.json_file, "-");
  EXPECT_NE(complaint({"compare", "a.json"}), "");
  EXPECT_NE(complaint({"compare", "a.json", "b.json", "c.json"}), "");
  EXPECT_NE(complaint({"compare", "a.json", "b.json", "--", "x"}), "");
}

TEST(Options, OfAWorkerAreThoseOfTheSdkToo) {
  const CommandLine line =
      parse({"worker", "--rp_serve_api", "--rp_api_port", "9000", "--rp_api_host", "localhost",
             "--rp_api_concurrency=3", "--rp_log_level", "WARN", "--drain-timeout", "5s", "--result-size",
             "1m", "--jobs", "2", "--allow-image", "a*"});
  EXPECT_EQ(line.mode, Mode::worker);
  EXPECT_TRUE(line.worker.serve_api);
  EXPECT_EQ(line.worker.api_port, 9000);
  EXPECT_EQ(line.worker.api_host, "127.0.0.1");
  EXPECT_EQ(line.worker.api_concurrency, 3);
  EXPECT_EQ(line.worker.log_level, "WARN");
  EXPECT_EQ(line.worker.drain_s, 5);
  EXPECT_EQ(line.worker.result_bytes, 1u << 20);
  EXPECT_EQ(line.worker.jobs, 2);
  EXPECT_EQ(line.serve.images, Words{"a*"});
  EXPECT_EQ(parse({"worker", "--test_input", R"({"input": {}})"}).worker.test_input, R"({"input": {}})");
}

TEST(Options, OfAWorkerMayBeForSomebodyElse) {
  const CommandLine line =
      parse({"worker", "--rp_debugger", "--mine", "value", "word", "--jobs", "2", "--", "more"});
  EXPECT_EQ(line.worker.jobs, 2);
  EXPECT_EQ(line.worker.ignored, (Words{"--rp_debugger", "--mine", "value", "word"}));
}

TEST(Options, OfAWorkerAreCheckedWhereTheyAreKnown) {
  EXPECT_NE(complaint({"worker", "--result-size", "20m"}).find("between 16k and 8m"), std::string::npos);
  EXPECT_NE(complaint({"worker", "--rp_api_port", "many"}), "");
  EXPECT_NE(complaint({"worker", "--test_input"}), "");
}

}  // namespace
}  // namespace orchestrator
