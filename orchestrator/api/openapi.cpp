#include "orchestrator/api/openapi.h"

#include "sandbox/io/carried_file.h"

// OPENAPI_FILE is the path of the document in the sources.
CARRY_FILE(openapi, OPENAPI_FILE);

namespace orchestrator {

std::string_view openapi_document() { return CARRIED_FILE(openapi); }

}  // namespace orchestrator
