#include "orchestrator/service/admission.h"

#include <gtest/gtest.h>

#include "tests/support/program.h"

namespace orchestrator {
namespace {

class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() {
    std::filesystem::create_directories(folder_ / "allowed/project");
    std::filesystem::create_directories(folder_ / "allowed-not");
    std::filesystem::create_directories(folder_ / "secret");
    admission_.folders = {folder_ / "allowed"};
  }

  // The one refusal's pointer and sentence; "" when it is admitted.
  std::string refusal(bool here = true) const {
    const auto refused = refusals(request_, admission_, here);
    if (refused.empty()) return "";
    EXPECT_EQ(refused.size(), 1u);
    return refused.front().pointer + ": " + refused.front().message;
  }
  std::string refusal_of_repo(const std::string& repo, bool here = true) {
    request_.repo = repo;
    return refusal(here);
  }
  void expect_refused(const std::string& pointer, const std::string& word, bool here = true) const {
    const std::string said = refusal(here);
    EXPECT_TRUE(said.starts_with(pointer + ": ")) << said;
    EXPECT_NE(said.find(word), std::string::npos) << said;
  }

  testing_support::TemporaryFolder folder_;
  Admission admission_;
  JobRequest request_;
};

TEST_F(AdmissionTest, HasNothingAgainstAJobThatNamesNothing) { EXPECT_EQ(refusal(), ""); }

TEST_F(AdmissionTest, SaysNotMoreThanAHundredTimesWhatIsNotAllowed) {
  request_.secret_env.assign(10'000, std::string(100'000, 'A'));
  const auto refused = refusals(request_, admission_, false);
  ASSERT_EQ(refused.size(), kMostErrors + 1);
  EXPECT_LT(refused.front().message.size(), 300u);
}

// ---- repositories

TEST_F(AdmissionTest, AllowsTheHostsThatTheOperatorNamed) {
  EXPECT_EQ(refusal_of_repo("https://github.com/a/b", false), "");
  EXPECT_NE(refusal_of_repo("https://example.org/a/b", false), "");
  admission_.repository_hosts = {"example.org"};
  EXPECT_EQ(refusal_of_repo("https://example.org/a/b", false), "");
  EXPECT_NE(refusal_of_repo("https://github.com/a/b", false), "");
}

TEST_F(AdmissionTest, SaysWhichHostsAreAllowed) {
  admission_.repository_hosts = {"one.example", "two.example"};
  request_.repo = "https://github.com/a/b";
  expect_refused("/repo", "one.example, two.example");
}

TEST_F(AdmissionTest, IsNotMisledByAHostThatLooksLikeAnother) {
  for (const char* repo :
       {"https://github.com.example.org/a/b", "https://example.org/github.com/b",
        "https://github.com@example.org/a/b", "https://example.org#github.com/a",
        "https://example.org\\@github.com/a", "https://sub.github.com/a/b", "https://127.0.0.1/a/b",
        "http://github.com/a/b", "ssh://git@example.org/a/b", "git@example.org:a/b", "file:///etc"})
    EXPECT_NE(refusal_of_repo(repo, true), "") << repo;
}

TEST_F(AdmissionTest, AllowsSshToTheHostAloneThatThereIsAKeyFor) {
  for (const char* repo : {"git@github.com:a/b", "ssh://git@github.com/a/b", "deploy@github.com:a/b"}) {
    admission_.ssh_host.clear();
    request_.repo = repo;
    expect_refused("/repo", "there is no key for it", false);
    admission_.ssh_host = "github.com";
    EXPECT_EQ(refusal_of_repo(repo, false), "") << repo;
  }
  request_.repo = "git@gitlab.com:a/b";
  expect_refused("/repo", "there is no key for it", false);
  admission_.ssh_host = "example.org";  // and still not one of the allowed
  request_.repo = "git@example.org:a/b";
  expect_refused("/repo", "are not cloned here", false);
}

TEST_F(AdmissionTest, TakesWhatLooksLikeSshForNoFolder) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::create_directories(folder_ / "allowed/me@host:project");
  std::filesystem::current_path(folder_ / "allowed");
  EXPECT_NE(refusal_of_repo("me@host:project"), "");
  EXPECT_EQ(refusal_of_repo("./me@host:project"), "");
  std::filesystem::current_path(before);
}

TEST_F(AdmissionTest, NeverAllowsAFolderToCallersFromElsewhere) {
  request_.repo = folder_ / "allowed/project";
  expect_refused("/repo", "cannot be named from elsewhere", false);
}

TEST_F(AdmissionTest, AllowsAnAllowedFolderAndWhatIsBelow) {
  EXPECT_EQ(refusal_of_repo(folder_ / "allowed"), "");
  EXPECT_EQ(refusal_of_repo(folder_ / "allowed/project"), "");
  EXPECT_EQ(refusal_of_repo(folder_ / "allowed/project/../project/"), "");
}

TEST_F(AdmissionTest, AllowsAFolderWhoseNameEndsInASlash) {
  admission_.folders = {folder_ / "allowed/"};
  EXPECT_EQ(refusal_of_repo(folder_ / "allowed/project"), "");
}

TEST_F(AdmissionTest, RefusesAnyOtherFolder) {
  for (const char* name : {"", "secret", "allowed-not", "allowed/../secret", "allowed/project/../../secret"})
    EXPECT_NE(refusal_of_repo(folder_ / name), "") << name;
  request_.repo = "/etc";
  expect_refused("/repo", "--allow-folder");
}

