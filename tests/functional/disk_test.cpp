// What runs of one host share by their state folder: layers are built once, CPUs are not promised twice, and
// images stay within a budget. Each test has a state folder of its own, and images of others are none of its
// business.
#include <algorithm>
#include <atomic>

#include "tests/functional/attempts.h"

namespace {

using namespace testing_support;

class SharedHost : public testing::Test {
 protected:
  // What these runs built goes, whatever the test has found.
  ~SharedHost() override { orchestrator({"images", "prune", "--all", "--state-dir", state()}); }

  const std::string& state() const { return state_.path(); }
  // Setup commands make all layers those of this test alone.
  Strings flags(const Repository& repository, Strings more = {}) const {
    more.insert(more.end(), {"--state-dir", state(), "--setup-command", "true # " + state(), "--no-install"});
    return flags_for(repository.path(), std::move(more));
  }
  RunResult run(const Repository& repository, Strings more = {}, const std::string& line = "true") const {
    more.insert(more.end(), {"--runs", "1"});
    return run_job(flags(repository, std::move(more)), {"/bin/sh", "-c", line});
  }
  Finished command(Strings words) const {
    words.insert(words.end(), {"--state-dir", state()});
    return orchestrator(words);
  }
  static std::string image_of(const RunResult& run) {
    return run.report.at("environment").at("image").at("id").get<std::string>();
  }
  static bool is_here(const std::string& image) {
    return run_command({"docker", "image", "inspect", "--format", "{{.Id}}", image}).exit_code == 0;
  }
  // Of this state folder, as `images list --json` tells it.
  std::vector<nlohmann::json> own_layers() const {
    const auto listed = command({"images", "list", "--json"});
    std::vector<nlohmann::json> own;
    for (const auto& image : nlohmann::json::parse(listed.out))
      if (image.at("owner") == "this state folder") own.push_back(image);
    return own;
  }
  // Some run is building a layer, or has died while it did.
  bool somebody_builds(const std::string& kind) const {
    std::error_code none;
    for (const auto& file : std::filesystem::recursive_directory_iterator(state() + "/images", none))
      if (file.path().filename().string().starts_with(kind + "-") &&
          file.path().parent_path().filename() == "building")
        return true;
    return false;
  }

 private:
  TemporaryFolder state_;
};

// ---- ten at a time

struct Times {
  double start, end;  // s
};

// How many of them there were at once, at the most.
std::size_t most_at_once(const std::vector<Times>& all) {
  std::size_t most = 0;
  for (const auto& one : all)
    most = std::max(most,
                    static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const Times& other) {
                      return other.start <= one.start && one.start < other.end;
                    })));
  return most;
}

TEST_F(SharedHost, TenRunsAtATimeBuildEachLayerOnceAndShareTheCpus) {
  const Repository repository;
  std::vector<std::future<RunResult>> started;
  for (int i = 0; i < 10; ++i)
    started.push_back(std::async(std::launch::async, [&] {
      return run_job(flags(repository, {"--runs", "2"}), {"/bin/sh", "-c", "sleep 0.3"});
    }));
  std::map<std::string, int> built;
  std::set<std::string> images;
  std::vector<Times> attempts;
  for (auto& each : started) {
    const auto run = each.get();
    ASSERT_EQ(run.exit_code, 0) << told(run);
    images.insert(image_of(run));
    for (const auto& layer : layers(run)) built[layer.at("kind")] += layer.at("cached").get<bool>() ? 0 : 1;
    for (const auto& attempt : run.report.at("results")) {
      const double start = seconds_of(attempt.at("started_at"));
      attempts.push_back({start, start + attempt.at("duration_ms").get<double>() / 1000});
    }
  }
  EXPECT_EQ(built, (std::map<std::string, int>{{"tools", 1}, {"sources", 1}, {"seal", 1}}));
  EXPECT_EQ(images.size(), 1u);
  EXPECT_EQ(attempts.size(), 20u);
  EXPECT_LE(most_at_once(attempts), std::stoul(shell("docker info --format '{{.NCPU}}'")));
  EXPECT_EQ(own_layers().size(), 3u) << "none was built for nothing";
}

TEST_F(SharedHost, ALayerWhoseBuilderDiesIsBuiltByTheNext) {
  const Repository repository;
  const auto slow = [&] {
    return flags(repository, {"--runs", "1", "--setup-command", "sleep 4 # " + state()});
  };
  BackgroundJob first(slow(), {"true"});
  ASSERT_TRUE(eventually([&] { return somebody_builds("tools"); }));
  BackgroundJob second(slow(), {"true"});
  first.signal(SIGKILL);
  const auto run = second.finish();
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(built_layers(run), (Strings{"tools", "sources", "seal"}));
}

