// What an engine is asked for when an image is to be built by a Dockerfile, and what is made of its answers.
#include <filesystem>
#include <fstream>

#include "sandbox/docker/docker_images.h"
#include "tests/support/scripted_engine.h"
#include "tests/support/skipping_loop.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/docker/container_fixture.h"

namespace sandbox::docker {
namespace {

using namespace testing_support;

constexpr const char* kBuild = "POST /build";
const std::string kKey(64, 'a');

std::string line(const Json& entry) { return entry.dump() + "\n"; }
std::string stream(const std::string& text) { return line({{"stream", text}}); }
std::string failed(const std::string& message, const Json& code = nullptr) {
  Json detail = {{"message", message}};
  if (!code.is_null()) detail["code"] = code;
  return line({{"errorDetail", detail}, {"error", message}});
}
std::string aux(const std::string& id) { return line({{"aux", {{"ID", id}}}}); }

struct Told : BuildObserver {
  void step_started(const std::string& title) override { steps.push_back(title); }
  void step_output(Stream which, std::string_view bytes) override {
    (which == Stream::out ? out : err).append(bytes);
  }
  std::vector<std::string> steps;
  std::string out, err;
};

class ABuild : public ::testing::Test {
 protected:
  ABuild() {
    std::ofstream(folder_ + "/context.tar") << "the context";
    spec_.kind = "dockerfile";
    spec_.key = kKey;
    spec_.tar_file = folder_ + "/context.tar";
    spec_.labels = {{kKeeperLabel, "keeper"}};
    spec_.dockerfile = DockerfileBuild{"docker/My file", {{"A", "1"}, {"B", "x y"}}, install_limits()};
  }

  void start() {
    handle_ = images_->build(spec_, told_, [this](io::Result<Image> made) { result_ = std::move(made); });
    EXPECT_FALSE(result_) << "before it returned";
  }
  io::Result<Image> build() {
    start();
    loop_.until([&] { return result_.has_value(); });
    return *result_;
  }
  std::string failure() {
    try {
      build().value();
    } catch (const StepFailed& error) {
      const auto& exit = error.result().exit;
      return "step: " + error.title() + (exit ? " → " + std::to_string(exit->code) : "") + "\n" +
             error.log_tail();
    } catch (const PullFailed& error) {
      return std::string("pull: ") + error.what();
    } catch (const EngineError& error) {
      return std::string("engine: ") + error.what();
    }
    return "it was built";
  }
  void let_image_be(const std::string& id, const Json& tags, const std::string& created) {
    engine_.always(
        "GET /images/" + id + "/json",
        answer(200, Json{{"Id", "sha256:" + id}, {"RepoTags", tags}, {"Created", created}}.dump()));
    engine_.always("DELETE /images/" + url_encode("sha256:" + id), answer(200, "[]"));
  }
  // What an unfinished build has left was looked through.
  void until_idle() {
    loop_.until([&] { return images_->idle(); });
  }
  int removed(const std::string& id) { return engine_.asked("DELETE /images/" + url_encode("sha256:" + id)); }

