// Layers that are kept in a folder, and what is made of a folder in which something is wrong.
#include "orchestrator/run/cached_layers.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "images/packed_file.h"
#include "sandbox/io/curl_loop.h"
#include "sandbox/io/error.h"
#include "tests/support/fake_image_store.h"
#include "tests/support/temporary_folder.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;
using Sentences = std::vector<std::string>;

constexpr const char* kCachedParent = "sha256:0";

// A host that may use the folder; its engine is the test's.
struct EmptyHost : sandbox::BuildObserver {
  EmptyHost(io::Loop& its_loop, sandbox::FakeImageStore& store, ImageCache cache)
      : loop(its_loop), layers(loop, store, std::move(cache), nullptr) {}

  io::Result<sandbox::Image> want(const std::string& kind = "dependencies", const std::string& key = "a1") {
    sandbox::LayerSpec spec{.parent = kCachedParent, .kind = kind, .key = key, .tar_file = ""};
    spec.steps.push_back({"installing", {}});
    return io::await<io::Result<sandbox::Image>>(
        loop, [&](auto done) { handle = layers.build(std::move(spec), *this, std::move(done)); });
  }
  void step_started(const std::string& title) override { steps.push_back(title); }
  void taken_from(const std::string& file) override {
    EXPECT_TRUE(fs::exists(file));
    ++given;
  }
  void warned(const std::string& sentence) override { warnings.push_back(sentence); }

  io::Loop& loop;
  CachedLayers layers;
  Sentences steps, warnings;
  int given = 0;
  std::unique_ptr<sandbox::BuildHandle> handle;
};

