// An object of fields, from whatever text it was parsed, into a JobRequest.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/job/field_table.h"
#include "orchestrator/job/job.h"

namespace orchestrator {

// Reads every field of `object` that may be said at `place`. Others are mistakes or warnings, as `unknown`
// says.
void read_request(const nlohmann::json& object, Place place, UnknownFields unknown, JobReading& reading);

}  // namespace orchestrator
