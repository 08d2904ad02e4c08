// Secrets that come over stdin.
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "sandbox/frames/gift.h"
#include "supervised.h"

namespace {

using namespace std::chrono_literals;

// Secret files are written to a tmpfs only.
class Gifts : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(folder_), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  SupervisorOptions giving(std::string stream) {
    SupervisorOptions options;
    options.more = {"--gifts", "--gift-dir", folder_};
    options.stdin_bytes = std::move(stream);
    return options;
  }
  std::string at(const std::string& name) const { return std::string(folder_) + "/" + name; }

  char folder_[32] = "/dev/shm/supervisor-test-XXXXXX";
};

void expect_refused(Supervised& attempt, const std::string& why) {
  attempt.finish();
  EXPECT_FALSE(attempt.started);
  EXPECT_EQ(attempt.exit_code, 125);
  EXPECT_EQ(attempt.end["code"], "125");
  EXPECT_EQ(attempt.end["stop"], "gifts");
  EXPECT_EQ(attempt.notes, std::vector<std::string>{"the secret variables and files did not arrive: " + why});
}

TEST_F(Gifts, BecomeVariablesAndFilesOfTheCommand) {
  const std::string stream = sandbox::encode_gifts({{"TOKEN", "s3=cret"}, {"PLAIN", "replaced"}},
                                                   {{"ca.pem", "certificate"}, {"empty", ""}});
  SupervisorOptions options = giving(stream);
  options.env["PLAIN"] = "first";
  Supervised attempt(sh("echo $TOKEN $PLAIN; cat " + at("ca.pem") + "; stat -c ' %a %s' " + at("ca.pem") +
                        " " + at("empty")),
                     options);
  attempt.finish();
  EXPECT_EQ(attempt.out, "s3=cret replaced\ncertificate 644 11\n 644 0\n");
}

TEST_F(Gifts, AreReadThoughStdinStaysOpen) {
  SupervisorOptions options = giving(sandbox::encode_gifts({{"TOKEN", "x"}}, {}));
  options.stdin_stays_open = true;
  Supervised attempt(sh("echo $TOKEN; cat"), options);
  attempt.finish();
  EXPECT_EQ(attempt.out, "x\n");
}

TEST_F(Gifts, MayBeLarge) {
  Supervised attempt(sh("stat -c %s " + at("big")),
                     giving(sandbox::encode_gifts({}, {{"big", std::string(5'000'000, 'b')}})));
  attempt.finish();
  EXPECT_EQ(attempt.out, "5000000\n");
}

TEST_F(Gifts, ReplaceALinkInsteadOfFollowingIt) {
  std::ofstream(at("target")) << "untouched";
  std::filesystem::create_symlink(at("target"), at("ca.pem"));
  Supervised attempt(sh("cat " + at("target") + " " + at("ca.pem")),
                     giving(sandbox::encode_gifts({}, {{"ca.pem", "gift"}})));
  attempt.finish();
  EXPECT_EQ(attempt.out, "untouchedgift");
}

TEST_F(Gifts, ThatEndEarlyAreRefused) {
  const std::string stream = sandbox::encode_gifts({{"TOKEN", "x"}}, {});
  for (const std::size_t length : {std::size_t{0}, std::size_t{3}, std::size_t{12}, stream.size() - 1}) {
    Supervised attempt({"true"}, giving(stream.substr(0, length)));
    expect_refused(attempt, "their stream ended early");
  }
}

TEST_F(Gifts, ThatAreMalformedAreRefused) {
  const std::string magic = "ORG1";
  const std::pair<std::string, std::string> cases[] = {
      {"ORC1", "their stream does not begin as it should"},
      {magic + std::string("Q\0\0\0\0", 5), "one of them is of an unknown kind"},
      {magic + std::string("E\3\0\0\0abc", 8), "a variable is malformed"},
      {magic + std::string("E\2\0\0\0=v", 7), "a variable is malformed"},
      {magic + std::string("F\3\0\0\0abc", 8), "a file is malformed"},
      {magic + std::string("F\4\0\0\0a/b\0", 9), "a file's name is not a plain one"},
      {magic + std::string("F\3\0\0\0..\0", 8), "a file's name is not a plain one"},
      {magic + std::string("F\1\0\0\0\0", 6), "a file's name is not a plain one"},
      {magic + std::string("E\xff\xff\xff\xff", 5), "one of them is more than 16 MiB"},
      {magic + std::string("Z\1\0\0\0x", 6), "their stream does not end as it should"}};
  for (const auto& [stream, why] : cases) {
    Supervised attempt({"true"}, giving(stream));
    expect_refused(attempt, why);
  }
}

TEST_F(Gifts, AreNotWrittenToADisk) {
  SupervisorOptions options = giving(sandbox::encode_gifts({}, {{"ca.pem", "x"}}));
  options.more.back() = "/proc";
  Supervised attempt({"true"}, options);
  expect_refused(attempt, "the folder of secret files is not on a tmpfs");
}

TEST_F(Gifts, ThatNeverComeAreWaitedForOnlyUntilTheDeadline) {
  SupervisorOptions options = giving("ORG1");
  options.stdin_stays_open = true;
  options.timeout = 100ms;
  Supervised attempt({"true"}, options);
  attempt.finish();
  EXPECT_FALSE(attempt.started);
  EXPECT_EQ(attempt.end["stop"], "timeout");
  EXPECT_EQ(attempt.exit_code, 125);
}

}  // namespace
