// The attempts of a bundle on the fakes: the same ones, from the engine's image or from the bundle's.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "orchestrator/run/job_execution.h"
#include "sandbox/io/error.h"
#include "tests/support/fake_image_store.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_sandbox.h"
#include "tests/support/temporary_folder.h"

namespace orchestrator {
namespace {

using testing_support::FakeLoop;
using testing_support::FakeProgram;
using testing_support::FakeSandbox;
using testing_support::value_in;

class Bundled : public ::testing::Test {
 protected:
  Bundled() {
    host_.engine.cpus = 2;
    host_.engine.architecture = "amd64";
    sandbox::Image& image = images_.add_image("sealed", {{"PATH", "/venv/bin:/bin"}});
    image.labels = {{"orchestrator.kind", "seal"}};
    image_ = image.id;
    SavedRun& saved = bundle_.saved;
    saved.plan.repo = "/gone/since";
    saved.plan.test_command.line = "pytest";
    saved.plan.job_seed = 4242;
    saved.plan.runs = 5;
    saved.plan.limits.memory_bytes = 77 << 20;
    saved.framework = "python";
    saved.environment.packages = {"pytest==8.3.4"};
    saved.environment.image.id = image_;
    saved.environment.tree_hash = "feed";
    saved.environment.engine.kernel = "6.1";
    saved.program_version = "1.0";
    bundle_.architecture = "amd64";
    bundle_.origin = {"run.bundle", "abc", "1.0", false, {}};
    bundle_.image_tar = folder_ + "/image.tar";
    const auto handle = images_.save(image_, bundle_.image_tar, [](io::Result<std::int64_t>) {});
    loop_.settle();
  }

  io::Result<Report> run() {
    JobInputs inputs;
    inputs.said.repo = bundle_.saved.plan.repo;
    inputs.said.deadline_s = deadline_;
    inputs.run_id = "id";
    inputs.scratch = folder_;
    inputs.bundle = bundle_;
    inputs.bundle_wishes = wishes_;
    execution_ = std::make_unique<JobExecution>(loop_, sandbox_, images_, host_, std::move(inputs), events_);
    return io::await<io::Result<Report>>(loop_, [&](auto done) { execution_->start(std::move(done)); });
  }
  void let_the_engine_forget() {
    images_.remove(image_, [](io::Result<bool>) {});
    loop_.settle();
  }
  std::vector<std::string> seeds() const {
    std::vector<std::string> seeds;
    for (const auto& spec : sandbox_.started) seeds.push_back(value_in(spec.execution.env, "TEST_SEED"));
    std::sort(seeds.begin(), seeds.end());
    return seeds;
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
  std::string image_;
  FakeLoop loop_;
  sandbox::FakeImageStore images_{loop_};
  FakeProgram program_{.exit_code = 1};
  FakeSandbox sandbox_{loop_, [this](const auto&) { return program_; }};
  JobHost host_;
  EventLog events_;
  Bundle bundle_;
  BundleWishes wishes_;
  std::optional<double> deadline_;
  std::unique_ptr<JobExecution> execution_;
};

bool warns_of_ids(const Report& report) {
  return std::any_of(report.warnings.begin(), report.warnings.end(), [](const std::string& warning) {
    return warning.find("counts ids of images otherwise") != std::string::npos;
  });
}

TEST_F(Bundled, RunHasTheSameAttempts) {
  const Report report = run().value();
  ASSERT_EQ(sandbox_.started.size(), 5u);
  std::vector<std::string> expected;
  for (std::uint64_t i = 0; i < 5; ++i) expected.push_back(std::to_string(attempt_seed(4242, i, {})));
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(seeds(), expected);
  for (const auto& spec : sandbox_.started) {
    EXPECT_EQ(spec.image, image_);
    EXPECT_EQ(spec.execution.limits.memory_bytes, 77 << 20);
    EXPECT_EQ(value_in(spec.execution.env, "PATH"), "/venv/bin:/bin");
  }
  ASSERT_TRUE(report.bundle);
  EXPECT_EQ(report.bundle->sha256, "abc");
  EXPECT_FALSE(report.bundle->image_loaded);
  EXPECT_EQ(images_.loaded, std::vector<std::string>{});
  EXPECT_EQ(report.source.tree_hash, "feed");
  EXPECT_EQ(report.packages, std::vector<std::string>{"pytest==8.3.4"});
  EXPECT_EQ(report.bundle->differences.front(), "kernel: 6.1 then, unknown now");
}

TEST_F(Bundled, ImageIsLoadedWhereTheEngineHasItNot) {
  let_the_engine_forget();
  const Report report = run().value();
  EXPECT_EQ(images_.loaded, std::vector<std::string>{bundle_.image_tar});
  EXPECT_TRUE(report.bundle->image_loaded);
  EXPECT_EQ(sandbox_.started.at(0).image, image_);
  EXPECT_EQ(report.attempts.size(), 5u);
  EXPECT_FALSE(warns_of_ids(report));
}

TEST_F(Bundled, ImageOfAnotherIdIsRunAndSaid) {
  let_the_engine_forget();
  images_.count_ids_otherwise();
  const Report report = run().value();
  EXPECT_NE(sandbox_.started.at(0).image, image_);
  EXPECT_TRUE(warns_of_ids(report));
}

TEST_F(Bundled, ImageThatNoRunHasSealedIsRefused) {
  bundle_.saved.environment.image.id = images_.add_image("python:3").id;
  EXPECT_THROW(run().value(), io::RequestError);
  EXPECT_TRUE(sandbox_.started.empty());
}

TEST_F(Bundled, ImageForAnotherArchitectureIsRefusedBeforeItIsLoaded) {
  let_the_engine_forget();
  bundle_.architecture = "arm64";
  const auto result = run();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(io::describe(result.error()), "run.bundle is of an image for arm64; this engine runs amd64");
  EXPECT_THROW(result.value(), io::RequestError);
  EXPECT_TRUE(images_.loaded.empty());
}

TEST_F(Bundled, AttemptAloneIsTheOneOfThatNumber) {
  wishes_.only_attempt = 3;
  const Report report = run().value();
  ASSERT_EQ(report.attempts.size(), 1u);
  EXPECT_EQ(report.attempts[0].index, 3);
  EXPECT_EQ(report.attempts[0].seed, attempt_seed(4242, 3, {}));
}

TEST_F(Bundled, DeadlineOfItsRunIsOver) {
  bundle_.saved.plan.deadline = std::chrono::milliseconds(1);
  EXPECT_FALSE(run().value().plan.deadline);
}

TEST_F(Bundled, DeadlineIsThatOfWhoRunsItNow) {
  deadline_ = 60;
  EXPECT_EQ(run().value().plan.deadline, std::chrono::minutes(1));
}

}  // namespace
}  // namespace orchestrator
