#include "images/checkout/url_rules.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "images/checkout/checkout.h"
#include "sandbox/io/error.h"
#include "tests/unit/checkout/scratch.h"

namespace images {
namespace {

using checkout::parse_https;
using checkout::resolve_url;

std::string refusal_of_url(const std::string& repo) {
  try {
    is_remote(repo);
  } catch (const io::RequestError& error) {
    return error.what();
  }
  return "";
}

bool refuses_address(const std::string& text) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1)
    return checkout::is_refused_address(reinterpret_cast<sockaddr*>(&v4));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  EXPECT_EQ(::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr), 1) << text;
  return checkout::is_refused_address(reinterpret_cast<sockaddr*>(&v6));
}

TEST(UrlRules, TakeHttpsUrls) {
  for (const char* url :
       {"https://git.example.com/owner/project", "https://git.example.com/owner/project.git",
        "HTTPS://Git.Example.com:8443/a/b/", "https://127.0.0.1:8443/repo.git", "https://10.0.0.7/repo",
        "https://[::1]:8443/repo", "https://[fd00::1]/repo"})
    EXPECT_TRUE(is_remote(url)) << url;
}

TEST(UrlRules, TakeAFolderThatExists) {
  Scratch scratch;
  EXPECT_FALSE(is_remote(scratch.path()));
  EXPECT_FALSE(is_remote(scratch.make_folder("with:colon")));
  EXPECT_FALSE(is_remote("."));
}

TEST(UrlRules, RefuseEverythingElseInThePredecessorsWords) {
  Scratch scratch;
  scratch.write("file", "x");
  for (const std::string& repo :
       {std::string("http://git.example.com/a"), std::string("git://git.example.com/a"),
        std::string("git+ssh://git@git.example.com/a"), std::string("git.example.com:a/b"),
        std::string("file:///etc"), std::string("ext::sh -c id"), std::string("ftp://git.example.com/a"),
        std::string("https://"), std::string("https:/a/b"), std::string("https:///a"),
        std::string("https://git.example.com/a b"), std::string("https://git.example.com/a\nb"),
        std::string("https://git.example.com/a?private_token=x"), std::string("https://git.example.com/a#b"),
        std::string("https://git.example.com:99999/a"), std::string("/no/such/folder"), scratch.path("file"),
        "https://h/" + std::string(5000, 'a'), std::string("/tmp\0/x", 7)})
    EXPECT_EQ(refusal_of_url(repo).find("Invalid repository URL or path: "), 0u)
        << repo << " → " << refusal_of_url(repo);
  EXPECT_EQ(refusal_of_url(""), "Repository URL is required");
}

TEST(UrlRules, SayHowAnAddressBegins) {
  EXPECT_EQ(refusal_of_url("git.example.com/a/b"),
            "Invalid repository URL or path: git.example.com/a/b (there is no such folder; a URL begins with "
            "https://)");
  EXPECT_EQ(refusal_of_url("git@git.example.com"),
            "Invalid repository URL or path: git@git.example.com (there is no such folder; by ssh, write "
            "user@host:path)");
  for (const char* folder : {"/no/such.d/folder", "./no/such", "../no/such", "no-such.d"})
    EXPECT_TRUE(refusal_of_url(folder).ends_with("(there is no such folder)")) << refusal_of_url(folder);
}

TEST(UrlRules, RefuseACredentialInTheUrlAndNeverRepeatIt) {
  for (const char* url : {"https://user:hunter2@git.example.com/a", "https://hunter2@git.example.com/a",
                          "https://:hunter2@git.example.com/a", "https://user:hun@hunter2@git.example.com/a",
                          "http://user:hunter2@git.example.com/a", "https://h/?token=hunter2",
                          "user:hunter2@git.example.com:a"}) {
    EXPECT_NE(refusal_of_url(url), "") << url;
    EXPECT_EQ(refusal_of_url(url).find("hunter2"), std::string::npos) << refusal_of_url(url);
  }
}

