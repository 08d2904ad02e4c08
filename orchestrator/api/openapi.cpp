#include "orchestrator/api/openapi.h"

#include <nlohmann/json.hpp>

#include "sandbox/io/carried_file.h"

// OPENAPI_FILE and JOB_SCHEMA_FILE are paths of documents in the sources.
CARRY_FILE(openapi, OPENAPI_FILE);
CARRY_FILE(job_schema, JOB_SCHEMA_FILE);

namespace orchestrator {

const std::string& openapi_document() {
  static const std::string kDocument = [] {
    auto job = nlohmann::ordered_json::parse(CARRIED_FILE(job_schema));
    job.erase("$schema");
    auto document = nlohmann::ordered_json::parse(CARRIED_FILE(openapi));
    document["components"]["schemas"]["JobRequest"] = std::move(job);
    return document.dump(2);
  }();
  return kDocument;
}

}  // namespace orchestrator
