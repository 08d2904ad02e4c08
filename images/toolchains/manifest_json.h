// JSON of the tree, which is anybody's: never a reason to fail. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace images {

inline constexpr int kDeepestManifest = 32;

// The object that `text` is; null where there is no text (nullptr), or it is malformed, no object, or nested
// deeper than kDeepestManifest. `comments`: those of JavaScript are passed over.
nlohmann::json manifest_object(const std::string* text, bool comments = false);

}  // namespace images
