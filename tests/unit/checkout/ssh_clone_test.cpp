// Clones by ssh from a real sshd on loopback, through the real child process; and by the program git.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/checkout/checked_out.h"
#include "tests/unit/checkout/git_server.h"
#include "tests/unit/checkout/scratch.h"
#include "tests/unit/checkout/ssh_server.h"

namespace images {
namespace {

using Paths = std::vector<std::string>;

struct SshClone : testing::Test {
  Scratch scratch;
  std::string origin = scratch.path("origin");
  std::string first, second;
  int scratches = 0;

  void SetUp() override {
    init_repository(origin);
    scratch.write("origin/a.py", "one");
    first = commit_all(origin, "first");
    git(origin, "tag -a v1 -m first");
    scratch.write("origin/b.py", "two");
    second = commit_all(origin, "second");
    serve(scratch, origin, "project");
  }

  CheckoutRequest request(const SshServer& server, const std::string& name = "project") {
    CheckoutRequest request;
    request.repo = server.url(name);
    request.access.host = server.host();
    request.access.ssh = true;
    request.access.ssh_key = server.key("ed25519");
    request.access.ssh_known_hosts = server.known_hosts();
    request.access.ssh_config = server.config();
    request.scratch = scratch.make_folder("scratch" + std::to_string(++scratches));
    request.deadline = std::chrono::seconds(120);
    return request;
  }
  std::string refusal(const CheckoutRequest& request) { return error_of(check_out(request).source); }
  // A commit that names `address` as its submodule "sub", served as `name`.
  void serve_with_submodule(const std::string& address, const std::string& name) {
    scratch.write("origin/.gitmodules", "[submodule \"s\"]\n\tpath = sub\n\turl = \"" + address + "\"\n");
    git(origin, "add .gitmodules");
    git(origin, "update-index --add --cacheinfo 160000," + first + ",sub");
    git(origin, "commit -q -m with-submodule");
    serve(scratch, origin, name);
  }
};

TEST_F(SshClone, BringsTheNewestCommitAndNoHistory) {
  const SshServer server(scratch);
  const CheckoutRequest asked = request(server);
  const CheckedOut result = check_out(asked);
  ASSERT_TRUE(result.source.ok()) << error_of(result.source) << server.log();
  const Source& source = result.source.value();
  EXPECT_EQ(paths_of(source), (Paths{"f a.py", "f b.py"}));
  EXPECT_EQ(source.commit, second);
  EXPECT_EQ(source.ref, "main");
  EXPECT_EQ(source.url, asked.repo);
  EXPECT_FALSE(source.local);
  EXPECT_NE(shell("git -C " + asked.scratch + "/repo.git cat-file -e " + first).exit_code, 0);
  const auto archive = archive_of(asked);
  ASSERT_TRUE(archive.ok()) << error_of(archive);
  EXPECT_EQ(archive.value().tree_hash, source.tree_hash);
}

TEST_F(SshClone, TakesABranchATagOrACommit) {
  const SshServer server(scratch);
  for (const auto& [ref, commit] : std::vector<std::pair<std::string, std::string>>{
           {"main", second}, {"v1", first}, {second, second}, {first, first}}) {
    CheckoutRequest asked = request(server);
    asked.ref = ref;
    EXPECT_EQ(source_of(asked).commit, commit) << ref;
  }
  git(scratch.path("served/project.git"), "tag -d v1");
  CheckoutRequest asked = request(server);
  asked.ref = first;  // no name leads to it, and the server does not give it by its id
  EXPECT_EQ(source_of(asked).commit, first);
  asked = request(server);
  asked.ref = "nothing";
  EXPECT_EQ(refusal(asked), "request: ref 'nothing' does not exist in " + asked.repo);
}

TEST_F(SshClone, IsLetInByEachTypeOfKey) {
  const SshServer server(scratch);
  for (const char* type : {"ed25519", "ecdsa", "rsa"}) {
    CheckoutRequest asked = request(server);
    asked.access.ssh_key = server.key(type);
    EXPECT_EQ(source_of(asked).commit, second) << type;
  }
}

TEST_F(SshClone, KnowsHostKeysOfEachType) {
  for (const char* type : {"ed25519", "ecdsa", "rsa"}) {
    const SshServer server(scratch, {type});
    EXPECT_EQ(source_of(request(server)).commit, second) << type;
  }
}

TEST_F(SshClone, KnowsAHostWhoseNameIsHashed) {
  const SshServer server(scratch);
  ASSERT_EQ(shell("ssh-keygen -q -H -f " + server.known_hosts()).exit_code, 0);
  EXPECT_EQ(scratch.read("ssh/known_hosts").find("127.0.0.1"), std::string::npos);
  EXPECT_EQ(source_of(request(server)).commit, second);
}

TEST_F(SshClone, FindsAHostByTheConfigurationOfSsh) {
  const SshServer server(scratch);
  CheckoutRequest asked = request(server);
  asked.access.host = "work";
  asked.access.ssh_key.clear();
  asked.access.ssh_known_hosts.clear();
  asked.access.ssh_config = server.config(
      "Host work\n  HostName 127.0.0.1\n  Port " + std::to_string(server.port()) + "\n  IdentityFile " +
      server.key("ecdsa") + "\n  IdentitiesOnly yes\n  UserKnownHostsFile " + server.known_hosts() + "\n");
  asked.repo = server.user() + "@work:" + scratch.path("served/project.git");
  EXPECT_EQ(source_of(asked).commit, second);
}

TEST_F(SshClone, IsLetInByAnAgent) {
  const SshServer server(scratch);
  const SshAgent agent(scratch, server.key("rsa"));
  CheckoutRequest asked = request(server);
  asked.access.ssh_key.clear();
  asked.access.ssh_config = server.config("IdentityFile none\n");
  ::setenv("SSH_AUTH_SOCK", agent.socket().c_str(), 1);
  const CheckedOut result = check_out(asked);
  ::unsetenv("SSH_AUTH_SOCK");
  EXPECT_TRUE(result.source.ok()) << error_of(result.source);
}

TEST_F(SshClone, RefusesAnUnknownHostAndSaysWhatAddsIt) {
  const SshServer server(scratch);
  scratch.write("ssh/known_hosts", "");
  // Whatever a configuration says.
  CheckoutRequest asked = request(server);
  asked.access.ssh_config = server.config("StrictHostKeyChecking no\nNoHostAuthenticationForLocalhost yes\n");
  const std::string error = refusal(asked);
  EXPECT_EQ(error.find("host: Failed to clone repository: the host key of 127.0.0.1 (ssh-ed25519 SHA256:"),
            0u)
      << error;
  const auto command = error.find("ssh-keyscan -p " + std::to_string(server.port()));
  ASSERT_NE(command, std::string::npos) << error;
  ASSERT_EQ(shell(error.substr(command)).exit_code, 0);
  EXPECT_EQ(source_of(request(server)).commit, second);
}

TEST_F(SshClone, RefusesAHostWhoseKeyHasChanged) {
  const SshServer server(scratch);
  scratch.write("ssh/known_hosts",
                "[127.0.0.1]:" + std::to_string(server.port()) + " " + scratch.read("ssh/user_stranger.pub"));
  const std::string error = refusal(request(server));
  EXPECT_EQ(error.find("host: Failed to clone repository: the host key of 127.0.0.1 (ssh-ed25519 SHA256:"),
            0u)
      << error;
  EXPECT_NE(error.find("is not the one that is known (" + server.known_hosts() + ":1)"), std::string::npos)
      << error;
}

TEST_F(SshClone, NamesTheKeysThatAreNotAccepted) {
  const SshServer server(scratch);
  CheckoutRequest asked = request(server);
  asked.access.ssh_key = server.key("stranger");
  const std::string error = refusal(asked);
  EXPECT_EQ(
      error.find("host: Failed to clone repository: 127.0.0.1 accepts none of the keys that were offered: " +
                 server.key("stranger") + " ED25519 SHA256:"),
      0u)
      << error;
}

TEST_F(SshClone, SaysThatAKeyIsLocked) {
  const SshServer server(scratch);
  CheckoutRequest asked = request(server);
  asked.access.ssh_key = server.key("locked");
  const std::string error = refusal(asked);
  EXPECT_NE(error.find("is locked by a passphrase"), std::string::npos) << error;
  EXPECT_NE(error.find("ssh-add"), std::string::npos) << error;
}

TEST_F(SshClone, OfNoRepositoryIsAWrongRequest) {
  const SshServer server(scratch);
  const std::string error = refusal(request(server, "none"));
  EXPECT_EQ(
      error.find("request: Failed to clone repository: there is none at " + scratch.path("served/none.git")),
      0u)
      << error;
}

TEST_F(SshClone, WhereNobodyListensIsAHostError) {
  const SshServer server(scratch);
  CheckoutRequest asked = request(server);
  asked.repo = "ssh://127.0.0.1:1/x";
  asked.access.host = "127.0.0.1";
  const std::string error = refusal(asked);
  EXPECT_EQ(error.find("host: Failed to clone repository: "), 0u) << error;
  EXPECT_NE(error.find("Connection refused"), std::string::npos) << error;
}

TEST_F(SshClone, ASilentServerEndsByTheDeadline) {
  const SshServer server(scratch);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  CheckoutRequest asked = request(server);
  asked.repo = "ssh://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/x";
  asked.access.host = "127.0.0.1";
  asked.deadline = std::chrono::seconds(1);
  EXPECT_EQ(refusal(asked), "host: Failed to clone repository: it took longer than 1 s");
  ::close(listener);
}

TEST_F(SshClone, LargerThanAllowedIsRefusedWhileItComes) {
  ASSERT_EQ(shell("head -c 3000000 /dev/urandom > " + origin + "/noise").exit_code, 0);
  commit_all(origin);
  serve(scratch, origin, "large");
  const SshServer server(scratch);
  for (const char* program : {"", "git"}) {
    CheckoutRequest asked = request(server, "large");
    asked.max_bytes = 1 << 20;
    asked.access.git_program = program;
    EXPECT_EQ(refusal(asked), "request: more than the allowed 1 MiB came from 127.0.0.1") << program;
  }
}

TEST_F(SshClone, GoesToTheHostThatAccessIsForAndToNoOther) {
  const SshServer server(scratch);
  CheckoutRequest asked = request(server);
  asked.access.host = "git.example.com";
  EXPECT_EQ(refusal(asked).find("request: 127.0.0.1 would be entered by your own keys"), 0u)
      << refusal(asked);
  asked.access.ssh = false;
  asked.access.host = server.host();
  EXPECT_NE(refusal(asked).find("allow it by --git-host 127.0.0.1:" + std::to_string(server.port())),
            std::string::npos)
      << refusal(asked);
  asked.allowed_hosts = {"127.0.0.1"};
  EXPECT_EQ(refusal(asked),
            "request: 127.0.0.1 is not reached by ssh from here: the operator has given no key for it");
  asked.access.ssh = true;
  asked.allowed_hosts = {"git.example.com"};
  EXPECT_EQ(refusal(asked), "request: 127.0.0.1 is not a host that the operator of this server allows");
  asked.allowed_hosts = {"127.0.0.1"};
  EXPECT_EQ(source_of(asked).commit, second);
}

TEST_F(SshClone, BringsSubmodulesOfTheSameHost) {
  const SshServer server(scratch);
  serve(scratch, origin, "inner");
  serve_with_submodule("../inner.git", "relative");
  EXPECT_TRUE(source_of(request(server, "relative")).has("sub/a.py"));
  serve_with_submodule(server.url("inner"), "absolute");
  EXPECT_TRUE(source_of(request(server, "absolute")).has("sub/a.py"));
  serve_with_submodule("git@other.example.com:x", "elsewhere");
  const std::string error = refusal(request(server, "elsewhere"));
  EXPECT_EQ(error.find("request: submodule 'sub': other.example.com would be entered by your own keys"), 0u)
      << error;
}

TEST_F(SshClone, ARepositoryByHttpsBringsNoSubmoduleByKeysUnlessAllowed) {
  const SshServer server(scratch);
  serve(scratch, origin, "inner");
  serve_with_submodule(server.url("inner"), "outer");
  const GitServer https(scratch);
  CheckoutRequest asked = request(server);
  asked.repo = https.url("/outer.git");
  asked.ca_file = https.ca_file();
  asked.access.ssh = false;
  asked.access.host = https.host();
  const std::string error = refusal(asked);
  EXPECT_EQ(error.find("request: submodule 'sub': 127.0.0.1 would be entered by your own keys"), 0u) << error;
  asked.access.ssh = true;
  asked.access.host = server.host();
  EXPECT_TRUE(source_of(asked).has("sub/a.py"));
}

TEST_F(SshClone, SaysThatLargeFilesAreNotFetchedBySsh) {
  scratch.write("origin/.gitattributes", "*.bin filter=lfs\n");
  scratch.write("origin/model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:" +
                                        std::string(64, 'a') + "\nsize 5\n");
  git(origin, "-c filter.lfs.clean=cat -c filter.lfs.required=false add -A");
  git(origin, "commit -q -m lfs");
  serve(scratch, origin, "lfs");
  const SshServer server(scratch);
  const std::string error = refusal(request(server, "lfs"));
  EXPECT_NE(error.find("model.bin: large files are fetched by https alone"), std::string::npos) << error;
}

// ---- the program git

TEST_F(SshClone, IsMadeByTheProgramGitWhenAsked) {
  const SshServer server(scratch);
  serve(scratch, origin, "inner");
  serve_with_submodule("../inner.git", "outer");
  CheckoutRequest asked = request(server, "outer");
  asked.access.git_program = "git";
  const Source source = source_of(asked);
  EXPECT_EQ(source.ref, "main");
  EXPECT_TRUE(source.has("a.py"));
  EXPECT_TRUE(source.has("sub/a.py"));
  EXPECT_EQ(git(asked.scratch + "/repo.git", "rev-list --count --all"), "1");
  for (const std::string& ref : {std::string("v1"), first}) {
    asked = request(server);
    asked.access.git_program = "git";
    asked.ref = ref;
    EXPECT_EQ(source_of(asked).commit, first) << ref;
  }
  const auto archive = archive_of(asked);
  EXPECT_TRUE(archive.ok()) << error_of(archive);
}

TEST_F(SshClone, ByTheProgramGitRefusesTheSame) {
  const SshServer server(scratch);
  CheckoutRequest asked = request(server, "none");
  asked.access.git_program = "git";
  EXPECT_EQ(refusal(asked).find("request: Failed to clone repository: 127.0.0.1: git says: fatal: '"), 0u)
      << refusal(asked);
  scratch.write("ssh/known_hosts", "");
  asked = request(server);
  asked.access.git_program = "git";
  EXPECT_NE(refusal(asked).find("is not known; compare it"), std::string::npos) << refusal(asked);
  asked.allowed_hosts = {"127.0.0.1"};
  EXPECT_EQ(refusal(asked).find("request: the program git goes where its configuration sends it"), 0u);
  asked = request(server);
  asked.access.git_program = "/no/such/git";
  EXPECT_EQ(refusal(asked),
            "host: Failed to clone repository: the program '/no/such/git' cannot be started: No such file or "
            "directory");
}

// ---- what git itself is told on this account

struct OwnSettings : SshClone {
  void SetUp() override {
    SshClone::SetUp();
    ::setenv("GIT_CONFIG_GLOBAL", scratch.path("gitconfig").c_str(), 1);
  }
  void TearDown() override { ::unsetenv("GIT_CONFIG_GLOBAL"); }

