// The guard on free disk space: nothing starts when a disk is nearly full, since attempts would fail for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace orchestrator {

// A sentence when one of the folders' file systems has less than 2 GiB or 5 % free (ORCHESTRATOR_MIN_FREE
// overrides the bytes, for hosts with small disks). Folders that are empty names or do not exist are passed
// over.
std::optional<std::string> disk_obstacle(const std::vector<std::string>& folders);

}  // namespace orchestrator
