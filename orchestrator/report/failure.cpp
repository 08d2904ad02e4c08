#include "orchestrator/report/failure.h"

#include <ostream>

#include "orchestrator/report/json_sections.h"

namespace orchestrator {

void write_failure_json(const Failure& failure, const std::string& program_version, std::ostream& out) {
  const bool stopped = failure.kind == "cancelled" || failure.kind == "deadline" || failure.kind == "skipped";
  const OrderedJson document = {
      {"end", stopped ? failure.kind : "error"},
      {"error", {{"kind", failure.kind}, {"message", failure.message}, {"exit_code", failure.exit_code}}},
      {"schema_version", kSchemaVersion},
      {"program_version", program_version}};
  out << dump(document, 2) << "\n";
}

}  // namespace orchestrator
