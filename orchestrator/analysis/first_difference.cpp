#include "orchestrator/analysis/first_difference.h"

#include <limits>
#include <optional>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/analysis/failure_signature.h"

namespace orchestrator {
namespace {

constexpr std::size_t kBefore = 3, kFrom = 8;

// Takes the next line, without its end, from what is left of a log.
std::optional<std::string_view> take_line(std::string_view& log) {
  if (log.empty()) return std::nullopt;
  const std::size_t newline = log.find('\n');
  std::string_view line = log.substr(0, newline);
  log.remove_prefix(newline == std::string_view::npos ? log.size() : newline + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool alike(std::string_view one, std::string_view other) {
  constexpr auto whole = std::numeric_limits<std::size_t>::max() / 2;
  return one == other || normalised(one, whole) == normalised(other, whole);
}

std::string kept(std::string_view line) { return std::string(cut_text(line, kMaxDifferenceLine)); }

std::vector<std::string> lines_from(std::optional<std::string_view> line, std::string_view rest) {
  std::vector<std::string> lines;
  for (; line && lines.size() < kFrom; line = take_line(rest)) lines.push_back(kept(*line));
  return lines;
}

}  // namespace

LogDifference first_difference(std::string_view failing, std::string_view passing) {
  std::vector<std::string_view> before;
  for (std::size_t number = 1;; ++number) {
    const auto one = take_line(failing);
    const auto other = take_line(passing);
    if (!one && !other) return {.same = true};
    if (!one || !other || !alike(*one, *other)) {
      LogDifference found{
          .line = number, .failing = lines_from(one, failing), .passing = lines_from(other, passing)};
      for (const auto line : before) found.before.push_back(kept(line));
      return found;
    }
    if (before.size() == kBefore) before.erase(before.begin());
    before.push_back(*one);
  }
}

}  // namespace orchestrator
