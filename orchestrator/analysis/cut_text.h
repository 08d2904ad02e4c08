// Cutting text of a stranger to a length. Pure; any thread.
#pragma once

#include <string_view>

namespace orchestrator {

// At most `longest` bytes of `text`, never ending inside a UTF-8 sequence that was whole.
inline std::string_view cut_text(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return text;
  const auto continues = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; };
  std::size_t end = longest;
  while (end > 0 && longest - end < 4 && continues(text[end])) --end;
  return text.substr(0, end);
}

}  // namespace orchestrator