  // A helper that notes what it is asked.
  std::string helper(const std::string& password) const {
    return "[credential]\n\thelper = \"!f() { echo \\\"$1\\\" >> " + scratch.path("asked") +
           "; test \\\"$1\\\" = get && printf 'username=me\\\\npassword=" + password + "\\\\n'; }; f\"\n";
  }
  CheckoutRequest own_request(const GitServer& server) {
    CheckoutRequest request;
    request.repo = server.url("/project.git");
    request.access.host = server.host();
    request.access.own_settings = true;
    request.ca_file = server.ca_file();
    request.scratch = scratch.make_folder("scratch" + std::to_string(++scratches));
    request.deadline = std::chrono::seconds(60);
    return request;
  }
};

TEST_F(OwnSettings, GiveThePasswordOfACredentialHelperToAServerThatWantsOne) {
  scratch.write("gitconfig", helper("s3cret-word"));
  const GitServer closed(scratch, {"--token", "s3cret-word"});
  EXPECT_EQ(source_of(own_request(closed)).commit, second);
  EXPECT_EQ(scratch.read("asked"), "get\n") << "once, and nothing is told to it afterwards";

  scratch.write("asked", "");
  const std::size_t before = closed.requests("Basic");
  EXPECT_GT(before, 0u);
  const GitServer open(scratch);
  EXPECT_EQ(source_of(own_request(open)).commit, second);
  EXPECT_EQ(scratch.read("asked"), "");
  EXPECT_EQ(open.requests("Basic"), before);
}

TEST_F(OwnSettings, ThatDoNotHelpAreToldWithoutThePassword) {
  scratch.write("gitconfig", helper("wrong-word"));
  const GitServer server(scratch, {"--token", "s3cret-word"});
  const std::string error = refusal(own_request(server));
  EXPECT_NE(error.find("does not accept what git's credential helper gave"), std::string::npos) << error;
  EXPECT_EQ(error.find("wrong-word"), std::string::npos) << error;
  scratch.write("gitconfig", "");
  EXPECT_NE(refusal(own_request(server)).find("answered 401: authentication is required"), std::string::npos);
}

TEST_F(OwnSettings, AreNobodysBusinessElsewhere) {
  scratch.write("gitconfig", helper("s3cret-word"));
  const GitServer server(scratch, {"--token", "s3cret-word"});
  CheckoutRequest other_host = own_request(server), without = own_request(server),
                  service = own_request(server), with_token = own_request(server);
  other_host.access.host = server.host("localhost");
  without.access.own_settings = false;
  service.allowed_hosts = {"127.0.0.1"};
  with_token.credential = GitCredential{.host = server.host(), .token = "another"};
  for (const CheckoutRequest& asked : {other_host, without, service, with_token})
    EXPECT_NE(refusal(asked).find("answered 401"), std::string::npos) << refusal(asked);
  EXPECT_EQ(scratch.read("asked"), "");
}

TEST_F(OwnSettings, NameTheCa) {
  const GitServer server(scratch);
  CheckoutRequest asked = own_request(server);
  asked.ca_file.clear();
  EXPECT_NE(refusal(asked).find("is not trusted"), std::string::npos);
  scratch.write("gitconfig",
                "[http \"https://" + server.host() + "/\"]\n\tsslCAInfo = " + server.ca_file() + "\n");
  asked = own_request(server);
  asked.ca_file.clear();
  EXPECT_EQ(source_of(asked).commit, second);
}

TEST_F(OwnSettings, AreThoseOfTheProgramGit) {
  const GitServer server(scratch, {"--token", "s3cret-word"});
  scratch.write("gitconfig", helper("s3cret-word") + "[url \"https://127.0.0.1:" + server.host().substr(10) +
                                 "/\"]\n\tinsteadOf = https://short.example/\n");
  CheckoutRequest asked = own_request(server);
  asked.access.git_program = "git";
  asked.repo = "https://short.example/project.git";
  EXPECT_EQ(source_of(asked).commit, second);

  scratch.write("gitconfig", "[url \"ext::sh -c id \"]\n\tinsteadOf = https://short.example/\n");
  asked = own_request(server);
  asked.access.git_program = "git";
  asked.repo = "https://short.example/project.git";
  EXPECT_NE(refusal(asked).find("transport 'ext' not allowed"), std::string::npos) << refusal(asked);
}

TEST_F(OwnSettings, GiveWayToATokenAlsoForTheProgramGit) {
  scratch.write("gitconfig", helper("wrong-word"));
  const GitServer server(scratch, {"--token", "s3cret-word"});
  CheckoutRequest asked = own_request(server);
  asked.access.git_program = "git";
  asked.credential = GitCredential{.host = server.host(), .token = "s3cret-word"};
  EXPECT_EQ(source_of(asked).commit, second);
  EXPECT_EQ(scratch.read("asked"), "");
  EXPECT_EQ(shell("grep -rlF s3cret-word " + asked.scratch).output, "");

  asked = own_request(server);
  asked.access.git_program = "git";
  asked.ca_file.clear();
  EXPECT_NE(refusal(asked).find("certificate"), std::string::npos) << refusal(asked);
}

}  // namespace
}  // namespace images
