// The page's style and script: files beside this one, carried inside the program. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace orchestrator::html {

std::string_view style();
std::string_view script();  // one module, from several files

// How a content security policy names an inline text: "sha256-…".
std::string policy_hash(std::string_view text);

}  // namespace orchestrator::html
