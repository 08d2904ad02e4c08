// The guard on free disk space: nothing starts when a disk is nearly full, since attempts would fail for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace orchestrator {

// What must be free: 2 GiB, or what ORCHESTRATOR_MIN_FREE says (for hosts with small disks). Throws
// io::RequestError when that is no size.
double min_free_bytes();

// A sentence when one of the folders' file systems has less than that or 5 % free. Folders that are empty
// names or do not exist are passed over.
std::optional<std::string> disk_obstacle(const std::vector<std::string>& folders);

// Bytes that must become free on each of these before there is no such sentence; 0 when there is none.
std::int64_t missing_bytes(const std::vector<std::string>& folders);

// Bytes that may be written to all of these folders before there is such a sentence; 0 when there is one. The
// largest number there is when nothing is known of them.
std::int64_t writable_bytes(const std::vector<std::string>& folders);

}  // namespace orchestrator
