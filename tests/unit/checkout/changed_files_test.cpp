// Which files a branch changes, from real repositories, through the real child process.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/checkout/checked_out.h"
#include "tests/unit/checkout/scratch.h"

namespace images {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

struct ChangedFilesOf : testing::Test {
  Scratch scratch;
  std::string repo = scratch.path("repo");
  int scratches = 0;

  CheckoutRequest request(const std::string& base, const std::string& folder = "",
                          const std::string& ref = "") {
    CheckoutRequest request;
    request.repo = folder.empty() ? repo : folder;
    request.ref = ref;
    request.changed_since = base;
    request.scratch = scratch.make_folder("scratch" + std::to_string(++scratches));
    return request;
  }
  void write(const std::string& name, const std::string& content) { scratch.write("repo/" + name, content); }
  Paths changed(const std::string& base, const std::string& folder = "", const std::string& ref = "") {
    return source_of(request(base, folder, ref)).changes.value().files;
  }
  std::string refusal(const std::string& base, const std::string& folder = "") {
    return error_of(check_out(request(base, folder)).source);
  }

  // main: a, b, c, web/d; branch "topic" changes a, renames b, removes c, adds new; main goes on with web/d.
  std::string make_branch() {
    init_repository(repo);
    for (const char* name : {"a.py", "b.py", "c.py", "web/d.py"}) write(name, std::string("old ") + name);
    const std::string base = commit_all(repo);
    git(repo, "checkout -q -b topic");
    write("a.py", "changed");
    git(repo, "mv b.py renamed.py");
    git(repo, "rm -q c.py");
    write("new.py", "new");
    commit_all(repo);
    git(repo, "checkout -q main");
    write("web/d.py", "changed on main");
    commit_all(repo);
    git(repo, "checkout -q topic");
    return base;
  }
};

TEST_F(ChangedFilesOf, ABranchAreThoseItAddsOrChangesSinceItLeftItsBase) {
  const std::string base = make_branch();
  EXPECT_EQ(changed("main"), (Paths{"a.py", "new.py", "renamed.py"}));
  EXPECT_EQ(source_of(request("main")).changes->base, base);
  EXPECT_EQ(changed(base), changed("main"));
  EXPECT_EQ(changed("topic"), Paths{});
}

TEST_F(ChangedFilesOf, AFolderAsItIsHoldWhatIsNotCommitted) {
  make_branch();
  write(".gitignore", "*.log\n");
  write("web/d.py", "changed here");
  write("x/untracked.py", "new");
  write("x.log", "ignored");
  fs::remove(repo + "/new.py");
  git(repo, "add web/d.py");
  EXPECT_EQ(changed("main"), (Paths{".gitignore", "a.py", "renamed.py", "web/d.py", "x/untracked.py"}));
  EXPECT_EQ(changed("main", "", "topic"), (Paths{"a.py", "new.py", "renamed.py"}))
      << "a commit is taken as it is";
}

TEST_F(ChangedFilesOf, AFolderInsideARepositoryAreNamedFromThere) {
  make_branch();
  write("web/d.py", "changed here");
  write("web/e.py", "new");
  EXPECT_EQ(changed("main", repo + "/web"), (Paths{"d.py", "e.py"}));
}

TEST_F(ChangedFilesOf, NothingAreNotAskedFor) {
  make_branch();
  EXPECT_FALSE(source_of(request("")).changes.has_value());
}

TEST_F(ChangedFilesOf, AnUnknownBaseIsRefusedWithNearNames) {
  make_branch();
  EXPECT_EQ(refusal("mian").substr(0, 23), "request: only_changed: ") << refusal("mian");
  EXPECT_NE(refusal("mian").find("did you mean 'main'"), std::string::npos) << refusal("mian");
}

TEST_F(ChangedFilesOf, AShallowCloneAreRefusedWithWhatToDo) {
  make_branch();
  const std::string clone = scratch.path("clone");
  git(repo, "clone -q --depth 1 file://" + repo + " " + clone);
  EXPECT_NE(refusal("main", clone).find("fetch-depth: 0"), std::string::npos) << refusal("main", clone);
  git(clone, "fetch -q --depth 1 origin main:refs/remotes/origin/main");
  const std::string sentence = refusal("origin/main", clone);
  EXPECT_NE(sentence.find("no commit in common"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("fetch-depth: 0"), std::string::npos) << sentence;
}

TEST_F(ChangedFilesOf, AFolderWithoutHistoryAreRefused) {
  scratch.write("repo/a.py", "x");
  EXPECT_NE(refusal("main").find("is no git repository"), std::string::npos) << refusal("main");
}

}  // namespace
}  // namespace images