TEST(UrlRules, RefuseMetadataAddressesInEveryNumericForm) {
  for (const char* host : {"169.254.169.254",
                           "169.254.0.1",
                           "2852039166",
                           "0xA9FEA9FE",
                           "0xa9.0xfe.0xa9.0xfe",
                           "0251.0376.0251.0376",
                           "169.254.43518",
                           "169.16689662",
                           "169.254.169.254.",
                           "100.100.100.200",
                           "192.0.0.192",
                           "0.0.0.0",
                           "0",
                           "0.1.2.3",
                           "[fe80::1]",
                           "[fe80::1%25eth0]",
                           "[fd00:ec2::254]",
                           "[::ffff:169.254.169.254]",
                           "[::ffff:a9fe:a9fe]",
                           "[::169.254.169.254]",
                           "[64:ff9b::a9fe:a9fe]",
                           "[2002:a9fe:a9fe::1]",
                           "[::]",
                           "metadata.google.internal",
                           "METADATA.google.internal."})
    EXPECT_NE(refusal_of_url("https://" + std::string(host) + "/latest"), "") << host;
}

TEST(UrlRules, RefuseTheAddressThatANameLeadsTo) {
  for (const char* address : {"169.254.169.254", "169.254.1.1", "fe80::1", "febf::1", "fd00:ec2::254",
                              "100.100.100.200", "192.0.0.192", "0.0.0.0", "::ffff:169.254.169.254"})
    EXPECT_TRUE(refuses_address(address)) << address;
  for (const char* address :
       {"127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "172.17.0.1", "8.8.8.8", "169.253.1.1", "192.0.0.193",
        "fd00:ec2::253", "2606:4700::1", "::ffff:127.0.0.1"})
    EXPECT_FALSE(refuses_address(address)) << address;
}

TEST(UrlRules, KnowTheHostOfACredential) {
  EXPECT_TRUE(parse_https("https://Git.Example.com/a").is_host("git.example.com"));
  EXPECT_TRUE(parse_https("https://git.example.com:443/a").is_host("GIT.example.com"));
  EXPECT_TRUE(parse_https("https://git.example.com:8443/a").is_host("git.example.com:8443"));
  EXPECT_FALSE(parse_https("https://git.example.com:8443/a").is_host("git.example.com"));
  EXPECT_FALSE(parse_https("https://git.example.com.evil.org/a").is_host("git.example.com"));
  EXPECT_FALSE(parse_https("https://example.com/a").is_host("git.example.com"));
  EXPECT_FALSE(parse_https("https://example.com/a").is_host(""));
}

TEST(UrlRules, ResolveASubmodulesRelativeAddress) {
  EXPECT_EQ(resolve_url("https://h/o/project.git", "../other.git"), "https://h/o/other.git");
  EXPECT_EQ(resolve_url("https://h/o/project.git/", "../../p/other"), "https://h/p/other");
  EXPECT_EQ(resolve_url("https://h/o/project", "./sub"), "https://h/o/project/sub");
  EXPECT_EQ(resolve_url("https://h/o/project", "https://other/x"), "https://other/x");
  EXPECT_THROW(resolve_url("https://h/o", "../../../x"), io::RequestError);
}

TEST(UrlRules, ShowAUrlWithoutItsSecrets) {
  EXPECT_EQ(without_credentials("https://u:p@h/x?token=1"), "https://h/x");
  EXPECT_EQ(without_credentials("https://h/x@y"), "https://h/x@y");
  EXPECT_EQ(without_credentials("/some/folder@2"), "/some/folder@2");
  EXPECT_EQ(without_credentials("git@h:x/y"), "git@h:x/y");
  EXPECT_EQ(without_credentials("u:p@h:x/y"), "h:x/y");
}

}  // namespace
TEST(AllowedHosts, AreMeantAtAnyPortUnlessOneIsSaid) {
  const auto url = images::checkout::parse_https("https://Git.example.com:8443/a/b");
  EXPECT_TRUE(url.is_among({"github.com", "git.example.com"}));
  EXPECT_TRUE(url.is_among({"git.example.com:8443"}));
  EXPECT_FALSE(url.is_among({"git.example.com:443"}));
  EXPECT_FALSE(url.is_among({"example.com"}));
  EXPECT_FALSE(url.is_among({"git.example.com.evil.example", "not a host", ""}));
  EXPECT_FALSE(url.is_among({}));
  EXPECT_TRUE(images::checkout::parse_https("https://git.example.com/a").is_among({"git.example.com:443"}));
}

}  // namespace images
