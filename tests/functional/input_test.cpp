// Wrong input: one clear sentence per mistake, exit 2, and nothing was started for it.
#include <fmt/format.h>

#include "tests/support/companion.h"
#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using Words = std::vector<std::string>;

struct BadInput {
  std::string name;
  Words words;              // after `run`; REPO is a good folder, INPUT a file of what stands in `input`
  Words sentences;          // each is a line of stderr, and there is no other
  std::string input = {};   // the job file
  std::string config = {};  // the repository's .flaky-detector.yml
};

void PrintTo(const BadInput& bad, std::ostream* out) { *out << bad.name; }

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

Words lines_of(const std::string& text) {
  Words lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class BadInputTest : public testing::TestWithParam<BadInput> {
 protected:
  void SetUp() override {
    repository_.script("test.sh", "#!/bin/sh\n");
    if (!GetParam().config.empty()) repository_.write(".flaky-detector.yml", GetParam().config);
    write_file(input(), filled(GetParam().input));
  }
  std::string input() const { return folder_ / "job.json"; }
  std::string filled(const std::string& word) const {
    return replaced(replaced(word, "REPO", repository_.path()), "INPUT", input());
  }

  Repository repository_;
  TemporaryFolder folder_;
  EngineSocket engine_;
};

TEST_P(BadInputTest, IsExit2WithASentencePerMistakeAndNothingStarted) {
  Words argv{"run", "--progress", "quiet", "--host", engine_.url()};
  for (const auto& word : GetParam().words) argv.push_back(filled(word));
  const auto run = orchestrator(argv);
  EXPECT_EQ(run.exit_code, 2) << told(run);
  EXPECT_EQ(run.out, "");
  const Words lines = lines_of(run.err);
  EXPECT_EQ(lines.size(), GetParam().sentences.size()) << run.err;
  for (const auto& sentence : GetParam().sentences) {
    const bool said = std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(filled(sentence)) != std::string::npos;
    });
    EXPECT_TRUE(said) << "missing: " << filled(sentence) << "\nsaid:\n" << run.err;
  }
  EXPECT_FALSE(engine_.was_told_to_make_something()) << engine_.asked();
}

std::string nested(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += R"({"input":)";
  return text;
}

