// Whose credential is found for an image, and where.
#include "sandbox/docker/registry_credentials.h"

#include "sandbox/io/base64.h"
#include "tests/support/skipping_loop.h"
#include "tests/unit/docker/credentials_fixture.h"

namespace sandbox::docker {
namespace {

using namespace std::chrono_literals;
using testing_support::SkippingLoop;

constexpr const char* kConfig = ".docker/config.json";
constexpr const char* kRegistryHere = "localhost:5000/team/app:1";

// "auths" with one entry; user and password are made of one word.
std::string auths(const std::string& key, const std::string& word) {
  const std::string auth = io::to_base64url(word + ":" + word + "-password");
  return R"({"auths": {")" + key + R"(": {"auth": ")" + auth + R"("}}})";
}

class RegistryCredentials : public testing_support::APersonsHome {
 protected:
  CredentialAnswer find(const std::string& image, std::chrono::milliseconds time = kHelperTime) {
    std::optional<CredentialAnswer> answer;
    const auto search = find_credential(
        loop_, image_name(image), [&](CredentialAnswer value) { answer = std::move(value); }, time);
    EXPECT_FALSE(answer) << "before it returned";
    loop_.until([&] { return answer.has_value(); });
    return *answer;
  }
  std::string user(const std::string& image) {
    const auto answer = find(image);
    return answer.credential ? answer.credential->username : "nobody";
  }
  std::string trouble(const std::string& image, std::chrono::milliseconds time = kHelperTime) {
    const auto answer = find(image, time);
    EXPECT_FALSE(answer.credential);
    EXPECT_EQ(answer.troubles.size(), 1u);
    return answer.troubles.empty() ? "" : answer.troubles[0];
  }

  SkippingLoop loop_;
};

// ---- files

TEST_F(RegistryCredentials, AreNoneWithoutAnyFile) {
  const auto answer = find(kRegistryHere);
  EXPECT_FALSE(answer.credential);
  EXPECT_TRUE(answer.troubles.empty());
}

TEST_F(RegistryCredentials, ComeFromDockersFile) {
  const std::string file = write(kConfig, auths("localhost:5000", "reader"));
  const auto answer = find(kRegistryHere);
  ASSERT_TRUE(answer.credential);
  EXPECT_EQ(answer.credential->username, "reader");
  EXPECT_EQ(answer.credential->password, "reader-password");
  EXPECT_EQ(answer.credential->server, "localhost:5000");
  EXPECT_EQ(answer.origin, file);
}

TEST_F(RegistryCredentials, AreForTheirRegistryAlone) {
  write(kConfig, auths("localhost:5000", "reader"));
  for (const char* other : {"localhost/app", "localhost:5001/app", "app", "localhost:50000/app",
                            "evil.example.org/localhost:5000/app", "docker.io/localhost/app"})
    EXPECT_EQ(user(other), "nobody") << other;
}

TEST_F(RegistryCredentials, OfDockerHubStandUnderItsKey) {
  write(kConfig, auths("https://index.docker.io/v1/", "hub"));
  for (const char* image : {"python:3.12", "team/app", "docker.io/team/app", "index.docker.io/team/app"})
    EXPECT_EQ(user(image), "hub") << image;
  EXPECT_EQ(user(kRegistryHere), "nobody");
}

TEST_F(RegistryCredentials, MayStandUnderTheUrlOfARegistry) {
  write(kConfig, auths("https://registry.example.org/v2/", "reader"));
  EXPECT_EQ(user("registry.example.org/app"), "reader");
  EXPECT_EQ(user("registry.example.org:5000/app"), "nobody");
}

TEST_F(RegistryCredentials, MayBeForAPartOfARegistryAsWithPodman) {
  write(".config/containers/auth.json",
        R"({"auths": {"localhost:5000": {"username": "all", "password": "x"},
                      "localhost:5000/team": {"username": "team", "password": "x"},
                      "localhost:5000/team/app": {"username": "app", "password": "x"}}})");
  EXPECT_EQ(user("localhost:5000/team/app:1"), "app");
  EXPECT_EQ(user("localhost:5000/team/other"), "team");
  EXPECT_EQ(user("localhost:5000/teams/app"), "all");
}

