#include "sandbox/docker/docker_client.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "sandbox/io/error.h"
#include "tests/support/scripted_engine.h"
#include "tests/support/skipping_loop.h"

namespace sandbox::docker {
namespace {

using namespace std::chrono_literals;
using namespace testing_support;

std::string version_answer(const std::string& api, const std::string& oldest) {
  return Json{{"ApiVersion", api}, {"MinAPIVersion", oldest}}.dump();
}

class TheDockerClient : public ::testing::Test {
 protected:
  TheDockerClient() { unsetenv("DOCKER_API_VERSION"); }
  ~TheDockerClient() override { unsetenv("DOCKER_API_VERSION"); }

  // The error of a negotiation, or nothing.
  std::string negotiated(DockerClient& client) {
    std::optional<io::Result<Json>> result;
    client.negotiate([&](io::Result<Json> value) { result = std::move(value); });
    loop_.until([&] { return result.has_value(); });
    if (result->ok()) return "";
    EXPECT_THROW(result->value(), io::HostError);
    return io::describe(result->error());
  }
  std::string negotiated_with(const std::string& answered) {
    engine_.on("GET /version", answer(200, answered));
    return negotiated(client_);
  }

  // Waits until a call is to be tried again, and lets that time pass.
  void let_the_pause_pass(int which) {
    loop_.until([&] { return loop_.timers_made() == which; });
    loop_.skip(10s);
  }

  io::Result<Reply> answer_to(ApiCall call) {
    std::optional<io::Result<Reply>> result;
    const auto running =
        client_.call(std::move(call), [&](io::Result<Reply> value) { result = std::move(value); });
    loop_.until([&] { return result.has_value(); });
    return *result;
  }

  static ApiCall call(const std::string& method, const std::string& path) {
    ApiCall call;
    call.method = method;
    call.path = path;
    return call;
  }

