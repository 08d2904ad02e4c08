// Clones over TLS from a server on loopback, through the real child process.
#include <gtest/gtest.h>

#include <filesystem>

#include "sandbox/io/curl_loop.h"
#include "tests/unit/checkout/checked_out.h"
#include "tests/unit/checkout/git_server.h"
#include "tests/unit/checkout/scratch.h"

namespace images {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

struct Clone : testing::Test {
  Scratch scratch;
  std::string origin = scratch.path("origin");
  std::string first, second, on_feature;
  int scratches = 0;

  // main: a commit tagged v1 (annotated), then one more; feature: one beside it.
  void SetUp() override {
    init_repository(origin);
    scratch.write("origin/a.py", "one");
    scratch.write("origin/requirements.txt", "pytest\n");
    first = commit_all(origin, "first");
    git(origin, "tag -a v1 -m first");
    git(origin, "tag light");
    git(origin, "checkout -q -b feature/x");
    scratch.write("origin/feature.py", "x");
    on_feature = commit_all(origin, "feature");
    git(origin, "checkout -q main");
    scratch.write("origin/b.py", "two");
    second = commit_all(origin, "second");
    serve(scratch, origin, "project");
  }

  CheckoutRequest request(const GitServer& server, const std::string& ref = "",
                          const std::string& path = "/project.git") {
    CheckoutRequest request;
    request.repo = server.url(path);
    request.ref = ref;
    request.ca_file = server.ca_file();
    request.scratch = scratch.make_folder("scratch" + std::to_string(++scratches));
    request.deadline = std::chrono::seconds(60);
    return request;
  }
};

TEST_F(Clone, BringsTheDefaultBranchesNewestCommitAndNoHistory) {
  const GitServer server(scratch);
  const CheckoutRequest asked = request(server);
  const CheckedOut result = check_out(asked);
  ASSERT_TRUE(result.source.ok()) << error_of(result.source);
  const Source& source = result.source.value();
  EXPECT_EQ(paths_of(source), (Paths{"f a.py", "f b.py", "f requirements.txt"}));
  EXPECT_EQ(source.commit, second);
  EXPECT_EQ(source.ref, "main");
  EXPECT_EQ(source.url, asked.repo);
  EXPECT_FALSE(source.local);
  ASSERT_NE(source.manifest("requirements.txt"), nullptr);
  EXPECT_FALSE(result.progress.empty());
  EXPECT_NE(shell("git -C " + asked.scratch + "/repo.git cat-file -e " + first).exit_code, 0);
}

TEST_F(Clone, TakesABranchATagOrACommit) {
  const GitServer server(scratch);
  const struct {
    std::string ref, commit;
  } cases[] = {{"main", second},
               {"feature/x", on_feature},
               {"refs/heads/feature/x", on_feature},
               {"v1", first},
               {"light", first},
               {second, second},
               {second.substr(0, 7), second},
               {on_feature, on_feature},
               {first, first}};
  for (const auto& [ref, commit] : cases) {
    const Source source = source_of(request(server, ref));
    EXPECT_EQ(source.commit, commit) << ref;
    EXPECT_EQ(source.ref, ref);
  }
}

TEST_F(Clone, FindsACommitThatNoNameLeadsTo) {
  git(origin, "tag -d v1 light");
  serve(scratch, origin, "untagged");
  const GitServer server(scratch);
  for (const std::string& ref : {first, first.substr(0, 10)})
    EXPECT_EQ(source_of(request(server, ref, "/untagged.git")).commit, first) << ref;
  git(scratch.path("served/untagged.git"), "config uploadpack.allowAnySHA1InWant true");
  EXPECT_EQ(source_of(request(server, first, "/untagged.git")).commit, first);
}

TEST_F(Clone, ARefThatIsNotThereNamesNearOnes) {
  const GitServer server(scratch);
  const std::string url = server.url("/project.git");
  EXPECT_EQ(error_of(check_out(request(server, "feature/y")).source),
            "request: ref 'feature/y' does not exist in " + url + "; did you mean 'feature/x'?");
  EXPECT_EQ(error_of(check_out(request(server, "nothing-like-it")).source),
            "request: ref 'nothing-like-it' does not exist in " + url);
  EXPECT_EQ(error_of(check_out(request(server, "deadbeef")).source),
            "request: ref 'deadbeef' does not exist in " + url);
  EXPECT_EQ(error_of(check_out(request(server, std::string(40, 'a'))).source),
            "request: ref '" + std::string(40, 'a') + "' does not exist in " + url);
}

TEST_F(Clone, AnEmptyRepositoryIsARequestError) {
  git(scratch.path(), "init -q --bare served/empty.git");
  const GitServer server(scratch);
  EXPECT_NE(error_of(check_out(request(server, "", "/empty.git")).source).find("no default branch"),
            std::string::npos);
}

void forget_trust() {
  for (const char* name : {"GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"})
    ::unsetenv(name);
}

TEST_F(Clone, WithoutTheCaSaysWhatToSet) {
  forget_trust();
  const GitServer server(scratch);
  CheckoutRequest asked = request(server);
  asked.ca_file = "";
  const std::string error = error_of(check_out(asked).source);
  EXPECT_EQ(error.find("host: Failed to clone repository: the certificate of 127.0.0.1 is not trusted"), 0u)
      << error;
  EXPECT_NE(error.find("name the bundle of your CA by --ca-file or the variable SSL_CERT_FILE"),
            std::string::npos)
      << error;
}

TEST_F(Clone, WithoutTheCaNamesTheBundleInUseAndWhatNamedIt) {
  const GitServer server(scratch);
  CheckoutRequest asked = request(server);
  asked.ca_file = "";
  forget_trust();
  ::setenv("GIT_SSL_CAINFO", "/no/such/bundle.pem", 1);
  ::setenv("SSL_CERT_FILE", server.ca_file().c_str(), 1);
  const std::string error = error_of(check_out(asked).source);
  forget_trust();
  EXPECT_NE(
      error.find("the bundle in use is /no/such/bundle.pem, named by the variable GIT_SSL_CAINFO, which "
                 "goes before SSL_CERT_FILE"),
      std::string::npos)
      << error;
}

// Who asks a service cannot set its variables, and need not know its files.
TEST_F(Clone, TellsSomebodyFromElsewhereThatTheOperatorMustHelp) {
  const GitServer server(scratch, {"--token", "s3cret-token"});
  CheckoutRequest asked = request(server);
  asked.allowed_hosts = {"127.0.0.1"};
  std::string error = error_of(check_out(asked).source);
  EXPECT_NE(error.find("answered 401: authentication is required; the operator of this server has given no "
                       "token for it"),
            std::string::npos)
      << error;
  EXPECT_EQ(error.find("--git-token-file"), std::string::npos) << error;
  asked = request(server);
  asked.allowed_hosts = {"127.0.0.1"};
  asked.ca_file = "/no/such/bundle.pem";
  error = error_of(check_out(asked).source);
  EXPECT_NE(error.find("the operator of this server can name the bundle of its CA"), std::string::npos)
      << error;
  EXPECT_EQ(error.find("--ca-file"), std::string::npos) << error;
}

TEST_F(Clone, TheEnvironmentMayNameTheCa) {
  const GitServer server(scratch);
  CheckoutRequest asked = request(server);
  asked.ca_file = "";
  ::setenv("SSL_CERT_FILE", server.ca_file().c_str(), 1);
  const CheckedOut result = check_out(asked);
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_TRUE(result.source.ok()) << error_of(result.source);
}

TEST_F(Clone, GoesThroughTheProxyOfTheEnvironment) {
  const GitServer server(scratch, {"--proxy"});
  CheckoutRequest asked = request(server);
  asked.repo = "https://git.example.test/project.git";  // a name that only the proxy can find
  ::setenv("https_proxy", ("http://127.0.0.1:" + std::to_string(server.proxy_port())).c_str(), 1);
  const CheckedOut result = check_out(asked);
  ::unsetenv("https_proxy");
  EXPECT_TRUE(result.source.ok()) << error_of(result.source);
  EXPECT_GE(server.requests("CONNECT"), 1u);
}

TEST_F(Clone, NeedsATokenWhereTheServerDoes) {
  const GitServer server(scratch, {"--token", "s3cret-token"});
  CheckoutRequest asked = request(server);
  std::string error = error_of(check_out(asked).source);
  EXPECT_EQ(error.find("host: Failed to clone repository: 127.0.0.1 answered 401"), 0u) << error;
  EXPECT_NE(error.find("ORCHESTRATOR_GIT_TOKEN"), std::string::npos);
  EXPECT_NE(error.find("--git-token-file"), std::string::npos);

  asked = request(server);
  asked.credential = GitCredential{server.host(), "x-access-token", "s3cret-token"};
  EXPECT_EQ(source_of(asked).commit, second);

  asked = request(server);
  asked.credential = GitCredential{server.host(), "x-access-token", "wrong-token"};
  error = error_of(check_out(asked).source);
  EXPECT_NE(error.find("does not accept the token"), std::string::npos) << error;
  EXPECT_EQ(error.find("wrong-token"), std::string::npos);
}

TEST_F(Clone, ATokenGoesToItsOwnHostOnly) {
  const GitServer server(scratch);
  CheckoutRequest asked = request(server);
  asked.credential = GitCredential{server.host("localhost"), "x-access-token", "s3cret-token"};
  EXPECT_EQ(source_of(asked).commit, second);
  EXPECT_EQ(server.requests("Basic"), 0u);
}

TEST_F(Clone, FollowsARedirectToAnotherHostOnlyWithoutACredential) {
  const GitServer server(scratch, {"--redirect", "/moved/=https://localhost:%PORT%/"});
  EXPECT_EQ(source_of(request(server, "", "/moved/project.git")).commit, second);
  EXPECT_GE(server.requests("\"host\": \"localhost"), 2u);  // the references and the pack

  CheckoutRequest asked = request(server, "", "/moved/project.git");
  asked.credential = GitCredential{server.host(), "x-access-token", "s3cret-token"};
  const std::size_t before = server.requests("\"host\": \"localhost");
  const std::string error = error_of(check_out(asked).source);
  EXPECT_EQ(error.find("host: Failed to clone repository: 127.0.0.1 redirects to localhost"), 0u) << error;
  EXPECT_EQ(server.requests("\"host\": \"localhost"), before);
}

TEST_F(Clone, FollowsARedirectOnTheSameHostWithACredential) {
  const GitServer server(scratch,
                         {"--redirect", "/moved/=https://127.0.0.1:%PORT%/", "--token", "t0ken-t0ken"});
  CheckoutRequest asked = request(server, "", "/moved/project.git");
  asked.credential = GitCredential{server.host(), "x-access-token", "t0ken-t0ken"};
  EXPECT_EQ(source_of(asked).commit, second);
}

// Where the operator names 127.0.0.1 alone: the same server answers to localhost, too.
constexpr const char* kNotAllowed = "localhost is not a host that the operator of this server allows";

TEST_F(Clone, FollowsNoRedirectToAHostThatIsNotAllowed) {
  const GitServer server(scratch, {"--redirect", "/moved/=https://localhost:%PORT%/"});
  CheckoutRequest asked = request(server, "", "/moved/project.git");
  asked.allowed_hosts = {"127.0.0.1"};
  const std::string error = error_of(check_out(asked).source);
  EXPECT_NE(error.find(kNotAllowed), std::string::npos) << error;
  EXPECT_EQ(server.requests("\"host\": \"localhost"), 0u);
  asked = request(server, "", "/moved/project.git");
  asked.allowed_hosts = {"127.0.0.1", "localhost"};
  EXPECT_EQ(source_of(asked).commit, second);
}

TEST_F(Clone, FetchesNoSubmoduleFromAHostThatIsNotAllowed) {
  const GitServer server(scratch);
  scratch.write("origin/.gitmodules", "[submodule \"sub\"]\n\tpath = sub\n\turl = " +
                                          server.url("/project.git", "localhost") + "\n");
  git(origin, "add .gitmodules");
  git(origin, "update-index --add --cacheinfo 160000," + first + ",sub");
  git(origin, "commit -q -m elsewhere");
  serve(scratch, origin, "outer");
  CheckoutRequest asked = request(server, "", "/outer.git");
  asked.allowed_hosts = {"127.0.0.1"};
  const std::string error = error_of(check_out(asked).source);
  EXPECT_NE(error.find(kNotAllowed), std::string::npos) << error;
  EXPECT_EQ(server.requests("\"host\": \"localhost"), 0u);
  asked = request(server, "", "/outer.git");
  asked.allowed_hosts = {"127.0.0.1", "localhost"};
  EXPECT_TRUE(source_of(asked).has("sub/a.py"));
}

TEST_F(Clone, RefusesRedirectsToWhereItMayNotGo) {
  const GitServer server(scratch, {"--redirect", "/plain/=http://127.0.0.1:%PORT%/", "--redirect",
                                   "/metadata/=https://169.254.169.254/", "--redirect", "/file/=file:///etc/",
                                   "--redirect", "/loop/=https://127.0.0.1:%PORT%/loop/"});
  for (const char* path : {"/plain/project.git", "/metadata/project.git", "/file/project.git"}) {
    const std::string error = error_of(check_out(request(server, "", path)).source);
    EXPECT_EQ(error.find("request: the redirect of 127.0.0.1: "), 0u) << error;
  }
  const std::string error = error_of(check_out(request(server, "", "/loop/project.git")).source);
  EXPECT_NE(error.find("more than 5 redirects"), std::string::npos) << error;
}

TEST_F(Clone, ASilentServerEndsByTheDeadline) {
  const GitServer server(scratch, {"--silent", "/project.git"});
  CheckoutRequest asked = request(server);
  asked.deadline = std::chrono::seconds(1);
  EXPECT_EQ(error_of(check_out(asked).source), "host: Failed to clone repository: it took longer than 1 s");
}

TEST_F(Clone, AnAnswerThatBreaksOffIsAskedForOnceMore) {
  const GitServer server(scratch, {"--cut", "/project.git=1"});
  const CheckedOut result = check_out(request(server));
  ASSERT_TRUE(result.source.ok()) << error_of(result.source);
  EXPECT_EQ(result.source.value().commit, second);
  EXPECT_EQ(server.requests("POST"), 2u);
}

TEST_F(Clone, ThatBreaksOffAgainIsAHostError) {
  const GitServer server(scratch, {"--cut", "/project.git=9", "--status", "/broken.git=503"});
  const std::string error = error_of(check_out(request(server)).source);
  EXPECT_EQ(error.find("host: Failed to clone repository: "), 0u) << error;
  EXPECT_EQ(server.requests("POST"), 2u);
  EXPECT_EQ(error_of(check_out(request(server, "", "/broken.git")).source),
            "host: Failed to clone repository: 127.0.0.1 answered 503");
}

TEST_F(Clone, WhatIsNoRepositoryIsARequestError) {
  const GitServer server(scratch, {"--status", "/page=200"});
  EXPECT_EQ(error_of(check_out(request(server, "", "/no-such.git")).source)
                .find("request: Failed to clone repository: there is none"),
            0u);
  EXPECT_EQ(error_of(check_out(request(server, "", "/page")).source),
            "request: Failed to clone repository: " + server.url("/page") + " is not a git repository");
}

TEST_F(Clone, LargerThanAllowedIsRefusedWhileItComes) {
  const Ran made = shell("head -c 3000000 /dev/urandom > " + origin + "/noise");
  ASSERT_EQ(made.exit_code, 0);
  commit_all(origin);
  serve(scratch, origin, "large");
  const GitServer server(scratch);
  CheckoutRequest asked = request(server, "", "/large.git");
  asked.max_bytes = 1 << 20;
  EXPECT_EQ(error_of(check_out(asked).source), "request: more than the allowed 1 MiB came from 127.0.0.1");
}

TEST_F(Clone, ATreeThatUnpacksToMoreThanAllowedIsRefused) {
  scratch.write("origin/zeros", std::string(8 << 20, '\0'));
  commit_all(origin);
  serve(scratch, origin, "zeros");
  const GitServer server(scratch);
  CheckoutRequest asked = request(server, "", "/zeros.git");
  asked.max_bytes = 2 << 20;
  EXPECT_EQ(error_of(check_out(asked).source), "request: the sources are larger than the allowed 2 MiB");
}

TEST_F(Clone, BringsSubmodulesAtTheirRecordedCommits) {
  init_repository(scratch.path("inner"));
  scratch.write("inner/deep.py", "recorded");
  commit_all(scratch.path("inner"));
  serve(scratch, scratch.path("inner"), "inner");
  const std::string module = "-c protocol.file.allow=always submodule add -q ";
  git(origin, module + scratch.path("served/inner.git") + " libs/inner");
  git(origin, "config -f .gitmodules submodule.libs/inner.url ../inner.git");
  commit_all(origin);
  serve(scratch, origin, "outer");
  scratch.write("inner/deep.py", "newer");
  commit_all(scratch.path("inner"));
  git(scratch.path("inner"), "push -q " + scratch.path("served/inner.git") + " main");

  const GitServer server(scratch);
  CheckoutRequest asked = request(server, "", "/outer.git");
  const Source source = source_of(asked);
  EXPECT_TRUE(source.has("libs/inner/deep.py"));
  EXPECT_TRUE(source.has("a.py"));
  const auto archive = archive_of(asked);
  ASSERT_TRUE(archive.ok()) << error_of(archive);
  const Ran content = shell("tar -xOf " + archive.value().tar_file + " work/libs/inner/deep.py");
  EXPECT_EQ(content.output, "recorded");
  EXPECT_EQ(archive.value().tree_hash, source.tree_hash);
}

TEST_F(Clone, RefusesSubmodulesByOtherSchemesAndNamesThem) {
  for (const std::string& address :
       {std::string("file:///etc"), std::string("ext::sh -c id"), std::string("git@host:x"),
        std::string("http://127.0.0.1/x"), std::string("https://169.254.169.254/x")}) {
    scratch.write("origin/.gitmodules", "[submodule \"evil\"]\n\tpath = sub\n\turl = \"" + address + "\"\n");
    git(origin, "add .gitmodules");
    git(origin, "update-index --add --cacheinfo 160000," + first + ",sub");
    git(origin, "commit -q -m evil");
    serve(scratch, origin, "evil" + std::to_string(++scratches));
    const GitServer server(scratch);
    const std::string error =
        error_of(check_out(request(server, "", "/evil" + std::to_string(scratches) + ".git")).source);
    EXPECT_EQ(error.find("request: submodule 'sub': "), 0u) << error;
  }
}

TEST_F(Clone, LettingGoOfACheckoutIsSilent) {
  const GitServer server(scratch, {"--silent", "/project.git"});
  io::CurlLoop loop;
  bool done = false, connecting = false;
  auto never = start_checkout(loop, request(server), nullptr, [&](auto) { done = true; });
  never.reset();
  auto running = start_checkout(
      loop, request(server), [&](std::string_view) { connecting = true; }, [&](auto) { done = true; });
  loop.run_until([&] { return connecting; });
  running.reset();
  bool later = false;
  const auto timer = loop.call_after(std::chrono::milliseconds(50), [&] { later = true; });
  loop.run_until([&] { return later; });
  EXPECT_FALSE(done);
}

TEST_F(Clone, WhoIsToldMayLetGoAtOnce) {
  const GitServer server(scratch, {"--status", "/broken.git=400"});
  for (const char* path : {"/project.git", "/broken.git"}) {
    io::CurlLoop loop;
    std::unique_ptr<Checkout> running;
    bool done = false;
    running = start_checkout(loop, request(server, "", path), nullptr, [&](auto) {
      running.reset();
      done = true;
    });
    loop.run_until([&] { return done; });
  }
}

struct LfsClone : Clone {
  std::string content = "the real content\n", oid;

