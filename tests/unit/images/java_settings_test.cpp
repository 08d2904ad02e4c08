#include "images/java_settings.h"

#include <gtest/gtest.h>

#include <map>

#include "images/java_truststore.h"

namespace {

using images::java_options;
using images::java_proxies;
using images::maven_settings;

images::GetVariable variables(std::map<std::string, std::string> set) {
  return [set = std::move(set)](const char* name) -> std::optional<std::string> {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(JavaProxies, AreReadOfTheVariables) {
  const auto proxies = java_proxies(
      variables({{"HTTPS_PROXY", "http://me:p%40ss@proxy.example:3128/"}, {"http_proxy", "other.example"}}));
  ASSERT_EQ(proxies.size(), 2u);
  EXPECT_EQ(proxies[0].of, "http");
  EXPECT_EQ(proxies[0].host, "other.example");
  EXPECT_EQ(proxies[0].port, 80);
  EXPECT_EQ(proxies[1].host, "proxy.example");
  EXPECT_EQ(proxies[1].port, 3128);
  EXPECT_EQ(proxies[1].user, "me");
  EXPECT_EQ(proxies[1].password, "p@ss");
}

TEST(JavaProxies, ThatSpeakSocksAreNone) {
  EXPECT_TRUE(java_proxies(variables({{"ALL_PROXY", "socks5://proxy.example:1080"}})).empty());
}

TEST(JavaOptions, NameTheTruststoreAndProxiesWithoutTheirPasswords) {
  EXPECT_EQ(java_options(variables({}), ""), "");
  EXPECT_EQ(java_options(variables({}), "/run/ca.jks"),
            "-Djavax.net.ssl.trustStore=/run/ca.jks -Djavax.net.ssl.trustStoreType=JKS");
  EXPECT_EQ(java_options(variables({{"HTTPS_PROXY", "http://me:secret@proxy.example:3128"},
                                    {"NO_PROXY", "corp.example,.internal,*.lab:8080,10.0.0.0/8"}}),
                         ""),
            "-Dhttps.proxyHost=proxy.example -Dhttps.proxyPort=3128 "
            "-Dhttp.nonProxyHosts=localhost|127.*|[::1]|corp.example|*.corp.example|*.internal|*.lab");
  EXPECT_EQ(images::java_no_proxy(variables({{"no_proxy", "*"}})), "*");
}

TEST(MavenSettings, AreNoneWhenNothingIsSet) {
  EXPECT_EQ(maven_settings("", variables({})), "");
  EXPECT_EQ(maven_settings("<settings><!-- <server>example</server> --><proxies>\n</proxies></settings>",
                           variables({})),
            "");
}

TEST(MavenSettings, ReachAContainerWithoutPathsAndOffline) {
  const std::string settings = maven_settings(
      "<settings><localRepository>/home/me/m2</localRepository><offline>true</offline>"
      "<mirrors><mirror><url>https://mirror.example</url></mirror></mirrors></settings>",
      variables({}));
  EXPECT_EQ(settings,
            "<settings><mirrors><mirror><url>https://mirror.example</url></mirror></mirrors></settings>");
}

TEST(MavenSettings, HaveTheirVariablesReplaced) {
  const std::string settings = maven_settings(
      "<settings><servers><server><password>${env.NEXUS}</password><username>${env.GONE}</username>"
      "</server></servers></settings>",
      variables({{"NEXUS", "a<b&c"}}));
  EXPECT_NE(settings.find("<password>a&lt;b&amp;c</password><username>${env.GONE}</username>"),
            std::string::npos)
      << settings;
  EXPECT_EQ(images::maven_passwords(settings), (std::vector<std::string>{"a&lt;b&amp;c", "a<b&c"}));
}

TEST(MavenSettings, HoldSecretsInHeadersToo) {
  EXPECT_EQ(images::maven_passwords(
                "<server><configuration><httpHeaders><property><name>Private-Token</name><value>glpat-1"
                "</value></property></httpHeaders></configuration></server><value>none</value>"),
            std::vector<std::string>{"glpat-1"});
}

TEST(MavenSettings, GetTheProxiesOfTheEnvironmentWhereTheyNameNone) {
  const auto environment = variables({{"HTTPS_PROXY", "http://me:secret@proxy.example:3128"}});
  for (const char* own : {"", "<settings>\n<proxies>\n<!-- <proxy> -->\n</proxies>\n</settings>"}) {
    const std::string settings = maven_settings(own, environment);
    EXPECT_NE(settings.find("<protocol>https</protocol><host>proxy.example</host><port>3128</port>"
                            "<username>me</username><password>secret</password>"
                            "<nonProxyHosts>localhost|127.*|[::1]</nonProxyHosts>"),
              std::string::npos)
        << settings;
    EXPECT_TRUE(settings.ends_with("</settings>\n") || settings.ends_with("</settings>"));
  }
  const std::string own = "<settings><proxies><proxy><host>mine</host></proxy></proxies></settings>";
  EXPECT_EQ(maven_settings(own, environment), own);
}

TEST(MavenSettings, ThatAreBrokenEndSoon) {
  for (const char* own : {"<settings><offline>true", "<!--", "${env.", "</settings>", "<settings>${env.A}"})
    EXPECT_EQ(maven_settings(own, variables({{"A", "a"}})), "") << own;
}

// A self-signed certificate for "example", of no use to anybody.
constexpr const char* kCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBezCCASGgAwIBAgIUNSRwXPPV2A2Lvsawih0KvKaWi64wCgYIKoZIzj0EAwIw\n"
    "EjEQMA4GA1UEAwwHZXhhbXBsZTAgFw0yNjExMjcwMzExNTBaGA8yMTI2MTEwMzAz\n"
    "MTE1MFowEjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"
    "A0IABGF1aSXxqfPlDhMAVjnIcbFTcWNLRR4VWOqgaPHatlUYMZ0YBthc4R0Jo5xg\n"
    "oCgJRMzQAUSYCthLxCozLQU2doOjUzBRMB0GA1UdDgQWBBR6tqZBgy9k6ALRaYQF\n"
    "QoXME0/0JDAfBgNVHSMEGDAWgBR6tqZBgy9k6ALRaYQFQoXME0/0JDAPBgNVHRMB\n"
    "Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCZ484bEfCAx8VqCO/8tv8Mv/0H\n"
    "jjmCwqA7+uO99Dx6TwIgFgTw4nRdKj+xnPVX3D4jWXgX6cV5/TQmloyKWlle4Nk=\n"
    "-----END CERTIFICATE-----\n";

TEST(JavaTruststore, HoldsEachCertificateOfTheBundle) {
  const std::string one = images::java_truststore(std::string("# a comment\n") + kCertificate);
  const std::string two = images::java_truststore(std::string(kCertificate) + kCertificate);
  ASSERT_GT(one.size(), 100u);
  EXPECT_EQ(one.substr(0, 12), std::string("\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1", 12));
  EXPECT_EQ(two.substr(0, 12), std::string("\xfe\xed\xfe\xed\0\0\0\2\0\0\0\2", 12));
  EXPECT_EQ(one, images::java_truststore(kCertificate)) << "the same of the same certificates";
}

TEST(JavaTruststore, IsNoneWithoutACertificate) {
  EXPECT_EQ(images::java_truststore(""), "");
  EXPECT_EQ(images::java_truststore("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "");
}

}  // namespace