// A run that holds all CPUs, and one that has to wait for it.
TEST_F(SharedHost, ARunThatWaitsForCpusSaysSoAndItsAttemptsLoseNoTime) {
  const Repository repository;
  ASSERT_EQ(run(repository).exit_code, 0);
  const std::string cpus = shell("docker info --format '{{.NCPU}}'");
  EngineAccount account;
  BackgroundJob all(flags(repository, {"--runs", "1", "--cpus", std::to_string(std::stoi(cpus))}),
                    {"/bin/sh", "-c", kUntilLetGo});
  ASSERT_TRUE(account.wait_for(all.pid(), "start", "0"));
  std::atomic<bool> said = false;
  ProgramOptions options;
  options.on_output = [&said](pid_t, const Finished& so_far) {
    said = said ||
           so_far.err.find("waiting for other runs, which use the CPUs of this host\n") != std::string::npos;
  };
  BackgroundJob waits(flags(repository, {"--runs", "1", "--timeout", "2"}), {"true"}, options);
  EXPECT_TRUE(eventually([&] { return said.load(); }));
  std::this_thread::sleep_for(std::chrono::seconds(3));  // longer than its attempt may take
  EXPECT_EQ(containers_of(waits.pid()), Strings{});
  let_go(all.pid());
  const auto run = waits.finish();
  EXPECT_EQ(run.exit_code, 0) << told(run);
}

