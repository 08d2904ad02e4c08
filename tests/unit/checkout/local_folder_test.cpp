// Local folders and local repositories, through the real child process.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/checkout/checked_out.h"
#include "tests/unit/checkout/scratch.h"

namespace images {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

struct LocalFolder : testing::Test {
  Scratch scratch;
  std::string repo = scratch.path("repo");
  int scratches = 0;

  CheckoutRequest request(const std::string& ref = "") {
    CheckoutRequest request;
    request.repo = repo;
    request.ref = ref;
    request.scratch = scratch.make_folder("scratch" + std::to_string(++scratches));
    return request;
  }
  void write(const std::string& name, const std::string& content) { scratch.write("repo/" + name, content); }
  std::string hash(const std::string& ref = "") { return source_of(request(ref)).tree_hash; }
};

TEST_F(LocalFolder, TakesUncommittedAndUntrackedFilesAndLeavesIgnoredOnesOut) {
  init_repository(repo);
  write(".gitignore", "*.log\nbuild/\n!keep.log\n");
  write("a.py", "committed");
  write("kept/tracked.log", "x");
  git(repo, "add -f kept/tracked.log");
  const std::string commit = commit_all(repo);
  write("a.py", "changed");
  write("new.py", "untracked");
  write("b.log", "ignored");
  write("keep.log", "not ignored");
  write("build/out.o", "ignored");
  write("sub/deep/c.log", "ignored");
  const Source source = source_of(request());
  EXPECT_EQ(paths_of(source),
            (Paths{"f .gitignore", "f a.py", "f keep.log", "f kept/tracked.log", "f new.py"}));
  EXPECT_TRUE(source.local);
  EXPECT_TRUE(source.dirty);
  EXPECT_EQ(source.commit, commit);
  EXPECT_EQ(source.ref, "main");
  EXPECT_EQ(source.url, repo);
}

TEST_F(LocalFolder, IsNotDirtyWhenItIsItsCommit) {
  init_repository(repo);
  write(".gitignore", "x\n");
  write("x", "ignored files do not count");
  commit_all(repo);
  EXPECT_FALSE(source_of(request()).dirty);
  write("y", "");
  EXPECT_TRUE(source_of(request()).dirty);
}

TEST_F(LocalFolder, IncludeBringsIgnoredFilesBack) {
  init_repository(repo);
  write(".gitignore", "*.so\ndata/\nnode_modules/\n");
  for (const char* name : {"a.so", "lib/b.so", "data/x/1.bin", "data/y/2.bin", "node_modules/m/index.js"})
    write(name, "x");
  CheckoutRequest asked = request();
  asked.include = {"*.so", "data/x"};
  EXPECT_EQ(paths_of(source_of(asked)), (Paths{"f .gitignore", "f a.so", "f data/x/1.bin", "f lib/b.so"}));
}

TEST_F(LocalFolder, ADanglingSymlinkIsAnEntryAndAPipeIsNot) {
  scratch.make_folder("repo");
  write("run.sh", "#!/bin/sh\n");
  fs::permissions(repo + "/run.sh", fs::perms::owner_all);
  fs::create_symlink("/nowhere/at/all", repo + "/dangling");
  fs::create_directory_symlink("/etc", repo + "/etc");
  ASSERT_EQ(::mkfifo((repo + "/pipe").c_str(), 0600), 0);
  const Source source = source_of(request());
  EXPECT_EQ(paths_of(source), (Paths{"l dangling", "l etc", "x run.sh"}));
  ASSERT_EQ(source.warnings.size(), 1u);
  EXPECT_NE(source.warnings[0].find("left out: pipe"), std::string::npos) << source.warnings[0];
  EXPECT_EQ(source.commit, "");
}

TEST_F(LocalFolder, WithoutAGitRepositoryStillHonoursGitignoreAndDropsDotGit) {
  write(".gitignore", "secret\n");
  write("sub/.gitignore", "*.tmp\n");
  for (const char* name : {"secret", "a", "sub/b.tmp", "sub/c", ".git/config"}) write(name, "x");
  EXPECT_EQ(paths_of(source_of(request())), (Paths{"f .gitignore", "f a", "f sub/.gitignore", "f sub/c"}));
}

TEST_F(LocalFolder, ASubfolderIsTakenAloneAndItSaysSo) {
  init_repository(repo);
  write(".gitignore", "*.log\n");
  write("outside", "x");
  write("sub/inside", "x");
  write("sub/ignored.log", "x");
  commit_all(repo);
  CheckoutRequest asked = request();
  asked.repo = repo + "/sub";
  const Source source = source_of(asked);
  EXPECT_EQ(paths_of(source), (Paths{"f inside"}));
  ASSERT_EQ(source.warnings.size(), 1u);
  EXPECT_NE(source.warnings[0].find("without .git"), std::string::npos);
  asked.ref = "main";
  asked.scratch = scratch.make_folder("again");
  EXPECT_EQ(paths_of(source_of(asked)), (Paths{"f inside"}));
}

TEST_F(LocalFolder, AFolderThatItsRepositoryIgnoresIsAPlainFolder) {
  init_repository(repo);
  write(".gitignore", "work/\n");
  write("work/a", "x");
  CheckoutRequest asked = request();
  asked.repo = repo + "/work";
  EXPECT_EQ(paths_of(source_of(asked)), (Paths{"f a"}));
}

TEST_F(LocalFolder, SubmodulesAreWalkedByTheirOwnRules) {
  init_repository(repo);
  write(".gitignore", "*.log\n");
  scratch.make_folder("inner");
  init_repository(scratch.path("inner"));
  scratch.write("inner/.gitignore", "*.o\n");
  scratch.write("inner/tracked.o", "x");
  git(scratch.path("inner"), "add -f tracked.o");
  commit_all(scratch.path("inner"));
  git(repo, "-c protocol.file.allow=always submodule add -q " + scratch.path("inner") + " inner");
  commit_all(repo);
  write("inner/new.o", "ignored there");
  write("inner/new.c", "x");
  EXPECT_EQ(paths_of(source_of(request())), (Paths{"f .gitignore", "f .gitmodules", "f inner/.gitignore",
                                                   "f inner/new.c", "f inner/tracked.o"}));
  fs::remove_all(repo + "/inner");
  scratch.make_folder("repo/inner");
  const Source empty = source_of(request());
  ASSERT_EQ(empty.warnings.size(), 1u);
  EXPECT_NE(empty.warnings[0].find("submodule 'inner' is not populated"), std::string::npos);
}

TEST_F(LocalFolder, WithARefIsThatCommitWithoutAnyWorkingFile) {
  init_repository(repo);
  write("a", "one");
  const std::string first = commit_all(repo);
  git(repo, "tag -a v1 -m one");
  write("b", "two");
  commit_all(repo);
  git(repo, "branch feature");
  write("untracked", "x");
  for (const std::string& ref : {std::string("v1"), first, first.substr(0, 8), std::string("main~1")}) {
    const Source source = source_of(request(ref));
    EXPECT_EQ(paths_of(source), (Paths{"f a"})) << ref;
    EXPECT_EQ(source.commit, first);
    EXPECT_EQ(source.ref, ref);
  }
  EXPECT_EQ(paths_of(source_of(request("feature"))), (Paths{"f a", "f b"}));
}

TEST_F(LocalFolder, ARefThatIsNotThereNamesNearOnes) {
  init_repository(repo);
  write("a", "one");
  commit_all(repo);
  const std::string error = error_of(check_out(request("mian")).source);
  EXPECT_EQ(error, "request: ref 'mian' does not exist in " + repo + "; did you mean 'main'?");
  EXPECT_EQ(
      error_of(check_out(request("7f0")).source),
      "request: ref '7f0' does not exist in " + repo + "; of a commit's id at least 4 digits are needed");
  fs::remove_all(repo + "/.git");
  EXPECT_NE(error_of(check_out(request("main")).source).find("is not a git repository"), std::string::npos);
}

TEST_F(LocalFolder, ARepositoryWithoutACommitIsAFolder) {
  init_repository(repo);
  write("a", "x");
  const Source source = source_of(request());
  EXPECT_EQ(paths_of(source), (Paths{"f a"}));
  EXPECT_EQ(source.commit, "");
}

TEST_F(LocalFolder, ABareRepositoryIsItsDefaultCommit) {
  init_repository(repo);
  write("a", "x");
  const std::string commit = commit_all(repo);
  git(scratch.path(), "clone -q --bare repo bare.git");
  CheckoutRequest asked = request();
  asked.repo = scratch.path("bare.git");
  const Source source = source_of(asked);
  EXPECT_EQ(paths_of(source), (Paths{"f a"}));
  EXPECT_EQ(source.commit, commit);
}

TEST_F(LocalFolder, CarriesManifestsAndAnswersQuestions) {
  write("requirements.txt", "pytest\n");
  write("requirements/dev.txt", "x\n");
  write("sub/pyproject.toml", "[project]\n");
  write("node_modules/m/package.json", "{}");
  write("poetry.lock", std::string(3 << 20, 'l'));
  write("setup.cfg", std::string(2 << 20, 's'));
  write("code.py", "x");
  const Source source = source_of(request());
  Paths names;
  for (const auto& [name, content] : source.manifests) names.push_back(name);
  EXPECT_EQ(names, (Paths{"poetry.lock", "requirements.txt", "requirements/dev.txt", "sub/pyproject.toml"}));
  ASSERT_NE(source.manifest("requirements.txt"), nullptr);
  EXPECT_EQ(*source.manifest("requirements.txt"), "pytest\n");
  EXPECT_EQ(source.manifest("code.py"), nullptr);
  EXPECT_TRUE(source.has("code.py"));
  EXPECT_FALSE(source.has("sub"));
  EXPECT_TRUE(source.has_folder("sub"));
  EXPECT_TRUE(source.has_folder("sub/"));
  EXPECT_TRUE(source.has_folder(""));
  EXPECT_FALSE(source.has_folder("su"));
  EXPECT_EQ(source.warnings.size(), 1u);
}

TEST_F(LocalFolder, NamesThatAreNoUtf8ComeBackAsTheyAre) {
  write("caf\xe9.txt", "x");
  write("line\nbreak", "x");
  EXPECT_EQ(paths_of(source_of(request())), (Paths{"f caf\xe9.txt", "f line\nbreak"}));
}

TEST_F(LocalFolder, LargerThanAllowedIsRefused) {
  write("a", std::string(3 << 20, 'x'));
  CheckoutRequest asked = request();
  asked.max_bytes = 2 << 20;
  EXPECT_EQ(error_of(check_out(asked).source), "request: the sources are larger than the allowed 2 MiB");
}

TEST_F(LocalFolder, ANestedDotGitInAnyCaseIsRefused) {
  write("sub/.GIT/config", "x");
  const std::string error = error_of(check_out(request()).source);
  EXPECT_EQ(error.find("request: "), 0u) << error;
  EXPECT_NE(error.find(".GIT"), std::string::npos) << error;
}

TEST_F(LocalFolder, LfsPointersAreNamedNotTested) {
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\noid sha256:" + std::string(64, 'a') + "\nsize 12345\n";
  init_repository(repo);
  write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
  write("model.bin", pointer);
  write("fixture.txt", pointer);
  git(repo, "-c filter.lfs.clean=cat -c filter.lfs.required=false add -A");
  git(repo, "commit -q -m x");
  EXPECT_EQ(error_of(check_out(request()).source),
            "request: 1 file is a Git LFS pointer whose content is not here: model.bin: run git lfs pull in "
            "that folder");
  EXPECT_NE(error_of(check_out(request("main")).source).find("model.bin"), std::string::npos);
  scratch.write("repo/.git/lfs/objects/aa/aa/" + std::string(64, 'a'), std::string(12345, 'c'));
  const Source source = source_of(request("main"));
  EXPECT_TRUE(source.has("model.bin"));
  EXPECT_GT(source.total_bytes, 12345);
}

TEST_F(LocalFolder, TheHashFollowsContentsNamesModesAndKindsAndNothingElse) {
  write("a", "content");
  write("sub/b", "content");
  const std::string before = hash();
  EXPECT_EQ(before.size(), 64u);
  fs::last_write_time(repo + "/a", fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(hash(), before);
  write("a", "changed");
  EXPECT_NE(hash(), before);
  write("a", "content");
  EXPECT_EQ(hash(), before);
  fs::permissions(repo + "/a", fs::perms::owner_exec, fs::perm_options::add);
  EXPECT_NE(hash(), before);
  fs::permissions(repo + "/a", fs::perms::owner_exec, fs::perm_options::remove);
  fs::rename(repo + "/sub/b", repo + "/sub/c");
  EXPECT_NE(hash(), before);
  fs::remove(repo + "/sub/c");
  fs::create_symlink("content", repo + "/sub/b");
  EXPECT_NE(hash(), before);
}

TEST_F(LocalFolder, TheHashFollowsCommitAndTagsWhereGitIsDelivered) {
  init_repository(repo);
  write("a", "x");
  commit_all(repo, "one");
  const std::string before = hash();
  git(repo, "tag v1");
  const std::string tagged = hash();
  EXPECT_NE(tagged, before);
  git(repo, "tag -d v1");
  EXPECT_EQ(hash(), before);
  commit_all(repo, "two");
  EXPECT_NE(hash(), before);
}

TEST_F(LocalFolder, AMissingFolderIsARequestError) {
  const std::string error = error_of(check_out(request()).source);
  EXPECT_EQ(error.find("request: Invalid repository URL or path: "), 0u) << error;
}

}  // namespace
}  // namespace images
