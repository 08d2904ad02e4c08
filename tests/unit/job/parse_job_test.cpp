#include <gtest/gtest.h>

#include "tests/unit/job/errors_of.h"

namespace orchestrator {
namespace {

using testing::errors_of;
using testing::text_of;

JobRequest parse_text(const std::string& json, UnknownFields unknown = UnknownFields::error) {
  return parse_job(json, unknown, "input.json");
}

std::string errors_in(const std::string& json) {
  return errors_of([&] { parse_text(json); });
}

TEST(ParseJob, ReadsEveryField) {
  const JobRequest job = parse_text(R"({
    "repo": "https://example.org/a/b", "test_command": ["pytest", "-q"], "suite": "slow", "runs": 20,
    "parallelism": 8, "framework": "python", "ref": "v1", "subdir": "a/b", "timeout": 1.5, "deadline": "1h",
    "seed": 18446744073709551615, "image": "python:3.12-slim", "setup_commands": ["apt-get update"],
    "pull": "always", "auto_install_dependencies": false, "network": "bridge", "env": {"A": "x", "B": 5, "C": true},
    "secret_env": ["TOKEN"], "include": ["*.bin"], "vary": "none",
    "limits": {"memory": "1g", "cpus": 0.5, "pids": 64, "nofile": 1024, "tmp": 1048576, "shm": "64m", "disk": "1GiB"}
  })");
  EXPECT_EQ(job.repo, "https://example.org/a/b");
  EXPECT_EQ(job.test_command->words, (std::vector<std::string>{"pytest", "-q"}));
  EXPECT_EQ(job.suite, "slow");
  EXPECT_EQ(job.runs, 20);
  EXPECT_EQ(job.parallelism, 8);
  EXPECT_EQ(job.framework, "python");
  EXPECT_EQ(job.ref, "v1");
  EXPECT_EQ(job.subdir, "a/b");
  EXPECT_EQ(job.timeout_s, 1.5);
  EXPECT_EQ(job.deadline_s, 3600);
  EXPECT_EQ(job.seed, 18446744073709551615U);
  EXPECT_EQ(job.image, "python:3.12-slim");
  EXPECT_EQ(job.setup_commands, (std::vector<std::string>{"apt-get update"}));
  EXPECT_EQ(job.pull, "always");
  EXPECT_EQ(job.auto_install_dependencies, false);
  EXPECT_EQ(job.network, "bridge");
  EXPECT_EQ(job.env, (std::map<std::string, std::string>{{"A", "x"}, {"B", "5"}, {"C", "true"}}));
  EXPECT_EQ(job.secret_env, (std::vector<std::string>{"TOKEN"}));
  EXPECT_EQ(job.include, (std::vector<std::string>{"*.bin"}));
  EXPECT_EQ(job.vary, "none");
  EXPECT_EQ(job.memory_bytes, 1LL << 30);
  EXPECT_EQ(job.cpus, 0.5);
  EXPECT_EQ(job.pids, 64);
  EXPECT_EQ(job.nofile, 1024);
  EXPECT_EQ(job.tmp_bytes, 1LL << 20);
  EXPECT_EQ(job.shm_bytes, 64LL << 20);
  EXPECT_EQ(job.disk_bytes, 1LL << 30);
}

TEST(ParseJob, TakesAStringAsALine) {
  EXPECT_EQ(parse_text(R"({"test_command": "cd a && npm test"})").test_command->line, "cd a && npm test");
}

TEST(ParseJob, TakesTheWrappedFormAndIgnoresWhatStandsBesideIt) {
  const auto job = parse_text(
      R"({"id": "x", "webhook": 5, "policy": {}, "input": {"repo": "https://e.org/r", "runs": 3}})");
  EXPECT_EQ(job.repo, "https://e.org/r");
  EXPECT_EQ(job.runs, 3);
  EXPECT_TRUE(job.warnings.empty());
}

TEST(ParseJob, TakesNullAsNotSaid) {
  const auto job = parse_text(R"({"runs": null, "framework": null, "limits": null})");
  EXPECT_EQ(job.runs, std::nullopt);
  EXPECT_EQ(job.framework, std::nullopt);
}

TEST(ParseJob, TakesAWholeNumberWrittenWithAPoint) { EXPECT_EQ(parse_text(R"({"runs": 5.0})").runs, 5); }

struct BadJob {
  const char* json;
  const char* errors;
};

TEST(ParseJob, SaysWhatIsWrongAndWhere) {
  const BadJob cases[] = {
      {R"({"runs": "5"})", "/runs: runs must be a whole number, not a string\n"},
      {R"({"runs": 5.5})", "/runs: runs must be a whole number, not a fraction\n"},
      {R"({"runs": 0})", "/runs: Runs must be between 1 and 1000\n"},
      {R"({"runs": 1001})", "/runs: Runs must be between 1 and 1000\n"},
      {R"({"runs": -99999999999999999999})", "/runs: Runs must be between 1 and 1000\n"},
      {R"({"runs": 1e300})", "/runs: Runs must be between 1 and 1000\n"},
      {R"({"parallelism": 51})", "/parallelism: Parallelism must be between 1 and 50\n"},
      {R"({"repo": ""})", "/repo: Repository URL is required\n"},
      {R"({"repo": "--upload-pack=x"})", "/repo: Invalid repository URL or path: '--upload-pack=x'\n"},
      {R"({"repo": 5})", "/repo: repo must be a string, not a number\n"},
      {R"({"test_command": "  "})", "/test_command: Test command is required\n"},
      {R"({"test_command": []})", "/test_command: Test command is required\n"},
      {R"({"test_command": {}})",
       "/test_command: test_command must be a string or a list of words, not an object\n"},
      {R"({"test_command": ["a", 5]})", "/test_command/1: must be a string, not a number\n"},
      {R"({"seed": -1})", "/seed: Seed must be a whole number between 0 and 18446744073709551615\n"},
      {R"({"timeout": 0})", "/timeout: Timeout must be more than 0 and at most 86400 seconds\n"},
      {R"({"timeout": 86401})", "/timeout: Timeout must be more than 0 and at most 86400 seconds\n"},
      {R"({"timeout": "soon"})",
       "/timeout: timeout must be a number of seconds or a time as in \"90s\" or \"5m\", not 'soon'\n"},
      {R"({"timeout": [5]})",
       "/timeout: timeout must be a number of seconds or a time as in \"90s\" or \"5m\", not a list\n"},
      {R"({"limits": {"memory": "1x"}})",
       "/limits/memory: memory must be a number of bytes or a size as in \"512m\" or \"2g\", not '1x'\n"},
      {R"({"limits": {"memory": true}})",
       "/limits/memory: memory must be a number of bytes or a size as in \"512m\" or \"2g\", not a "
       "boolean\n"},
      {R"({"limits": {"memory": "5m"}})", "/limits/memory: Memory must be between 6 MiB and 1 PiB\n"},
      {R"({"limits": {"cpus": 0}})", "/limits/cpus: CPUs must be between 0.01 and 1024\n"},
      {R"({"limits": {"pids": 0}})", "/limits/pids: Pids must be between 1 and 1000000\n"},
      {R"({"limits": {"nofile": 15}})", "/limits/nofile: Nofile must be between 16 and 1048576\n"},
      {R"({"limits": 5})", "/limits: limits must be an object, not a number\n"},
      {R"({"limits": {"memroy": 5}})", "/limits/memroy: unknown field 'memroy' (did you mean 'memory'?)\n"},
      {R"({"memory": "2g"})", "/memory: 'memory' belongs into 'limits'\n"},
      {R"({"network": "brigde"})",
       "/network: network must be none, internal or bridge, not 'brigde' (did you mean 'bridge'?)\n"},
      {R"({"pull": "allways"})",
       "/pull: pull must be missing, always or never, not 'allways' (did you mean 'always'?)\n"},
      {R"({"framework": "jest"})",
       "/framework: framework 'jest' is not known (did you mean 'typescript-jest'?)\n"},
      {R"({"env": {"1A": "x"}})",
       "/env/1A: '1A' is no name of an environment variable: letters, digits and '_', no digit first\n"},
      {R"({"env": {"TEST_SEED": 5}})",
       "/env/TEST_SEED: 'TEST_SEED' is each attempt's own: it comes from the job seed, which --seed or seed "
       "sets\n"},
      {R"({"env": {"ATTEMPT": 1, "ORCHESTRATOR_X": 1}})",
       "/env/ATTEMPT: 'ATTEMPT' is each attempt's own: its number\n"
       "/env/ORCHESTRATOR_X: 'ORCHESTRATOR_X' cannot be set in an attempt: names that begin with "
       "ORCHESTRATOR_ are ours\n"},
      {R"({"secret_env": ["TEST_SEED"]})",
       "/secret_env: 'TEST_SEED' is each attempt's own: it comes from the job seed, which --seed or seed "
       "sets\n"},
      {R"({"env": {"A": []}})", "/env/A: must be a string, a number or a boolean, not a list\n"},
      {R"({"env": ["A=B"]})", "/env: env must be an object of names and values, not a list\n"},
      {R"({"env": {"A": "a\u0000b"}})", "/env/A: A must not hold a NUL byte\n"},
      {R"({"repo": "a\u0000b"})", "/repo: repo must not hold a NUL byte\n"},
      {R"({"include": ["a\u0000b"]})", "/include/0: include must not hold a NUL byte\n"},
      {R"({"results": ["a.xml", " "]})", "/results: results must not hold an empty text\n"},
      {R"({"results": "a\nb"})", "/results: results 'a?b' holds a control character\n"},
      {R"({"results": "a\u0000b"})", "/results/0: results must not hold a NUL byte\n"},
      {R"({"results": 5})", "/results: results must be a glob or a list of globs, not a number\n"},
      {R"({"setup_commands": "make"})",
       "/setup_commands: setup_commands must be a list of strings, not a string\n"},
      {R"({"secret_env": ["A-B"]})",
       "/secret_env: 'A-B' is no name of an environment variable: letters, digits and '_', no digit first\n"},
      {R"({"image": "-v"})",
       "/image: image '-v' is no name of an image, as in python:3.12-slim or "
       "host:5000/team/app:1.0\n"},
      {R"({"image": "a b"})",
       "/image: image 'a b' is no name of an image, as in python:3.12-slim or "
       "host:5000/team/app:1.0\n"},
      {R"({"dockerfile": "../Dockerfile"})",
       "/dockerfile: dockerfile '../Dockerfile' is no path of a file inside the repository\n"},
      {R"({"ref": "-x"})", "/ref: ref '-x' is no name of a branch, tag or commit\n"},
      {R"({"auto_install_dependencies": "no"})",
       "/auto_install_dependencies: auto_install_dependencies must be true or false, not a string\n"},
      {R"({"vary": "shuffel=1"})",
       "/vary: vary must be none, auto or shares of written, reverse, shuffle and repeat as in "
       "\"written=2,shuffle=1,repeat=1\", not 'shuffel=1'\n"},
      {R"({"rnus": 5})", "/rnus: unknown field 'rnus' (did you mean 'runs'?)\n"},
      {R"({"a/b~c": 5})", "/a~1b~0c: unknown field 'a/b~c'\n"},
      {R"({"ignore_patterns": []})",
       "/ignore_patterns: 'ignore_patterns' is no field of a job; it is set in .flaky-detector.yml\n"},
      {R"({"only_attempt": 1000})", "/only_attempt: Only attempt must be between 0 and 999\n"},
      {R"({"input": 5})", "/input: input must be an object, not a number\n"},
      {R"([])", ": a job must be a JSON object, not a list\n"},
      {R"({"runs": 1, "runs": 2})", ": field 'runs' stands there twice\n"},
      {R"({"env": {"A": "1", "B": "2", "A": "3"}})", ": field 'A' stands there twice\n"},
      {R"({"a": 1e999})", ": not valid JSON: a number is out of range\n"},
      {"", ": not valid JSON: it is empty\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(errors_in(c.json), c.errors) << c.json;
}

TEST(ParseJob, AllowsOneKeyInSeveralObjects) {
  EXPECT_EQ(parse_text(R"({"limits": {"pids": 5}, "env": {"pids": "6"}})").pids, 5);
}

TEST(ParseJob, ReportsAllMistakesAtOnce) {
  const std::string text =
      text_of([] { parse_text(R"({"runs": 0, "parallelism": 99, "colour": 1, "repo": ""})"); });
  EXPECT_EQ(text,
            "input.json: /colour: unknown field 'colour'\n"
            "input.json: /parallelism: Parallelism must be between 1 and 50\n"
            "input.json: /repo: Repository URL is required\n"
            "input.json: /runs: Runs must be between 1 and 1000");
}

TEST(ParseJob, SaysWhereTheJsonBreaks) {
  EXPECT_EQ(text_of([] { parse_text("{\n  \"runs\": 5,\n  oops\n}"); }).substr(0, 55),
            "input.json: not valid JSON: line 3, column 3 (object ke");
}

TEST(ParseJob, RefusesDeepNestingInOneSentence) {
  const std::string expected = ": JSON is nested deeper than 64 levels\n";
  EXPECT_EQ(errors_in(std::string(100'000, '[')), expected);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(errors_in(objects), expected);
  EXPECT_EQ(errors_in(std::string(65, '[') + std::string(65, ']')), expected);
  EXPECT_EQ(errors_in(std::string(64, '[') + std::string(64, ']')),
            ": a job must be a JSON object, not a list\n");
}

TEST(ParseJob, RefusesMoreThanEightMebibytes) {
  EXPECT_EQ(errors_in(std::string(8 * 1024 * 1024 + 1, ' ')), ": JSON is larger than 8 MiB\n");
}

TEST(ParseJob, ReadsAsMuchAsItsCallerAllows) {
  const std::string large =
      R"({"repo": "https://github.com/a/b", "note": ")" + std::string(9'000'000, 'x') + "\"}";
  EXPECT_EQ(read_job(large, UnknownFields::warn, "", large.size()).errors.size(), 0u);
}

std::string list_of(std::size_t count, const std::string& entry) {
  std::string text = "[";
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + entry;
  return text + "]";
}

TEST(ParseJob, TellsAHundredMistakesAndThatThereAreMore) {
  const auto errors =
      read_job(R"({"include": )" + list_of(9'000, "1") + "}", UnknownFields::error, "f").errors;
  ASSERT_EQ(errors.size(), kMostErrors + 1);
  EXPECT_EQ(errors.at(99).pointer, "/include/99");
  EXPECT_EQ(errors.back().message, "there are more mistakes than these 100");
  EXPECT_EQ(errors.back().where, "f");
}

TEST(ParseJob, TellsAHundredMistakesOfAllSourcesTogether) {
  const auto reading = read_job(R"({"include": )" + list_of(80, "1") + "}", UnknownFields::error, "f");
  try {
    combine({reading, reading});
    FAIL() << "it was taken";
  } catch (const InvalidJob& wrong) {
    EXPECT_EQ(wrong.errors().size(), kMostErrors + 1);
  }
}

TEST(ParseJob, TellsAHundredUnknownFields) {
  std::string text = "{";
  for (int i = 0; i < 5'000; ++i) text += (i == 0 ? "\"n" : ",\"n") + std::to_string(i) + "\":1";
  text += "}";
  EXPECT_EQ(read_job(text, UnknownFields::error, "").errors.size(), kMostErrors + 1);
  const auto warnings = read_job(text, UnknownFields::warn, "").request.warnings;
  ASSERT_EQ(warnings.size(), kMostErrors + 1);
  EXPECT_EQ(warnings.back(), "more fields than these were ignored");
}

TEST(ParseJob, ShortensWhatIsSaidOfAMistake) {
  const std::string name(1'000'000, 'x');
  const auto errors = read_job("{\"" + name + "\": 1}", UnknownFields::error, "").errors;
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_LT(errors.front().pointer.size() + errors.front().message.size(), 500u);
}

TEST(ParseJob, RefusesLongerListsThanAnybodyWrites) {
  for (const std::string field : {"include", "secret_env", "setup_commands"})
    EXPECT_EQ(errors_in("{\"" + field + "\": " + list_of(10'001, "\"A\"") + "}"),
              "/" + field + ": " + field + " must not hold more than 10000 entries\n");
  EXPECT_EQ(errors_in(R"({"test_command": )" + list_of(100'001, "\"a\"") + "}"),
            "/test_command: test_command must not hold more than 100000 entries\n");
  std::string env = "{";
  for (int i = 0; i < 10'001; ++i) env += (i == 0 ? "\"V" : ",\"V") + std::to_string(i) + "\":1";
  EXPECT_EQ(errors_in(R"({"env": )" + env + "}}"), "/env: env must not hold more than 10000 entries\n");
}

TEST(ParseJob, RefusesTextsThatNoProgramCanBeStartedWith) {
  const std::string long_text(131'072, 'x');
  EXPECT_EQ(errors_in("{\"test_command\": \"" + long_text + "\"}"),
            "/test_command: test_command must be shorter than 128 KiB\n");
  EXPECT_EQ(errors_in("{\"env\": {\"A\": \"" + long_text + "\"}}"),
            "/env/A: A must be shorter than 128 KiB\n");
}

TEST(ParseJob, NeverCrashesOnBytes) {
  const std::string hostile[] = {"\xff\xfe",
                                 std::string("{\"a\0b\": 1}", 10),
                                 "{\"repo\": \"\xc3\x28\"}",
                                 "nul",
                                 "{\"a\"",
                                 "{,}",
                                 "\xef\xbb\xbf{}x",
                                 "{\"\\ud800\": 1}",
                                 "{}{}",
                                 "[1,2",
                                 "\"\x1b[31m\""};
  for (const auto& text : hostile) {
    const std::string what = text_of([&] { parse_text(text); });
    EXPECT_NE(what, "") << text;
    EXPECT_EQ(what.find('\n'), std::string::npos) << what;
    EXPECT_EQ(what.find('\x1b'), std::string::npos) << what;
  }
}

TEST(ParseJob, KeepsATerminalSafeFromFieldNames) {
  EXPECT_EQ(errors_in("{\"\\u001b[31m\": 1}").find('\x1b', 10), std::string::npos);
}

TEST(ParseJob, OnTheWireWarnsOfUnknownFieldsAndFrameworks) {
  const auto job =
      parse_text(R"({"input": {"repo": "https://e.org/r", "rnus": 5, "framework": "jest", "memory": 1}})",
                 UnknownFields::warn);
  EXPECT_EQ(job.framework, "unknown");
  EXPECT_EQ(job.warnings,
            (std::vector<std::string>{
                "framework 'jest' is not known (did you mean 'typescript-jest'?); 'unknown' was used",
                "'memory' belongs into 'limits'; it was ignored",
                "unknown field 'rnus' (did you mean 'runs'?); it was ignored"}));
}

TEST(ParseJob, OnTheWireStillRefusesWrongValues) {
  EXPECT_EQ(errors_of([] { parse_text(R"({"runs": "5"})", UnknownFields::warn); }),
            "/runs: runs must be a whole number, not a string\n");
}

}  // namespace
}  // namespace orchestrator