TEST_F(AdmissionTest, RefusesALinkThatLeadsOutOfAnAllowedFolder) {
  std::filesystem::create_symlink(folder_ / "secret", folder_ / "allowed/link");
  EXPECT_NE(refusal_of_repo(folder_ / "allowed/link"), "");
  EXPECT_NE(refusal_of_repo(folder_ / "allowed/link/deeper"), "");
}

TEST_F(AdmissionTest, AllowsAFolderThatIsReachedThroughALink) {
  std::filesystem::create_symlink(folder_ / "allowed", folder_ / "link");
  EXPECT_EQ(refusal_of_repo(folder_ / "link/project"), "");
  admission_.folders = {folder_ / "link"};
  EXPECT_EQ(refusal_of_repo(folder_ / "allowed/project"), "");
}

TEST_F(AdmissionTest, AllowsNoFolderByDefaultOrByAnEmptyName) {
  admission_.folders = {};
  EXPECT_NE(refusal_of_repo(folder_ / "allowed"), "");
  admission_.folders = {""};  // --allow-folder "$UNSET"
  EXPECT_NE(refusal_of_repo(folder_ / "allowed"), "");
}

// ---- images, networks, secrets

TEST_F(AdmissionTest, AllowsTheImagesThatTheOperatorNamed) {
  admission_.images = {"python:3.12", "registry.example/team/*"};
  request_.image = "python:3.12";
  EXPECT_EQ(refusal(), "");
  request_.image = "registry.example/team/tests:1";
  EXPECT_EQ(refusal(), "");
  for (const char* other : {"python:3.12-evil", "python", "registry.example/teams/x", "evil"}) {
    request_.image = other;
    expect_refused("/image", other);
  }
}

TEST_F(AdmissionTest, DoesNotLetAStarReachIntoAnotherRegistry) {
  admission_.images = {"python*", "localhost:5000/team*"};
  for (const char* image : {"python", "python:3.12", "python/like", "localhost:5000/team/app"}) {
    request_.image = image;
    EXPECT_EQ(refusal(), "") << image;
  }
  for (const char* image : {"python.example.org/x", "python:5000/x", "localhost:5000/other"}) {
    request_.image = image;
    expect_refused("/image", image);
  }
}

TEST_F(AdmissionTest, FetchesNothingAnewForWhoeverNamesNoImage) {
  request_.pull = "always";
  expect_refused("/pull", "pull is always");
  request_.pull = "never";
  EXPECT_EQ(refusal(), "");
  request_.pull = "always";
  admission_.images = {"python:3.12"};
  expect_refused("/pull", "pull is always");
  request_.image = "python:3.12";
  EXPECT_EQ(refusal(), "");
  request_.image.reset();
  admission_.images = {"*"};
  EXPECT_EQ(refusal(), "");
}

TEST_F(AdmissionTest, AllowsNoImageByDefault) {
  request_.image = "python:3.12";
  expect_refused("/image", "python:3.12");
}

TEST_F(AdmissionTest, RefusesADockerfileUnlessEveryImageIsAllowed) {
  request_.dockerfile = "Dockerfile";
  expect_refused("/dockerfile", "--allow-image");
  admission_.images = {"python:3.12"};
  expect_refused("/dockerfile", "--allow-image");
  admission_.images = {"*"};
  EXPECT_EQ(refusal(), "");
}

TEST_F(AdmissionTest, AllowsNoNetworkButTheOnesNamed) {
  request_.network = "none";
  EXPECT_EQ(refusal(), "");
  request_.network = "bridge";
  expect_refused("/network", "bridge");
  admission_.networks.push_back("bridge");
  EXPECT_EQ(refusal(), "");
}

TEST_F(AdmissionTest, HandsOutNoVariableButTheOnesNamed) {
  admission_.secrets = {"TOKEN"};
  request_.secret_env = {"TOKEN"};
  EXPECT_EQ(refusal(), "");
  request_.secret_env = {"TOKEN", "AWS_SECRET_ACCESS_KEY"};
  expect_refused("/secret_env", "AWS_SECRET_ACCESS_KEY");
}

// ---- limits

TEST_F(AdmissionTest, AllowsNoMoreThanTheHostHas) {
  admission_.cpus = 4;
  admission_.memory_bytes = 1 << 30;
  request_.cpus = 4;
  request_.memory_bytes = 1 << 30;
  EXPECT_EQ(refusal(), "");
  request_.cpus = 4.5;
  expect_refused("/limits/cpus", "4");
  request_.cpus = 1;
  request_.memory_bytes = (1 << 30) + 1;
  expect_refused("/limits/memory", "1073741824");
}

TEST_F(AdmissionTest, BoundsNothingWhereNoBoundIsSaid) {
  request_.cpus = 1'000;
  request_.memory_bytes = 1ll << 50;
  EXPECT_EQ(refusal(), "");
}

TEST_F(AdmissionTest, SaysAllThatItRefusesAtOnce) {
  request_.repo = "/etc";
  request_.image = "evil";
  request_.network = "bridge";
  request_.secret_env = {"A", "B"};
  EXPECT_EQ(refusals(request_, admission_, true).size(), 5u);
}

}  // namespace
}  // namespace orchestrator
