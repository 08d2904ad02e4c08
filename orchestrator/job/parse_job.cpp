#include "orchestrator/job/json_values.h"
#include "orchestrator/job/parse_json.h"
#include "orchestrator/job/read_request.h"

namespace orchestrator {

JobReading read_job(std::string_view text, UnknownFields unknown, const std::string& where,
                    std::size_t most_bytes) {
  JobReading reading;
  if (auto document = parse_json(text, reading.errors, most_bytes)) {
    const nlohmann::json* job = &*document;
    // The wire's wrapper: what stands beside "input" (id, webhook, policy) is not the job's.
    const bool wrapped = document->is_object() && document->contains("input");
    if (wrapped) {
      job = &(*document)["input"];
      for (const auto& [key, value] : document->items())
        if (key != "input") reading.beside.push_back(key);
    }
    if (job->is_object()) {
      read_request(*job, in_job, unknown, reading);
    } else if (wrapped) {
      add_error(reading.errors, {"/input", "input must be an object, not " + kind_of(*job), ""});
    } else {
      add_error(reading.errors, {"", "a job must be a JSON object, not " + kind_of(*job), ""});
    }
  }
  for (auto& error : reading.errors) error.where = where;
  return reading;
}

JobRequest parse_job(std::string_view text, UnknownFields unknown, const std::string& where) {
  JobReading reading = read_job(text, unknown, where);
  if (!reading.errors.empty()) throw InvalidJob(std::move(reading.errors), where);
  return std::move(reading.request);
}

}  // namespace orchestrator
