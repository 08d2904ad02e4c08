#include "orchestrator/cli/job_inputs.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "sandbox/io/error.h"
#include "tests/support/temporary_folder.h"

namespace orchestrator {
namespace {

constexpr const char* kRemote = "https://git.example:8443/owner/project";

class GitToken : public testing::Test {
 protected:
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

  const testing_support::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
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

class GitAccess : public GitToken {
 protected:
  std::string service_complaint() const {
    try {
      gather_service_access(line_);
    } catch (const io::RequestError& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(GitAccess, IsForTheRepositorysHost) {
  const images::GitAccess https = gather_access(line_, kRemote);
  EXPECT_EQ(https.host, "git.example:8443");
  EXPECT_FALSE(https.ssh) << "a stranger's submodule would be fetched by one's own keys";
  EXPECT_TRUE(https.own_settings);
  EXPECT_EQ(gather_access(line_, "git@git.example:a/b").host, "git.example");
  EXPECT_EQ(gather_access(line_, "ssh://git@git.example:2222/a").host, "git.example:2222");
  EXPECT_TRUE(gather_access(line_, "git@git.example:a/b").ssh);
  EXPECT_FALSE(gather_access(line_, folder_).own_settings);
}

TEST_F(GitAccess, IsForTheHostThatIsNamed) {
  line_.git_host = "other.example";
  line_.git_program = "git";
  const images::GitAccess access = gather_access(line_, kRemote);
  EXPECT_EQ(access.host, "other.example");
  EXPECT_TRUE(access.ssh);
  EXPECT_EQ(access.git_program, "git");
}

TEST_F(GitAccess, NeedsFilesThatCanBeRead) {
  line_.ssh_key = file("key");
  EXPECT_EQ(gather_access(line_, "git@h:a").ssh_key, folder_ + "/token");
  line_.ssh_known_hosts = folder_;
  EXPECT_THROW(gather_access(line_, "git@h:a"), io::RequestError);
  line_.ssh_known_hosts = folder_ + "/none";
  line_.git_host = "h";
  EXPECT_EQ(service_complaint(),
            "--ssh-known-hosts: the file '" + folder_ + "/none' cannot be read: No such file or directory");
}

TEST_F(GitAccess, OfAServiceIsAKeyForOneHost) {
  EXPECT_FALSE(gather_service_access(line_).ssh);
  EXPECT_EQ(gather_service_access(line_).host, "") << "no agent, no key of the account";
  line_.ssh_key = file("key");
  EXPECT_NE(service_complaint().find("--git-host is needed beside --ssh-key"), std::string::npos);
  line_.git_host = "git.example";
  const images::GitAccess access = gather_service_access(line_);
  EXPECT_TRUE(access.ssh);
  EXPECT_EQ(access.host, "git.example");
  EXPECT_FALSE(access.own_settings);
  line_.ssh_known_hosts = line_.ssh_key;
  line_.ssh_key.clear();
  EXPECT_NE(service_complaint().find("--ssh-key is needed"), std::string::npos);
}

class JobSources : public GitToken {
 protected:
  std::string write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << content;
    return folder_ + "/" + name;
  }
  std::string mistakes() const {
    try {
      gather_job(line_, [&](const char* name) -> std::optional<std::string> {
        const auto found = variables_.find(name);
        return found == variables_.end() ? std::nullopt : std::optional(found->second);
      });
    } catch (const InvalidJob& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(JobSources, TellTheirMistakesAtOnce) {
  line_.input_file = write("job.json", R"({"runs": 0, "build_args": {"A": "1"}})");
  line_.config_file = write("config.yml", "timeout: soon\nzzzzzz: 1\n");
  variables_["ORCHESTRATOR_PARALLELISM"] = "zz";
  const std::string in_config = "\n" + line_.config_file + ": ";
  EXPECT_EQ(mistakes(),
            line_.input_file + ": /runs: Runs must be between 1 and 1000\n" +
                "ORCHESTRATOR_PARALLELISM: parallelism must be a whole number, not 'zz'\n"
                "/build_args: build_args needs dockerfile\n"
                "/repo: Repository URL is required\n"
                "/test_command: Test command is required" +
                in_config +
                "timeout: timeout must be a number of seconds or a time as in \"90s\" or \"5m\", not 'soon'" +
                in_config + "zzzzzz: unknown field 'zzzzzz'");
}

TEST_F(JobSources, ThatCannotBeReadAreToldWithTheOthers) {
  line_.input_file = folder_ + "/none.json";
  line_.config_file = folder_ + "/none.yml";
  EXPECT_EQ(mistakes(), "--input: the input file '" + line_.input_file +
                            "' cannot be read: No such file or directory\n--config: the config file '" +
                            line_.config_file + "' cannot be read: No such file or directory");
}

TEST_F(JobSources, OfFlagsAloneAreNamedByFlags) {
  EXPECT_EQ(mistakes(), "--repo: Repository URL is required\n--: Test command is required");
  line_.request.repo = ".";
  line_.request.runs = 3;
  line_.request.only_attempt = 3;
  line_.request.image = "a";
  line_.request.dockerfile = "b";
  EXPECT_EQ(mistakes(),
            "--dockerfile: image and dockerfile exclude each other\n"
            "--only-attempt: Only attempt must be less than runs: attempts are counted from 0\n"
            "--: Test command is required");
}

TEST_F(JobSources, OfTheUserGiveADockerfileAwayForAnImage) {
  line_.request.repo = ".";
  line_.request.image = "a";
  line_.config_file = write("config.yml", "dockerfile: b\n");
  EXPECT_EQ(mistakes(), "");
}

}  // namespace
}  // namespace orchestrator
