// Images on their way to a file and back, with an engine that answers by a script.
#include "sandbox/docker/image_transfer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "sandbox/docker/docker_images.h"
#include "sandbox/io/error.h"
#include "tests/support/scripted_engine.h"
#include "tests/support/skipping_loop.h"

namespace sandbox::docker {
namespace {

using namespace testing_support;

const std::string kId = "sha256:" + std::string(64, 'a');
const std::string kGet = "GET /images/" + url_encode(kId) + "/get";
constexpr const char* kLoad = "POST /images/load";

class ATransfer : public ::testing::Test {
 protected:
  ~ATransfer() override { std::filesystem::remove(file_); }

  template <class T>
  struct Running {
    std::optional<io::Result<T>> result;
    std::unique_ptr<ImageTransfer> handle;
  };
  template <class T>
  io::Result<T> wait_for(Running<T>& running) {
    loop_.until([&] { return running.result.has_value(); });
    return *running.result;
  }
  void start_save(Running<std::int64_t>& running) {
    running.handle =
        images_->save(kId, file_, [&](io::Result<std::int64_t> value) { running.result = value; });
    EXPECT_FALSE(running.result) << "before it returned";
  }
  io::Result<std::int64_t> save() {
    Running<std::int64_t> running;
    start_save(running);
    return wait_for(running);
  }
  io::Result<Image> load(const std::string& content = "the tar") {
    std::ofstream(file_, std::ios::binary) << content;
    Running<Image> running;
    running.handle = images_->load(file_, [&](io::Result<Image> value) { running.result = value; });
    return wait_for(running);
  }
  template <class T>
  static std::string error_of(const io::Result<T>& result) {
    return result.ok() ? "" : io::describe(result.error());
  }
  std::string written() const {
    std::ifstream file(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::string line(const std::string& text) { return Json{{"stream", text + "\n"}}.dump() + "\r\n"; }

  SkippingLoop loop_;
  ScriptedEngine engine_{loop_};
  DockerClient client_{loop_, {engine_.socket()}};
  Containers containers_;
  EngineTraits traits_;
  std::unique_ptr<ImageStore> images_ = make_images(client_, containers_, traits_);
  const std::string file_ = ::testing::TempDir() + "image-transfer-" + std::to_string(::getpid()) + ".tar";
};

TEST_F(ATransfer, SavesWhatTheEngineSendsAsItComes) {
  const std::string large(3'000'000, 'x');
  engine_.on(kGet, chunked(200, {"first ", large, " last"}));
  EXPECT_EQ(save().value(), 11 + 3'000'000);
  EXPECT_EQ(written(), "first " + large + " last");
}

TEST_F(ATransfer, LeavesNoFileOfAnImageThatIsNotThere) {
  engine_.on(kGet, answer(404, R"({"message":"No such image"})"));
  EXPECT_EQ(error_of(save()), "saving image " + kId + ": the engine answered 404: No such image");
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(ATransfer, ThatBreaksOffLeavesNoFile) {
  engine_.on(kGet, garbage("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"));
  EXPECT_NE(error_of(save()), "");
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(ATransfer, ThatIsLetGoOfLeavesNoFileAndTellsNobody) {
  engine_.on(kGet, raw_stream().then("some").wait("never"));
  Running<std::int64_t> running;
  start_save(running);
  loop_.until([&] { return written() == "some"; });
  running.handle.reset();
  EXPECT_FALSE(std::filesystem::exists(file_));
  loop_.settle();
  EXPECT_FALSE(running.result);
}

TEST_F(ATransfer, ThatNeverEndsIsGivenUp) {
  engine_.on(kGet, raw_stream().then("some").wait("never"));
  Running<std::int64_t> running;
  start_save(running);
  loop_.until([&] { return written() == "some"; });
  loop_.skip(std::chrono::minutes(31));
  EXPECT_NE(error_of(wait_for(running)).find("within 30 minutes"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(ATransfer, IntoAFolderThatIsNotThereIsAnErrorOfTheHost) {
  EXPECT_THROW((void)images_->save(kId, "/nowhere/x.tar", [](io::Result<std::int64_t>) {}), io::HostError);
}

TEST_F(ATransfer, LoadsTheFileAndAsksForWhatCameOfIt) {
  engine_.on(kLoad, answer(200, line("Loaded image ID: " + kId)));
  engine_.on("GET /images/" + url_encode(kId) + "/json", answer(200, Json{{"Id", kId}}.dump()));
  EXPECT_EQ(load().value().id, kId);
  EXPECT_EQ(engine_.request(kLoad).body, "the tar");
  EXPECT_NE(engine_.request(kLoad).head.find("application/x-tar"), std::string::npos);
}

TEST_F(ATransfer, TellsTheEnginesOwnWordsWhenALoadFails) {
  engine_.on(kLoad, answer(200, R"({"errorDetail":{"message":"archive/tar: invalid tar header"}})"));
  EXPECT_EQ(error_of(load()), "loading the image of " + file_ + ": archive/tar: invalid tar header");
  engine_.on(kLoad, answer(500, R"({"message":"no space left on device"})"));
  EXPECT_EQ(error_of(load()),
            "loading the image of " + file_ + ": the engine answered 500: no space left on device");
}

TEST(LoadedImage, IsWhatTheEngineNames) {
  EXPECT_EQ(loaded_image("{\"stream\":\"Loaded image ID: sha256:12\\n\"}\n"), "sha256:12");
  EXPECT_EQ(loaded_image("{\"stream\":\"Loaded image: sha256:12\"}"), "sha256:12");
  EXPECT_EQ(loaded_image("{\"status\":\"Loading layer\"}\n{\"stream\":\"Loaded image: a:1\\n\"}\n"), "a:1");
  EXPECT_THROW(loaded_image("{}"), EngineError);
  EXPECT_THROW(loaded_image("{\"stream\":\"Loaded image: a:1,b:2\"}"), EngineError);
  EXPECT_THROW(loaded_image("{\"stream\":\"Loaded image: a:1\"}\n{\"stream\":\"Loaded image: b:1\"}"),
               EngineError);
}

}  // namespace
}  // namespace sandbox::docker
