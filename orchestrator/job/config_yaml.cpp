#include <algorithm>

#include "orchestrator/job/parse_yaml.h"
#include "orchestrator/job/read_request.h"

namespace orchestrator {
namespace {

// "/limits/memory" as people write it in YAML: "limits.memory".
std::string dotted(std::string pointer) {
  if (!pointer.empty()) pointer.erase(0, 1);
  std::replace(pointer.begin(), pointer.end(), '/', '.');
  return pointer;
}

JobReading read_config(std::string_view yaml, const std::string& where, Place place) {
  JobReading reading;
  if (const auto document = parse_yaml(yaml, reading.errors)) {
    read_request(*document, place, UnknownFields::error, reading);
  }
  for (auto& error : reading.errors) {
    error.pointer = dotted(std::move(error.pointer));
    error.where = where;
  }
  return reading;
}

JobRequest parse_config(std::string_view yaml, const std::string& where, Place place) {
  JobReading reading = read_config(yaml, where, place);
  if (!reading.errors.empty()) throw InvalidJob(std::move(reading.errors), where);
  return std::move(reading.request);
}

}  // namespace

JobRequest parse_repository_config(std::string_view yaml, const std::string& where) {
  return parse_config(yaml, where, in_repository);
}

JobRequest parse_user_config(std::string_view yaml, const std::string& where) {
  return parse_config(yaml, where, in_user);
}

JobReading read_user_config(std::string_view yaml, const std::string& where) {
  return read_config(yaml, where, in_user);
}

}  // namespace orchestrator
