#include <charconv>
#include <cmath>

#include "orchestrator/job/job.h"
#include "orchestrator/job/plain_text.h"

namespace orchestrator {
namespace {

// Takes "12" or "1.5" off the front. No sign, no exponent.
std::optional<double> take_number(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
  double number = 0;
  const auto [rest, error] =
      std::from_chars(text.data(), text.data() + end, number, std::chars_format::fixed);
  if (error != std::errc() || rest != text.data() + end || end == 0) return std::nullopt;
  text.remove_prefix(end);
  return number;
}

// "", "b", "k", "kb", "kib", …: 1024 each step, as container engines read them.
std::optional<int> power_of_1024(std::string_view unit) {
  constexpr std::string_view kLetters = "kmgtp";
  const std::string word = lower(unit);
  if (word.empty() || word == "b") return 0;
  const auto index = kLetters.find(word[0]);
  const std::string rest = word.substr(1);
  if (index == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) return std::nullopt;
  return static_cast<int>(index) + 1;
}

std::optional<double> seconds_of(std::string_view unit) {
  const std::string word = lower(unit);
  if (word == "ms") return 0.001;
  if (word == "s" || word == "sec") return 1;
  if (word == "m" || word == "min") return 60;
  if (word == "h") return 3600;
  if (word == "d") return 86400;
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) {
  text = trimmed(text);
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  const auto power = power_of_1024(trimmed(text));
  if (!power) return std::nullopt;
  const double bytes = std::ldexp(*number, 10 * *power);
  if (*power == 0 && bytes != std::floor(bytes)) return std::nullopt;
  constexpr double kTooMany = 9223372036854775808.0;
  if (bytes >= kTooMany) return std::nullopt;
  return static_cast<std::int64_t>(bytes);
}

std::optional<double> parse_duration_s(std::string_view text) {
  text = trimmed(text);
  double seconds = 0;
  bool first = true;
  do {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    if (first && text.empty()) return *number;
    first = false;
    const auto end = text.find_first_of("0123456789.");
    const auto unit = seconds_of(trimmed(text.substr(0, end)));
    if (!unit) return std::nullopt;
    seconds += *number * *unit;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  } while (!text.empty());
  return seconds;
}

}  // namespace orchestrator