  SkippingLoop loop_;
  ScriptedEngine engine_{loop_};
  DockerClient client_{loop_, {engine_.socket()}};
};

bool says(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

// ---- which version to speak

TEST_F(TheDockerClient, SpeaksAnOldEnginesOwnVersion) {
  EXPECT_EQ(negotiated_with(version_answer("1.41", "1.12")), "");
  EXPECT_EQ(client_.api_version(), "1.41");
}

TEST_F(TheDockerClient, SpeaksNoNewerVersionThanItKnows) {
  EXPECT_EQ(negotiated_with(version_answer("1.99", "1.24")), "");
  EXPECT_EQ(client_.api_version(), "1.47");
}

TEST_F(TheDockerClient, PutsTheVersionBeforeEachLaterPath) {
  negotiated_with(version_answer("1.43", "1.24"));
  answer_to(call("GET", "/info"));
  EXPECT_EQ(engine_.request("GET /version").version, "");
  EXPECT_EQ(engine_.request("GET /info").version, "1.43");
}

TEST_F(TheDockerClient, KeepsItsVersionWhileItAsksAgain) {
  negotiated_with(version_answer("1.43", "1.24"));
  engine_.on("GET /version", answer(200, version_answer("1.44", "1.24")).held("slow"));
  std::optional<io::Result<Json>> again;
  client_.negotiate([&](io::Result<Json> value) { again = std::move(value); });
  answer_to(call("GET", "/info"));
  EXPECT_EQ(engine_.request("GET /info").version, "1.43");
  engine_.open("slow");
  loop_.until([&] { return again.has_value(); });
  EXPECT_EQ(engine_.request("GET /version").version, "");
  EXPECT_EQ(client_.api_version(), "1.44");
}

// One that is kept answers also when nobody reaches the socket any more.
TEST_F(TheDockerClient, AsksAgainOnANewConnection) {
  negotiated_with(version_answer("1.43", "1.24"));
  answer_to(call("GET", "/info"));
  answer_to(call("GET", "/info"));
  const int before = engine_.connections();
  negotiated_with(version_answer("1.43", "1.24"));
  EXPECT_EQ(engine_.connections(), before + 1);
  std::filesystem::remove(engine_.socket());
  answer_to(call("GET", "/info"));
  EXPECT_EQ(engine_.connections(), before + 1);
  EXPECT_TRUE(says(negotiated_with(version_answer("1.43", "1.24")), engine_.socket()));
}

TEST_F(TheDockerClient, NamesTheVersionOfAnEngineThatIsTooOld) {
  const std::string error = negotiated_with(version_answer("1.40", "1.12"));
  EXPECT_TRUE(says(error, "too old")) << error;
  EXPECT_TRUE(says(error, "1.40")) << error;
  EXPECT_TRUE(says(error, "20.10")) << error;
}

TEST_F(TheDockerClient, RefusesAnEngineThatSpeaksOnlyNewerVersions) {
  const std::string error = negotiated_with(version_answer("2.3", "2.0"));
  EXPECT_TRUE(says(error, "2.0")) << error;
  EXPECT_TRUE(says(error, "1.47")) << error;
}

TEST_F(TheDockerClient, ComparesVersionsAsNumbers) {
  EXPECT_TRUE(says(negotiated_with(version_answer("1.5", "1.1")), "too old"));
}

TEST_F(TheDockerClient, SpeaksTheVersionThatThePersonAskedFor) {
  setenv("DOCKER_API_VERSION", "1.42", 1);
  EXPECT_EQ(negotiated_with(version_answer("1.47", "1.24")), "");
  EXPECT_EQ(client_.api_version(), "1.42");
}

TEST_F(TheDockerClient, AsksIfItIsAnEngineWhenTheAnswerIsNone) {
  for (const char* nonsense : {"<html>hello</html>", "", "[1,2]", R"({"ApiVersion":7})", "{}", "null"}) {
    const std::string error = negotiated_with(nonsense);
    EXPECT_TRUE(says(error, "is it Docker Engine")) << nonsense << " → " << error;
    EXPECT_TRUE(says(error, engine_.socket())) << error;
  }
}

TEST_F(TheDockerClient, AsksIfItIsAnEngineWhenTheVersionIsRefused) {
  engine_.on("GET /version", answer(403, R"({"message":"go away"})"));
  const std::string error = negotiated(client_);
  EXPECT_TRUE(says(error, "go away")) << error;
}

// ---- nobody there

TEST_F(TheDockerClient, SaysThatTheSocketDoesNotExistAndWhatToDo) {
  DockerClient client(loop_, {engine_.socket() + ".missing"});
  const std::string error = negotiated(client);
  EXPECT_TRUE(says(error, ".missing does not exist")) << error;
  EXPECT_TRUE(says(error, "--host")) << error;
}

TEST_F(TheDockerClient, SaysThatNobodyAnswersOnTheSocket) {
  engine_.die();
  const std::string error = negotiated(client_);
  EXPECT_TRUE(says(error, "does not answer")) << error;
}

TEST_F(TheDockerClient, SaysThatNobodyAnswersWhenTheConnectionBreaks) {
  engine_.on("GET /version", hang_up());
  EXPECT_TRUE(says(negotiated(client_), "does not answer"));
}

TEST_F(TheDockerClient, SaysThatThePermissionIsMissingAndWhatToDo) {
  if (geteuid() == 0 && seteuid(65534) != 0) FAIL() << "the test cannot give its rights away";
  chmod(engine_.socket().c_str(), 0);
  DockerClient client(loop_, {engine_.socket()});
  const std::string error = negotiated(client);
  if (getuid() == 0 && seteuid(0) != 0) FAIL() << "the test cannot take its rights back";
  EXPECT_TRUE(says(error, "no permission")) << error;
  EXPECT_TRUE(says(error, "group")) << error;
}

// The engine may go at any moment, not only before the first question.
TEST_F(TheDockerClient, SaysOfEveryCallThatNobodyAnswersAndWhereTheEngineShouldBe) {
  engine_.die();
  const auto expect_unreachable = [this](const std::exception_ptr& error) {
    ASSERT_TRUE(error);
    EXPECT_THROW(std::rethrow_exception(error), io::HostError);
    const std::string sentence = "the container engine at " + engine_.socket() + " does not answer";
    EXPECT_TRUE(says(io::describe(error), sentence)) << io::describe(error);
  };
  expect_unreachable(answer_to(call("POST", "/images/create")).error());

  std::optional<io::Result<io::HttpResponse>> end;
  io::HttpStream handlers;
  handlers.on_bytes = [](std::string_view) {};
  handlers.on_end = [&](io::Result<io::HttpResponse> result) { end = std::move(result); };
  const auto end_of = [&]([[maybe_unused]] std::unique_ptr<io::HttpCall> running) {
    loop_.until([&] { return end.has_value(); });
    return std::exchange(end, std::nullopt)->error();
  };
  expect_unreachable(end_of(client_.follow(call("POST", "/build"), handlers)));
  expect_unreachable(end_of(client_.stream("GET", "/images/x/get", std::nullopt, handlers)));
  expect_unreachable(end_of(client_.duplex("POST", "/containers/c1/attach", "", handlers)));
}

TEST_F(TheDockerClient, SaysThatTheSocketHasGoneAlsoLater) {
  DockerClient client(loop_, {engine_.socket() + ".missing"});
  std::optional<io::Result<Reply>> result;
  const auto running =
      client.call(call("GET", "/info"), [&](io::Result<Reply> value) { result = std::move(value); });
  loop_.until([&] { return result.has_value(); });
  EXPECT_THROW(result->value(), io::HostError);
  EXPECT_TRUE(says(io::describe(result->error()), ".missing does not exist"));
}

// ---- answers

TEST_F(TheDockerClient, GivesTheAnswerWhateverItsStatus) {
  engine_.on("DELETE /containers/c1", answer(404, R"({"message":"No such container: c1"})"));
  const auto result = answer_to(call("DELETE", "/containers/c1?force=1"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().status, 404);
  EXPECT_EQ(result.value().message(), "No such container: c1");
  EXPECT_EQ(engine_.request("DELETE /containers/c1").query, "force=1");
}

TEST_F(TheDockerClient, TakesAnErrorThatIsNoJsonAtItsWord) {
  EXPECT_EQ((Reply{500, "panic: out of luck"}.message()), "panic: out of luck");
  EXPECT_EQ((Reply{500, R"(["message"])"}.message()), R"(["message"])");
  EXPECT_EQ((Reply{500, R"({"message":7})"}.message()), R"({"message":7})");
  EXPECT_EQ((Reply{502, ""}.message()), "status 502");
  EXPECT_EQ((Reply{500, std::string(10'000, 'x')}.message().size()), 500u);
}

TEST_F(TheDockerClient, AnUnexpectedStatusIsAnErrorWithTheEnginesWords) {
  try {
    expect_success({409, R"({"message":"it is in use"})"}, "removing a thing");
    FAIL() << "409 is no success";
  } catch (const EngineError& error) {
    EXPECT_EQ(error.status, 409);
    EXPECT_EQ(std::string(error.what()), "removing a thing: the engine answered 409: it is in use");
  }
  EXPECT_NO_THROW(expect_success({204, ""}, ""));
  EXPECT_NO_THROW(expect_success({304, ""}, ""));
}

TEST_F(TheDockerClient, SendsJsonAsSuchAndFilesAsTar) {
  const std::string path = engine_.socket() + ".tar";
  std::ofstream(path) << "a tar";
  ApiCall json = call("POST", "/json");
  json.body = "{}";
  answer_to(json);
  ApiCall tar = call("PUT", "/tar");
  tar.tar_file = path;
  answer_to(tar);
  EXPECT_TRUE(says(engine_.request("POST /json").head, "Content-Type: application/json\r\n"));
  EXPECT_TRUE(says(engine_.request("PUT /tar").head, "Content-Type: application/x-tar\r\n"));
  EXPECT_EQ(engine_.request("PUT /tar").body, "a tar");
}

TEST_F(TheDockerClient, EncodesWhatWouldChangeAPath) {
  EXPECT_EQ(url_encode("a-b_c.d~e/f?g=h&i %"), "a-b_c.d~e%2Ff%3Fg%3Dh%26i%20%25");
  EXPECT_EQ(url_encode("\xff"), "%FF");
}

// ---- trying again

TEST_F(TheDockerClient, TriesARepeatableCallThreeTimesThenGivesTheLastAnswer) {
  engine_.always("GET /info", answer(503, "busy"));
  ApiCall info = call("GET", "/info");
  info.repeatable = true;
  std::optional<io::Result<Reply>> result;
  const auto running = client_.call(info, [&](io::Result<Reply> value) { result = std::move(value); });
  let_the_pause_pass(1);
  let_the_pause_pass(2);
  loop_.until([&] { return result.has_value(); });
  EXPECT_EQ(result->value().status, 503);
  EXPECT_EQ(engine_.asked("GET /info"), 3);
}

TEST_F(TheDockerClient, TriesARepeatableCallAgainWhenItsConnectionBroke) {
  engine_.on("GET /info", hang_up());
  engine_.on("GET /info", answer(200, "{}"));
  ApiCall info = call("GET", "/info");
  info.repeatable = true;
  std::optional<io::Result<Reply>> result;
  const auto running = client_.call(info, [&](io::Result<Reply> value) { result = std::move(value); });
  let_the_pause_pass(1);
  loop_.until([&] { return result.has_value(); });
  EXPECT_EQ(result->value().status, 200);
}

TEST_F(TheDockerClient, TriesNothingAgainThatIsAnError) {
  engine_.always("GET /info", answer(404, "{}"));
  ApiCall info = call("GET", "/info");
  info.repeatable = true;
  EXPECT_EQ(answer_to(info).value().status, 404);
  EXPECT_EQ(engine_.asked("GET /info"), 1);
}

TEST_F(TheDockerClient, TriesOtherCallsOnce) {
  engine_.always("POST /containers/create", answer(500, R"({"message":"no luck"})"));
  EXPECT_EQ(answer_to(call("POST", "/containers/create")).value().status, 500);
  EXPECT_EQ(engine_.asked("POST /containers/create"), 1);
}

// The transport must not do it either: a connection that was used before and breaks now may have carried a
// request that was heard.
TEST_F(TheDockerClient, SendsNoOtherCallAgainWhenAUsedConnectionBreaks) {
  engine_.always("GET /info", answer(200, "{}"));
  engine_.always("POST /containers/create", hang_up());
  answer_to(call("GET", "/info"));
  EXPECT_FALSE(answer_to(call("POST", "/containers/create")).ok());
  EXPECT_EQ(engine_.asked("POST /containers/create"), 1);
}

TEST_F(TheDockerClient, TriesNothingAgainOnceTheCallIsLetGo) {
  engine_.always("GET /info", hang_up());
  ApiCall info = call("GET", "/info");
  info.repeatable = true;
  int told = 0;
  auto running = client_.call(info, [&](io::Result<Reply>) { ++told; });
  loop_.until([&] { return loop_.timers_made() == 1; });
  running.reset();
  loop_.skip(1h);
  loop_.settle();
  EXPECT_EQ(engine_.asked("GET /info"), 1);
  EXPECT_EQ(told, 0);
}

TEST_F(TheDockerClient, LetsADetachedCallBeFollowedByAnotherInsideItsEnd) {
  engine_.always("GET /info", answer(200, "{}"));
  int told = 0;
  client_.call_detached(call("GET", "/info"), [&, word = std::make_shared<int>(1)](io::Result<Reply>) {
    client_.call_detached(call("GET", "/info"), [&](io::Result<Reply>) { ++told; });
    told += *word;
  });
  loop_.until([&] { return told == 2; });
}

TEST_F(TheDockerClient, ForgetsDetachedCallsWhenItGoes) {
  engine_.on("GET /info", answer(200, "{}").held("later"));
  int told = 0;
  {
    DockerClient client(loop_, {engine_.socket()});
    client.call_detached(call("GET", "/info"), [&](io::Result<Reply>) { ++told; });
    loop_.until([&] { return engine_.asked("GET /info") == 1; });
  }
  engine_.open("later");
  loop_.settle();
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace sandbox::docker
