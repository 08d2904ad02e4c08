#include "orchestrator/job/field_table.h"
#include "orchestrator/job/read_field.h"

namespace orchestrator {

JobReading read_environment(const std::function<std::optional<std::string>(const char*)>& getenv) {
  JobReading reading;
  for (const auto& field : job_fields()) {
    if (!(field.places & in_environment)) continue;
    const std::string variable = field_variable(field);
    const auto text = getenv(variable.c_str());
    if (text && !text->empty()) read_text(field, *text, variable, reading);
  }
  return reading;
}

JobRequest job_from_environment(const std::function<std::optional<std::string>(const char*)>& getenv) {
  JobReading reading = read_environment(getenv);
  if (!reading.errors.empty()) throw InvalidJob(std::move(reading.errors));
  return std::move(reading.request);
}

}  // namespace orchestrator
