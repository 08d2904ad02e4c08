#include "orchestrator/cli/job_inputs.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

constexpr const char* kRemote = "https://git.example:8443/owner/project";

class GitToken : public testing::Test {
 protected:
  GitToken() {
    char name[] = "/tmp/orchestrator-test-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~GitToken() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& content) {
    std::ofstream(folder_ + "/token", std::ios::binary) << content;
    return folder_ + "/token";
  }
  std::optional<images::GitCredential> gather(const std::string& repo = kRemote) const {
    return gather_credential(line_, repo, [&](const char* name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    });
  }
  std::string complaint() const {
    try {
      gather();
    } catch (const io::RequestError& error) {
      return error.what();
    }
    return "";
  }

  std::string folder_;
  CommandLine line_;
  std::map<std::string, std::string> variables_;
};

TEST_F(GitToken, OfAFileLosesItsLineEndAndIsBoundToTheRepositorysHost) {
  line_.git_token_file = file(" s3cret\r\n");
  const auto credential = gather();
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->token, "s3cret");
  EXPECT_EQ(credential->host, "git.example:8443");
  EXPECT_FALSE(gather(folder_)) << "a folder needs none";
}

TEST_F(GitToken, OfAFileThatCannotServeIsRefused) {
  line_.git_token_file = folder_ + "/nothing";
  EXPECT_EQ(complaint(), "--git-token-file: the token file '" + folder_ +
                             "/nothing' cannot be read: No such file or directory");
  line_.git_token_file = folder_;
  EXPECT_EQ(complaint(), "--git-token-file: the token file '" + folder_ + "' cannot be read: Is a directory");
  line_.git_token_file = file(" \n\n");
  const std::string start = "--git-token-file: the token file '" + line_.git_token_file + "' ";
  EXPECT_EQ(complaint(), start + "is empty: it must hold the token");
  file("user\ns3cret\n");
  EXPECT_EQ(complaint(), start + "has more than one line: it must hold the token alone");
  line_.git_token_file = "/dev/zero";
  EXPECT_EQ(complaint(),
            "--git-token-file: the token file '/dev/zero' is larger than 64 KiB: it is no token");
}

TEST_F(GitToken, OfANamedVariableMustBeThere) {
  line_.git_token_env = "TOKEN";
  EXPECT_EQ(complaint(), "--git-token-env: the environment has no variable TOKEN");
  variables_["TOKEN"] = " ";
  EXPECT_EQ(complaint(), "--git-token-env: the variable TOKEN is empty: it must hold the token");
  variables_["TOKEN"] = "s3cret";
  EXPECT_EQ(gather()->token, "s3cret");
}

TEST_F(GitToken, OfTheUsualVariableMayBeEmpty) {
  EXPECT_FALSE(gather());
  variables_["ORCHESTRATOR_GIT_TOKEN"] = "";
  EXPECT_FALSE(gather());
  variables_["ORCHESTRATOR_GIT_TOKEN"] = "s3cret";
  EXPECT_EQ(gather()->token, "s3cret");
}

TEST_F(GitToken, IsNeverPartOfAMessage) {
  line_.git_token_file = file("s3cret\nother\n");
  EXPECT_EQ(complaint().find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace orchestrator
