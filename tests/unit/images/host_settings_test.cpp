#include "images/host_settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/support/temporary_folder.h"

namespace {

namespace fs = std::filesystem;

class HostSettingsTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& content) {
    const auto path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << content;
    return path.string();
  }
  images::HostSettings read() {
    return images::host_settings(
        [this](const char* name) -> std::optional<std::string> {
          const auto found = variables_.find(name);
          return found == variables_.end() ? std::nullopt : std::optional(found->second);
        },
        (folder_ / "etc").string(), names_of(variables_));
  }
  static std::vector<std::string> names_of(const std::map<std::string, std::string>& variables) {
    std::vector<std::string> names;
    for (const auto& [name, value] : variables) names.push_back(name);
    return names;
  }
  static std::string value(const images::HostSettings& settings, const std::string& name) {
    for (const auto& [key, text] : settings.env)
      if (key == name) return text;
    return "absent";
  }

  const testing_support::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  std::map<std::string, std::string> variables_;
};

TEST_F(HostSettingsTest, PassNothingWhenNothingIsSet) {
  const auto settings = read();
  EXPECT_TRUE(settings.env.empty());
  EXPECT_TRUE(settings.files.empty());
}

TEST_F(HostSettingsTest, PassWhatCargosRegistriesAreToldOfAndMaskTheirTokens) {
  variables_ = {{"CARGO_REGISTRIES_OURS_TOKEN", "Bearer b3d"},
                {"CARGO_REGISTRIES_OURS_INDEX", "sparse+https://crates.example/index/"},
                {"CARGO_REGISTRY_TOKEN", "publishes"}};
  const auto settings = read();
  EXPECT_EQ(value(settings, "CARGO_REGISTRIES_OURS_TOKEN"), "Bearer b3d");
  EXPECT_EQ(value(settings, "CARGO_REGISTRIES_OURS_INDEX"), "sparse+https://crates.example/index/");
  EXPECT_EQ(value(settings, "CARGO_REGISTRY_TOKEN"), "absent");
  EXPECT_EQ(settings.mask("token Bearer b3d"), "token ***");
}

TEST_F(HostSettingsTest, PassWhatToolchainsNameAndNothingElse) {
  const std::map<std::string, std::string> named = {{"GOPROXY", "https://go.example"},
                                                    {"npm_config_registry", "https://npm.example"},
                                                    {"PIP_RETRIES", "9"},
                                                    {"npm_config_fetch_retries", "5"},
                                                    {"YARN_HTTP_RETRY", "5"},
                                                    {"CARGO_NET_RETRY", "8"}};
  variables_ = named;
  variables_["GOFLAGS"] = "-mod=mod";
  const auto settings = read();
  for (const auto& [name, said] : named) EXPECT_EQ(value(settings, name), said);
  EXPECT_EQ(value(settings, "GOFLAGS"), "absent");
}

TEST_F(HostSettingsTest, PassProxiesInTheCaseInWhichTheyWereGiven) {
  variables_ = {{"https_proxy", "http://proxy.example:3128"}, {"NO_PROXY", "localhost"}, {"HTTP_PROXY", ""}};
  const auto settings = read();
  EXPECT_EQ(value(settings, "https_proxy"), "http://proxy.example:3128");
  EXPECT_EQ(value(settings, "NO_PROXY"), "localhost");
  EXPECT_EQ(value(settings, "HTTP_PROXY"), "absent");
  EXPECT_TRUE(settings.warnings.empty());
}

TEST_F(HostSettingsTest, WarnOfAProxyOnThisHostItself) {
  variables_ = {{"HTTPS_PROXY", "http://user:secret@127.0.0.1:3128"}};
  const auto settings = read();
  ASSERT_EQ(settings.warnings.size(), 1u);
  EXPECT_EQ(settings.warnings[0].find("secret"), std::string::npos);
}

TEST_F(HostSettingsTest, PassTheCaBundleAsASecretFileThatEveryToolReads) {
  variables_ = {{"SSL_CERT_FILE", file("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n")}};
  const auto settings = read();
  ASSERT_EQ(settings.files.size(), 1u);
  EXPECT_EQ(settings.files[0].name, "ca-certificates.crt");
  for (const char* name : {"SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO"})
    EXPECT_EQ(value(settings, name), "/run/orchestrator/ca-certificates.crt");
}

