// A real engine for tests: connected, probed, with an image that holds the supervisor. Tests that need it
// fail, never skip, when no engine answers.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "sandbox/docker/docker_sandbox.h"
#include "sandbox/io/curl_loop.h"
#include "sandbox/io/error.h"
#include "tests/support/engine_ways.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_engines.h"

namespace testing_support {

inline std::string test_base() {
  const char* said = std::getenv("ORCHESTRATOR_TEST_BASE");
  return said ? said : "orchestrator/python:trixie";
}

class DockerFixture {
 public:
  explicit DockerFixture(const TestEngine& engine) {
    engine_ = sandbox::docker::connect(loop_, {address_of(engine), folder_});
    capabilities_ = io::await<io::Result<sandbox::Capabilities>>(loop_, [&](auto done) {
                      engine_->sandbox().probe(std::move(done));
                    }).value();
    image_ = build_image();
  }
  ~DockerFixture() { drain(); }

  // The one of an engine, made at the first call, for all tests of this process.
  static DockerFixture& shared(const TestEngine& engine) {
    static std::map<std::string, std::unique_ptr<DockerFixture>> fixtures;
    auto& fixture = fixtures[engine.name];
    if (!fixture) fixture = std::make_unique<DockerFixture>(engine);
    return *fixture;
  }

  void drain() {
    loop_.run_until([&] { return engine_->idle(); });
  }

  io::CurlLoop& loop() { return loop_; }
  sandbox::Engine& engine() { return *engine_; }
  const sandbox::Capabilities& capabilities() const { return capabilities_; }
  const std::string& image() const { return image_; }
  const std::string& folder() const { return folder_; }

 private:
  // What the way there needs of the environment is this process's from now on; sockets ask nothing of it.
  std::string address_of(const TestEngine& engine) {
    if (engine.name == "tls") way_ = std::make_unique<TlsWay>();
    if (engine.name == "ssh") way_ = std::make_unique<SshWay>();
    if (!way_) return engine.url;
    for (const auto& entry : way_->env()) {
      const auto equals = entry.find('=');
      setenv(entry.substr(0, equals).c_str(), entry.substr(equals + 1).c_str(), 1);
    }
    return way_->url();
  }

  // The supervisor in a layer of its own, with the test user made by it.
  std::string build_image() {
    std::ifstream binary(SUPERVISOR_BINARY, std::ios::binary);
    const std::string supervisor(std::istreambuf_iterator<char>(binary), {});
    const std::string root = folder_ + "/root";
    std::filesystem::create_directories(root + "/.orchestrator");
    std::filesystem::copy_file(SUPERVISOR_BINARY, root + "/.orchestrator/supervisor");
    const std::string tar = folder_ + "/supervisor.tar";
    if (std::system(("tar --owner=0 --group=0 -C " + root + " -cf " + tar + " .orchestrator").c_str()) != 0)
      throw std::runtime_error("tar failed");
    const std::string key = "contract-" + std::to_string(std::hash<std::string>{}(supervisor));
    const auto made = io::await<io::Result<std::optional<sandbox::Image>>>(loop_, [&](auto done) {
                        engine_->images().find_layer("contract", key, std::move(done));
                      }).value();
    if (made) return made->id;
    const auto base = io::await<io::Result<std::optional<sandbox::Image>>>(loop_, [&](auto done) {
                        engine_->images().inspect(test_base(), std::move(done));
                      }).value();
    if (!base)
      throw std::runtime_error("no base image " + test_base() +
                               "; make it with: orchestrator images bootstrap python");
    sandbox::LayerSpec spec;
    spec.parent = base->id;
    spec.kind = "contract";
    spec.key = key;
    spec.tar_file = tar;
    sandbox::LayerBuildStep step;
    step.title = "preparing";
    step.execution.argv = {sandbox::kSupervisorPath, "prepare"};
    step.execution.workdir = "/";
    step.execution.privilege = sandbox::Privilege::install;
    spec.steps.push_back(step);
    sandbox::BuildObserver observer;
    std::unique_ptr<sandbox::BuildHandle> build;
    return io::await<io::Result<sandbox::Image>>(
               loop_, [&](auto done) { build = engine_->images().build(spec, observer, std::move(done)); })
        .value()
        .id;
  }

  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
  std::unique_ptr<EngineWay> way_;
  io::CurlLoop loop_;
  std::unique_ptr<sandbox::Engine> engine_;
  sandbox::Capabilities capabilities_;
  std::string image_;
};

}  // namespace testing_support
