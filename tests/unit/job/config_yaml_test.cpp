#include <gtest/gtest.h>

#include "tests/unit/job/errors_of.h"

namespace orchestrator {
namespace {

using testing::errors_of;
using testing::text_of;

JobRequest parse(const std::string& yaml) { return parse_repository_config(yaml, kRepositoryConfig); }
std::string errors(const std::string& yaml) {
  return errors_of([&] { parse(yaml); });
}

TEST(RepositoryConfig, ReadsEveryKey) {
  const JobRequest job = parse(R"(
# a comment
runs: 20
parallelism: 8
timeout: 60
test_command: pytest -q tests/
ignore_patterns: ["test_slow*", '*_skip']
severity_thresholds: {critical: 0.8}
auto_install_dependencies: no
pip_install_timeout: 10m
max_error_length: 500
save_full_output: true
cleanup_on_failure: true
preserve_temp_dir: false
random_seed_range:
  min: 5
environment:
  VERSION: 1.10
  DEBUG: yes
  EMPTY: ""
test_suites:
  - name: unit
    test_command: [pytest, -n, 4]
    runs: 50
  - {name: 12, test_command: make check, parallelism: 2}
auto_trigger_on_failure: true
auto_trigger_runs: 30
auto_trigger_parallelism: 5
results: ["**/TEST-*.xml", 12]
)");
  EXPECT_EQ(job.results, (std::vector<std::string>{"**/TEST-*.xml", "12"}));
  EXPECT_EQ(parse("results: '**/*.xml'").results, std::vector<std::string>{"**/*.xml"});
  EXPECT_EQ(job.runs, 20);
  EXPECT_EQ(job.parallelism, 8);
  EXPECT_EQ(job.timeout_s, 60);
  EXPECT_EQ(job.test_command->line, "pytest -q tests/");
  EXPECT_EQ(job.ignore_patterns, (std::vector<std::string>{"test_slow*", "*_skip"}));
  EXPECT_EQ(job.severity_thresholds->critical, 0.8);
  EXPECT_EQ(job.severity_thresholds->high, 0.5);  // merged over the defaults
  EXPECT_EQ(job.auto_install_dependencies, false);
  EXPECT_EQ(job.install_timeout_s, 600);
  EXPECT_EQ(job.max_error_length, 500);
  EXPECT_EQ(job.save_full_output, true);
  EXPECT_EQ(job.keep, false);
  EXPECT_EQ(job.random_seed_range->min, 5);
  EXPECT_EQ(job.random_seed_range->max, 1'000'000);
  EXPECT_EQ(job.env,
            (std::map<std::string, std::string>{{"VERSION", "1.10"}, {"DEBUG", "yes"}, {"EMPTY", ""}}));
  ASSERT_EQ(job.test_suites.size(), 2U);
  EXPECT_EQ(job.test_suites[0].name, "unit");
  EXPECT_EQ(job.test_suites[0].test_command.words, (std::vector<std::string>{"pytest", "-n", "4"}));
  EXPECT_EQ(job.test_suites[0].runs, 50);
  EXPECT_EQ(job.test_suites[0].parallelism, std::nullopt);
  EXPECT_EQ(job.test_suites[1].name, "12");
  EXPECT_EQ(job.test_suites[1].test_command.line, "make check");
  EXPECT_EQ(job.test_suites[1].parallelism, 2);
  EXPECT_EQ(job.auto_trigger_on_failure, true);
  EXPECT_EQ(job.auto_trigger_runs, 30);
  EXPECT_EQ(job.auto_trigger_parallelism, 5);
}

TEST(RepositoryConfig, KeepsWhenEitherKeySaysSo) {
  EXPECT_EQ(parse("cleanup_on_failure: false").keep, true);
  EXPECT_EQ(parse("preserve_temp_dir: true").keep, true);
  EXPECT_EQ(parse("cleanup_on_failure: true\npreserve_temp_dir: true").keep, true);
  EXPECT_EQ(parse("cleanup_on_failure: false\npreserve_temp_dir: false").keep, true);
  EXPECT_EQ(parse("cleanup_on_failure: true").keep, false);
  EXPECT_EQ(parse("runs: 5").keep, std::nullopt);
}

TEST(RepositoryConfig, MayBeEmpty) {
  for (const char* text : {"", "\n", "# nothing\n", "---\n", "---\n...\n", "{}", "null"}) {
    EXPECT_EQ(parse(text).to_json().dump(), "{}") << text;
  }
}

TEST(RepositoryConfig, TakesAKeyWithoutValueAsNotSaid) {
  EXPECT_EQ(parse("runs:\nparallelism: 2").runs, std::nullopt);
}

TEST(RepositoryConfig, WithoutADocumentIsEmpty) {
  for (const char* yaml : {"", "\n\n", "# a comment", "# %YAML 1.2\n  # another\n", "---", "---\n# nothing\n",
                           "--- \n...\n", "%YAML 1.2\n---\n", "\xEF\xBB\xBF# a comment\n"})
    EXPECT_EQ(errors(yaml), "") << yaml;
}

TEST(RepositoryConfig, OfADirectiveAloneIsNoYaml) {
  const std::string error =
      ": not valid YAML: a line that starts with % must be followed by a line --- and a document\n";
  for (const char* yaml : {"%YAML 1.2", "%YAML 1.2\n", "# a comment\n%YAML 1.2\r\n",
                           "\xEF\xBB\xBF%YAML 1.2\n", "%TAG ! tag:example.org,2026:\n# a comment\n"})
    EXPECT_EQ(errors(yaml), error) << yaml;
  EXPECT_EQ(parse("%YAML 1.2\n---\nruns: 5\n").runs, 5);
}

TEST(RepositoryConfig, UnderstandsAliases) {
  EXPECT_EQ(parse("environment: {A: &x hello, B: *x}").env.at("B"), "hello");
}

struct Case {
  const char* yaml;
  const char* errors;
};

TEST(RepositoryConfig, SaysWhatIsWrongAndWhere) {
  const Case cases[] = {
      {"runs: 1500", "runs: Runs must be between 1 and 1000\n"},
      {"runs: 0", "runs: Runs must be between 1 and 1000\n"},
      {"parallelism: 60", "parallelism: Parallelism must be between 1 and 50\n"},
      {"runs: \"5\"", "runs: runs must be a whole number, not a string\n"},
      {"runs: five", "runs: runs must be a whole number, not a string\n"},
      {"runs: 0x10", "runs: runs must be a whole number, not a string\n"},
      {"runs: 99999999999999999999999", "runs: Runs must be between 1 and 1000\n"},
      {"runs: [5]", "runs: runs must be a whole number, not a list\n"},
      {"timeout: -1", "timeout: Timeout must be more than 0 and at most 86400 seconds\n"},
      {"timeout: .nan",
       "timeout: timeout must be a number of seconds or a time as in \"90s\" or \"5m\", not '.nan'\n"},
      {"max_error_length: 0", "max_error_length: The maximum error length must be between 1 and 100000\n"},
      {"auto_trigger_runs: 1001", "auto_trigger_runs: Runs must be between 1 and 1000\n"},
      {"severity_thresholds: {critical: high}",
       "severity_thresholds.critical: must be a number, not a string\n"},
      {"severity_thresholds: {critical: 2, high: x, low: 0}",
       "severity_thresholds.critical: must be more than 0 and at most 1\n"
       "severity_thresholds.high: must be a number, not a string\n"
       "severity_thresholds.low: must be more than 0 and at most 1\n"},
      {"severity_thresholds: {critcal: 1}",
       "severity_thresholds.critcal: unknown field 'critcal' (did you mean 'critical'?)\n"},
      {"severity_thresholds: {critical: 0.3}",
       "severity_thresholds: severity_thresholds must fall from critical over high and medium to low, "
       "between 0 and "
       "1\n"},
      {"random_seed_range: {min: 5, max: 4}",
       "random_seed_range: random_seed_range must go from a min of at least 0 up to its max\n"},
      {"random_seed_range: {min: -5}", "random_seed_range.min: must not be negative\n"},
      {"random_seed_range: {min: -5, max: x}",
       "random_seed_range.max: must be a whole number, not a string\n"
       "random_seed_range.min: must not be negative\n"},
      {"random_seed_range: [1, 5]",
       "random_seed_range: random_seed_range must be an object with min and max, not a list\n"},
      {"random_seed_range: {min: 1.5}", "random_seed_range.min: must be a whole number, not a fraction\n"},
      {"environment: {A-B: 1}",
       "environment.A-B: 'A-B' is no name of an environment variable: letters, digits and '_', no digit "
       "first\n"},
      {"environment: {TEST_SEED: 5}",
       "environment.TEST_SEED: 'TEST_SEED' is each attempt's own: it comes from the job seed, which --seed "
       "or "
       "seed sets\n"},
      {"environment: {A: [1]}", "environment.A: must be a string, a number or a boolean, not a list\n"},
      {"ignore_patterns: test_*",
       "ignore_patterns: ignore_patterns must be a list of strings, not a string\n"},
      {"test_suites: {a: b}", "test_suites: test_suites must be a list, not an object\n"},
      {"test_suites: [{name: a}]", "test_suites.0.test_command: Test command is required\n"},
      {"test_suites: [{test_command: {a: b}, runs: 0}]",
       "test_suites.0.runs: Runs must be between 1 and 1000\n"
       "test_suites.0.test_command: test_command must be a string or a list of words, not an object\n"
       "test_suites.0.name: the suite needs a name\n"},
      {"test_suites: [{test_command: a}]", "test_suites.0.name: the suite needs a name\n"},
      {"test_suites: [{name: a, test_command: b, runs: 1001}]",
       "test_suites.0.runs: Runs must be between 1 and 1000\n"},
      {"test_suites: [{name: a, test_command: b, network: x}]",
       "test_suites.0.network: unknown field 'network'\n"},
      {"test_suites: [{name: a, test_command: b}, {name: a, test_command: c}]",
       "test_suites: test_suites holds two suites of one name\n"},
      {"test_comand: a", "test_comand: unknown field 'test_comand' (did you mean 'test_command'?)\n"},
      {"network: bridge", "network: 'network' may not be set by the repository; use --network\n"},
      {"image: x", "image: 'image' may not be set by the repository; use --image\n"},
      {"dockerfile: x", "dockerfile: 'dockerfile' may not be set by the repository; use --dockerfile\n"},
      {"build_args: {A: 1}", "build_args: 'build_args' may not be set by the repository; use --build-arg\n"},
      {"setup_commands: [x]",
       "setup_commands: 'setup_commands' may not be set by the repository; use --setup-command\n"},
      {"memory: 9g", "memory: 'memory' may not be set by the repository; use --memory\n"},
      {"limits: {memory: 9g}",
       "limits: 'limits' may not be set by the repository; use --memory, --cpus, --pids, …\n"},
      {"env: {A: b}", "env: 'env' may not be set by the repository; use --env, or 'environment' here\n"},
      {"secret_env: [A]", "secret_env: 'secret_env' may not be set by the repository; use --secret-env\n"},
      {"repo: x", "repo: 'repo' may not be set by the repository; use --repo\n"},
      {"only_attempt: 1",
       "only_attempt: 'only_attempt' may not be set by the repository; use --only-attempt\n"},
      {"- runs", ": must be a mapping of keys and values at its top\n"},
      {"just words", ": must be a mapping of keys and values at its top\n"},
      {"runs: 5\nruns: 6", ": not valid YAML: line 2: key 'runs' stands there twice\n"},
      {"[a]: 5", ": not valid YAML: line 1: a key must be a word\n"},
      {"runs: 5\n---\nruns: 6", ": not valid YAML: it holds more than one document\n"},
      {"a: &a [*a]", ": not valid YAML: line 1: an alias stands inside what it names\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(errors(c.yaml), c.errors) << c.yaml;
}

TEST(RepositoryConfig, NamesFileAndKey) {
  EXPECT_EQ(text_of([] { parse("runs: 1500"); }),
            ".flaky-detector.yml: runs: Runs must be between 1 and 1000");
  EXPECT_EQ(text_of([] { parse_repository_config("network: bridge", "sub/.flaky-detector.yml"); }),
            "sub/.flaky-detector.yml: network: 'network' may not be set by the repository; use --network");
}

TEST(RepositoryConfig, ReportsAllMistakesAtOnce) {
  EXPECT_EQ(errors("runs: 0\nparallelism: 51\nnetwork: bridge"),
            "network: 'network' may not be set by the repository; use --network\n"
            "parallelism: Parallelism must be between 1 and 50\n"
            "runs: Runs must be between 1 and 1000\n");
}

TEST(RepositoryConfig, SaysInOneSentenceThatItIsNoYaml) {
  for (const std::string text :
       {"runs: [5", "runs: \"5", "\truns: 5", "runs: 5\n  parallelism: 4", "{{{", "a: b: c",
        "%YAML 9.9\n---\na", "*nothing", "a: !<", "key: \"\\q\"", "- a\nb: c"}) {
    const std::string what = text_of([&] { parse(text); });
    EXPECT_EQ(what.rfind(".flaky-detector.yml: not valid YAML: ", 0), 0U) << text << " gave " << what;
    EXPECT_EQ(what.find('\n'), std::string::npos) << what;
  }
}

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

TEST(RepositoryConfig, IsBoundedInDepthSizeAndNumber) {
  EXPECT_NE(errors(repeated("[", 100'000)), "");
  EXPECT_NE(errors(repeated("{a: ", 50'000)), "");
  EXPECT_NE(errors(repeated("- ", 100'000)), "");
  EXPECT_NE(errors(repeated("? ", 100'000)), "");
  std::string stairs;
  for (int i = 0; i < 600; ++i) stairs += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_EQ(errors(stairs), ": not valid YAML: line 65: nested deeper than 64 levels\n");
  EXPECT_EQ(errors("a: [" + repeated("1,", 20'000) + "]"),
            ": not valid YAML: line 1: more than 10000 values\n");
  EXPECT_EQ(errors(std::string(256 * 1024 + 1, '#')), ": the file is larger than 256 KiB\n");
}

TEST(RepositoryConfig, RefusesAliasesThatExplode) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'j'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [" + repeated("*" + before + ", ", 9) + "]\n";
  }
  EXPECT_NE(errors(bomb).find("more than 10000 values"), std::string::npos);
  const std::string heavy = "a: &a " + std::string(100'000, 'x') + "\nb: [" + repeated("*a, ", 9'000) + "]";
  EXPECT_NE(errors(heavy).find("more than 10000 values"), std::string::npos);
}

TEST(RepositoryConfig, HoldsNoNulBytes) {
  EXPECT_EQ(errors(std::string("runs: 5\0", 8)), ": not valid YAML: it holds a NUL byte\n");
  EXPECT_EQ(errors("test_command: \"a\\0b\""), "test_command: test_command must not hold a NUL byte\n");
}

TEST(UserConfig, MaySetMore) {
  const JobRequest job = parse_user_config(
      "network: bridge\nimage: python:3.11\nlimits: {memory: 4g, cpus: 2}\nenv: {A: 1}\nenvironment: {B: 2}\n"
      "secret_env: [TOKEN]\nsetup_commands: [make]\nruns: 50\n",
      "config.yml");
  EXPECT_EQ(job.network, "bridge");
  EXPECT_EQ(job.image, "python:3.11");
  EXPECT_EQ(job.memory_bytes, 4LL << 30);
  EXPECT_EQ(job.cpus, 2);
  EXPECT_EQ(job.env, (std::map<std::string, std::string>{{"A", "1"}, {"B", "2"}}));
  EXPECT_EQ(job.secret_env, (std::vector<std::string>{"TOKEN"}));
  EXPECT_EQ(job.setup_commands, (std::vector<std::string>{"make"}));
  EXPECT_EQ(job.runs, 50);
}

TEST(UserConfig, LeavesToEachJobWhatToTest) {
  EXPECT_EQ(
      errors_of([] { parse_user_config("repo: x\ntest_command: y\nlimits: {memory: 1k}", "config.yml"); }),
      "limits.memory: Memory must be between 6 MiB and 1 PiB\n"
      "repo: 'repo' may not be set in the user's config, only by each job\n"
      "test_command: 'test_command' may not be set in the user's config, only by each job\n");
}

}  // namespace
}  // namespace orchestrator
