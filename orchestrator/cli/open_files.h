// How many files this process may have open: a connection, a container and a child's pipe are some each, and
// the usual soft limit of 1,024 is there for programs that use select().
#pragma once

#include <cstdint>

namespace orchestrator {

// Raises the soft limit to the hard one, but not beyond 65,536: children inherit it, and some close every
// number below it one by one. Returns what holds then; never throws. For the start of a mode that serves
// many.
std::uint64_t raise_open_files();

}  // namespace orchestrator