class CachedLayersTest : public ::testing::Test {
 protected:
  EmptyHost host(std::optional<std::int64_t> most = std::nullopt) { return {loop_, store_, {folder_, most}}; }
  // The engine of a host that starts empty: what it had is gone.
  void forget(const sandbox::Image& image) {
    io::await<io::Result<bool>>(loop_, [&](auto done) { store_.remove(image.id, std::move(done)); }).value();
  }
  std::optional<sandbox::Image> found(const std::string& kind, const std::string& key) {
    return io::await<io::Result<std::optional<sandbox::Image>>>(
               loop_, [&](auto done) { store_.find_layer(kind, key, std::move(done)); })
        .value();
  }
  std::string tar(const std::string& name = "dependencies-a1") const { return folder_ + "/" + name + ".tar"; }
  std::string side(const std::string& name = "dependencies-a1") const {
    return folder_ + "/" + name + ".json";
  }
  nlohmann::json read_side() const { return nlohmann::json::parse(std::ifstream(side())); }
  void write_side(const nlohmann::json& json) const { std::ofstream(side()) << json.dump(); }
  Sentences files() const {
    Sentences names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  // After a layer was kept, spoiled and gone: it is built again, with this word in the one warning, and then
  // as good as new.
  void expect_rebuilt(const std::function<void()>& spoil, const std::string& word) {
    EmptyHost first = host();
    const auto image = first.want().value();
    spoil();
    forget(image);
    const std::size_t built = store_.built.size();
    EmptyHost second = host();
    ASSERT_TRUE(second.want().ok());
    EXPECT_EQ(store_.built.size(), built + 1);
    ASSERT_EQ(second.warnings.size(), 1u);
    EXPECT_NE(second.warnings[0].find(word), std::string::npos) << second.warnings[0];
    EXPECT_NE(second.warnings[0].find(tar()), std::string::npos) << second.warnings[0];
    EXPECT_EQ(second.given, 0);
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string root_ = temporary_.path(), folder_ = root_ + "/cache";
  io::CurlLoop loop_;
  sandbox::FakeImageStore store_{loop_};
};

TEST_F(CachedLayersTest, AreBuiltOnceForHostsThatStartEmpty) {
  EmptyHost first = host();
  const auto image = first.want().value();
  EXPECT_EQ(files(), (Sentences{"dependencies-a1.json", "dependencies-a1.tar"}));
  EXPECT_EQ(first.given, 0);
  forget(image);
  EmptyHost second = host();
  EXPECT_EQ(second.want().value().id, image.id);
  EXPECT_EQ(store_.built.size(), 1u) << "no step has run";
  EXPECT_EQ(second.given, 1);
  EXPECT_EQ(second.warnings, Sentences{});
  EXPECT_EQ(second.steps, Sentences{"taking the layer from " + tar()});
  EXPECT_EQ(found("dependencies", "a1")->id, image.id) << "it has its name";
}

TEST_F(CachedLayersTest, SayBesideTheFileWhatItIs) {
  EmptyHost one = host();
  const auto image = one.want().value();
  const auto json = read_side();
  EXPECT_EQ(json.at("kind"), "dependencies");
  EXPECT_EQ(json.at("key"), "a1");
  EXPECT_EQ(json.at("image"), image.id);
  EXPECT_EQ(json.at("parent"), kCachedParent);
  EXPECT_EQ(json.at("bytes"), fs::file_size(tar()));
}

TEST_F(CachedLayersTest, AreOnlyThoseThatAreInstalled) {
  EmptyHost one = host();
  for (const char* kind : {"sources", "seal"}) ASSERT_TRUE(one.want(kind).ok());
  EXPECT_FALSE(fs::exists(folder_));
  ASSERT_TRUE(one.want("tools").ok());
  EXPECT_TRUE(fs::exists(tar("tools-a1")));
}

TEST_F(CachedLayersTest, ThatFailedToBuildAreNotKept) {
  store_.fail_next_build("dependencies",
                         sandbox::StepFailed("installing", sandbox::Outcome::failed, {}, "no network"));
  EmptyHost one = host();
  EXPECT_FALSE(one.want().ok());
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(CachedLayersTest, ThatAreDamagedAreBuiltAgain) {
  expect_rebuilt([&] { std::ofstream(tar(), std::ios::app) << "x"; }, "damaged");
  expect_rebuilt([&] { fs::resize_file(tar(), 700); }, "damaged");
  expect_rebuilt(
      [&] {
        std::fstream file(tar(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(520);
        file << "#";
      },
      "damaged");
  EmptyHost last = host();
  forget(*found("dependencies", "a1"));
  EXPECT_TRUE(last.want().ok());
  EXPECT_EQ(last.warnings, Sentences{}) << "what was built again is kept again";
}

TEST_F(CachedLayersTest, WhoseSideFileIsWrongAreBuiltAgain) {
  expect_rebuilt([&] { std::ofstream(side()) << "no JSON"; }, "side file");
  const auto edit = [&](const char* key, const nlohmann::json& value) {
    return [=, this] {
      auto json = read_side();
      json[key] = value;
      write_side(json);
    };
  };
  expect_rebuilt(edit("format", 2), "side file");
  expect_rebuilt(edit("key", "b2"), "another layer");
  expect_rebuilt(edit("parent", "sha256:other"), "another image");
  expect_rebuilt(edit("image", "sha256:other"), "this engine has");
}

TEST_F(CachedLayersTest, ThatSomebodyElsePutThereAreNotTrusted) {
  // A whole and well described file, but of another layer's image.
  expect_rebuilt(
      [&] {
        EmptyHost other = host();
        const auto image = other.want("dependencies", "b2").value();
        fs::copy_file(tar("dependencies-b2"), tar(), fs::copy_options::overwrite_existing);
        auto json = nlohmann::json::parse(std::ifstream(side("dependencies-b2")));
        json["key"] = "a1";
        write_side(json);
      },
      "says of itself that it is another layer");
}

TEST_F(CachedLayersTest, WhoseImageWouldNameOthersNeverReachTheEngine) {
  store_.loaded.clear();
  expect_rebuilt(
      [&] {
        const std::string bytes =
            testing_support::MadeTar().file("manifest.json", R"([{"RepoTags":["python:3"]}])").bytes();
        std::ofstream(tar(), std::ios::binary) << bytes;
        auto json = read_side();
        json["bytes"] = bytes.size();
        json["sha256"] = images::sum_of_file(tar(), {}).sha256;
        write_side(json);
      },
      "python:3");
  EXPECT_EQ(store_.loaded, Sentences{});
}

TEST_F(CachedLayersTest, OfAnEngineThatCountsIdsOtherwiseAreBuilt) {
  expect_rebuilt([&] { store_.count_ids_otherwise(); }, "this engine has");
}

TEST_F(CachedLayersTest, AreThereWithoutAFolderThatCanBeWritten) {
  std::ofstream(folder_) << "a file";
  EmptyHost one = host();
  ASSERT_TRUE(one.want().ok());
  ASSERT_EQ(one.warnings.size(), 1u);
  EXPECT_NE(one.warnings[0].find("was not kept in " + folder_), std::string::npos) << one.warnings[0];
}

TEST_F(CachedLayersTest, AreThereWhenTheEngineDoesNotSaveThem) {
  store_.fail_saves("no space left on device");
  EmptyHost one = host();
  ASSERT_TRUE(one.want().ok());
  ASSERT_EQ(one.warnings.size(), 1u);
  EXPECT_NE(one.warnings[0].find("no space left"), std::string::npos);
  EXPECT_FALSE(fs::exists(tar()));
}

TEST_F(CachedLayersTest, GoBeyondTheBoundTheLeastRecentlyUsedFirst) {
  EmptyHost one = host();
  const auto a = one.want("tools", "a1").value();
  const auto size = static_cast<std::int64_t>(fs::file_size(tar("tools-a1")));
  one.want("tools", "b2").value();
  const auto at = [&](const std::string& name, int hours) {
    fs::last_write_time(tar(name), fs::file_time_type::clock::now() - std::chrono::hours(hours));
  };
  at("tools-a1", 3);
  at("tools-b2", 2);
  std::ofstream(folder_ + "/of-others.tar") << std::string(1 << 20, 'x');
  std::ofstream(folder_ + "/notes.json") << "{}";
  forget(a);
  EXPECT_EQ(host(2 * size).want("tools", "a1").value().id, a.id) << "used now";
  host(2 * size).want("tools", "c3").value();
  EXPECT_EQ(files(), (Sentences{"notes.json", "of-others.tar", "tools-a1.json", "tools-a1.tar",
                                "tools-c3.json", "tools-c3.tar"}));
  host(1).want("tools", "d4").value();
  EXPECT_EQ(files(), (Sentences{"notes.json", "of-others.tar", "tools-d4.json", "tools-d4.tar"}))
      << "the newest stays whatever its size";
}

TEST_F(CachedLayersTest, ThatNobodyFinishedGoAfterADay) {
  fs::create_directory(folder_);
  std::ofstream(folder_ + "/tools-a1.x.part") << "half";
  std::ofstream(folder_ + "/tools-b2.y.part") << "half";
  fs::last_write_time(folder_ + "/tools-a1.x.part",
                      fs::file_time_type::clock::now() - std::chrono::hours(25));
  host().want("tools", "c3").value();
  EXPECT_EQ(files(), (Sentences{"tools-b2.y.part", "tools-c3.json", "tools-c3.tar"}));
}

TEST_F(CachedLayersTest, TellNobodyOnceTheyAreLetGoOf) {
  EmptyHost one = host();
  bool told = false;
  sandbox::LayerSpec spec{.parent = kCachedParent, .kind = "tools", .key = "a1", .tar_file = ""};
  auto handle = one.layers.build(spec, one, [&](io::Result<sandbox::Image>) { told = true; });
  handle.reset();
  found("tools", "a1");
  EXPECT_FALSE(told);
  EXPECT_EQ(store_.builds_running, 0);
}

}  // namespace
}  // namespace orchestrator
