// Names things by what they are, the same in every run and on every machine: a comment that is found again, a
// finding that is the same one as yesterday's. No secret and no proof of anything. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace orchestrator {

// 16 hexadecimal digits: FNV-1a of 64 bits over the parts, each with its length.
std::string stable_hash(const std::vector<std::string_view>& parts);

}  // namespace orchestrator
