// Reads bytes as UTF-8 one code point at a time, by the rule of WHATWG's decoder: each maximal invalid part
// counts as one U+FFFD. Outputs of tests are any bytes; everything that shows them goes through here. Pure
// functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace orchestrator {

struct CodePoint {
  char32_t value = 0;      // U+FFFD when the bytes are invalid
  std::size_t length = 0;  // bytes taken, at least 1
  bool valid = true;
};

// The first code point of `bytes`, which must not be empty.
CodePoint next_code_point(std::string_view bytes);

void append_utf8(std::string& text, char32_t code_point);

// Where a cut has split a sequence: the bytes without the part of it that is left at their end or start.
std::string_view without_partial_end(std::string_view bytes);
std::string_view without_partial_start(std::string_view bytes);

// Columns of a terminal: 0 for combining marks, 2 for wide characters. An approximation by blocks.
int columns(char32_t code_point);
int columns(std::string_view utf8);

// At most `width` columns of a text without control characters; what was longer ends in "…".
std::string fit(std::string_view utf8, int width);

}  // namespace orchestrator
