// The description of the API that the server gives of itself: OpenAPI 3.1. A test compares it with the
// routes.
#pragma once

#include <string>

namespace orchestrator {

// What a job may say (#/components/schemas/JobRequest) is the schema of the files that --input reads.
const std::string& openapi_document();

}  // namespace orchestrator
