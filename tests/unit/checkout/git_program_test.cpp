#include "images/checkout/git_program.h"

#include <gtest/gtest.h>

namespace images::checkout {
namespace {

TEST(LsRemote, IsReadWithTheBranchOfHead) {
  const std::string oid(40, 'a'), tag(40, 'b');
  const auto refs =
      parse_ls_remote("ref: refs/heads/main\tHEAD\n" + oid + "\tHEAD\n" + oid + "\trefs/heads/main\n" + tag +
                      "\trefs/tags/v1\n" + oid + "\trefs/tags/v1^{}\nwarning: something\nzz\tx\n");
  ASSERT_EQ(refs.size(), 4u);
  EXPECT_EQ(refs[0].name, "HEAD");
  EXPECT_EQ(refs[0].symref, "refs/heads/main");
  EXPECT_EQ(refs[1].symref, "");
  EXPECT_EQ(refs[2].oid, tag);
  EXPECT_EQ(refs[3].name, "refs/tags/v1^{}");
  EXPECT_TRUE(parse_ls_remote("").empty());
}

TEST(GitComplaint, IsTheCauseNotTheAdvice) {
  EXPECT_EQ(
      git_complaint("Cloning\nERROR: Repository not found.\nfatal: Could not read\n\nPlease make sure\n"),
      "ERROR: Repository not found.");
  EXPECT_EQ(git_complaint("something else\n\n"), "something else");
  EXPECT_EQ(git_complaint("Receiving objects: 20%\rfatal: fetch-pack\n"), "fatal: fetch-pack");
  EXPECT_EQ(git_complaint(""), "nothing");
  EXPECT_EQ(git_complaint("fatal: \x1b[2J\n"), "fatal: \\x1b[2J");
}

}  // namespace
}  // namespace images::checkout