const std::vector<BadInput>& on_the_command_line() {
  static const std::vector<BadInput> all = {
      {"NothingAtAll", {}, {"--repo: Repository URL is required", "--: Test command is required"}},
      {"NoCommand", {"--repo", "REPO"}, {"--: Test command is required"}},
      {"NoRepository", {"--", "true"}, {"--repo: Repository URL is required"}},
      {"BuildArgumentsWithoutADockerfile",
       {"--repo", "https://localhost:1/nobody", "--build-arg", "A=1", "--", "true"},
       {"--build-arg: build_args needs dockerfile"}},
      {"AnImageThatNoEngineTakes",
       {"--repo", "REPO", "--image", "../../x", "--", "true"},
       {"--image: image '../../x' names no registry before its first '/'"}},
      {"BytesThatAreNoText",
       {"--repo", "REPO", "--env", "A=\xff", "--", "echo", "\xff"},
       {"--env: A must be UTF-8 text", "--: test_command must be UTF-8 text"}},
      {"TheSeedOfAnAttempt",
       {"--repo", "REPO", "--env", "TEST_SEED=5", "--", "true"},
       {"--env: 'TEST_SEED' is each attempt's own"}},
      {"MistakesOfFlagsAndJobFile",
       {"--input", "INPUT", "--parallelism", "99"},
       {"--parallelism: Parallelism must be between 1 and 50",
        "INPUT: /runs: Runs must be between 1 and 1000"},
       R"({"repo": "REPO", "test_command": "true", "runs": 0})"},
      {"NoRuns",
       {"--repo", "REPO", "--runs", "0", "--", "true"},
       {"--runs: Runs must be between 1 and 1000"}},
      {"TooManyRuns",
       {"--repo", "REPO", "--runs", "1001", "--", "true"},
       {"--runs: Runs must be between 1 and 1000"}},
      {"RunsInWords",
       {"--repo", "REPO", "--runs", "five", "--", "true"},
       {"--runs: runs must be a whole number, not 'five'"}},
      {"TooParallel",
       {"--repo", "REPO", "--parallelism", "51", "--", "true"},
       {"--parallelism: Parallelism must be between 1 and 50"}},
      {"TwoMistakesAndAMissingField",
       {"--runs", "0", "--parallelism", "0", "--", "true"},
       {"Runs must be between 1 and 1000", "Parallelism must be between 1 and 50",
        "--repo: Repository URL is required"}},
      {"AnUnknownFlag",
       {"--repo", "REPO", "--rnus", "5", "--", "true"},
       {"--rnus: is no flag of this command (did you mean '--runs'?)"}},
      {"ACommandWithoutDashes",
       {"--repo", "REPO", "pytest"},
       {"'pytest' is not expected here; the test command stands behind --"}},
      {"AnAttemptBeyondTheRuns",
       {"--repo", "REPO", "--runs", "3", "--only-attempt", "3", "--", "true"},
       {"--only-attempt: Only attempt must be less than runs"}},
      {"ASecretThatIsNotThere",
       {"--repo", "REPO", "--secret-env", "NO_SUCH_VARIABLE", "--", "true"},
       {"--secret-env: the environment has no variable NO_SUCH_VARIABLE"}},
      {"AnUnknownFramework",
       {"--repo", "REPO", "--framework", "jest", "--", "true"},
       {"(did you mean 'typescript-jest'?)"}},
      {"AnUnknownNetwork",
       {"--repo", "REPO", "--network", "host", "--", "true"},
       {"network must be none, internal or bridge, not 'host'"}},
      {"AMemoryThatIsNoSize",
       {"--repo", "REPO", "--memory", "much", "--", "true"},
       {"--memory: memory must be a number of bytes"}},
      {"AReportThatCannotBeWritten",
       {"--repo", "REPO", "--json", "/nowhere/report.json", "--", "true"},
       {"--json: the folder /nowhere cannot be written"}},
      {"AReportThatIsAFolder",
       {"--repo", "REPO", "--json", "REPO", "--", "true"},
       {"--json: REPO is a folder; name a file"}},
      {"LogsThatCannotBeWritten",
       {"--repo", "REPO", "--logs", "/proc", "--", "true"},
       {"--logs: the folder /proc cannot be written"}},
      {"AnImageCacheThatCannotBeWritten",
       {"--repo", "REPO", "--image-cache", "/proc", "--", "true"},
       {"--image-cache: the folder /proc cannot be written"}},
      {"ATokenFileThatIsNotThere",
       {"--repo", "REPO", "--git-token-file", "/nowhere/token", "--", "true"},
       {"the token file '/nowhere/token' cannot be read: No such file or directory"}},
      {"ATokenFileThatIsEmpty",
       {"--repo", "REPO", "--git-token-file", "INPUT", "--", "true"},
       {"--git-token-file: the token file 'INPUT' is empty"},
       "\n"},
      {"ACaFileThatIsNotThere",
       {"--repo", "REPO", "--ca-file", "/nowhere/ca.pem", "--", "true"},
       {"--ca-file: the file '/nowhere/ca.pem' cannot be read: No such file or directory"}},
      {"ACaFileWithoutACertificate",
       {"--repo", "REPO", "--ca-file", "INPUT", "--", "true"},
       {"--ca-file: the file 'INPUT' holds no certificate as PEM"},
       "hello"},
  };
  return all;
}

