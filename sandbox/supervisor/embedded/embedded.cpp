#include "sandbox/supervisor/embedded/embedded.h"

#include "sandbox/io/carried_file.h"

// SUPERVISOR_FILE is the path of the binary just built.
CARRY_FILE(supervisor, SUPERVISOR_FILE);

namespace sandbox {

std::string_view supervisor_binary() { return CARRIED_FILE(supervisor); }

}  // namespace sandbox