TEST_F(HostSettingsTest, TakeTheFirstBundleThatCanBeRead) {
  variables_ = {{"ORCHESTRATOR_CA_FILE", "/nowhere/ca.pem"},
                {"SSL_CERT_FILE", file("empty.pem", "no certificate in here")},
                {"CURL_CA_BUNDLE", file("ca.pem", "-----BEGIN CERTIFICATE-----\n")}};
  const auto settings = read();
  ASSERT_EQ(settings.files.size(), 1u);
  EXPECT_EQ(settings.warnings.size(), 2u);
}

TEST_F(HostSettingsTest, PassPipsConfigurationWithoutThePathsInIt) {
  variables_ = {{"HOME", folder_.string()}};
  file("etc/pip.conf",
       "[global]\ncert = /etc/ssl/ca.pem\nindex-url = https://old.example/simple\ntimeout = 60\n");
  file(".config/pip/pip.conf",
       "# mine\n[global]\nindex_url = https://u:p4ssw0rd@index.example/simple\nfind-links = /opt/wheels\n"
       "extra-index-url =\n    https://one.example\n    https://two.example\n[install]\nno-index = true\n");
  const auto settings = read();
  ASSERT_EQ(settings.files.size(), 1u);
  EXPECT_EQ(settings.files[0].content,
            "[global]\nextra-index-url = https://one.example\n    https://two.example\n"
            "index-url = https://u:p4ssw0rd@index.example/simple\ntimeout = 60\n");
  EXPECT_EQ(value(settings, "PIP_CONFIG_FILE"), "/run/orchestrator/pip.conf");
  EXPECT_EQ(value(settings, "UV_DEFAULT_INDEX"), "https://u:p4ssw0rd@index.example/simple");
}

TEST_F(HostSettingsTest, PassNoFileWhenPipsConfigurationHoldsOnlyPaths) {
  file("etc/pip.conf", "[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n");
  EXPECT_TRUE(read().files.empty());
}

TEST_F(HostSettingsTest, ReadNoPipConfigurationWhenPipItselfWouldNot) {
  variables_ = {{"PIP_CONFIG_FILE", "/dev/null"}};
  file("etc/pip.conf", "[global]\nindex-url = https://index.example\n");
  EXPECT_TRUE(read().env.empty());
}

TEST_F(HostSettingsTest, PassMavensSettingsAndMaskTheirPasswords) {
  variables_ = {{"HOME", folder_.string()}, {"NEXUS", "hunter22"}};
  const std::string path = file(".m2/settings.xml",
                                "<settings><servers><server><username>me</username>"
                                "<password>${env.NEXUS}</password></server></servers></settings>");
  file(".m2/settings-security.xml", "<settingsSecurity/>");
  const auto settings = read();
  ASSERT_EQ(settings.files.size(), 2u);
  EXPECT_EQ(settings.files[0].name, "maven-settings.xml");
  EXPECT_EQ(settings.files[1].name, "maven-settings-security.xml");
  EXPECT_EQ(settings.sources, std::vector<std::string>{path});
  EXPECT_EQ(settings.mask("by hunter22"), "by ***");
}

std::string content(const images::HostSettings& settings, const std::string& name) {
  for (const auto& each : settings.files)
    if (each.name == name) return each.content;
  return "absent";
}

TEST_F(HostSettingsTest, PassWhoMayAskPrivateRegistriesOfNode) {
  file("home/.npmrc",
       "prefix=${HOME}/.npm-global\ncache = /var/cache/npm\n; a comment\nsave-exact=true\n"
       "@ours:registry=https://npm.example/team/\n//npm.example/team/:_authToken=${TEAM_SECRET}\n"
       "//npm.example/team/:certfile=/home/a/cert.pem\n//other.example/:_auth=cmVhZGVyOmh1bnRlcjI=\n");
  file("home/.yarnrc.yml",
       "yarnPath: /opt/yarn.cjs\nnpmScopes:\n  ours:\n    npmAuthToken: \"tok-yarn-1\"\ncacheFolder: /x\n");
  variables_ = {
      {"HOME", (folder_ / "home").string()}, {"TEAM_SECRET", "tok-team-1"}, {"NPM_TOKEN", "tok-npm-1"}};
  const auto settings = read();
  EXPECT_EQ(value(settings, "npm_config_userconfig"), "/run/orchestrator/npmrc");
  EXPECT_EQ(content(settings, "npmrc"),
            "@ours:registry=https://npm.example/team/\n//npm.example/team/:_authToken=tok-team-1\n"
            "//other.example/:_auth=cmVhZGVyOmh1bnRlcjI=\n");
  EXPECT_EQ(content(settings, "yarnrc.yml"), "npmScopes:\n  ours:\n    npmAuthToken: \"tok-yarn-1\"\n");
  EXPECT_EQ(value(settings, "NPM_TOKEN"), "tok-npm-1");
  EXPECT_EQ(value(settings, "TEAM_SECRET"), "absent") << "only within what is the person's own";
  EXPECT_EQ(settings.mask("tok-team-1 tok-yarn-1 tok-npm-1 cmVhZGVyOmh1bnRlcjI= reader:hunter2 hunter2"),
            "*** *** *** *** *** ***");
}

