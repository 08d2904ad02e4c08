#include "orchestrator/cli/worker_kind.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

// At a queue, unless something else was said.
runpod::Environment at_a_queue() {
  runpod::Environment environment;
  environment.take = "https://api.example/v2/ep/job-take/$ID?";
  return environment;
}

runpod::Environment realtime() {
  runpod::Environment environment = at_a_queue();
  environment.realtime_port = 5'000;
  environment.realtime_concurrency = 3;
  return environment;
}

TEST(WorkerKind, IsTheQueueWhereThereIsOne) {
  EXPECT_EQ(worker_kind({}, at_a_queue()), WorkerKind::queue);
  EXPECT_EQ(worker_kind({}, {}), WorkerKind::test);
}

TEST(WorkerKind, IsTheTestThatIsSaidEvenAtAQueue) {
  CommandLine::Worker said;
  said.test_input = "{}";
  EXPECT_EQ(worker_kind(said, at_a_queue()), WorkerKind::test);
}

TEST(WorkerKind, IsTheApiBeforeAllElse) {
  CommandLine::Worker said;
  said.test_input = "{}";
  EXPECT_EQ(worker_kind(said, realtime()), WorkerKind::api);
  said.serve_api = true;
  EXPECT_EQ(worker_kind(said, at_a_queue()), WorkerKind::api);
}

TEST(WorkerApiSettings, AreThePlatformsWhereNoFlagAsksForTheApi) {
  const auto settings = api_settings({}, realtime());
  EXPECT_EQ(settings.address, "0.0.0.0");
  EXPECT_EQ(settings.port, 5'000);
  EXPECT_EQ(settings.jobs, 3);
}

TEST(WorkerApiSettings, AreThoseOfTheFlagsWhereOneDoes) {
  CommandLine::Worker said;
  said.serve_api = true;
  said.api_port = 8'001;
  said.api_concurrency = 2;
  const auto settings = api_settings(said, realtime());
  EXPECT_EQ(settings.address, "127.0.0.1");
  EXPECT_EQ(settings.port, 8'001);
  EXPECT_EQ(settings.jobs, 2);
}

}  // namespace
}  // namespace orchestrator
