// What an engine is asked for when an image is to be fetched, and what is made of its answers.
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "sandbox/docker/docker_images.h"
#include "sandbox/docker/pull_failure.h"
#include "sandbox/io/base64.h"
#include "tests/support/scripted_engine.h"
#include "tests/support/skipping_loop.h"
#include "tests/unit/docker/credentials_fixture.h"

namespace sandbox::docker {
namespace {

using namespace testing_support;

constexpr const char* kPull = "POST /images/create";
constexpr const char* kHere = "localhost:5000/team/app:1";
const std::string kPulledDigest = "sha256:" + std::string(64, 'a'),
                  kOtherDigest = "sha256:" + std::string(64, 'b');

bool says_words(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

Answer message(int status, const std::string& text) { return answer(status, Json{{"message", text}}.dump()); }
Answer error_in_progress(const std::string& text) {
  return answer(200, "{\"status\":\"Pulling\"}\n" + Json{{"errorDetail", {{"message", text}}}}.dump() + "\n");
}
Answer fetched() { return answer(200, R"({"status":"Pull complete"})"); }

class APull : public APersonsHome {
 protected:
  APull() {
    auto log =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_));
    log->set_level(spdlog::level::debug);
    spdlog::set_default_logger(std::move(log));
  }
  ~APull() override { spdlog::set_default_logger(std::move(logger_before_)); }

  void let_it_be_here(const std::string& reference, const Json& repo_digests) {
    engine_.always("GET /images/" + url_encode(reference) + "/json",
                   answer(200, Json{{"Id", "sha256:1"}, {"RepoDigests", repo_digests}}.dump()));
  }

  // Pauses between two tries pass at once.
  io::Result<Image> pull(const std::string& reference) {
    std::optional<io::Result<Image>> result;
    images_->pull(reference, [&](io::Result<Image> value) { result = std::move(value); });
    EXPECT_FALSE(result) << "before it returned";
    int timers = loop_.timers_made();
    loop_.until([&] {
      if (loop_.timers_made() != timers && engine_.asked(kPull) > 0) loop_.skip(std::chrono::seconds(10));
      timers = loop_.timers_made();
      return result.has_value();
    });
    return *result;
  }
  std::string refusal(const std::string& reference) {
    try {
      pull(reference).value();
    } catch (const PullFailed& error) {
      return std::string(error.what()) + " → " + error.remedy();
    }
    return "it was pulled";
  }
  Json credential_asked_with() const {
    const std::string head = engine_.request(kPull).head, name = "X-Registry-Auth: ";
    const auto start = head.find(name);
    if (start == std::string::npos) return nullptr;
    const auto end = head.find('\r', start);
    return Json::parse(io::from_base64(head.substr(start + name.size(), end - start - name.size())).value());
  }
  void log_in(const std::string& fields) const {
    write(".docker/config.json", R"({"auths": {"localhost:5000": )" + fields + "}}");
  }

