// Languages beside Python, from the real registries: what is installed by which lock file, what is cached by
// what, and that the attempts themselves need no network.
#include <filesystem>
#include <regex>
#include <sstream>

#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Words = std::vector<std::string>;

RunResult run_language(const Repository& repository, const Words& command, Words more = {}) {
  Words flags{"--repo", repository.path(), "--runs", "1"};
  flags.insert(flags.end(), more.begin(), more.end());
  return repository.remember(run_job(flags, command));
}

Words tests_of(const RunResult& run) {
  Words ids;
  for (const auto& test : run.report.value("tests", json::array())) ids.push_back(test.at("id"));
  return ids;
}

std::string whole(const json& list) { return list.dump(); }

struct Manager {
  const char* name;
  Words locks;  // how a person gets the lock file, on this host
  const char* lock_file;
  const char* package_manager = "";  // the field of package.json
  const char* tests_by = "npm";
};

void PrintTo(const Manager& manager, std::ostream* out) { *out << manager.name; }

// One small project, its dependencies locked by each of them.
class NodeManagers : public testing::TestWithParam<Manager> {
 protected:
  NodeManagers() {
    json package = {{"name", "depot"},
                    {"version", "1.0.0"},
                    {"private", true},
                    {"scripts", {{"test", "mocha one.test.js"}, {"postinstall", "node prepare.js"}}},
                    {"dependencies", {{"ms", "2.1.3"}}},
                    {"devDependencies", {{"mocha", "10.8.2"}}}};
    if (*GetParam().package_manager) package["packageManager"] = GetParam().package_manager;
    repository_.write("package.json", package.dump());
    repository_.write(
        "prepare.js",
        "require('fs').writeFileSync('prepared.json', JSON.stringify({ms: require('ms')('1s')}));");
    repository_.write(
        "one.test.js",
        "const assert = require('assert');\n"
        "it('has what was prepared', () => assert.strictEqual(require('./prepared.json').ms, 1000));\n");
    repository_.write(".gitignore", "node_modules\nprepared.json\n.yarn\n");
    const Finished locked = run_command(
        GetParam().locks, {.env = {"YARN_ENABLE_IMMUTABLE_INSTALLS=false"}, .cwd = repository_.path()});
    EXPECT_EQ(locked.exit_code, 0) << locked.out << locked.err;
  }
  Repository repository_;
};

TEST_P(NodeManagers, InstallWhatTheirLockFileSays) {
  ASSERT_TRUE(std::filesystem::exists(repository_.path() + "/" + GetParam().lock_file));
  const auto first = run_language(repository_, {GetParam().tests_by, "test"});
  ASSERT_EQ(first.exit_code, 0) << told(first);
  EXPECT_EQ(first.report.at("framework"), "javascript-mocha");
  EXPECT_EQ(tests_of(first), Words{"one.test.js::has what was prepared"}) << told(first);
  const auto& packages = first.report.at("environment").at("packages");
  EXPECT_NE(whole(packages).find("mocha==10.8.2"), std::string::npos) << packages;
  // Another source, the same manifests: nothing is fetched.
  repository_.write("README.md", "more\n");
  const auto second = run_language(repository_, {GetParam().tests_by, "test"});
  ASSERT_EQ(second.exit_code, 0) << told(second);
  EXPECT_EQ(built_layers(second), (Words{"sources", "seal"})) << told(second);
}