const std::vector<BadInput>& in_a_job_file() {
  static const std::vector<BadInput> all = {
      {"AFileThatIsNotThere",
       {"--input", "/nowhere.json"},
       {"the input file '/nowhere.json' cannot be read: No such file or directory"}},
      {"AFolder", {"--input", "REPO"}, {"the input file 'REPO' cannot be read: Is a directory"}},
      {"NoJson", {"--input", "INPUT"}, {"not valid JSON: line 1, column 1"}, "hello"},
      {"AnEmptyFile", {"--input", "INPUT"}, {"not valid JSON: it is empty"}, " \n"},
      {"AList", {"--input", "INPUT"}, {"a job must be a JSON object, not a list"}, "[]"},
      {"NestedObjects", {"--input", "INPUT"}, {"JSON is nested deeper than 64 levels"}, nested(100'000)},
      {"NestedLists",
       {"--input", "INPUT"},
       {"JSON is nested deeper than 64 levels"},
       std::string(100'000, '[')},
      {"AnUnknownField",
       {"--input", "INPUT"},
       {"/rnus: unknown field 'rnus' (did you mean 'runs'?)"},
       R"({"repo": "REPO", "test_command": "true", "rnus": 3})"},
      {"TwoMistakesWithTheirPointers",
       {"--input", "INPUT"},
       {"/runs: runs must be a whole number, not a string",
        "/limits/memory: Memory must be between 6 MiB and 1 PiB"},
       R"({"repo": "REPO", "test_command": "true", "runs": "five", "limits": {"memory": 1}})"},
      {"AMistakeInTheWrapper",
       {"--input", "INPUT"},
       {"/runs: Runs must be between 1 and 1000"},
       R"({"input": {"repo": "REPO", "test_command": "true", "runs": 0}})"},
      {"AWrongAndTwoMissingFields",
       {"--input", "INPUT"},
       {"/runs: Runs must be between 1 and 1000", "/repo: Repository URL is required",
        "/test_command: Test command is required"},
       R"({"runs": 0})"},
      {"AFieldTwice",
       {"--input", "INPUT"},
       {"field 'runs' stands there twice"},
       R"({"repo": "REPO", "test_command": "true", "runs": 1, "runs": 2})"},
  };
  return all;
}

const std::vector<BadInput>& about_the_repository() {
  const std::string only_these = "only https://, ssh:// and local folders are taken";
  static const std::vector<BadInput> all = {
      {"APathThatIsNotThere",
       {"--repo", "/nowhere", "--", "true"},
       {"Invalid repository URL or path: /nowhere (there is no such folder)"}},
      {"AFile",
       {"--repo", "/etc/passwd", "--", "true"},
       {"Invalid repository URL or path: /etc/passwd (it is no folder)"}},
      {"Http",
       {"--repo", "http://example.org/x", "--", "true"},
       {"Invalid repository URL or path: http://example.org/x (" + only_these}},
      {"FileUrl",
       {"--repo", "file:///etc", "--", "true"},
       {"Invalid repository URL or path: file:///etc (" + only_these}},
      {"GitProtocol",
       {"--repo", "git://example.org/x", "--", "true"},
       {"Invalid repository URL or path: git://example.org/x (" + only_these}},
      {"AddressOfMetadata",
       {"--repo", "https://169.254.169.254/x", "--", "true"},
       {"Invalid repository URL or path: https://169.254.169.254/x"}},
      {"ASubdirThatIsNotThere",
       {"--repo", "REPO", "--subdir", "web", "--", "true"},
       {"subdir: the folder 'web' does not exist in the repository"}},
      {"ASubdirThatIsAFile",
       {"--repo", "REPO", "--subdir", "test.sh", "--", "true"},
       {"subdir: the folder 'test.sh' does not exist in the repository"}},
      {"ASubdirOutside",
       {"--repo", "REPO", "--subdir", "../x", "--", "true"},
       {"--subdir: subdir leaves the tree: '../x'"}},
      {"ARefOfNoGitFolder",
       {"--repo", "REPO", "--ref", "v1", "--", "true"},
       {"ref 'v1' was asked for, but REPO is not a git repository"}},
  };
  return all;
}

const std::vector<BadInput>& in_the_repositorys_file() {
  static const std::vector<BadInput> all = {
      {"NoYaml", {"--repo", "REPO"}, {".flaky-detector.yml: not valid YAML: line "}, "", "runs: [1\n"},
      {"AList", {"--repo", "REPO"}, {".flaky-detector.yml: "}, "", "- runs\n"},
      {"AnAliasInsideItself",
       {"--repo", "REPO"},
       {".flaky-detector.yml: not valid YAML: line 1"},
       "",
       "a: &a [*a]\n"},
      {"AnImage",
       {"--repo", "REPO"},
       {".flaky-detector.yml: image: 'image' may not be set by the repository; use --image"},
       "",
       "image: evil\ntest_command: 'true'\n"},
      {"ANetwork",
       {"--repo", "REPO"},
       {".flaky-detector.yml: network: 'network' may not be set by the repository"},
       "",
       "network: bridge\ntest_command: 'true'\n"},
      {"SetupCommands",
       {"--repo", "REPO"},
       {".flaky-detector.yml: setup_commands: "},
       "",
       "setup_commands: [id]\ntest_command: 'true'\n"},
      {"Limits",
       {"--repo", "REPO"},
       {".flaky-detector.yml: limits: "},
       "",
       "limits: {memory: 64g}\ntest_command: 'true'\n"},
      {"AnUnknownKey",
       {"--repo", "REPO"},
       {".flaky-detector.yml: rnus: unknown field 'rnus' (did you mean 'runs'?)"},
       "",
       "rnus: 3\ntest_command: 'true'\n"},
      {"ThreeOutOfBounds",
       {"--repo", "REPO"},
       {".flaky-detector.yml: runs: Runs must be between 1 and 1000",
        ".flaky-detector.yml: parallelism: Parallelism must be between 1 and 50",
        ".flaky-detector.yml: timeout: Timeout must be more than 0"},
       "",
       "runs: 0\nparallelism: 51\ntimeout: 0\ntest_command: 'true'\n"},
      {"ARangeSmallerThanTheRuns",
       {"--repo", "REPO", "--runs", "3"},
       {".flaky-detector.yml: random_seed_range: random_seed_range holds 2 seeds, fewer than the 3 runs"},
       "",
       "random_seed_range: {min: 5, max: 6}\ntest_command: 'true'\n"},
      {"AnUnknownSuite",
       {"--repo", "REPO", "--suite", "slwo"},
       {"--suite: suite 'slwo' is not in .flaky-detector.yml (did you mean 'slow'?); it has 'slow'"},
       "",
       "test_suites: [{name: slow, test_command: 'true'}]\n"},
  };
  return all;
}

std::string name_of(const testing::TestParamInfo<BadInput>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(OnTheCommandLine, BadInputTest, testing::ValuesIn(on_the_command_line()), name_of);
INSTANTIATE_TEST_SUITE_P(InAJobFile, BadInputTest, testing::ValuesIn(in_a_job_file()), name_of);
INSTANTIATE_TEST_SUITE_P(AboutTheRepository, BadInputTest, testing::ValuesIn(about_the_repository()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(InTheRepositorysFile, BadInputTest, testing::ValuesIn(in_the_repositorys_file()),
                         name_of);

TEST(BadInput, ARefThatDoesNotExistIsNamed) {
  const Repository repository;
  repository.init();
  repository.commit_all();
  const EngineSocket engine;
  const auto run = orchestrator({"run", "-q", "--host", engine.url(), "--repo", repository.path(), "--ref",
                                 "no-such-branch", "--", "true"});
  EXPECT_EQ(run.exit_code, 2) << told(run);
  EXPECT_NE(run.err.find("no-such-branch"), std::string::npos) << run.err;
  EXPECT_EQ(lines_of(run.err).size(), 1u) << run.err;
  EXPECT_FALSE(engine.was_told_to_make_something()) << engine.asked();
}

TEST(BadInput, TheRecordingSocketWouldHaveSeenAContainer) {
  const Repository repository;
  const EngineSocket engine;
  const auto run = run_shell(repository, "true", {"--runs", "1", "--host", engine.url()});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_TRUE(engine.was_told_to_make_something());
}

TEST(Input, AJobFileMayBeWrapped) {
  const Repository repository;
  const TemporaryFolder folder;
  const nlohmann::json job = {
      {"repo", repository.path()}, {"test_command", "echo from the file"}, {"runs", 2}, {"image", kBase}};
  write_file(folder / "bare.json", job.dump());
  write_file(folder / "wrapped.json", nlohmann::json{{"input", job}, {"id", "7"}}.dump());
  for (const char* file : {"bare.json", "wrapped.json"}) {
    const auto run = orchestrator({"run", "-q", "--input", folder / file, "--json", "-"});
    ASSERT_EQ(run.exit_code, 0) << told(run);
    RunResult result;
    result.report = nlohmann::json::parse(run.out);
    EXPECT_EQ(result.report.at("total_runs"), 2);
    EXPECT_EQ(stdout_of(repository.remember(result)), "from the file\n");
  }
}

TEST(Input, FlagsWinOverTheJobFile) {
  const Repository repository;
  const TemporaryFolder folder;
  const nlohmann::json job = {
      {"repo", repository.path()}, {"test_command", "false"}, {"runs", 7}, {"image", kBase}};
  write_file(folder / "job.json", job.dump());
  const auto run = repository.remember(run_job({"--input", folder / "job.json", "--runs", "1"}, {"true"}));
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("requested_runs"), 1);
}

// ---- what a script is told

TEST(WrongRequest, ReplacesAnOlderReportAndIsTheLastEvent) {
  const Repository repository;
  const TemporaryFolder folder;
  const std::string file = folder / "report.json";
  const std::vector<Words> wrong = {{"--runs", "0"}, {"--ref"}, {"--secret-env", "NO_SUCH_VARIABLE"}};
  for (const auto& more : wrong) {
    write_file(file, R"({"total_runs": 100, "failures": 0})");
    Words argv{"run", "--repo", repository.path(), "--json", file, "--progress", "json"};
    argv.insert(argv.end(), more.begin(), more.end());
    const auto run = orchestrator(argv);
    EXPECT_EQ(run.exit_code, 2) << told(run);
    const auto event = nlohmann::json::parse(run.err);
    EXPECT_EQ(event.at("type"), "job_failed");
    EXPECT_EQ(event.at("data").at("kind"), "request");
    const auto document = nlohmann::json::parse(read_file(file));
    EXPECT_EQ(document.at("end"), "error");
    EXPECT_EQ(document.at("error"), event.at("data"));
    EXPECT_FALSE(document.contains("total_runs"));
  }
}

TEST(WrongRequest, OfARepositorysFileIsNamedByTheFileAndReplacesAnOlderReport) {
  const Repository repository;
  repository.write(".flaky-detector.yml", "runs: 0\n");
  const EngineSocket engine;
  const TemporaryFolder folder;
  const std::string file = folder / "report.json";
  write_file(file, "{}");
  const auto run = orchestrator(
      {"run", "-q", "--repo", repository.path(), "--host", engine.url(), "--json", file, "--", "true"});
  EXPECT_EQ(run.exit_code, 2) << told(run);
  EXPECT_NE(run.err.find(".flaky-detector.yml: runs: Runs must be"), std::string::npos) << run.err;
  EXPECT_EQ(nlohmann::json::parse(read_file(file)).at("error").at("exit_code"), 2);
}

TEST(WrongRequest, OfTheFreeSpaceIs2) {
  const Repository repository;
  const auto run = orchestrator({"run", "-q", "--repo", repository.path(), "--", "true"},
                                {.env = {"ORCHESTRATOR_MIN_FREE=xx"}});
  EXPECT_EQ(run.exit_code, 2) << told(run);
  EXPECT_NE(run.err.find("ORCHESTRATOR_MIN_FREE: must be a number of bytes"), std::string::npos) << run.err;
}

}  // namespace
