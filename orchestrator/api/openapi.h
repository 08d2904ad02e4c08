// The description of the API that the server gives of itself: OpenAPI 3.1. A test compares it with the
// routes.
#pragma once

#include <string_view>

namespace orchestrator {

std::string_view openapi_document();

}  // namespace orchestrator
