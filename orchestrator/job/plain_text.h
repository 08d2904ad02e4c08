// Small steps in reading what a person wrote. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/io/text.h"

namespace orchestrator {

using io::lower;
using io::trimmed;

// As people write it in settings; nullopt for anything else.
inline std::optional<bool> boolean_from(std::string_view text) {
  const std::string word = lower(text);
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return std::nullopt;
}

}  // namespace orchestrator