  void SetUp() override {
    Clone::SetUp();
    scratch.write("content", content);
    oid = shell("sha256sum < " + scratch.path("content")).output.substr(0, 64);
    scratch.write("origin/.gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    for (const char* name : {"model.bin", "fixture.txt"})
      scratch.write(std::string("origin/") + name,
                    "version https://git-lfs.github.com/spec/v1\noid sha256:" + oid + "\nsize " +
                        std::to_string(content.size()) + "\n");
    git(origin, "-c filter.lfs.clean=cat -c filter.lfs.required=false add -A");
    git(origin, "commit -q -m lfs");
    serve(scratch, origin, "lfs");
  }
};

TEST_F(LfsClone, FetchesTheContentInThePointersPlace) {
  scratch.write("served/lfs/" + oid, content);
  const GitServer server(scratch, {"--token", "t0ken-t0ken"});
  CheckoutRequest asked = request(server, "", "/lfs.git");
  asked.credential = GitCredential{server.host(), "x-access-token", "t0ken-t0ken"};
  source_of(asked);
  const auto archive = archive_of(asked);
  ASSERT_TRUE(archive.ok()) << error_of(archive);
  EXPECT_EQ(shell("tar -xOf " + archive.value().tar_file + " work/model.bin").output, content);
  EXPECT_EQ(shell("tar -xOf " + archive.value().tar_file + " work/fixture.txt").output.substr(0, 7),
            "version");
  EXPECT_EQ(server.requests("lfs-store"), 1u);  // on another host name, so:
  EXPECT_EQ(server.requests("lfs-store/" + oid + "\", \"host\": \"" + server.host("localhost") +
                            "\", \"authorization\": \"\""),
            1u);
}

TEST_F(LfsClone, FetchesNothingFromAHostThatIsNotAllowed) {
  scratch.write("served/lfs/" + oid, content);
  const GitServer server(scratch);
  CheckoutRequest asked = request(server, "", "/lfs.git");
  asked.allowed_hosts = {"127.0.0.1"};
  const std::string error = error_of(check_out(asked).source);
  EXPECT_NE(error.find(kNotAllowed), std::string::npos) << error;
  EXPECT_EQ(server.requests("lfs-store"), 0u);
}

TEST_F(LfsClone, NamesTheFilesThatCannotBeFetched) {
  const GitServer server(scratch);
  EXPECT_EQ(
      error_of(check_out(request(server, "", "/lfs.git")).source),
      "request: 1 file is a Git LFS pointer whose content is not here: model.bin: Object does not exist");
  scratch.write("served/lfs/" + oid, "the fake content\n");
  const std::string error = error_of(check_out(request(server, "", "/lfs.git")).source);
  EXPECT_NE(error.find("model.bin: what came for object " + oid), std::string::npos) << error;
}

}  // namespace
}  // namespace images
