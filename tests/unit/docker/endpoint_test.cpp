// Which engine is meant: by flags, by the docker program's variables, by its contexts.
#include "sandbox/docker/endpoint.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "sandbox/io/error.h"
#include "tests/support/temporary_folder.h"

namespace sandbox::docker {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVariables[] = {
    "DOCKER_HOST", "DOCKER_CONTEXT",   "DOCKER_CONFIG", "DOCKER_TLS_VERIFY",
    "DOCKER_TLS",  "DOCKER_CERT_PATH", "HOME",          "ORCHESTRATOR_INSECURE_ENGINE"};

class TheEndpoint : public ::testing::Test {
 protected:
  TheEndpoint() {
    for (const char* name : kVariables) {
      if (const char* value = getenv(name)) before_.emplace_back(name, value);
      unsetenv(name);
    }
    setenv("HOME", home_.c_str(), 1);
  }
  ~TheEndpoint() override {
    for (const char* name : kVariables) unsetenv(name);
    for (const auto& [name, value] : before_) setenv(name.c_str(), value.c_str(), 1);
  }

  std::string write(const std::string& path, const std::string& text = "") const {
    const fs::path file = home_ + "/" + path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file;
  }
  // As the docker program keeps it; the folder's name is a hash to it and any name to us.
  void make_context(const std::string& name, const std::string& host, const std::string& more = "") const {
    write(".docker/contexts/meta/id-of-" + name + "/meta.json",
          R"({"Name":")" + name + R"(","Metadata":{},"Endpoints":{"docker":{"Host":")" + host + "\"" + more +
              "}}}");
  }

