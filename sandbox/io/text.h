// Small steps in reading and writing what people and programs say in text. Header only, pure, for any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace io {

inline constexpr std::string_view kBlanks = " \t\r";

// Without blanks at both ends.
inline std::string_view trimmed(std::string_view text, std::string_view blanks = kBlanks) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// What stands between blanks.
inline std::vector<std::string> words(std::string_view text, std::string_view blanks = " \t\r\n\v\f") {
  std::vector<std::string> result;
  for (auto begin = text.find_first_not_of(blanks); begin != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(blanks, begin), text.size());
    result.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(blanks, end);
  }
  return result;
}

// ASCII letters alone; everything else is as it was, whatever the locale.
inline std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

// One word of a line for a POSIX shell: in single quotes.
inline std::string shell_quoted(std::string_view word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace io
