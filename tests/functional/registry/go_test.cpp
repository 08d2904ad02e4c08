// Go, in workspaces and beside modules of other folders: which downloads must succeed, and what is compiled
// when.
#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using Words = std::vector<std::string>;

RunResult run_go(const Repository& repository, const Words& command, const Words& more = {},
                 ProgramOptions options = {}) {
  Words flags{"--repo", repository.path(), "--runs", "1", "--vary", "none"};
  flags.insert(flags.end(), more.begin(), more.end());
  return repository.remember(run_job(flags, command, std::move(options)));
}

// A module with one test, which needs go-cmp as go_depot does.
void write_module(const Repository& repository, const std::string& folder) {
  const std::string sample = "go_depot/";
  repository.write(folder + "/go.mod", "module example.com/" + folder +
                                           "\n\ngo 1.21\n\nrequire github.com/google/go-cmp v0.6.0\n");
  repository.write(folder + "/go.sum", read_file(Repository::sample(sample + "go.sum")));
  repository.write(folder + "/one_test.go",
                   "package one\n\nimport (\n\t\"testing\"\n\n\t\"github.com/google/go-cmp/cmp\"\n)\n\n"
                   "func TestSame(t *testing.T) {\n\tif !cmp.Equal(1, 1) {\n\t\tt.Fatal()\n\t}\n}\n");
}

// Two modules and no module at the root.
class GoWorkspace : public testing::Test {
 protected:
  GoWorkspace() {
    write_module(repository_, "a");
    write_module(repository_, "b");
    repository_.write("go.work", "go 1.21\n\nuse (\n\t./a\n\t./b\n)\n");
  }
  Repository repository_;
};

// Nobody listens there: neither here nor in a container.
ProgramOptions without_a_proxy() { return {.env = {"GOPROXY=http://127.0.0.1:9", "GOSUMDB=off"}}; }

TEST_F(GoWorkspace, IsNoImageWithoutItsModules) {
  // Layers of its own from the first on, so that none is there yet.
  const Words own{"--setup-command", ": " + repository_.path()};
  const Words command{"go", "test", "./a/...", "./b/..."};
  for (int time = 0; time < 2; ++time) {
    const auto run = run_go(repository_, command, own, without_a_proxy());
    EXPECT_EQ(run.exit_code, 4) << told(run);
    EXPECT_NE(run.err.find("Failed to install dependencies"), std::string::npos) << told(run);
  }
  const auto answered = run_go(repository_, command, own);
  EXPECT_EQ(answered.exit_code, 0) << "nothing of it was kept\n" << told(answered);
  EXPECT_EQ(answered.report.at("tests").size(), 2u) << told(answered);
}

// Compiled when the image is built, also where the command goes to a module first.
TEST_F(GoWorkspace, IsCompiledOnceForAllAttempts) {
  for (const char* module : {"a", "b"}) {
    const auto run = run_go(
        repository_,
        {"sh", "-c", std::string("cd ") + module + " && go test -x ./... 2>&1 | grep -c '/compile -o'"});
    EXPECT_EQ(stdout_of(run), "0\n") << told(run);
  }
}

TEST(GoModules, OfAnotherFolderMayBeMissingUnlessTheyAreNamed) {
  const Repository repository;
  repository.copy_sample("go_depot");
  repository.write("fixture/go.mod",
                   "module example.com/fixture\n\ngo 1.21\n\nrequire example.invalid/gone v1.0.0\n");
  repository.write("fixture/one_test.go",
                   "package one\n\nimport (\n\t\"testing\"\n\n\t_ \"example.invalid/gone\"\n)\n\n"
                   "func TestOne(t *testing.T) {}\n");
  const auto run = run_go(repository, {"go", "test", "-run", "TestWeighs", "."});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  const auto named = run_go(repository, {"sh", "-c", "cd fixture && go test ./..."});
  EXPECT_EQ(named.exit_code, 4) << told(named);
}

TEST(GoModules, OfAnotherFolderAreCompiledOnceForAllAttempts) {
  const Repository repository;
  repository.copy_sample("go_depot");
  write_module(repository, "a");
  const auto run = run_go(repository, {"sh", "-c", "cd a && go test -x ./... 2>&1 | grep -c '/compile -o'"});
  EXPECT_EQ(stdout_of(run), "0\n") << told(run);
}

}  // namespace
