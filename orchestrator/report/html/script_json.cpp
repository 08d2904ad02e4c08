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

std::uint64_t size_of(std::string_view code_point) {
  if (!escape_of(code_point).empty()) return 6;
  return json_size(code_point);
}

std::string_view first(std::string_view utf8) { return utf8.substr(0, next_code_point(utf8).length); }

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
  for (; !utf8.empty(); utf8.remove_prefix(first(utf8).size())) size += size_of(first(utf8));
  return size;
}

std::string shorten_for_script(std::string text, std::uint64_t max_size) {
  const std::uint64_t size = script_size(text);
  if (size <= max_size) return text;
  std::string_view rest = text;
  std::uint64_t used = 0;
  const auto take = [&](std::uint64_t until) {
    const std::string_view before = rest;
    for (; !rest.empty() && used + size_of(first(rest)) <= until; rest.remove_prefix(first(rest).size()))
      used += size_of(first(rest));
    return before.substr(0, before.size() - rest.size());
  };
  const std::string_view head = take(max_size / 2);
  const std::string_view middle = take(size - (max_size - max_size / 2));
  // One more, where the middle's last character would have passed the bound.
  const std::string_view edge = used < size - (max_size - max_size / 2) && !rest.empty() ? first(rest) : "";
  rest.remove_prefix(edge.size());
  return fmt::format("{}\n[… {} bytes left out of this page …]\n{}", head, middle.size() + edge.size(), rest);
}

}  // namespace orchestrator::html
