// What install steps may know of this host (proxies, a package index with a password, certificates) is found
// nowhere in the image that they make.
#include <fmt/format.h>

#include "tests/support/companion.h"
#include "tests/support/host_address.h"
#include "tests/support/repositories.h"
#include "tests/support/saved_image.h"

namespace {

using namespace testing_support;

// tests/support/package_index.py, where containers of the default network reach this host.
class PackageIndex {
 public:
  explicit PackageIndex(const std::string& user)
      : server_({"python3", source_path("tests/support/package_index.py"), address_, "--log", folder_ / "log",
                 "--user", user}) {}

  std::string url(const std::string& user) const {
    return fmt::format("http://{}@{}:{}/simple", user, address_, server_.first_line());
  }
  const std::string& address() const { return address_; }
  std::string asked() const { return read_file(folder_ / "log"); }

 private:
  TemporaryFolder folder_;
  std::string address_ = host_address();
  Companion server_;
};

class Secrecy : public testing::Test {
 protected:
  Secrecy() {
    repository_.write("requirements.txt", "parcelware==1.0\n");
    repository_.write("check.py", "import parcelware\nprint(parcelware.ANSWER)\n");
    write_file(ca_file_, read_file("/etc/ssl/certs/ca-certificates.crt") + "# " + marker_ + "\n");
  }

  // The variables of somebody behind a proxy, with an index that wants a password and a CA of their own.
  ProgramOptions host() const {
    ProgramOptions options;
    options.env = {"PIP_INDEX_URL=" + index_.url(user_),
                   "PIP_TRUSTED_HOST=" + index_.address(),
                   "PIP_CONFIG_FILE=/dev/null",
                   "PIP_FIND_LINKS=",
                   "HTTPS_PROXY=" + proxy_,
                   "https_proxy=" + proxy_,
                   "ORCHESTRATOR_CA_FILE=" + ca_file_};
    return options;
  }

  // What the setup command looks for is written so that it does not hold what is searched for afterwards.
  RunResult run() const {
    return repository_.remember(run_job(
        flags_for(
            repository_.path(),
            {"-v", "-v", "--runs", "1", "--setup-command",
             fmt::format(
                 "grep -q '^# MARKER-' \"$SSL_CERT_FILE\" && grep -q '^# MARKER-' \"$PIP_CERT\" && "
                 "case \"$HTTPS_PROXY\" in *@proxy.*:3128) echo \"$HTTPS_PROXY\";; *) exit 1;; esac # {}",
                 unique_)}),
        {"python3", "check.py"}, host()));
  }

  Repository repository_;
  std::string unique_ = std::filesystem::path(repository_.path()).filename();
  std::string marker_ = "MARKER-" + unique_;
  std::string user_ = "reader:hunter2-" + unique_;
  std::string proxy_ = "http://agent:sesame-" + unique_ + "@proxy.example.org:3128";
  std::vector<std::string> secrets_{marker_, "hunter2-" + unique_, "sesame-" + unique_, "proxy.example.org"};
  TemporaryFolder folder_;
  std::string ca_file_ = folder_ / "bundle.pem";
  PackageIndex index_{user_};
};

TEST_F(Secrecy, NoLayerConfigurationOrHistoryHoldsWhatTheInstallWasTold) {
  const auto run = this->run();
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(stdout_of(run), "42\n");
  EXPECT_NE(index_.asked().find("/files/parcelware-1.0-py3-none-any.whl let in"), std::string::npos)
      << index_.asked();

  const SavedImage image(run.report.at("environment").at("image").at("id"));
  EXPECT_TRUE(image.holds("ANSWER = 42")) << "the search must find what is there";
  EXPECT_TRUE(image.holds("import parcelware"));
  for (const auto& secret : secrets_) EXPECT_FALSE(image.holds(secret)) << secret;
}

TEST_F(Secrecy, NoOutputReportOrLogHoldsAPassword) {
  const auto run = this->run();
  ASSERT_EQ(run.exit_code, 0) << told(run);
  for (const char* password : {"hunter2-", "sesame-"}) {
    EXPECT_EQ(run.out.find(password + unique_), std::string::npos) << run.out;
    EXPECT_EQ(run.err.find(password + unique_), std::string::npos) << run.err;
    EXPECT_EQ(run.report.dump().find(password + unique_), std::string::npos);
  }
}

TEST_F(Secrecy, AFailedInstallDoesNotShowAPassword) {
  repository_.write("requirements.txt", "surely-nobody-publishes-this\n");
  const auto run = this->run();
  EXPECT_EQ(run.exit_code, 4) << told(run);
  EXPECT_NE(run.err.find("Failed to install dependencies: "), std::string::npos) << run.err;
  for (const char* password : {"hunter2-", "sesame-"})
    EXPECT_EQ(run.err.find(password + unique_), std::string::npos) << run.err;
}

TEST_F(Secrecy, AnAttemptKnowsNothingOfTheHost) {
  const auto run = repository_.remember(
      run_job(flags_for(repository_.path(), {"--runs", "1", "--no-install"}),
              {"/bin/sh", "-c", "env; ls /run/orchestrator 2>/dev/null; cat /proc/self/mounts"}, host()));
  ASSERT_EQ(run.exit_code, 0) << told(run);
  for (const auto& secret : secrets_)
    EXPECT_EQ(stdout_of(run).find(secret), std::string::npos) << stdout_of(run);
  for (const char* name : {"PROXY", "PIP_INDEX_URL", "SSL_CERT_FILE", "pip.conf"})
    EXPECT_EQ(stdout_of(run).find(name), std::string::npos) << stdout_of(run);
}

TEST_F(Secrecy, AnUnchangedSecondRunNeedsNeitherIndexNorProxy) {
  const auto first = run();
  ASSERT_EQ(first.exit_code, 0) << told(first);
  const std::string asked = index_.asked();
  repository_.write("check.py", "import parcelware\nprint(parcelware.ANSWER + 1)\n");
  const auto second = run();
  ASSERT_EQ(second.exit_code, 0) << told(second);
  EXPECT_EQ(built_layers(second), (std::vector<std::string>{"sources", "seal"}));
  EXPECT_EQ(stdout_of(second), "43\n");
  EXPECT_EQ(index_.asked(), asked) << "nobody was asked for what was there";
}

}  // namespace
