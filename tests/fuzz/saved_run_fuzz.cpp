// Any bytes as a saved report: a run or one error of a request, and what was read fits together.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "orchestrator/job/read_plan.h"
#include "orchestrator/report/replay.h"
#include "orchestrator/report/saved_report.h"
#include "sandbox/io/error.h"

namespace {

using namespace orchestrator;

void require(bool condition) {
  if (!condition) std::abort();
}

void look_at(const SavedRun& run) {
  require(read_plan(run.plan.to_json(), "fuzz").to_json() == run.plan.to_json());
  for (const auto& attempt : run.attempts) {
    require(run.find(attempt.number) == &attempt);
    require(!attempt.condition || *attempt.condition < run.conditions.size());
    run.signatures_of(attempt.number);
    run.failed_tests_of(attempt.number);
  }
  try {
    require(run.find(choose_attempt(run, "", "fuzz").number) != nullptr);
  } catch (const io::RequestError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    look_at(read_saved_run(parse_saved_report(text, "fuzz"), "fuzz"));
  } catch (const io::RequestError&) {
  } catch (const InvalidJob&) {
  }
  return 0;
}