TEST_F(RegistryCredentials, ComeFromTheFirstPlaceThatHasOne) {
  write(".config/containers/auth.json", auths("localhost:5000", "podmans"));
  EXPECT_EQ(user(kRegistryHere), "podmans");
  write("run/containers/auth.json", auths("localhost:5000", "podmans-of-this-session"));
  EXPECT_EQ(user(kRegistryHere), "podmans-of-this-session");
  write(kConfig, auths("localhost:5000", "dockers"));
  EXPECT_EQ(user(kRegistryHere), "dockers");
  write("elsewhere/config.json", auths("localhost:5000", "dockers-elsewhere"));
  set("DOCKER_CONFIG", home_ + "/elsewhere");
  EXPECT_EQ(user(kRegistryHere), "dockers-elsewhere");
  set("REGISTRY_AUTH_FILE", write("named.json", auths("localhost:5000", "named")));
  EXPECT_EQ(user(kRegistryHere), "named");
  set("DOCKER_AUTH_CONFIG", auths("localhost:5000", "of-the-variable"));
  EXPECT_EQ(user(kRegistryHere), "of-the-variable");
}

TEST_F(RegistryCredentials, AreLookedForFurtherWhereOnePlaceHasNone) {
  set("DOCKER_AUTH_CONFIG", auths("registry.example.org", "other"));
  write(kConfig, R"({"auths": {"localhost:5000": {}}, "currentContext": "x"})");
  write(".config/containers/auth.json", auths("localhost:5000", "podmans"));
  EXPECT_EQ(user(kRegistryHere), "podmans");
  set("REGISTRY_AUTH_FILE", home_ + "/not-there.json");
  EXPECT_EQ(user(kRegistryHere), "nobody") << "it stands in for podman's own files";
}

TEST_F(RegistryCredentials, KnowTokensInTheFile) {
  write(kConfig, R"({"auths": {"localhost:5000": {"auth": "YTo=", "identitytoken": "of-identity"},
                               "registry.example.org": {"registrytoken": "as-it-is"}}})");
  EXPECT_EQ(find(kRegistryHere).credential->identity_token, "of-identity");
  EXPECT_EQ(find("registry.example.org/app").credential->registry_token, "as-it-is");
}

TEST_F(RegistryCredentials, SayWhatIsWrongWithAFileAndGoOn) {
  const std::string file = write(kConfig, "{ this is no JSON");
  EXPECT_EQ(trouble(kRegistryHere), file + " is no JSON object");
  write(".config/containers/auth.json", auths("localhost:5000", "podmans"));
  EXPECT_EQ(user(kRegistryHere), "podmans");
}

TEST_F(RegistryCredentials, SayWhichEntryIsWrongWithoutItsContent) {
  write(kConfig, R"({"auths": {"localhost:5000": {"auth": "hunter2!"}}})");
  EXPECT_EQ(trouble(kRegistryHere),
            home_ + "/.docker/config.json: the entry for localhost:5000 has an \"auth\" that is no base64");
  write(kConfig, R"({"auths": {"localhost:5000": {"auth": "aHVudGVyMg=="}}})");
  EXPECT_EQ(trouble(kRegistryHere).find("hunter2"), std::string::npos);
}

TEST_F(RegistryCredentials, SurviveAnyShapeOfFile) {
  for (const char* text : {"[]", "null", R"({"auths": []})", R"({"auths": {"localhost:5000": 7}})",
                           R"({"credHelpers": {"localhost:5000": 7}, "credsStore": []})", ""}) {
    write(kConfig, text);
    EXPECT_FALSE(find(kRegistryHere).credential) << text;
  }
}

// ---- helpers

