#include "orchestrator/report/html/script_json.h"

#include <fmt/format.h>

#include "orchestrator/report/utf8.h"

namespace orchestrator::html {
namespace {

// Beside what JSON escapes by itself: what means something to HTML, and the two line ends of old JavaScript.
std::string_view escape_of(std::string_view bytes) {
  switch (bytes[0]) {
    case '<':
      return "\\u003c";
    case '>':
      return "\\u003e";
    case '&':
      return "\\u0026";
    default:
      if (bytes.substr(0, 3) == "\u2028") return "\\u2028";
      if (bytes.substr(0, 3) == "\u2029") return "\\u2029";
      return "";
  }
}

struct Piece {  // one character
  std::size_t length = 0;
  std::uint64_t size = 0;  // as written
};

Piece next_piece(std::string_view rest) {
  const char c = rest[0];
  if (c == '"' || c == '\\') return {1, 2};
  if (c >= 0x20 && c < 0x7F) return {1, escape_of(rest).empty() ? 1u : 6u};  // most of any output
  const std::string_view one = rest.substr(0, next_code_point(rest).length);
  return {one.size(), escape_of(one).empty() ? json_size(one) : 6};
}

}  // namespace

std::string script_json(const OrderedJson& json) {
  const std::string plain = dump(json);
  std::string text;
  text.reserve(plain.size());
  for (std::string_view rest = plain; !rest.empty();) {
    const std::string_view escape = escape_of(rest);
    const std::size_t length = escape.empty() || rest[0] != '\xE2' ? 1 : 3;
    if (escape.empty())
      text += rest[0];
    else
      text += escape;
    rest.remove_prefix(length);
  }
  return text;
}

std::uint64_t script_size(std::string_view utf8) {
  std::uint64_t size = 0;
  while (!utf8.empty()) {
    const Piece piece = next_piece(utf8);
    size += piece.size;
    utf8.remove_prefix(piece.length);
  }
  return size;
}

std::string shorten_for_script(std::string text, std::uint64_t max_size) {
  const std::uint64_t size = script_size(text);
  if (size <= max_size) return text;
  const std::uint64_t head_room = max_size / 2, tail_room = max_size - head_room;
  std::size_t head = 0, tail = text.size();  // where the one ends and the other begins
  std::uint64_t passed = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const Piece piece = next_piece(rest);
    rest.remove_prefix(piece.length);
    passed += piece.size;
    if (passed <= head_room) head = text.size() - rest.size();
    if (size - passed <= tail_room) {
      tail = text.size() - rest.size();
      break;
    }
  }
  return fmt::format("{}\n[… {} bytes left out of this page …]\n{}", std::string_view(text).substr(0, head),
                     tail - head, std::string_view(text).substr(tail));
}

}  // namespace orchestrator::html