TEST_F(HostSettingsTest, PassNpmsConfigurationFromWhereItIsSaidToBe) {
  variables_ = {
      {"NPM_CONFIG_USERCONFIG", file("ci/npmrc", "registry=https://reader:hunter2@npm.example/all\n")},
      {"HOME", (folder_ / "home").string()},
      {"YARN_NPM_AUTH_IDENT", "reader:hunter3"}};
  const auto settings = read();
  EXPECT_EQ(content(settings, "npmrc"),
            "registry=https://npm.example/all/\n//npm.example/all/:username=reader\n"
            "//npm.example/all/:_password=aHVudGVyMg==\n")
      << "managers write a registry's address into what they install";
  EXPECT_EQ(settings.mask("hunter2 aHVudGVyMg== reader:hunter3"), "*** *** ***");
}

TEST_F(HostSettingsTest, PassNoFileWhenNpmsConfigurationSaysNothingOfRegistries) {
  file("home/.npmrc", "fund=false\nyes=true\n");
  variables_ = {{"HOME", (folder_ / "home").string()}};
  EXPECT_TRUE(read().env.empty());
  EXPECT_TRUE(read().files.empty());
}

TEST_F(HostSettingsTest, SayToYarnInItsOwnWordsWhatOthersAreTold) {
  variables_ = {{"HTTPS_PROXY", "http://proxy:1"}, {"npm_config_registry", "https://mirror.example/npm"}};
  EXPECT_EQ(value(read(), "YARN_HTTPS_PROXY"), "http://proxy:1");
  EXPECT_EQ(value(read(), "YARN_NPM_REGISTRY_SERVER"), "https://mirror.example/npm");
  EXPECT_EQ(value(read(), "YARN_HTTP_PROXY"), "absent");
  variables_["YARN_HTTPS_PROXY"] = "http://other:1";
  EXPECT_EQ(value(read(), "YARN_HTTPS_PROXY"), "http://other:1");
}

TEST_F(HostSettingsTest, LetNodesManagersLogInToAProxyThatWantsAPassword) {
  variables_ = {{"HTTPS_PROXY", "http://proxy.example"}};
  EXPECT_EQ(value(read(), "NODE_OPTIONS"), "absent");
  variables_ = {{"HTTPS_PROXY", "http://user:hunter22@proxy.example"}};
  const auto settings = read();
  EXPECT_EQ(value(settings, "NODE_OPTIONS"), "--require=/run/orchestrator/node_proxy.cjs");
  const auto carried = std::find_if(settings.files.begin(), settings.files.end(),
                                    [](const auto& each) { return each.name == "node_proxy.cjs"; });
  ASSERT_NE(carried, settings.files.end());
  EXPECT_NE(carried->content.find("https-proxy-agent"), std::string::npos);
}

TEST_F(HostSettingsTest, TellSourcesWithoutValues) {
  variables_ = {{"PIP_INDEX_URL", "https://user:hunter22@index.example/simple"}};
  for (const auto& source : read().sources) EXPECT_EQ(source.find("hunter22"), std::string::npos);
}

TEST_F(HostSettingsTest, TakeCredentialsOutOfAText) {
  variables_ = {{"PIP_INDEX_URL", "https://user:hunter22@index.example/simple"},
                {"HTTPS_PROXY", "http://token99@proxy:1"}};
  const auto masked =
      read().mask("Looking in https://user:hunter22@index.example/simple by token99 (hunter22) a user");
  EXPECT_EQ(masked, "Looking in https://***@index.example/simple by *** (***) a user");
}

TEST_F(HostSettingsTest, TravelAsSecretsOfAnExecution) {
  variables_ = {{"HTTPS_PROXY", "http://proxy.example"}};
  sandbox::Execution execution;
  read().apply_to(execution);
  EXPECT_TRUE(execution.env.empty());
  ASSERT_EQ(execution.secret_env.size(), 3u);
  EXPECT_EQ(execution.secret_env[0].first, "HTTPS_PROXY");
  EXPECT_EQ(execution.secret_env[1].first, "YARN_HTTPS_PROXY");
  EXPECT_EQ(execution.secret_env[2].first, "JAVA_TOOL_OPTIONS");
}

}  // namespace
