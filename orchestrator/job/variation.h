// What a job says about how its attempts differ. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orchestrator {

// "written=2,shuffle=1,repeat=1" → names and shares, in that order. Names: written, reverse, shuffle, repeat;
// shares from 0 to 100, not all 0; no name twice. Nothing when it is no such list.
using Shares = std::vector<std::pair<std::string, int>>;
std::optional<Shares> parse_shares(std::string_view text);
// Half as written, a quarter shuffled, a quarter with each test twice.
inline constexpr std::string_view kAutoShares = "written=2,shuffle=1,repeat=1";

// "5%", "0.5 %", "0.05" → 0.05; nothing unless 0 < rate < 1.
std::optional<double> parse_rate(std::string_view text);

}  // namespace orchestrator
