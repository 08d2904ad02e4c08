// What every image store does with files of images: the fake, and each real engine that
// ORCHESTRATOR_TEST_ENGINES names.
#include <gtest/gtest.h>

#include <filesystem>

#include "sandbox/io/uuid.h"
#include "tests/support/docker_fixture.h"
#include "tests/support/fake_image_store.h"
#include "tests/support/fake_loop.h"
#include "tests/support/test_engines.h"

namespace {

using testing_support::DockerFixture;
using testing_support::engines_and_the_fake;
using testing_support::FakeLoop;
using testing_support::kFake;
using testing_support::TestEngine;

constexpr const char* kKind = "contract";

class ImageStoreContract : public ::testing::TestWithParam<TestEngine> {
 protected:
  ImageStoreContract() {
    if (GetParam().name == kFake) {
      fake_ = std::make_unique<sandbox::FakeImageStore>(fake_loop_);
      fake_->add_image("base");
      base_ =
          ask<std::optional<sandbox::Image>>([&](auto done) { fake_->inspect("base", done); }).value()->id;
    } else {
      fixture_ = &DockerFixture::shared(GetParam());
      base_ = fixture_->image();
    }
    image_ = build();
  }
  ~ImageStoreContract() override {
    remove(image_.id);
    std::filesystem::remove(file_);
  }

  sandbox::ImageStore& store() { return fake_ ? *fake_ : fixture_->engine().images(); }
  io::Loop& loop() { return fake_ ? static_cast<io::Loop&>(fake_loop_) : fixture_->loop(); }

  template <class T, class Fn>
  io::Result<T> ask(Fn start) {
    return io::await<io::Result<T>>(loop(), start);
  }
  template <class T, class Fn>
  io::Result<T> transfer(Fn start) {
    std::unique_ptr<sandbox::ImageTransfer> handle;
    return io::await<io::Result<T>>(loop(), [&](auto done) { handle = start(std::move(done)); });
  }

  sandbox::Image build() {
    sandbox::BuildObserver observer;
    std::unique_ptr<sandbox::BuildHandle> handle;
    sandbox::LayerSpec spec{.parent = base_, .kind = kKind, .key = key_, .tar_file = ""};
    spec.env = {{"OF_LAYER", "yes"}};
    return ask<sandbox::Image>([&](auto done) { handle = store().build(spec, observer, std::move(done)); })
        .value();
  }
  bool remove(const std::string& id) {
    return ask<bool>([&](auto done) { store().remove(id, std::move(done)); }).value();
  }
  bool is_there(const std::string& id) {
    return ask<std::optional<sandbox::Image>>([&](auto done) { store().inspect(id, std::move(done)); })
        .value()
        .has_value();
  }
  std::optional<sandbox::Image> layer() {
    return ask<std::optional<sandbox::Image>>(
               [&](auto done) { store().find_layer(kKind, key_, std::move(done)); })
        .value();
  }
  io::Result<std::int64_t> save(const std::string& id) {
    return transfer<std::int64_t>([&](auto done) { return store().save(id, file_, std::move(done)); });
  }
  io::Result<sandbox::Image> load() {
    return transfer<sandbox::Image>([&](auto done) { return store().load(file_, std::move(done)); });
  }

  FakeLoop fake_loop_;
  std::unique_ptr<sandbox::FakeImageStore> fake_;
  DockerFixture* fixture_ = nullptr;
  std::string base_;
  const std::string key_ = [] {
    std::string hex = io::random_uuid();
    std::erase(hex, '-');
    return hex;
  }();
  const std::string file_ = "/tmp/orchestrator-contract-" + key_ + ".tar";
  sandbox::Image image_;
};

TEST_P(ImageStoreContract, AnImageThatWasSavedAndRemovedIsLoadedAsWhatItWas) {
  const auto size = save(image_.id).value();
  EXPECT_EQ(static_cast<std::uintmax_t>(size), std::filesystem::file_size(file_));
  ASSERT_TRUE(remove(image_.id));
  ASSERT_FALSE(is_there(image_.id));
  const auto again = load().value();
  EXPECT_EQ(again.id, image_.id);
  EXPECT_EQ(again.labels.at(sandbox::kKeyLabel), key_);
  EXPECT_EQ(again.env, image_.env);
}

TEST_P(ImageStoreContract, ALoadedImageIsALayerOnceItIsNamedSo) {
  save(image_.id).value();
  ASSERT_TRUE(remove(image_.id));
  load().value();
  EXPECT_FALSE(layer()) << "the file holds no name";
  const auto named = ask<sandbox::Image>([&](auto done) {
                       store().name_layer(image_.id, kKind, key_, std::move(done));
                     }).value();
  EXPECT_EQ(named.id, image_.id);
  ASSERT_TRUE(layer());
  EXPECT_EQ(layer()->id, image_.id);
}

TEST_P(ImageStoreContract, AnImageThatIsThereMayBeLoadedAgain) {
  save(image_.id).value();
  EXPECT_EQ(load().value().id, image_.id);
}

TEST_P(ImageStoreContract, WhatIsNotThereIsNotSavedAndLeavesNoFile) {
  EXPECT_FALSE(save("sha256:" + std::string(64, '0')).ok());
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_P(ImageStoreContract, AFileThatHoldsNoImageIsAnError) {
  std::ofstream(file_) << std::string(10'240, '\0');
  EXPECT_FALSE(load().ok());
}

TEST_P(ImageStoreContract, NobodyIsToldOnceTheHandleIsLetGoOf) {
  bool told = false;
  auto handle = store().save(image_.id, file_, [&](io::Result<std::int64_t>) { told = true; });
  handle.reset();
  is_there(image_.id);  // whatever was under way has had its turn
  EXPECT_FALSE(told);
}

INSTANTIATE_TEST_SUITE_P(Engines, ImageStoreContract, ::testing::ValuesIn(engines_and_the_fake()),
                         [](const auto& engine) { return engine.param.name; });

}  // namespace
