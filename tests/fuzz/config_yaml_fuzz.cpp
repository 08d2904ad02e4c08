// Any bytes as a repository's file and as the user's config: a plan or an InvalidJob.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "orchestrator/job/job.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace orchestrator;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  JobRequest said;
  said.repo = ".";
  said.test_command = TestCommand{"true", {}};
  try {
    const JobRequest repository = parse_repository_config(text, kRepositoryConfig);
    const JobPlan plan = make_plan(said, repository, {}, PlanContext{2, 1});
    // Whatever the file says: these are no matter of a repository.
    if (plan.network != sandbox::Network::none || !plan.image.empty() || plan.runs > 1000) std::abort();
  } catch (const InvalidJob&) {
  }
  try {
    make_plan(said, {}, parse_user_config(text, "config.yml"), PlanContext{2, 1});
  } catch (const InvalidJob&) {
  }
  return 0;
}
