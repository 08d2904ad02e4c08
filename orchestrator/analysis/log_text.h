// What the readers of logs, traces and result files have in common. Pure; any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "sandbox/execution.h"
#include "sandbox/io/text.h"

namespace orchestrator {

using io::trimmed;

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

inline std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

// … that is not blank.
inline std::string_view first_said_line(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return first_line(text);
}

// A path as it stands in the repository: an attempt runs in the same folder each time.
inline std::string_view in_repository(std::string_view path) {
  const std::string work = std::string(sandbox::kWorkDir) + "/";
  const std::size_t start = path.find(work);
  if (start != std::string_view::npos) path.remove_prefix(start + work.size());
  while (path.starts_with("./")) path.remove_prefix(2);
  return path;
}

}  // namespace orchestrator
