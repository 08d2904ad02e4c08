// JSON that may stand inside <script>: no tag and no comment can begin in it. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "orchestrator/report/json_sections.h"

namespace orchestrator::html {

std::string script_json(const OrderedJson& json);

// The size of a text inside it, without quotes.
std::uint64_t script_size(std::string_view utf8);

// A text of at most `max_size` in script_json, but for the mark that says what was left out of its middle.
// The mark needs less than kLeftOutMark.
std::string shorten_for_script(std::string text, std::uint64_t max_size);
inline constexpr std::uint64_t kLeftOutMark = 80;

}  // namespace orchestrator::html
