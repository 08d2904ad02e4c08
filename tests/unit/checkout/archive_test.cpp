// The archive, judged by the real tar and git programs.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/checkout/checked_out.h"
#include "tests/unit/checkout/scratch.h"

namespace images {
namespace {

namespace fs = std::filesystem;

struct Archive : testing::Test {
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
  SourceArchive archive(const CheckoutRequest& asked) {
    const auto result = archive_of(asked);
    EXPECT_TRUE(result.ok()) << error_of(result);
    return result.ok() ? result.value() : SourceArchive{};
  }
  // Unpacks the archive of `asked` and returns the working copy's folder.
  std::string unpack(const CheckoutRequest& asked) {
    const std::string out = scratch.make_folder("out" + std::to_string(++scratches));
    const Ran ran = shell("tar -xf " + archive(asked).tar_file + " -C " + out + " --no-same-owner");
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    return out + "/work";
  }
  std::string make_repository() {
    init_repository(repo);
    scratch.write("repo/a-b", "sorts between a and a/b");
    scratch.write("repo/a/b.py", "print()\n");
    scratch.write("repo/run.sh", "#!/bin/sh\n");
    scratch.write("repo/" + std::string(120, 'd') + "/" + std::string(120, 'n'), "a long name");
    scratch.write("repo/caf\xc3\xa9", "a name of more than ASCII");
    fs::permissions(repo + "/run.sh", fs::perms(0755));
    fs::create_symlink("a/b.py", repo + "/link");
    fs::create_symlink("../../outside", repo + "/dangling");
    return commit_all(repo, "only");
  }
};

TEST_F(Archive, OfACleanTreeIsACleanWorkingCopyForGit) {
  commit_all((init_repository(repo), repo), "older history that must not come along");
  const std::string commit = make_repository();
  git(repo, "tag -a v1.2 -m annotated");
  git(repo, "tag -a nested -m of-a-tag v1.2");
  git(repo, "tag folder/light");
  git(repo, "remote add origin https://user:secret@example.com/x");
  const std::string work = unpack(request());
  EXPECT_EQ(git(work, "status --porcelain --ignored"), "");
  EXPECT_EQ(git(work, "rev-parse HEAD"), commit);
  EXPECT_EQ(git(work, "symbolic-ref HEAD"), "refs/heads/main");
  EXPECT_EQ(git(work, "log --format=%s"), "only");
  EXPECT_EQ(git(work, "describe --tags --match 'v*'"), "v1.2");
  EXPECT_EQ(git(work, "tag"), "folder/light\nnested\nv1.2");
  EXPECT_EQ(git(work, "fsck --full --strict"), "");
  EXPECT_EQ(git(work, "remote"), "");
  EXPECT_EQ(shell("grep -r secret " + work).output, "");
  EXPECT_FALSE(fs::exists(work + "/.git/hooks"));
  EXPECT_TRUE(fs::is_symlink(work + "/dangling"));
  EXPECT_EQ(fs::status(work + "/run.sh").permissions(), fs::perms(0755));
  git(work, "-c user.name=a -c user.email=a@b commit -q --allow-empty -m more");  // and one can go on working
}

TEST_F(Archive, OfATagHasADetachedHead) {
  const std::string commit = make_repository();
  git(repo, "tag v1");
  scratch.write("repo/later", "x");
  commit_all(repo);
  const std::string work = unpack(request("v1"));
  EXPECT_EQ(git(work, "status --porcelain"), "");
  EXPECT_EQ(scratch.read(work.substr(scratch.path().size() + 1) + "/.git/HEAD"), commit + "\n");
  EXPECT_FALSE(fs::exists(work + "/later"));
}

TEST_F(Archive, OfAChangedFolderShowsTheChangesAgainstItsCommit) {
  make_repository();
  scratch.write("repo/a/b.py", "changed\n");
  scratch.write("repo/new", "x");
  EXPECT_EQ(git(unpack(request()), "status --porcelain"), " M a/b.py\n?? new");
}

TEST_F(Archive, OfAPlainFolderHasNoGit) {
  scratch.write("repo/a", "x");
  EXPECT_FALSE(fs::exists(unpack(request()) + "/.git"));
}

TEST_F(Archive, IsTheSameBytesForTheSameTreeAndHasTheCheckoutsHash) {
  make_repository();
  git(repo, "tag -a v1 -m x");
  const CheckoutRequest one = request(), two = request();
  const Source source = source_of(one);
  const SourceArchive first = archive(one), second = archive(two);
  EXPECT_EQ(first.tree_hash, source.tree_hash);
  EXPECT_EQ(shell("cmp " + first.tar_file + " " + second.tar_file).output, "");
  scratch.write("repo/a/b.py", "changed meanwhile");
  EXPECT_NE(archive(one).tree_hash, source.tree_hash);
}

TEST_F(Archive, BelongsToTheOwnerAskedFor) {
  scratch.write("repo/sub/a", "x");
  const auto result = archive_of(request(), "somewhere/else", 4321);
  ASSERT_TRUE(result.ok()) << error_of(result);
  const std::string list = shell("tar --numeric-owner -tvf " + result.value().tar_file).output;
  EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), 4);
  std::size_t owned = 0;
  for (std::size_t at = 0; (at = list.find("4321/4321", at)) != std::string::npos; ++at) ++owned;
  EXPECT_EQ(owned, 4u) << list;
  EXPECT_NE(list.find("somewhere/else/sub/a"), std::string::npos);
}

