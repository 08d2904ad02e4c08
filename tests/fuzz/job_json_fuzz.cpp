// Any bytes as a job: an answer or an InvalidJob, and what was understood is written and read back the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "orchestrator/job/job.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace orchestrator;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const JobReading reading = read_job(text, UnknownFields::warn, "fuzz");
  if (!reading.errors.empty()) return 0;
  JobRequest request = reading.request;
  request.warnings.clear();
  const std::string written = request.to_json().dump();
  if (parse_job(written, UnknownFields::error, "fuzz").to_json().dump() != written) std::abort();
  try {
    make_plan(request, {}, {}, PlanContext{2, 1}).to_json();
  } catch (const InvalidJob&) {
  }
  return 0;
}
