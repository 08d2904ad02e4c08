#include "orchestrator/report/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "orchestrator/report/report.h"
#include "orchestrator/report/utf8.h"

namespace orchestrator {

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return counted(bytes, "byte");
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (value /= 1024; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  if (std::abs(value - std::round(value)) < 0.05) return fmt::format("{:.0f} {}", value, kUnits[unit]);
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string duration_text(std::chrono::milliseconds time) {
  const auto ms = time.count();
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 60'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  return clock_text(time);
}

std::string clock_text(std::chrono::milliseconds time) {
  const auto seconds = std::max<std::int64_t>(0, time.count() / 1000);
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string percent_text(double share) {
  const double percent = share * 100;
  const bool tiny = percent > 0 && percent < 0.1;
  return tiny ? fmt::format("{:.3f}", percent) : fmt::format("{:.1f}", percent);
}

std::string short_hash(std::string_view hash) { return std::string(hash.substr(0, 7)); }

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string condition_words(const Condition& condition) {
  // "changed, shuffle" is called by its deal: its files alone, and how.
  if (!condition.files.empty()) return condition_words(condition.name);
  return condition.plain() ? "as written" : "by " + condition.name;
}

std::string condition_words(std::string_view name) {
  constexpr std::string_view kChanged = "changed";
  if (name.starts_with(kChanged))
    return fmt::format("of changed files alone{}", name.substr(kChanged.size()));
  return name == "written" ? "as written" : fmt::format("by {}", name);
}

std::string one_line(std::string_view bytes) {
  std::string line = for_terminal(bytes);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\t', ' ');
  return line;
}

std::string wrap(std::string_view text, int width, int indent, int used) {
  std::string lines;
  bool at_start = true;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(' '), text.size());
    if (text.substr(end, 2) == " %") end = std::min(text.find(' ', end + 1), text.size());
    const std::string_view word = text.substr(0, end);
    const int wide = columns(word);
    if (!at_start && used + 1 + wide > width) {
      lines.append(1, '\n').append(static_cast<std::size_t>(indent), ' ');
      used = indent;
      at_start = true;
    }
    if (!at_start) lines += ' ';
    used += wide + (at_start ? 0 : 1);
    lines += word;
    at_start = false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines + "\n";
}

}  // namespace orchestrator
