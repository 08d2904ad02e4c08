#include "orchestrator/api/openapi.h"

#include <cstddef>

// OPENAPI_FILE is the path of the document in the sources.
asm(".section .rodata\n"
    ".global orchestrator_openapi_begin\n"
    "orchestrator_openapi_begin:\n"
    ".incbin \"" OPENAPI_FILE
    "\"\n"
    ".global orchestrator_openapi_end\n"
    "orchestrator_openapi_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" const char orchestrator_openapi_begin[];
extern "C" const char orchestrator_openapi_end[];

namespace orchestrator {

std::string_view openapi_document() {
  return {orchestrator_openapi_begin,
          static_cast<std::size_t>(orchestrator_openapi_end - orchestrator_openapi_begin)};
}

}  // namespace orchestrator
