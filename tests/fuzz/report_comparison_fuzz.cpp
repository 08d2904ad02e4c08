// Any bytes as a saved report that is compared with itself: a refusal, or a comparison that finds nothing
// worse and can be written.
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "orchestrator/report/report_comparison.h"
#include "orchestrator/report/saved_report.h"
#include "sandbox/io/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace orchestrator;
  try {
    const SavedReport saved{
        "fuzz", parse_saved_report(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz")};
    const ReportComparison comparison = compare_reports(saved, saved);
    if (comparison.worse() || !comparison.only_before.empty()) std::abort();
    std::ostringstream text, json;
    write_comparison_text(comparison, text, {});
    write_comparison_json(comparison, json);
    if (text.str().find('\x1b') != std::string::npos || !nlohmann::json::accept(json.str())) std::abort();
  } catch (const io::RequestError&) {
  }
  return 0;
}
