// Words of a test command, which may be a line for a shell. Header only, pure.
#pragma once

#include <algorithm>
#include <string_view>

namespace images {

// "/usr/bin/ctest" → "ctest"
inline std::string_view program_of(std::string_view word) { return word.substr(word.rfind('/') + 1); }

// Behind such a word another command begins.
inline bool separates_commands(std::string_view word) {
  constexpr std::string_view kSeparators[] = {"&&", "||", ";", "|", "&"};
  return std::find(std::begin(kSeparators), std::end(kSeparators), word) != std::end(kSeparators);
}

// Of which a shell makes something else.
inline bool is_for_a_shell(std::string_view word) {
  return word.find_first_of("|&;<>$`'\"\\()*?{}~") != std::string_view::npos || word.starts_with('#');
}

}  // namespace images