TEST_F(SharedHost, APersonsParallelismHoldsForWhoIsAlone) {
  const Repository repository;
  const int more = std::stoi(shell("docker info --format '{{.NCPU}}'")) + 2;
  const auto run =
      run_job(flags(repository, {"--runs", std::to_string(more), "--parallelism", std::to_string(more)}),
              {"/bin/sh", "-c", "sleep 8"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  std::vector<Times> attempts;
  for (const auto& attempt : run.report.at("results")) {
    const double start = seconds_of(attempt.at("started_at"));
    attempts.push_back({start, start + attempt.at("duration_ms").get<double>() / 1000});
  }
  EXPECT_EQ(most_at_once(attempts), static_cast<std::size_t>(more));
}

// ---- the budget for images

TEST_F(SharedHost, BeyondTheBudgetTheLeastRecentlyUsedGo) {
  const Repository older, newer;
  const auto first = run(older), second = run(newer);
  ASSERT_EQ(first.exit_code, 0) << told(first);
  ASSERT_EQ(second.exit_code, 0) << told(second);
  EXPECT_TRUE(is_here(image_of(first))) << "20 GiB are enough";
  ASSERT_EQ(run(older).exit_code, 0);  // used once more: now the other is the older one

  const Repository third;
  const auto last = run(third, {"--image-budget", "1"});
  EXPECT_EQ(last.exit_code, 0) << told(last);
  EXPECT_NE(last.err.find("removed 4 images"), std::string::npos) << last.err;
  EXPECT_NE(last.err.find("beyond the budget for images"), std::string::npos) << last.err;
  EXPECT_EQ(last.out.find("removed"), std::string::npos) << last.out;
  EXPECT_FALSE(is_here(image_of(first)));
  EXPECT_FALSE(is_here(image_of(second)));
  EXPECT_TRUE(is_here(image_of(last))) << "it was in use";
  EXPECT_EQ(own_layers().size(), 3u) << "and so was what it stands on";
}

TEST_F(SharedHost, ABudgetThatOneImageIsBeyondCostsTheOldestOne) {
  const Repository a, b, c;
  const auto first = run(a), second = run(b);
  std::int64_t bytes = 0;
  for (const auto& layer : own_layers()) bytes += layer.at("own_bytes").get<std::int64_t>();
  run(a);
  // Two trees of one size may take some bytes more or less.
  const auto third = run(c, {"--image-budget", std::to_string(bytes + 4096)});
  EXPECT_EQ(third.exit_code, 0) << told(third);
  EXPECT_TRUE(is_here(image_of(first)));
  EXPECT_FALSE(is_here(image_of(second)));
  EXPECT_TRUE(is_here(image_of(third)));
}

TEST_F(SharedHost, WhatARunUsesStays) {
  const Repository used;
  EngineAccount account;
  BackgroundJob job(flags(used, {"--runs", "1"}), {"/bin/sh", "-c", kUntilLetGo});
  ASSERT_TRUE(account.wait_for(job.pid(), "start", "0"));
  const auto prune = command({"images", "prune", "--all"});
  EXPECT_EQ(prune.exit_code, 0) << told(prune);
  EXPECT_NE(prune.out.find("removed 0 images"), std::string::npos) << prune.out;
  std::size_t in_use = 0;
  for (const auto& layer : own_layers()) in_use += layer.at("in_use").get<bool>() ? 1 : 0;
  EXPECT_EQ(in_use, 3u);
  let_go(job.pid());
  const auto run = job.finish();
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_TRUE(is_here(image_of(run)));
}

// ---- by hand

TEST_F(SharedHost, PruneSaysAndDoesWhatGoes) {
  const Repository repository;
  const auto made = run(repository);
  ASSERT_EQ(made.exit_code, 0) << told(made);
  const auto within = command({"images", "prune"});
  EXPECT_NE(within.out.find("removed 0 images"), std::string::npos) << within.out;
  const auto young = command({"images", "prune", "--older-than", "1h"});
  EXPECT_NE(young.out.find("removed 0 images"), std::string::npos) << young.out;
  const auto dry = command({"images", "prune", "--all", "--dry-run"});
  EXPECT_NE(dry.out.find("would remove 3 images"), std::string::npos) << dry.out;
  EXPECT_NE(dry.out.find("orchestrator/layer-seal:"), std::string::npos) << dry.out;
  EXPECT_TRUE(is_here(image_of(made)));
  const auto old = command({"images", "prune", "--older-than", "0s"});
  EXPECT_NE(old.out.find("removed 3 images"), std::string::npos) << old.out;
  EXPECT_FALSE(is_here(image_of(made)));
}

TEST_F(SharedHost, PruneLeavesWhatAPersonHasNamed) {
  const Repository repository;
  const auto made = run(repository);
  ASSERT_EQ(made.exit_code, 0) << told(made);
  const std::string name = "orchestrator-test/kept:" + std::to_string(getpid());
  shell("docker tag " + image_of(made) + " " + name);
  command({"images", "prune", "--all"});
  EXPECT_TRUE(is_here(name));
  shell("docker rmi " + name);
}

TEST_F(SharedHost, CleanRemovesImagesWhereItIsTold) {
  const Repository repository;
  const auto made = run(repository);
  ASSERT_EQ(made.exit_code, 0) << told(made);
  EXPECT_EQ(command({"clean"}).exit_code, 0);
  EXPECT_TRUE(is_here(image_of(made)));
  const auto clean = command({"clean", "--images"});
  EXPECT_EQ(clean.exit_code, 0) << told(clean);
  EXPECT_NE(clean.out.find("removed 3 images"), std::string::npos) << clean.out;
  EXPECT_FALSE(is_here(image_of(made)));
  EXPECT_TRUE(is_here(kBase)) << "bases take long to make";
}

TEST_F(SharedHost, DoctorAndListTellTheSums) {
  const Repository repository;
  ASSERT_EQ(run(repository).exit_code, 0);
  const auto listed = command({"images", "list"});
  EXPECT_NE(listed.out.find("3 layers take "), std::string::npos) << listed.out;
  EXPECT_NE(listed.out.find(" of a budget of 20 GiB"), std::string::npos) << listed.out;
  const auto doctor = nlohmann::json::parse(command({"doctor", "--json"}).out);
  std::string images;
  for (const auto& finding : doctor.at("findings"))
    if (finding.at("subject") == "images") images = finding.at("text");
  EXPECT_EQ(images.rfind("3 layers take ", 0), 0u) << images;
}

// Sizes of images have those of their parents in them; the engine's own account is the judge.
TEST_F(SharedHost, CountsEachByteOnceAsTheEngineDoes) {
  const Repository repository;
  repository.write("large", std::string(3 << 20, 'x'));
  const auto made = run(repository);
  ASSERT_EQ(made.exit_code, 0) << told(made);
  std::int64_t own = 0, whole = 0;
  for (const auto& layer : own_layers()) {
    own += layer.at("own_bytes").get<std::int64_t>();
    whole = std::max(whole, layer.at("size_bytes").get<std::int64_t>());
  }
  const auto base = std::stoll(shell("docker image inspect --format '{{.Size}}' " + std::string(kBase)));
  EXPECT_EQ(own, whole - base);
  EXPECT_GT(own, 3 << 20);
}

TEST_F(SharedHost, ABudgetThatMakesNoSenseIsAnError) {
  const auto run = orchestrator({"images", "prune", "--image-budget", "lots"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.err, "--image-budget: must be a size as in 500m or 20g, or none, not 'lots'\n");
}

}  // namespace
