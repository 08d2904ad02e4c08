// Where two logs part. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace orchestrator {

// The first lines that differ once what changes from attempt to attempt (`normalised`) is taken out.
struct LogDifference {
  bool same = false;                // they do not differ; the rest is empty
  std::size_t line = 0;             // 1-based, in the failing log; one past its last when it has ended
  std::vector<std::string> before;  // up to 3 common lines before it, of the failing log
  std::vector<std::string> failing, passing;  // up to 8 lines from there on, raw; empty: that log has ended
};
// Lines in the result are cut at kMaxDifferenceLine bytes; the comparison is of whole lines.
inline constexpr std::size_t kMaxDifferenceLine = 1000;
LogDifference first_difference(std::string_view failing, std::string_view passing);

}  // namespace orchestrator
