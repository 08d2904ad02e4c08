// Where two logs part. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace orchestrator {

// The first lines that differ once what changes from attempt to attempt (`normalised`) is taken out.
struct LogDifference {
  std::size_t line = 0;                   // 1-based, in the failing log
  std::vector<std::string> before;        // up to 3 common lines before it, of the failing log
  std::vector<std::string> failing, passing;  // up to 8 lines from there on, raw; empty: that log has ended
  bool same = false;                      // they do not differ
};
LogDifference first_difference(std::string_view failing, std::string_view passing);

}  // namespace orchestrator
