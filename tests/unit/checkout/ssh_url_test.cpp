#include "images/checkout/ssh_url.h"

#include <gtest/gtest.h>

#include "images/checkout/checkout.h"
#include "images/checkout/ssh_client.h"
#include "images/checkout/url_rules.h"
#include "sandbox/io/error.h"
#include "tests/unit/checkout/scratch.h"

namespace images {
namespace {

using checkout::parse_ssh;
using checkout::resolve_url;

std::string refusal(const std::string& url) {
  try {
    parse_ssh(url);
  } catch (const io::RequestError& error) {
    return error.what();
  }
  return "";
}

TEST(SshUrl, HasTwoForms) {
  const struct {
    std::string url, user, host;
    int port;
    std::string path;
  } cases[] = {
      {"git@git.example.com:owner/project.git", "git", "git.example.com", 0, "owner/project.git"},
      {"git@work:/srv/project", "git", "work", 0, "/srv/project"},
      {"git@h:~me/x/", "git", "h", 0, "~me/x"},
      {"ssh://git@Git.Example.com:2222/owner/project.git/", "git", "git.example.com", 2222,
       "/owner/project.git"},
      {"SSH://work/project", "", "work", 0, "/project"},
      {"ssh://deploy@[::1]:2222/a", "deploy", "::1", 2222, "/a"},
      {"ssh://h:/a", "", "h", 0, "/a"},
      {"ssh://h/~me/a", "", "h", 0, "~me/a"},
      {"ssh://h/a%20b", "", "h", 0, "/a b"},
      {"ssh://h/100%", "", "h", 0, "/100%"},
  };
  for (const auto& [url, user, host, port, path] : cases) {
    const checkout::SshUrl parsed = parse_ssh(url);
    EXPECT_EQ(parsed.user, user) << url;
    EXPECT_EQ(parsed.host, host) << url;
    EXPECT_EQ(parsed.port, port) << url;
    EXPECT_EQ(parsed.path, path) << url;
    EXPECT_TRUE(is_remote(url)) << url;
  }
  EXPECT_EQ(parse_ssh("SSH://work/project/").text, "ssh://work/project");
}

TEST(SshUrl, HoldsNothingThatCouldBeAnOption) {
  for (const char* url : {"ssh://-oProxyCommand=id/a",
                          "ssh://-oProxyCommand=id@h/a",
                          "-oProxyCommand=id@h:a",
                          "git@-h:a",
                          "git@h:-oProxyCommand=id",
                          "ssh://git@-h/a",
                          "ssh://h/%0aid",
                          "ssh://h/%00",
                          "ssh://h%20x/a",
                          "ssh://h;id/a",
                          "git@h$(id):a",
                          "ssh://git@h:22x/a",
                          "ssh://git@h:0/a",
                          "ssh://git@h:99999/a",
                          "git@h:a b",
                          "git@h:a\nb",
                          "git@:a",
                          "@h:a",
                          "git@h:",
                          "ssh://h",
                          "ssh://h/",
                          "ssh:///a",
                          "ssh://[::1/a",
                          "ssh://[h]/a",
                          "ssh://h/a?b",
                          "ssh://h/a#b",
                          "ssh:/h/a"})
    EXPECT_EQ(refusal(url).find("Invalid repository URL or path: "), 0u) << url << " → " << refusal(url);
}

TEST(SshUrl, HoldsNoPasswordAndNeverRepeatsOne) {
  for (const char* url : {"ssh://git:hunter2@h/a", "git:hunter2@h:a", "ssh://git:hun@hunter2@h/a"}) {
    EXPECT_NE(refusal(url), "") << url;
    EXPECT_EQ(refusal(url).find("hunter2"), std::string::npos) << refusal(url);
    EXPECT_THROW(is_remote(url), io::RequestError) << url;
  }
}

TEST(SshUrl, NamesNoMetadataAddress) {
  for (const char* url : {"ssh://169.254.169.254/a", "git@2852039166:a", "ssh://[fe80::1]/a",
                          "ssh://metadata.google.internal/a"})
    EXPECT_NE(refusal(url).find("metadata addresses are refused"), std::string::npos) << refusal(url);
}

TEST(SshUrl, WithoutAUserIsAFolderUnlessItHasAScheme) {
  const Scratch scratch;
  EXPECT_FALSE(is_remote(scratch.make_folder("work:project")));
  EXPECT_FALSE(is_remote(scratch.make_folder("me@work:project"))) << "it has a slash before the colon";
  try {
    is_remote("work:owner/project");
    ADD_FAILURE();
  } catch (const io::RequestError& error) {
    EXPECT_NE(std::string(error.what()).find("write user@host:path"), std::string::npos) << error.what();
  }
}

TEST(SshUrl, IsAmongHostsAtAnyPortUnlessOneIsSaid) {
  EXPECT_TRUE(parse_ssh("git@Git.example.com:a").is_among({"git.example.com"}));
  EXPECT_TRUE(parse_ssh("git@git.example.com:a").is_among({"git.example.com:22"}));
  EXPECT_TRUE(parse_ssh("ssh://git.example.com:2222/a").is_among({"git.example.com"}));
  EXPECT_TRUE(parse_ssh("ssh://git.example.com:2222/a").is_among({"other", "git.example.com:2222"}));
  EXPECT_FALSE(parse_ssh("ssh://git.example.com:2222/a").is_among({"git.example.com:22"}));
  EXPECT_FALSE(parse_ssh("git@example.com:a").is_among({"git.example.com", ""}));
  EXPECT_TRUE(parse_ssh("ssh://[::1]:2222/a").is_among({"[::1]:2222"}));
  EXPECT_EQ(parse_ssh("ssh://[::1]:2222/a").host_and_port(), "[::1]:2222");
}

TEST(SshUrl, IsTheBaseOfASubmodulesAddress) {
  EXPECT_EQ(resolve_url("git@h:owner/project.git", "../other.git"), "git@h:owner/other.git");
  EXPECT_EQ(resolve_url("git@h:owner/project.git", "../../x/other"), "git@h:x/other");
  EXPECT_EQ(resolve_url("git@h:project.git", "../other.git"), "git@h:other.git");
  EXPECT_EQ(resolve_url("git@h:/project.git", "../other.git"), "git@h:/other.git");
  EXPECT_EQ(resolve_url("git@h:project", "./sub"), "git@h:project/sub");
  EXPECT_EQ(resolve_url("ssh://h:22/owner/project.git", "../other.git"), "ssh://h:22/owner/other.git");
  EXPECT_EQ(resolve_url("ssh://h/project.git", "../other.git"), "ssh://h/other.git");
  EXPECT_EQ(resolve_url("https://h/project.git", "git@h:x"), "git@h:x");
  EXPECT_THROW(resolve_url("git@h:project.git", "../../x"), io::RequestError);
  EXPECT_THROW(resolve_url("ssh://h/project.git", "../../x"), io::RequestError);
}

TEST(SshUrl, IsShownWithItsUser) {
  EXPECT_EQ(without_credentials("ssh://git@h:22/x"), "ssh://git@h:22/x");
  EXPECT_EQ(without_credentials("ssh://git:secret@h/x"), "ssh://h/x");
}

TEST(ShellQuoted, IsOneWordOfAShell) {
  for (const char* word : {"plain", "it's", "a b", "$(id)", "`id`", "!!", "\\", "'", "a'b\"c", "--"}) {
    const Ran echoed = shell("printf %s%s -- " + checkout::shell_quoted(word));
    EXPECT_EQ(echoed.output, std::string("--") + word);
  }
}

}  // namespace
}  // namespace images
