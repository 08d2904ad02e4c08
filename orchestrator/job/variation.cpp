#include "orchestrator/job/variation.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "orchestrator/job/plain_text.h"

namespace orchestrator {
namespace {

constexpr std::array<std::string_view, 4> kNames{"written", "reverse", "shuffle", "repeat"};
constexpr int kLargestShare = 100;

}  // namespace

std::optional<Shares> parse_shares(std::string_view text) {
  Shares shares;
  bool any = false;
  while (true) {
    const std::string_view entry = text.substr(0, text.find(','));
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = trimmed(entry.substr(0, equals)),
                           number = trimmed(entry.substr(equals + 1));
    const bool twice =
        std::any_of(shares.begin(), shares.end(), [&](const auto& s) { return s.first == name; });
    if (twice || std::find(kNames.begin(), kNames.end(), name) == kNames.end()) return std::nullopt;
    int share = -1;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), share);
    if (error != std::errc() || end != number.data() + number.size() || share < 0 || share > kLargestShare)
      return std::nullopt;
    any = any || share > 0;
    shares.emplace_back(name, share);
    if (entry.size() == text.size()) break;
    text.remove_prefix(entry.size() + 1);
  }
  return any ? std::optional(std::move(shares)) : std::nullopt;
}

std::optional<double> parse_rate(std::string_view text) {
  text = trimmed(text);
  const bool percent = text.ends_with('%');
  if (percent) text = trimmed(text.substr(0, text.size() - 1));
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (percent) rate /= 100;
  return rate > 0 && rate < 1 ? std::optional(rate) : std::nullopt;
}

}  // namespace orchestrator
