// Any bytes as a list of known flakes: mistakes, or entries of which each is within its bounds.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include "orchestrator/job/job.h"
#include "orchestrator/job/quarantine.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace orchestrator;
  try {
    const Quarantine quarantine =
        parse_quarantine(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
    std::set<std::string> tests;
    for (const auto& entry : quarantine.tests)
      if (!tests.insert(entry.test).second || !(entry.max_rate > 0 && entry.max_rate < 1) ||
          iso_day(entry.expires).size() != 10 || (entry.reason.empty() && entry.issue.empty()))
        std::abort();
  } catch (const InvalidJob& error) {
    if (error.errors().empty()) std::abort();
  }
  return 0;
}
