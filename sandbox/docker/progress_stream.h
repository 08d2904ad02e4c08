// What an engine says while it fetches, imports or builds an image: JSON lines, all inside a 200 answer.
// Pure.
#pragma once

#include <string>

namespace sandbox::docker {

// The error that ended it; empty when none did.
std::string error_in_stream(const std::string& text);

}  // namespace sandbox::docker