  const testing_support::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
  LayerSpec spec_;
  Told told_;
  std::optional<io::Result<Image>> result_;
  SkippingLoop loop_;
  ScriptedEngine engine_{loop_};
  DockerClient client_{loop_, {engine_.socket()}};
  Containers containers_;
  EngineTraits traits_;
  std::unique_ptr<DockerImageStore> images_ = make_images(client_, containers_, traits_);
  std::unique_ptr<BuildHandle> handle_;
};

TEST_F(ABuild, IsAskedForWithItsContextArgumentsLabelsAndLimits) {
  engine_.on(kBuild, chunked(200, {stream("Step 1/1 : FROM base\n"), aux("sha256:made")}));
  engine_.on("GET /images/sha256%3Amade/json",
             answer(200, R"({"Id": "sha256:made", "Config": {"Env": ["A=1"]}})"));
  spec_.dockerfile->limits.cpus = 1.5;
  EXPECT_EQ(build().value().env, (EnvList{{"A", "1"}}));
  const Request asked = engine_.request(kBuild);
  EXPECT_EQ(asked.body, "the context");
  EXPECT_TRUE(says(asked.head, "Content-Type: application/x-tar"));
  const auto json = [](const Json& value) { return url_encode(value.dump()); };
  for (const std::string& part :
       {std::string("version=1&rm=1&forcerm=1&dockerfile=docker%2FMy%20file&"),
        "&t=orchestrator%2Flayer-dockerfile%3A" + std::string(32, 'a') + "&",
        "&buildargs=" + json({{"A", "1"}, {"B", "x y"}}) + "&",
        "&labels=" + json({{kKeeperLabel, "keeper"}, {kKindLabel, "dockerfile"}, {kKeyLabel, kKey}}) + "&",
        std::string("&networkmode=bridge&memory=4294967296&memswap=4294967296&shmsize=67108864&"),
        "&ulimits=" +
            json(Json::array({{{"Name", "nofile"}, {"Soft", 4096}, {"Hard", 4096}},
                              {{"Name", "core"}, {"Soft", 0}, {"Hard", 0}}})) +
            "&",
        std::string("&cpuperiod=100000&cpuquota=150000")})
    EXPECT_TRUE(says(asked.query, part)) << part << "\n" << asked.query;
}

TEST_F(ABuild, TellsPodmanOfUlimitsInItsOwnWords) {
  traits_.build_ulimits_as_words = true;
  engine_.on(kBuild, chunked(200, {aux("sha256:made")}));
  engine_.on("GET /images/sha256%3Amade/json", answer(200, R"({"Id": "sha256:made"})"));
  build().value();
  const std::string words = url_encode(R"(["nofile=4096:4096","core=0:0"])");
  EXPECT_TRUE(says(engine_.request(kBuild).query, "&ulimits=" + words)) << engine_.request(kBuild).query;
}

TEST_F(ABuild, TellsItsStepsAndWhatTheyPrint) {
  engine_.on(kBuild,
             chunked(200, {stream("Step 1/2 : FROM base"), stream("\n"), stream("Step 2/2 : RUN make"),
                           stream("out\n"), stream("\x1b[91merr\n\x1b[0m"), aux("sha256:made")}));
  engine_.on("GET /images/sha256%3Amade/json", answer(200, R"({"Id": "sha256:made"})"));
  build().value();
  EXPECT_EQ(told_.steps, (std::vector<std::string>{"step 1: FROM base", "step 2: RUN make"}));
  EXPECT_EQ(told_.out, "out\n");
  EXPECT_EQ(told_.err, "err\n");
}

TEST_F(ABuild, ThatFailsNamesTheStepItsExitCodeAndTheEndOfItsLog) {
  engine_.on(kBuild, chunked(200, {stream("Step 1/2 : FROM base"), stream("of another step\n"),
                                   stream("Step 2/2 : RUN false"), stream("no\n"), failed("returned 3", 3)}));
  EXPECT_EQ(failure(), "step: step 2: RUN false → 3\nno\n");
}

TEST_F(ABuild, ThatFailsWithoutACommandSaysWhatTheEngineSays) {
  engine_.on(kBuild, chunked(200, {stream("Step 2/2 : COPY a /"), failed("COPY failed: no a")}));
  EXPECT_EQ(failure(), "step: step 2: COPY a /\nCOPY failed: no a\n");
}

// Somebody else's removal may take it between the engine's finding it and its building on it.
TEST_F(ABuild, ThatLosesACachedStepIsAskedForAgain) {
  engine_.on(kBuild,
             chunked(200, {stream("Step 1/4 : FROM base"), stream("Step 2/4 : COPY a /"),
                           stream(" ---> 222222222222\n"), stream("Step 3/4 : COPY b /"),
                           failed("failed to set parent sha256:9: unknown parent image ID sha256:9")}));
  engine_.on(kBuild, chunked(200, {stream("Step 1/4 : FROM base"), aux("sha256:made")}));
  engine_.on("GET /images/sha256%3Amade/json", answer(200, R"({"Id": "sha256:made"})"));
  let_image_be("222222222222", Json::array(), "2100-01-01T00:00:00Z");
  build().value();
  EXPECT_EQ(engine_.asked(kBuild), 2);
  until_idle();
  EXPECT_EQ(removed("222222222222"), 1) << "what the first had made";
}

TEST_F(ABuild, ThatLosesACachedStepEachTimeFails) {
  for (int i = 0; i < 3; ++i)
    engine_.on(kBuild, chunked(200, {stream("Step 2/2 : RUN make"), failed("No such image: sha256:9")}));
  EXPECT_EQ(failure(), "step: step 2: RUN make\nNo such image: sha256:9\n");
  EXPECT_EQ(engine_.asked(kBuild), 3);
}

TEST_F(ABuild, WhoseCommandPrintsThatAnImageIsMissingFailsAtOnce) {
  engine_.on(kBuild, chunked(200, {stream("Step 2/2 : RUN docker run x"), stream("No such image: sha256:9\n"),
                                   failed("No such image: sha256:9 returned 1", 1)}));
  EXPECT_EQ(failure(), "step: step 2: RUN docker run x → 1\nNo such image: sha256:9\n");
  EXPECT_EQ(engine_.asked(kBuild), 1);
}

TEST_F(ABuild, WhoseBaseCannotBeFetchedIsAPullThatFailed) {
  engine_.on(kBuild, chunked(200, {stream("Step 1/2 : FROM nope"), failed("pull access denied for nope")}));
  EXPECT_EQ(failure(), "pull: pull access denied for nope");
}

TEST_F(ABuild, OfADockerfileThatIsNoneIsItsOwnFaultAndNotTheEngines) {
  engine_.on(kBuild,
             answer(400, R"({"message": "dockerfile parse error line 2: unknown instruction: FOO"})"));
  EXPECT_EQ(failure(), "step: reading it\ndockerfile parse error line 2: unknown instruction: FOO\n");
  result_.reset();
  engine_.on(kBuild, answer(500, R"({"message": "the Dockerfile (x) cannot be empty"})"));
  EXPECT_EQ(failure(), "step: reading it\nthe Dockerfile (x) cannot be empty\n");
  result_.reset();
  engine_.on(kBuild, answer(500, R"({"message": "no space left on device"})"));
  EXPECT_TRUE(says(failure(), "engine: building by a Dockerfile: the engine answered 500: no space"));
}

TEST_F(ABuild, ThatNamesNoImageHasNotSucceeded) {
  engine_.on(kBuild, chunked(200, {stream("Step 1/2 : FROM base")}));
  EXPECT_TRUE(says(failure(), "does not say which image it has made"));
}

TEST_F(ABuild, ThatTakesTooLongIsEndedAndLeavesNoImageOfItsSteps) {
  engine_.on(kBuild, raw_stream(200)
                         .then(stream("Step 1/4 : FROM base\n") + stream(" ---> 111111111111\n") +
                               stream("Step 2/4 : COPY a /\n") + stream(" ---> 222222222222\n") +
                               stream("Step 3/4 : COPY b /\n") + stream(" ---> 333333333333\n") +
                               stream("Step 4/4 : RUN sleep\n") + stream("so far\n"))
                         .wait("never"));
  let_image_be("222222222222", Json::array(), "2100-01-01T00:00:00Z");
  engine_.always("GET /images/333333333333/json",
                 answer(200, R"({"Id": "sha256:333333333333", "Created": "2100-01-01T00:00:00Z"})"));
  const std::string last = "DELETE /images/" + url_encode("sha256:333333333333");
  engine_.on(last, answer(409, R"({"message": "image is being used by running container"})"));
  engine_.on(last, answer(200, "[]"));
  spec_.dockerfile->limits.timeout = std::chrono::minutes(9);
  start();
  loop_.until([&] { return !told_.out.empty(); });
  EXPECT_FALSE(result_);
  loop_.skip(std::chrono::minutes(10));
  loop_.until([&] { return result_.has_value(); });
  try {
    result_->value();
    ADD_FAILURE();
  } catch (const StepFailed& error) {
    EXPECT_EQ(error.outcome(), Outcome::timed_out);
    EXPECT_EQ(error.title(), "step 4: RUN sleep");
    EXPECT_EQ(error.log_tail(), "so far\n");
    EXPECT_EQ(error.result().duration, std::chrono::minutes(9));
  }
  EXPECT_FALSE(images_->idle());
  loop_.until([&] { return engine_.asked(last) == 1; });
  loop_.until([&] {
    loop_.skip(std::chrono::seconds(1));
    return images_->idle();
  });
  EXPECT_EQ(engine_.asked(last), 2);
  EXPECT_EQ(removed("222222222222"), 1);
  EXPECT_EQ(engine_.asked("GET /images/111111111111/json"), 0) << "the base";
}

TEST_F(ABuild, ThatPrintsIdsOfImagesThatAreNotItsOwnRemovesNone) {
  engine_.on(kBuild, chunked(200, {stream("Step 1/1 : RUN evil"), stream(" ---> 111111111111\n"),
                                   stream(" ---> 222222222222\n"), stream(" ---> 333333333333\n"),
                                   failed("returned 1", 1)}));
  let_image_be("111111111111", Json::array({"python:3.12"}), "2100-01-01T00:00:00Z");
  let_image_be("222222222222", Json::array(), "2020-01-01T00:00:00Z");
  failure();
  until_idle();
  for (const char* id : {"111111111111", "222222222222"}) EXPECT_EQ(removed(id), 0) << id;
  EXPECT_EQ(engine_.asked("GET /images/111111111111/json"), 1) << "they were looked at";
}

TEST_F(ABuild, ThatIsLetGoOfClosesItsConnectionAndTellsNobody) {
  engine_.on(kBuild, raw_stream(200).then(stream("Step 1/1 : RUN sleep\n")).wait("never"));
  start();
  loop_.until([&] { return !told_.steps.empty(); });
  handle_.reset();
  loop_.settle();
  EXPECT_FALSE(result_);
  EXPECT_TRUE(images_->idle());
}

TEST_F(ABuild, ThatPrintsWithoutEndIsStopped) {
  engine_.on(kBuild,
             chunked(200, {stream("Step 1/1 : RUN yes"), stream(std::string(2000, 'y')), failed("late")}));
  spec_.dockerfile->limits.output_stop_bytes = 1000;
  try {
    build().value();
    ADD_FAILURE();
  } catch (const StepFailed& error) {
    EXPECT_EQ(error.outcome(), Outcome::output_limit);
  }
}

}  // namespace
}  // namespace sandbox::docker