TEST_F(Archive, RefusesAPrefixThatLeavesTheRoot) {
  scratch.write("repo/a", "x");
  for (const char* prefix : {"../x", "/abs", "a//b", ""})
    EXPECT_EQ(error_of(archive_of(request(), prefix)).find("request: "), 0u) << prefix;
}

// Trees that no git program would make: written as objects by hand.
struct HostileTree : Archive {
  std::string blob;

  void SetUp() override {
    init_repository(repo);
    scratch.write("content", "x");
    blob = git(repo, "hash-object -w " + scratch.path("content"));
  }
  // A tree with these entries ("mode name", the object alike for all), committed on main.
  void commit_tree(const std::vector<std::string>& entries, const std::string& object) {
    std::string raw;
    for (const std::string& entry : entries) {
      raw += entry + '\0';
      for (std::size_t i = 0; i < object.size(); i += 2)
        raw += static_cast<char>(std::stoi(object.substr(i, 2), nullptr, 16));
    }
    scratch.write("tree", raw);
    const std::string tree = git(repo, "hash-object -t tree --literally -w " + scratch.path("tree"));
    git(repo, "update-ref refs/heads/main $(git -C " + repo + " commit-tree -m x " + tree + ")");
  }
};

TEST_F(HostileTree, IsRefusedForEveryNameThatAWorkingCopyCannotHave) {
  for (const char* name : {".git", ".GIT", ".giT", "..", ".", "a/b", "../x", "/etc/passwd"}) {
    commit_tree({std::string("100644 ") + name}, blob);
    const std::string error = error_of(check_out(request("main")).source);
    EXPECT_EQ(error.find("request: the repository holds an entry named '"), 0u)
        << "'" << name << "': " << error;
  }
}

TEST_F(HostileTree, ThatCannotBeParsedIsAnErrorNotACrash) {
  commit_tree({"100644 "}, blob);
  EXPECT_EQ(error_of(check_out(request("main")).source).find("host: "), 0u);
  commit_tree({"100644 a"}, blob.substr(0, 10));
  EXPECT_EQ(error_of(check_out(request("main")).source).find("host: "), 0u);
  commit_tree({"40000 a"}, blob);  // a file where a folder is said to be
  EXPECT_EQ(error_of(check_out(request("main")).source).find("host: "), 0u);
  commit_tree({"100644 a"}, std::string(40, 'a'));
  EXPECT_EQ(error_of(check_out(request("main")).source).find("host: "), 0u);
}

TEST_F(HostileTree, IsRefusedForANameThatIsThereTwice) {
  commit_tree({"100644 a", "120000 a"}, blob);
  EXPECT_EQ(error_of(check_out(request("main")).source), "request: the repository holds 'a' twice in ''");
}

TEST_F(HostileTree, MayHoldLineBreaksAndBytesThatAreNoText) {
  commit_tree({"100644 line\nbreak", "100644 \xff\xfe"}, blob);
  const Source source = source_of(request("main"));
  EXPECT_EQ(paths_of(source), (std::vector<std::string>{"f line\nbreak", "f \xff\xfe"}));
  EXPECT_EQ(git(unpack(request("main")), "status --porcelain"), "");
}

TEST_F(HostileTree, WithASymlinkThatHoldsANulIsRefused) {
  scratch.write("content", std::string("a\0b", 3));
  blob = git(repo, "hash-object -w " + scratch.path("content"));
  commit_tree({"120000 link"}, blob);
  EXPECT_EQ(error_of(archive_of(request("main"))).find("request: the symlink 'link'"), 0u);
}

TEST_F(HostileTree, ThatNamesOneFolderManyTimesOverIsRefusedInTime) {
  std::string object = blob, mode = "100644";
  for (int level = 0; level < 10; ++level) {
    std::vector<std::string> entries;
    for (int i = 0; i < 10; ++i) entries.push_back(mode + " e" + std::to_string(i));
    commit_tree(entries, object);
    object = git(repo, "rev-parse main^{tree}");
    mode = "40000";
  }
  CheckoutRequest asked = request("main");
  asked.max_bytes = 10'000;  // of ten thousand million
  EXPECT_EQ(error_of(check_out(asked).source), "request: the sources are larger than the allowed 0 MiB");
}

}  // namespace
}  // namespace images