  static std::string url(const EngineOptions& options) { return Endpoint::from(options).url(); }
  static std::string refusal(const EngineOptions& options) {
    try {
      return "accepted: " + Endpoint::from(options).url();
    } catch (const io::RequestError& error) {
      return error.what();
    }
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string home_ = temporary_.path();

 private:
  std::vector<std::pair<std::string, std::string>> before_;
};

bool says_both(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

// ---- in which order it is looked for

TEST_F(TheEndpoint, IsTheUsualSocketWhenNobodySaysAnything) {
  EXPECT_EQ(Endpoint::from({""}).socket, "/var/run/docker.sock");
  EXPECT_TRUE(Endpoint::from({""}).on_this_host());
}

// As docker 28.2.2 does it, tried out: DOCKER_HOST comes before DOCKER_CONTEXT.
TEST_F(TheEndpoint, IsWhatTheFirstOfManyNames) {
  make_context("current", "unix:///run/current.sock");
  make_context("variable", "unix:///run/variable.sock");
  make_context("flag", "unix:///run/flag.sock");
  write(".docker/config.json", R"({"currentContext":"current"})");
  EXPECT_EQ(url({""}), "unix:///run/current.sock");
  setenv("DOCKER_CONTEXT", "variable", 1);
  EXPECT_EQ(url({""}), "unix:///run/variable.sock");
  setenv("DOCKER_HOST", "unix:///run/host.sock", 1);
  EXPECT_EQ(url({""}), "unix:///run/host.sock");
  EXPECT_EQ(url({"", "", "flag"}), "unix:///run/flag.sock");
  EXPECT_EQ(url({"unix:///run/said.sock"}), "unix:///run/said.sock");
}

TEST_F(TheEndpoint, TakesTheContextNamedDefaultForNone) {
  write(".docker/config.json", R"({"currentContext":"default"})");
  EXPECT_EQ(url({""}), "unix:///var/run/docker.sock");
}

TEST_F(TheEndpoint, PassesOverAConfigurationThatIsNoJson) {
  for (const char* nonsense : {"{", "[]", R"({"currentContext":7})", ""}) {
    write(".docker/config.json", nonsense);
    EXPECT_EQ(url({""}), "unix:///var/run/docker.sock") << nonsense;
  }
}

TEST_F(TheEndpoint, LooksForContextsWhereTheDockerProgramIsToldTo) {
  write("elsewhere/contexts/meta/x/meta.json",
        R"({"Name":"far","Endpoints":{"docker":{"Host":"ssh://far"}}})");
  setenv("DOCKER_CONFIG", (home_ + "/elsewhere").c_str(), 1);
  EXPECT_EQ(url({"", "", "far"}), "ssh://far");
}

// ---- contexts

TEST_F(TheEndpoint, NamesTheContextThatIsNotThere) {
  EXPECT_TRUE(says_both(refusal({"", "", "nowhere"}), "no docker context 'nowhere'"));
  setenv("DOCKER_CONTEXT", "lost", 1);
  EXPECT_TRUE(says_both(refusal({""}), "no docker context 'lost'"));
}

TEST_F(TheEndpoint, RefusesAContextThatNamesNoEngineOrChecksNoCertificate) {
  write(".docker/contexts/meta/x/meta.json", R"({"Name":"empty","Endpoints":{}})");
  make_context("lax", "tcp://far:2376", R"(,"SkipTLSVerify":true)");
  EXPECT_TRUE(says_both(refusal({"", "", "empty"}), "names no engine"));
  EXPECT_TRUE(says_both(refusal({"", "", "lax"}), "does not want its engine's certificate to be checked"));
}

TEST_F(TheEndpoint, UsesTheFilesOfItsContext) {
  make_context("safe", "tcp://far");
  write(".docker/contexts/tls/id-of-safe/docker/ca.pem");
  write(".docker/contexts/tls/id-of-safe/docker/cert.pem");
  write(".docker/contexts/tls/id-of-safe/docker/key.pem");
  const Endpoint endpoint = Endpoint::from({"", "", "safe"});
  EXPECT_EQ(endpoint.authority, "far:2376");
  const std::string folder = home_ + "/.docker/contexts/tls/id-of-safe/docker/";
  ASSERT_TRUE(endpoint.tls);
  EXPECT_EQ(endpoint.tls->ca, folder + "ca.pem");
  EXPECT_EQ(endpoint.tls->certificate, folder + "cert.pem");
  EXPECT_EQ(endpoint.tls->key, folder + "key.pem");
}

TEST_F(TheEndpoint, SaysWhichContextItsMistakeIsIn) {
  make_context("plain", "tcp://far:2375");
  make_context("odd", "npipe:////./pipe/docker");
  EXPECT_TRUE(refusal({"", "", "plain"}).starts_with("docker context 'plain': "))
      << refusal({"", "", "plain"});
  EXPECT_TRUE(refusal({"", "", "odd"}).starts_with("docker context 'odd': ")) << refusal({"", "", "odd"});
}

// ---- TCP

TEST_F(TheEndpoint, RefusesPlainTcpUnlessSomebodyInsists) {
  const std::string why = refusal({"tcp://127.0.0.1:2375"});
  EXPECT_TRUE(says_both(why, "DOCKER_TLS_VERIFY=1")) << why;
  EXPECT_TRUE(says_both(why, "--insecure-engine")) << why;
  const Endpoint insisted = Endpoint::from({"tcp://127.0.0.1", "", "", true});
  EXPECT_EQ(insisted.authority, "127.0.0.1:2375");
  EXPECT_EQ(insisted.carrier(), "plain TCP");
  EXPECT_FALSE(insisted.on_this_host());
  setenv("ORCHESTRATOR_INSECURE_ENGINE", "1", 1);
  EXPECT_EQ(url({"tcp://127.0.0.1"}), "tcp://127.0.0.1:2375");
  setenv("ORCHESTRATOR_INSECURE_ENGINE", "true", 1);
  EXPECT_EQ(url({"tcp://127.0.0.1"}), "tcp://127.0.0.1:2375");
}

TEST_F(TheEndpoint, TakesNoWordForInsisting) {
  for (const char* off : {"", "0", "false"}) {
    setenv("ORCHESTRATOR_INSECURE_ENGINE", off, 1);
    EXPECT_TRUE(says_both(refusal({"tcp://127.0.0.1"}), "--insecure-engine")) << off;
  }
  setenv("ORCHESTRATOR_INSECURE_ENGINE", "maybe", 1);
  EXPECT_THROW(Endpoint::from({"tcp://127.0.0.1"}), io::RequestError);
}

TEST_F(TheEndpoint, SpeaksTlsWhenAVariableAsksForIt) {
  const std::string folder = fs::path(write("certs/ca.pem")).parent_path();
  write(".docker/cert.pem");
  write(".docker/key.pem");
  setenv("DOCKER_TLS_VERIFY", "1", 1);
  const Endpoint usual = Endpoint::from({"tcp://far"});
  EXPECT_EQ(usual.carrier(), "TLS");
  EXPECT_EQ(usual.authority, "far:2376");
  EXPECT_EQ(usual.tls->ca, "");
  EXPECT_EQ(usual.tls->certificate, home_ + "/.docker/cert.pem");
  setenv("DOCKER_CERT_PATH", folder.c_str(), 1);
  unsetenv("DOCKER_TLS_VERIFY");
  const Endpoint said = Endpoint::from({"tcp://far:1234/"});
  EXPECT_EQ(said.authority, "far:1234");
  EXPECT_EQ(said.tls->ca, folder + "/ca.pem");
  EXPECT_EQ(said.tls->certificate, "");
}

TEST_F(TheEndpoint, RefusesTlsFilesThatCannotBeMeant) {
  setenv("DOCKER_CERT_PATH", (home_ + "/nothing").c_str(), 1);
  EXPECT_TRUE(says_both(refusal({"tcp://far"}), "holds neither ca.pem nor cert.pem"));
  write("nothing/ca.pem");
  write("nothing/cert.pem");
  EXPECT_TRUE(says_both(refusal({"tcp://far"}), "cert.pem and key.pem belong together"));
  EXPECT_EQ(url({"unix:///run/x.sock"}), "unix:///run/x.sock") << "no matter of a socket's";
}

TEST_F(TheEndpoint, TakesAddressesOfTcpApart) {
  const EngineOptions insisted{"tcp://[::1]:77", "", "", true};
  EXPECT_EQ(Endpoint::from(insisted).authority, "[::1]:77");
  for (const char* wrong : {"tcp://", "tcp://a:b", "tcp://a:123456", "tcp://a/b", "tcp://u:secret@a",
                            "tcp://[::1", "tcp://::1", "tcp://a b"}) {
    const std::string why = refusal({wrong, "", "", true});
    EXPECT_TRUE(says_both(why, "must be tcp://host")) << wrong << " → " << why;
    EXPECT_FALSE(says_both(why, "secret")) << why;
  }
}

// ---- ssh

TEST_F(TheEndpoint, TakesAddressesOfSshApart) {
  const Endpoint whole = Endpoint::from({"ssh://me@far.example:2222/run/user/1000/docker.sock"});
  ASSERT_TRUE(whole.ssh);
  EXPECT_EQ(whole.ssh->user, "me");
  EXPECT_EQ(whole.ssh->host, "far.example");
  EXPECT_EQ(whole.ssh->port, "2222");
  EXPECT_EQ(whole.ssh->socket, "/run/user/1000/docker.sock");
  EXPECT_EQ(whole.url(), "ssh://me@far.example:2222/run/user/1000/docker.sock");
  EXPECT_EQ(whole.carrier(), "ssh");
  EXPECT_FALSE(whole.on_this_host());
  EXPECT_EQ(url({"ssh://far"}), "ssh://far");
  EXPECT_EQ(url({"ssh://far/"}), "ssh://far");
  EXPECT_EQ(url({"ssh://[::1]:22"}), "ssh://[::1]:22");
}

// What ssh or a shell would take for an option or a command never gets to them.
TEST_F(TheEndpoint, RefusesNamesThatWouldBeOptionsOrCommands) {
  for (const char* wrong : {"ssh://", "ssh://-oProxyCommand=x", "ssh://-l@far", "ssh://a;b@far",
                            "ssh://far$(x)", "ssh://far:port", "ssh://a b"})
    EXPECT_TRUE(says_both(refusal({wrong}), "must be ssh://user@host")) << wrong << " → " << refusal({wrong});
}

TEST_F(TheEndpoint, NeverRepeatsAPassword) {
  const std::string why = refusal({"ssh://me:s3cret@far"});
  EXPECT_TRUE(says_both(why, "password does not belong")) << why;
  EXPECT_FALSE(says_both(why, "s3cret")) << why;
}

// ---- sockets, and what is neither

TEST_F(TheEndpoint, NamesASocketByItsWholePath) {
  EXPECT_EQ(Endpoint::from({"/run/plain.sock"}).socket, "/run/plain.sock");
  for (const char* wrong : {"unix://", "unix://run/x.sock"})
    EXPECT_TRUE(says_both(refusal({wrong}), "whole path")) << wrong;
}

TEST_F(TheEndpoint, IsTcpWhereOnlyAPlaceIsNamed) {
  EXPECT_TRUE(says_both(refusal({"127.0.0.1:2375"}), "tcp://127.0.0.1:2375"));
  const EngineOptions insisted{"far:77", "", "", true};
  EXPECT_EQ(Endpoint::from(insisted).url(), "tcp://far:77");
}

TEST_F(TheEndpoint, SaysWhatAnAddressMayBe) {
  for (const char* unknown : {"somewhere", "http://far:2375", "npipe://x", "fd://"})
    EXPECT_TRUE(
        says_both(refusal({unknown}), "must be unix:///path/to/socket, tcp://host:port or ssh://user@host"))
        << unknown;
}

}  // namespace
}  // namespace sandbox::docker
