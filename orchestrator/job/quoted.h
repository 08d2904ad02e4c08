// Words of a stranger inside our own sentences: short, and without anything that a terminal would obey.
#pragma once

#include <string>
#include <string_view>

namespace orchestrator {

// The text, or its first so many bytes and "…"; no letter is cut in two.
std::string at_most(std::string_view text, std::size_t bytes);
// 'word', at most 80 bytes of it, control characters shown as '?'.
std::string in_quotes(std::string_view word);
// " (did you mean 'runs'?)", or nothing when `near` is empty.
std::string did_you_mean(const std::string& near);
// A git URL without user and password.
std::string without_userinfo(const std::string& url);

}  // namespace orchestrator
