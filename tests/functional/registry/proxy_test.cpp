// Hosts whose only way out is a proxy that wants a password and looks into TLS with a CA of its own: each
// package manager installs through it, and nothing of it is in the image that they make.
#include <unistd.h>

#include <cstdio>

#include "tests/support/companion.h"
#include "tests/support/repositories.h"
#include "tests/support/saved_image.h"

namespace {

using namespace testing_support;
using Words = std::vector<std::string>;

// Of containers, without a way to anything but this host; its name is as long as that of the usual one.
class ClosedNetwork {
 public:
  ClosedNetwork() {
    char name[16];
    std::snprintf(name, sizeof name, "cg%04x", static_cast<unsigned>(getpid()) & 0xffff);
    name_ = name;
    shell("docker network create --internal " + name_);
    gateway_ = shell("docker network inspect -f '{{(index .IPAM.Config 0).Gateway}}' " + name_);
    gateway_.erase(gateway_.find_last_not_of(" \n") + 1);
  }
  ~ClosedNetwork() { shell("docker network rm " + name_); }
  ClosedNetwork(const ClosedNetwork&) = delete;
  ClosedNetwork& operator=(const ClosedNetwork&) = delete;

  const std::string& name() const { return name_; }
  const std::string& gateway() const { return gateway_; }  // this host, as containers see it

 private:
  std::string name_, gateway_;
};

// Put there by the first who asks.
std::string python_with_mitmproxy() {
  const std::string folder = std::string(TOOLS_FOLDER) + "/mitmproxy";
  const Finished made = run_command({source_path("tests/support/python_venv"), folder, "mitmproxy==11.0.2"});
  EXPECT_EQ(made.exit_code, 0) << told(made);
  return folder + "/bin/python";
}

// tests/support/inspecting_proxy.py
class InspectingProxy {
 public:
  InspectingProxy(const std::string& address, const std::string& user)
      : running_({python_with_mitmproxy(), source_path("tests/support/inspecting_proxy.py"), address,
                  "--user", user, "--folder", folder_.path(), "--trust",
                  "/etc/ssl/certs/ca-certificates.crt"}),
        place_(address + ":" + running_.first_line()),
        url_("http://" + user + "@" + place_) {}

  const std::string& place() const { return place_; }
  const std::string& url() const { return url_; }
  std::string certificate() const { return folder_ / "mitmproxy-ca-cert.pem"; }
  std::string asked() const { return read_file(folder_ / "asked"); }

 private:
  TemporaryFolder folder_;
  Companion running_;
  std::string place_, url_;
};

struct PackageManager {
  std::string name;
  std::vector<std::pair<std::string, std::string>> files;
  Words command;
  std::string asked;  // what it downloads, the end of a path
};

void PrintTo(const PackageManager& manager, std::ostream* out) { *out << manager.name; }

class BehindAProxy : public testing::TestWithParam<PackageManager> {
 protected:
  BehindAProxy() {
    for (const auto& [name, content] : GetParam().files) repository_.write(name, content);
  }

  // Tools of its own, so that nothing is found that an earlier run has installed.
  RunResult run(const std::string& proxy) const {
    ProgramOptions options;
    options.env = {"HTTPS_PROXY=" + proxy, "https_proxy=" + proxy,
                   "HTTP_PROXY=" + proxy,  "http_proxy=" + proxy,
                   "PIP_FIND_LINKS=",      "PIP_RETRIES=0",
                   "CARGO_NET_RETRY=0",    "npm_config_fetch_retries=0",
                   "YARN_HTTP_RETRY=0",    "ORCHESTRATOR_CA_FILE=" + proxy_.certificate()};
    return repository_.remember(run_job({"--repo", repository_.path(), "--runs", "1", "--host", engine_.url(),
                                         "--setup-command", "true # " + unique_},
                                        GetParam().command, options));
  }

  Repository repository_;
  std::string unique_ = std::filesystem::path(repository_.path()).filename();
  std::string password_ = "sesame-" + unique_;
  ClosedNetwork network_;
  InspectingProxy proxy_{network_.gateway(), "agent:" + password_};
  EngineSocket engine_ = EngineSocket::with_network(network_.name());
};

TEST_P(BehindAProxy, InstallsAndLeavesNothingOfItInTheImage) {
  const auto run = this->run(proxy_.url());
  ASSERT_EQ(run.exit_code, 0) << told(run) << proxy_.asked();
  EXPECT_NE(proxy_.asked().find(GetParam().asked + "\n"), std::string::npos) << proxy_.asked();

  const SavedImage image(run.report.at("environment").at("image").at("id"));
  EXPECT_TRUE(image.holds("true # " + unique_)) << "the search must find what is there";
  const std::string certificate = read_file(proxy_.certificate());
  const std::string line = certificate.substr(certificate.find('\n', 200) + 1, 64);
  EXPECT_FALSE(image.holds_any({password_, proxy_.place(), line}));
}

// Were there another way out, the test above would show nothing.
TEST_P(BehindAProxy, InstallsNothingWithoutIt) {
  const auto run = this->run("");
  EXPECT_EQ(run.exit_code, 4) << told(run);
  EXPECT_EQ(proxy_.asked(), "");
}

const PackageManager kPip{"pip",
                          {{"requirements.txt", "six==1.16.0\n"}},
                          {"python3", "-c", "import six"},
                          "/six-1.16.0-py2.py3-none-any.whl"};

const PackageManager kNpm{
    "npm",
    {{"package.json", R"({"name": "depot", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}})"}},
    {"node", "-e", "require('ms')"},
    "/ms-2.1.3.tgz"};

const PackageManager kYarn{
    "yarn",
    {{"package.json",
      R"({"name": "depot", "version": "1.0.0", "packageManager": "yarn@4.5.3", "dependencies": {"ms": "2.1.3"}})"},
     {".yarnrc.yml", "nodeLinker: node-modules\n"}},
    {"node", "-e", "require('ms')"},
    "/ms-2.1.3.tgz"};

const PackageManager kGo{
    "go",
    {{"go.mod", read_file(Repository::sample("go_depot") + "/go.mod")},
     {"go.sum", read_file(Repository::sample("go_depot") + "/go.sum")},
     {"depot_test.go",
      "package depot\n\nimport (\n\t\"testing\"\n\n\t\"github.com/google/go-cmp/cmp\"\n)\n\n"
      "func TestEqual(t *testing.T) {\n\tif !cmp.Equal(1, 1) {\n\t\tt.Fail()\n\t}\n}\n"}},
    {"go", "test", "./..."},
    "/go-cmp/@v/v0.6.0.zip"};

const PackageManager kCargo{
    "cargo",
    {{"Cargo.toml",
      "[package]\nname = \"depot\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nitoa = "
      "\"=1.0.15\"\n"},
     {"src/lib.rs", "#[test]\nfn prints() {\n    assert_eq!(itoa::Buffer::new().format(1), \"1\");\n}\n"}},
    {"cargo", "test"},
    "/itoa/1.0.15/download"};

const PackageManager kMaven{
    "maven",
    {{"pom.xml", read_file(Repository::sample("java_depot") + "/pom.xml")},
     {"src/test/java/DepotTest.java",
      "import org.junit.jupiter.api.*;\n\nclass DepotTest {\n  @Test void passes() {}\n}\n"}},
    {"mvn", "-B", "test"},
    "/junit-jupiter-5.11.4.jar"};

INSTANTIATE_TEST_SUITE_P(Managers, BehindAProxy, testing::Values(kPip, kNpm, kYarn, kGo, kCargo, kMaven),
                         [](const auto& manager) { return manager.param.name; });

}  // namespace