TEST_F(RegistryCredentials, ComeFromTheHelperOfTheirRegistryBeforeAllElse) {
  write(kConfig, R"({"credHelpers": {"localhost:5000": "own"}, "credsStore": "store",
                     "auths": {"localhost:5000": {"username": "file", "password": "x"}}})");
  helper("own", R"(echo "{\"ServerURL\":\"$server\",\"Username\":\"own\",\"Secret\":\"of $server\"}")");
  helper("store", R"(echo "{\"Username\":\"store\",\"Secret\":\"of $server\"}")");
  const auto answer = find(kRegistryHere);
  ASSERT_TRUE(answer.credential);
  EXPECT_EQ(answer.credential->username, "own");
  EXPECT_EQ(answer.credential->password, "of localhost:5000");
  EXPECT_EQ(answer.origin, "docker-credential-own (by " + home_ + "/.docker/config.json)");
  EXPECT_EQ(find("python").credential->password, "of https://index.docker.io/v1/");
  EXPECT_EQ(find("python").credential->username, "store");
}

TEST_F(RegistryCredentials, OfAHelperMayBeAnIdentityToken) {
  write(kConfig, R"({"credsStore": "store"})");
  helper("store", R"(echo '{"Username":"<token>","Secret":"of-identity"}')");
  const auto answer = find(kRegistryHere);
  ASSERT_TRUE(answer.credential);
  EXPECT_EQ(answer.credential->identity_token, "of-identity");
  EXPECT_EQ(answer.credential->username, "");
  EXPECT_EQ(answer.credential->password, "");
}

TEST_F(RegistryCredentials, ThatAHelperDoesNotHaveAreNoTrouble) {
  write(kConfig,
        R"({"credsStore": "store", "auths": {"localhost:5000": {"username": "file", "password": "x"}}})");
  helper("store", "echo credentials not found in native keychain; exit 1");
  const auto answer = find(kRegistryHere);
  EXPECT_FALSE(answer.credential) << "as with docker, the file's own is not asked beside a helper";
  EXPECT_TRUE(answer.troubles.empty());
}

TEST_F(RegistryCredentials, OfAHelperThatFailsHaveItsWords) {
  const std::string file = write(kConfig, R"({"credsStore": "store"})");
  helper("store", "echo 'the keychain is locked'; exit 2");
  EXPECT_EQ(trouble(kRegistryHere),
            "docker-credential-store (by " + file + ") failed with exit code 2: the keychain is locked");
  helper("store", R"(echo '{"Secret":"hunter2"}'; exit 1)");
  EXPECT_EQ(trouble(kRegistryHere), "docker-credential-store (by " + file + ") failed with exit code 1");
  helper("store", "echo hunter2");
  EXPECT_EQ(trouble(kRegistryHere),
            "docker-credential-store (by " + file + ") answered with something that is no credential");
}

TEST_F(RegistryCredentials, OfAHelperThatIsNotThereSaySo) {
  write(kConfig, R"({"credsStore": "nowhere"})");
  EXPECT_NE(trouble(kRegistryHere).find("cannot be started: No such file"), std::string::npos);
  write(kConfig, R"({"credsStore": "../../bin/sh"})");
  EXPECT_NE(trouble(kRegistryHere).find("is no name of a program"), std::string::npos);
}

TEST_F(RegistryCredentials, DoNotWaitForAHelperThatHangs) {
  write(kConfig, R"({"credsStore": "store"})");
  helper("store", "sleep 1000");
  EXPECT_NE(trouble(kRegistryHere, 50ms).find("did not answer within 0.05 s"), std::string::npos);
}

TEST_F(RegistryCredentials, AreForgottenWithTheirHelper) {
  write(kConfig, R"({"credsStore": "store"})");
  helper("store",
         "echo $$ > " + home_ + "/pid.new; mv " + home_ + "/pid.new " + home_ + "/pid; exec sleep 1000");
  bool answered = false;
  auto search =
      find_credential(loop_, image_name(kRegistryHere), [&](const CredentialAnswer&) { answered = true; });
  std::unique_ptr<io::Timer> timer;
  loop_.until([&] {
    timer = loop_.call_after(10ms, [] {});
    return std::filesystem::exists(home_ + "/pid");
  });
  search.reset();
  loop_.settle();
  EXPECT_FALSE(answered);
  int pid = 0;
  std::ifstream(home_ + "/pid") >> pid;
  EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid)));
}

// ---- what the engine gets

TEST(RegistryCredential, IsOneHeaderOfJson) {
  RegistryCredential credential;
  credential.username = "reader";
  credential.password = "p\xc3\xa4ss\"word?\?>";
  credential.server = "localhost:5000";
  const auto json = nlohmann::json::parse(io::from_base64(credential.header()).value());
  EXPECT_EQ(json, (nlohmann::json{{"username", "reader"},
                                  {"password", credential.password},
                                  {"serveraddress", "localhost:5000"}}));
  EXPECT_EQ(credential.header().find_first_of("+/\r\n"), std::string::npos);
}

TEST(RegistryCredential, OfATokenHasNoPassword) {
  RegistryCredential credential;
  credential.identity_token = "t";
  credential.server = "s";
  EXPECT_EQ(nlohmann::json::parse(io::from_base64(credential.header()).value()),
            (nlohmann::json{{"identitytoken", "t"}, {"serveraddress", "s"}}));
}

}  // namespace
}  // namespace sandbox::docker
