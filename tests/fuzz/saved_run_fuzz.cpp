// Any bytes as a saved report: a run or one error of a request, and what was read fits together, and every
// writer.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string_view>

#include "orchestrator/job/read_plan.h"
#include "orchestrator/report/read_report.h"
#include "orchestrator/report/report_formats.h"
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

// What was read fits every writer.
void write_in_every_form(const nlohmann::json& document) {
  char folder[] = "/tmp/saved-run-fuzz-XXXXXX";
  require(mkdtemp(folder) != nullptr);
  try {
    Spool spool(folder, "");
    const ReadReport read = read_report(document, "fuzz", spool);
    std::ostringstream out;
    write_json(read.report, spool, out);
    write_text(read.report, spool, out, {});
    for (const auto& format : report_formats()) format.write(read.report, spool, out);
  } catch (const io::RequestError&) {
  } catch (const InvalidJob&) {
  }
  std::filesystem::remove_all(folder);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const nlohmann::json document = parse_saved_report(text, "fuzz");
    write_in_every_form(document);
    look_at(read_saved_run(document, "fuzz"));
  } catch (const io::RequestError&) {
  } catch (const InvalidJob&) {
  }
  return 0;
}