INSTANTIATE_TEST_SUITE_P(
    Node, NodeManagers,
    testing::Values(Manager{"npm",
                            {"npm", "install", "--package-lock-only", "--ignore-scripts", "--silent"},
                            "package-lock.json"},
                    Manager{"yarn1",
                            {"npx", "--yes", "yarn@1.22.22", "install", "--silent", "--ignore-scripts"},
                            "yarn.lock"},
                    Manager{"yarn4",
                            {"npx", "--yes", "-p", "@yarnpkg/cli-dist@4.5.3", "yarn", "install", "--mode",
                             "update-lockfile"},
                            "yarn.lock",
                            "",       // by the lock file alone; a newer Yarn refuses it
                            "yarn"},  // Plug'n'Play
                    Manager{"pnpm9",
                            {"npx", "--yes", "pnpm@9.15.9", "install", "--lockfile-only", "--silent"},
                            "pnpm-lock.yaml",
                            "pnpm@9.15.9"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(Languages, OfASubdirectoryAreThoseThatAreThere) {
  const Repository repository;
  repository.copy_sample("javascript_mocha");
  std::filesystem::create_directory(repository.path() + "/api");
  for (const char* file : {"package.json", "package-lock.json", "test"})
    std::filesystem::rename(repository.path() + "/" + file, repository.path() + "/api/" + file);
  repository.write("go.mod", "module example.com/other\n\ngo 1.21\n");
  const auto run = run_language(repository, {"npx", "mocha"}, {"--subdir", "api"});
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(run.report.at("framework"), "javascript-mocha");
  EXPECT_NE(whole(tests_of(run)).find("api/test/parcels.spec.js::parcels > are weighed"), std::string::npos)
      << told(run);
}

// What a failed attempt says is what its own runner says, to the byte: no word of ours is in it.
TEST(Languages, PrintWhatTheyPrintWithoutUs) {
  const Repository repository;
  repository.copy_sample("go_depot");
  const auto run = run_language(repository, {"go", "test", "-v", "-run", "TestLosesNothing|TestWeighs", "."});
  EXPECT_EQ(run.exit_code, 3) << told(run);
  const std::string out = std::regex_replace(stdout_of(run), std::regex("[0-9.]+s"), "0s");
  EXPECT_EQ(out,
            "=== RUN   TestWeighs\n--- PASS: TestWeighs (0s)\n"
            "=== RUN   TestLosesNothing\n    depot_test.go:42: lost\n--- FAIL: TestLosesNothing (0s)\n"
            "FAIL\nFAIL\texample.com/depot\t0s\nFAIL\n");
  EXPECT_EQ(run.report.at("results").at(0).at("stderr"), "");
}

struct SampleCommand {
  const char* sample;
  Words command;
};

void PrintTo(const SampleCommand& command, std::ostream* out) { *out << command.sample; }

// What differs from one run to the next whoever starts it: times, and the columns that make room for them.
std::string but_for_times(const std::string& text) {
  std::string told = std::regex_replace(text, std::regex("[0-9]+:[0-9]{2}:[0-9]{2}"), "12:00:00");
  told =
      std::regex_replace(told, std::regex(" \\([0-9.]+ ?m?s\\)"), "");  // of what was slow, or took any time
  told = std::regex_replace(told, std::regex("[0-9.]+ ?(m?s|sec)\\b"), "0s");
  return std::regex_replace(told, std::regex(" +"), " ");
}

// The same command in the image of its attempts, with their environment but for what asks for results.
class Runners : public testing::TestWithParam<SampleCommand> {
 protected:
  static Finished without_us(const RunResult& run, const RunResult& env) {
    const TemporaryFolder folder;
    std::string kept;
    std::istringstream lines(stdout_of(env));
    for (std::string line; std::getline(lines, line);)
      if (!std::regex_search(line,
                             std::regex("^(NODE_OPTIONS|PYTHONPATH|ORCHESTRATOR_[A-Z_]*|GTEST_[A-Z_]*)=")))
        kept += line + "\n";
    write_file(folder / "env", kept);
    Words words{"docker",
                "run",
                "--rm",
                "--network",
                "none",
                "--user",
                "10001:10001",
                "--env-file",
                folder / "env",
                "--entrypoint",
                GetParam().command.front(),
                run.report.at("environment").at("image").at("id")};
    words.insert(words.end(), GetParam().command.begin() + 1, GetParam().command.end());
    return run_command(words);
  }
};

TEST_P(Runners, PrintWhatTheyPrintWithoutUs) {
  const Repository repository;
  repository.copy_sample(GetParam().sample);
  const Words flags{"--vary", "none", "--seed", "3"};
  const auto run = run_language(repository, GetParam().command, flags);
  ASSERT_FALSE(tests_of(run).empty()) << told(run);
  const auto env = run_language(repository, {"env"}, flags);
  ASSERT_EQ(env.report.at("results").at(0).at("seed"), run.report.at("results").at(0).at("seed"));
  const Finished plain = without_us(run, env);
  const json& attempt = run.report.at("results").at(0);
  EXPECT_EQ(attempt.at("exit_code"), plain.exit_code);
  EXPECT_EQ(but_for_times(attempt.at("stdout")), but_for_times(plain.out));
  EXPECT_EQ(but_for_times(attempt.at("stderr")), but_for_times(plain.err));
}

INSTANTIATE_TEST_SUITE_P(Languages, Runners,
                         testing::Values(SampleCommand{"flaky_python", {"pytest", "-v"}},
                                         SampleCommand{"javascript_mocha", {"npx", "mocha"}},
                                         SampleCommand{"typescript_jest", {"npm", "test"}},
                                         SampleCommand{"typescript_vitest", {"npx", "vitest", "run"}},
                                         SampleCommand{"cpp_depot", {"ctest", "--test-dir", "build"}}),
                         [](const auto& each) { return std::string(each.param.sample); });

// Compiled when the image is built: an attempt only links and runs.
TEST(Languages, CompileGoOnceForAllAttempts) {
  const Repository repository;
  repository.copy_sample("go_depot");
  const auto run = run_language(repository, {"sh", "-c", "go test -x ./... 2>&1 | grep -c '/compile -o'"},
                                {"--vary", "none"});
  EXPECT_EQ(stdout_of(run), "0\n") << told(run);
}

TEST(Languages, KeepGoModulesByTheirManifestsAlone) {
  const Repository repository;
  repository.copy_sample("go_depot");
  ASSERT_EQ(run_language(repository, {"go", "test", "-run", "TestWeighs", "."}).exit_code, 0);
  repository.write("depot_more.go", "package depot\n\nconst More = 1\n");
  const auto second = run_language(repository, {"go", "test", "-run", "TestWeighs", "."});
  ASSERT_EQ(second.exit_code, 0) << told(second);
  EXPECT_EQ(built_layers(second), (Words{"sources", "seal"})) << told(second);
  const auto& packages = second.report.at("environment").at("packages");
  EXPECT_NE(whole(packages).find("github.com/google/go-cmp==v0.6.0"), std::string::npos) << packages;
}

// The commands of README's section on languages are those of the tables of truth.
TEST(Languages, OfTheReadmeAreTried) {
  const std::string readme = read_file(source_path("README.md"));
  for (const char* name : {"go_depot", "rust_depot", "cpp_depot", "java_depot", "typescript_jest",
                           "typescript_vitest", "javascript_mocha"}) {
    const json table = json::parse(read_file(Repository::sample(std::string(name) + "/truth.json")));
    std::string line = "orchestrator run --repo tests/repos/" + std::string(name) + " --runs 20 --";
    for (const std::string word : table.at("command")) line += " " + word;
    EXPECT_NE(readme.find(line + "\n"), std::string::npos) << line;
  }
}

}  // namespace
