// Shortens an output and says so in it. The one place that knows how a cut looks. Sizes are those of a JSON
// string, because the size of a report is what outputs are cut for.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "orchestrator/report/spool.h"

namespace orchestrator {

inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
// What a cut's mark needs at most in a JSON string.
inline constexpr std::uint64_t kCutMarkSize = 64;

// "\n[… 123456 bytes cut …]\n"
std::string cut_mark(std::uint64_t bytes);

// The size of the bytes in a JSON string, as UTF-8 with U+FFFD, without quotes.
std::uint64_t json_size(std::string_view bytes);

struct ShownText {
  std::string text;              // UTF-8
  bool lossy = false;            // some bytes were not UTF-8
  std::uint64_t kept_bytes = 0;  // of the stream; less than its total when cut
};

// Head and tail, joined by a mark where something is missing. At most `max_size` + kCutMarkSize in a JSON
// string.
ShownText show(const StreamRecord& record, const Spool::Text& text, std::uint64_t max_size = kNoLimit);

// The same of a text that is at hand, and was perhaps shortened before.
std::string head_and_tail(std::string_view text, std::uint64_t max_size);

}  // namespace orchestrator
