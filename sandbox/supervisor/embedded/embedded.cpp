#include "sandbox/supervisor/embedded/embedded.h"

// SUPERVISOR_FILE is the path of the binary just built.
asm(R"(
  .section .rodata
  .balign 16
  .global orchestrator_supervisor_begin
orchestrator_supervisor_begin:
  .incbin ")" SUPERVISOR_FILE R"("
  .global orchestrator_supervisor_end
orchestrator_supervisor_end:
  .byte 0
  .previous
)");

extern "C" const char orchestrator_supervisor_begin[];
extern "C" const char orchestrator_supervisor_end[];

namespace sandbox {

std::string_view supervisor_binary() {
  return {orchestrator_supervisor_begin,
          static_cast<std::size_t>(orchestrator_supervisor_end - orchestrator_supervisor_begin)};
}

}  // namespace sandbox
