#include "orchestrator/api/tokens.h"

#include <gtest/gtest.h>

#include <set>

#include "sandbox/io/error.h"
#include "tests/support/program.h"

namespace orchestrator {
namespace {

class TokensTest : public testing::Test {
 protected:
  Tokens read(const std::string& content) const {
    testing_support::write_file(file(), content);
    return Tokens::read(file());
  }
  std::string complaint(const std::string& content) const {
    try {
      read(content);
    } catch (const io::RequestError& error) {
      return error.what();
    }
    return "";
  }
  std::string file() const { return folder_ / "tokens"; }

  testing_support::TemporaryFolder folder_;
  NewToken ann_ = make_token("ann", "submit,read");
  NewToken worker_ = make_token("worker-1", "worker");
};

TEST_F(TokensTest, FindsWhoseTokenItIsAndWhatItMay) {
  const Tokens tokens = read(ann_.line + "\n" + worker_.line + "\n");
  const auto ann = tokens.find(ann_.token);
  ASSERT_TRUE(ann);
  EXPECT_EQ(ann->name, "ann");
  EXPECT_TRUE(ann->may(may_submit));
  EXPECT_TRUE(ann->may(may_read));
  EXPECT_FALSE(ann->may(may_work));
  EXPECT_FALSE(ann->may(may_admin));
  EXPECT_FALSE(ann->here);
  const auto worker = tokens.find(worker_.token);
  ASSERT_TRUE(worker);
  EXPECT_EQ(worker->name, "worker-1");
  EXPECT_TRUE(worker->may(may_work));
  EXPECT_FALSE(worker->may(may_submit));
}

TEST_F(TokensTest, TakesBearerInAnyCaseAndTheTokenAlone) {
  const Tokens tokens = read(ann_.line);
  for (const char* scheme : {"Bearer ", "bearer ", "BEARER ", "bEaReR ", ""})
    EXPECT_TRUE(tokens.find(scheme + ann_.token)) << scheme;
  EXPECT_FALSE(tokens.find("Basic " + ann_.token));
}

TEST_F(TokensTest, KnowsNoOtherToken) {
  const Tokens tokens = read(ann_.line);
  const std::string hash = ann_.line.substr(ann_.line.rfind(' ') + 1);
  for (const std::string& wrong : {std::string(), std::string("Bearer "), std::string("x"), worker_.token,
                                   ann_.token + "0", ann_.token.substr(1), hash})
    EXPECT_FALSE(tokens.find(wrong)) << wrong;
}

TEST_F(TokensTest, LetAnAdminDoEverything) {
  const NewToken made = make_token("boss", "admin");
  const auto boss = read(made.line).find(made.token);
  ASSERT_TRUE(boss);
  for (const Scope each : {may_submit, may_read, may_work, may_admin}) EXPECT_TRUE(boss->may(each));
}

TEST_F(TokensTest, PassOverCommentsAndEmptyLines) {
  const Tokens tokens = read("# who may\n\n   " + ann_.line + "  # ann's laptop\n#" + worker_.line);
  EXPECT_TRUE(tokens.find(ann_.token));
  EXPECT_FALSE(tokens.find(worker_.token));
}

TEST_F(TokensTest, NameTheFileAndTheLineOfAMistake) {
  const std::string hash = ann_.line.substr(ann_.line.rfind(' ') + 1);
  for (const std::string& wrong :
       {std::string("ann"), std::string("ann submit"), "ann fly " + hash, "ann submit,fly " + hash,
        "ann submit " + hash.substr(1), "ann submit " + hash + " more", "a/b submit " + hash,
        "ann submit " + std::string(64, 'z'), "ann submit " + ann_.token}) {
    const std::string said = complaint("# first\n" + wrong + "\n");
    EXPECT_NE(said.find(file() + ", line 2"), std::string::npos) << wrong << "\n" << said;
    EXPECT_EQ(said.find(hash.substr(0, 20)), std::string::npos) << "it may be a secret: " << said;
  }
}

TEST_F(TokensTest, AreAMistakeWhenThereIsNone) {
  EXPECT_NE(complaint("").find("has no token"), std::string::npos);
  EXPECT_NE(complaint("# nothing\n").find("has no token"), std::string::npos);
  EXPECT_THROW(Tokens::read(folder_ / "missing"), io::RequestError);
}

TEST_F(TokensTest, AreEmptyWhereNoFileIsSaid) {
  EXPECT_TRUE(Tokens().empty());
  EXPECT_FALSE(Tokens().find(""));
}

TEST(MakeToken, MakesANewOneEachTimeAndKeepsItOutOfTheLine) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const NewToken made = make_token("ann", "submit");
    EXPECT_EQ(made.token.size(), 5u + 64u);
    EXPECT_EQ(made.line.find(made.token.substr(5)), std::string::npos);
    seen.insert(made.token);
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(MakeToken, RefusesNamesAndScopesThatCannotBe) {
  for (const char* name : {"", "a b", "a/b", "ann#1", "é"})
    EXPECT_THROW(make_token(name, "submit"), io::RequestError) << name;
  EXPECT_THROW(make_token(std::string(65, 'a'), "submit"), io::RequestError);
  for (const char* scopes : {"", "fly", "submit,fly", "submit, read", ","})
    EXPECT_THROW(make_token("ann", scopes), io::RequestError) << scopes;
}

}  // namespace
}  // namespace orchestrator