  std::ostringstream log_;
  std::shared_ptr<spdlog::logger> logger_before_ = spdlog::default_logger();
  SkippingLoop loop_;
  ScriptedEngine engine_{loop_};
  DockerClient client_{loop_, {engine_.socket()}};
  Containers containers_;
  EngineTraits traits_;
  std::unique_ptr<ImageStore> images_ = make_images(client_, containers_, traits_);
};

// ---- with which credential

TEST_F(APull, ShowsTheCredentialOfItsRegistryToTheEngineAndToNobodyElse) {
  log_in(R"({"username": "reader", "password": "open-sesame-4711"})");
  engine_.on(kPull, fetched());
  let_it_be_here(kHere, {"localhost:5000/team/app@" + kPulledDigest});
  EXPECT_EQ(pull(kHere).value().digest, kPulledDigest);
  EXPECT_EQ(engine_.request(kPull).query, "fromImage=localhost%3A5000%2Fteam%2Fapp&tag=1");
  EXPECT_EQ(
      credential_asked_with(),
      (Json{{"username", "reader"}, {"password", "open-sesame-4711"}, {"serveraddress", "localhost:5000"}}));
  spdlog::default_logger()->flush();
  EXPECT_TRUE(says_words(log_.str(), "with the credential from " + home_)) << log_.str();
  EXPECT_FALSE(says_words(log_.str(), "sesame")) << log_.str();
  EXPECT_FALSE(says_words(log_.str(), "X-Registry-Auth")) << log_.str();
}

TEST_F(APull, ShowsAnIdentityTokenAsWhatItIs) {
  log_in(R"({"identitytoken": "of-identity"})");
  engine_.on(kPull, fetched());
  let_it_be_here(kHere, Json::array());
  pull(kHere).value();
  EXPECT_EQ(credential_asked_with(),
            (Json{{"identitytoken", "of-identity"}, {"serveraddress", "localhost:5000"}}));
}

TEST_F(APull, OfAnotherRegistryShowsNothing) {
  log_in(R"({"username": "reader", "password": "open-sesame-4711"})");
  engine_.on(kPull, fetched());
  let_it_be_here("localhost:5001/team/app:1", Json::array());
  pull("localhost:5001/team/app:1").value();
  EXPECT_EQ(credential_asked_with(), nullptr);
}

TEST_F(APull, GoesOnWithoutAHelperThatFails) {
  write(".docker/config.json", R"({"credsStore": "store"})");
  helper("store", "echo 'the keychain is locked'; exit 2");
  engine_.on(kPull, fetched());
  let_it_be_here(kHere, Json::array());
  pull(kHere).value();
  EXPECT_EQ(credential_asked_with(), nullptr);
  spdlog::default_logger()->flush();
  EXPECT_TRUE(says_words(log_.str(), "the keychain is locked")) << log_.str();
}

// ---- what came of it

TEST_F(APull, ThatIsRefusedSaysThatNoCredentialWasFoundAndWhatToDo) {
  engine_.always(kPull, message(500, "Head \"http://localhost:5000/v2/\": no basic auth credentials"));
  EXPECT_EQ(
      refusal(kHere),
      "localhost:5000 refuses it, asked without a credential, since none was found: Head "
      "\"http://localhost:5000/v2/\": no basic auth credentials → check its name, or log in with: docker "
      "login localhost:5000");
  EXPECT_EQ(engine_.asked(kPull), 1) << "it would not become better";
}

TEST_F(APull, ThatIsRefusedSaysWhichCredentialWasNotGoodEnoughAndNotWhatItIs) {
  log_in(R"({"username": "reader", "password": "open-sesame-4711"})");
  engine_.always(kPull, error_in_progress("unauthorized: not with open-sesame-4711\x1b[2J"));
  EXPECT_EQ(refusal(kHere), "localhost:5000 refuses it, asked with the credential from " + home_ +
                                "/.docker/config.json: unauthorized: not with *** [2J → check its name, or "
                                "log in with: docker login "
                                "localhost:5000");
  EXPECT_EQ(engine_.asked(kPull), 1);
}

TEST_F(APull, ThatIsRefusedNamesTheHelperThatFailed) {
  write(".docker/config.json", R"({"credsStore": "nowhere"})");
  engine_.always(kPull, message(404,
                                "pull access denied for team/app, repository does not exist or may require "
                                "'docker login'"));
  const std::string told = refusal("team/app");
  EXPECT_TRUE(says_words(told, "docker.io refuses it")) << told;
  EXPECT_TRUE(says_words(told, "docker-credential-nowhere")) << told;
  EXPECT_TRUE(told.ends_with("log in with: docker login")) << told;
}

TEST_F(APull, IsTriedThreeTimesWhenTheRegistryDoesNotAnswer) {
  engine_.always(kPull, message(500, "dial tcp 127.0.0.1:5000: connect: connection refused"));
  EXPECT_EQ(refusal(kHere),
            "localhost:5000 does not answer: dial tcp 127.0.0.1:5000: connect: connection refused → ");
  EXPECT_EQ(engine_.asked(kPull), 3);
}

TEST_F(APull, SucceedsWhenTheRegistryAnswersTheSecondTime) {
  engine_.on(kPull, error_in_progress("net/http: TLS handshake timeout"));
  engine_.on(kPull, fetched());
  let_it_be_here(kHere, Json::array());
  EXPECT_TRUE(pull(kHere).ok());
  EXPECT_EQ(engine_.asked(kPull), 2);
}

TEST_F(APull, FailsOnceTheEngineHasBrokenOffThreeTimes) {
  engine_.always(kPull, hang_up());
  EXPECT_THROW(pull(kHere).value(), io::HostError);
  EXPECT_EQ(engine_.asked(kPull), 3);
}

TEST_F(APull, OfAnIdAsksNobody) {
  EXPECT_TRUE(says_words(refusal(kPulledDigest), "by an id of this engine"));
  EXPECT_EQ(engine_.asked(kPull), 0);
}

TEST_F(APull, EndsWithItsStore) {
  bool answered = false;
  engine_.on(kPull, fetched().held("never"));
  images_->pull(kHere, [&](const io::Result<Image>&) { answered = true; });
  loop_.until([&] { return engine_.asked(kPull) > 0; });
  images_.reset();
  loop_.settle();
  EXPECT_FALSE(answered);
}

// ---- digests

TEST_F(APull, ByDigestIsOfThatDigest) {
  const std::string pinned = "localhost:5000/team/app@" + kPulledDigest;
  engine_.always(kPull, fetched());
  let_it_be_here(pinned, {"localhost:5000/team/app@" + kOtherDigest, pinned});
  EXPECT_EQ(pull("localhost:5000/team/app:1@" + kPulledDigest).value().digest, kPulledDigest);
  EXPECT_EQ(engine_.request(kPull).query,
            "fromImage=localhost%3A5000%2Fteam%2Fapp&tag=" + url_encode(kPulledDigest));
}

TEST_F(APull, ByDigestTakesNothingElse) {
  const std::string pinned = "localhost:5000/team/app@" + kPulledDigest;
  engine_.always(kPull, fetched());
  let_it_be_here(pinned, {"localhost:5000/team/app@" + kOtherDigest});
  EXPECT_TRUE(says_words(refusal(pinned), "has nothing by that name and digest"));
}

// ---- words of engines

struct Words {
  long status;
  const char* message;
  PullTrouble trouble;
};

TEST(PullTrouble, IsKnownByTheWordsOfEnginesAndRegistries) {
  const Words all[] = {
      // Docker Engine 20.10 before Debian's docker-registry 2.8
      {500, R"(Head "http://127.0.0.1:5000/v2/a/manifests/1": no basic auth credentials)",
       PullTrouble::refused},
      {500, "unauthorized: authentication required", PullTrouble::refused},
      {404, "manifest for 127.0.0.1:5000/a:1 not found: manifest unknown: manifest unknown",
       PullTrouble::absent},
      {500, R"(Get "http://localhost:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused)",
       PullTrouble::no_answer},
      {500, R"(Get "https://nosuchhost.invalid/v2/": dial tcp: lookup nosuchhost.invalid: no such host)",
       PullTrouble::no_answer},
      // as their sources have them
      {404, "pull access denied for a, repository does not exist or may require 'docker login'",
       PullTrouble::refused},
      {200, "toomanyrequests: You have reached your pull rate limit.", PullTrouble::rate_limit},
      {500, "Get \"https://r/v2/\": x509: certificate signed by unknown authority", PullTrouble::distrusted},
      {500, "Get \"https://r/v2/\": http: server gave HTTP response to HTTPS client",
       PullTrouble::distrusted},
      {404, "no matching manifest for linux/arm64/v8 in the manifest list entries", PullTrouble::absent},
      {500, "received unexpected HTTP status: 503 Service Unavailable", PullTrouble::no_answer},
      {500, "net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
       PullTrouble::no_answer},
      // by their status alone
      {401, "?", PullTrouble::refused},
      {404, "?", PullTrouble::absent},
      {429, "?", PullTrouble::rate_limit},
      {500, "?", PullTrouble::no_answer},
      {200, "?", PullTrouble::no_answer}};
  for (const auto& [status, text, trouble] : all) EXPECT_EQ(trouble_of(status, text), trouble) << text;
}

TEST(PullTrouble, OfTheWayThereMayPass) {
  EXPECT_TRUE(may_pass(PullTrouble::no_answer));
  for (const auto other :
       {PullTrouble::refused, PullTrouble::absent, PullTrouble::rate_limit, PullTrouble::distrusted})
    EXPECT_FALSE(may_pass(other));
}

}  // namespace
}  // namespace sandbox::docker
