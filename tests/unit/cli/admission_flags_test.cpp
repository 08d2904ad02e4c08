#include "orchestrator/cli/admission_flags.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

TEST(AdmissionFlags, BoundAnAttemptByWhatTheEngineHas) {
  sandbox::Capabilities engine;
  engine.cpus = 2;
  engine.memory_bytes = 1 << 30;
  const Admission admission = admission_of({}, engine);
  EXPECT_EQ(admission.cpus, 2);
  EXPECT_EQ(admission.memory_bytes, 1 << 30);
}

TEST(AdmissionFlags, BoundNothingWhereAttemptsRunElsewhere) {
  CommandLine::Serve said;
  said.images = {"python:3.12"};
  said.networks = {"bridge"};
  said.secrets = {"TOKEN"};
  const Admission admission = admission_of(said);
  JobRequest request;
  request.cpus = 64;
  request.memory_bytes = 1ll << 40;
  request.image = "python:3.12";
  request.network = "bridge";
  request.secret_env = {"TOKEN"};
  EXPECT_TRUE(refusals(request, admission, false).empty());
  request.image = "python:3.13";
  EXPECT_EQ(refusals(request, admission, false).size(), 1u);
}

}  // namespace
}  // namespace orchestrator
