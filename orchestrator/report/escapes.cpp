#include "orchestrator/report/escapes.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/report/report.h"
#include "orchestrator/report/utf8.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

bool xml_knows(char32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
  return c != 0xFFFE && c != 0xFFFF;
}

// `escaped` gives what stands for a character, or nothing when it stands for itself.
template <class Escaped>
std::string replaced(std::string_view text, Escaped escaped) {
  std::string result;
  result.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    const std::string_view other = escaped(c);
    if (other.empty())
      result += c;
    else
      result += other;
  }
  return result;
}

std::string_view xml_entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '\r':
      return "&#13;";  // a parser would make it a newline
    default:
      return {};
  }
}

bool is_letter_or_digit(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::size_t longest_run(std::string_view text, char wanted) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) {
    run = c == wanted ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

// Of code between backticks a table takes the pipe, and a backslash before one; the ends take blanks.
bool fits_between_backticks(std::string_view line) {
  return !line.empty() && line.front() != ' ' && line.back() != ' ' &&
         line.find_first_of("`|\\") == std::string_view::npos;
}

}  // namespace

std::string xml_characters(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint point = next_code_point(bytes);
    append_utf8(text, xml_knows(point.value) ? point.value : 0xFFFD);
    bytes.remove_prefix(point.length);
  }
  return text;
}

std::string xml_text(std::string_view bytes) { return replaced(xml_characters(bytes), xml_entity); }

std::string xml_attribute(std::string_view bytes) {
  return replaced(xml_characters(bytes), [](char c) -> std::string_view {
    if (c == '"') return "&quot;";
    if (c == '\n') return "&#10;";
    if (c == '\t') return "&#9;";
    return xml_entity(c);
  });
}

std::string html_code(std::string_view bytes) {
  std::string code = "<code>";
  for (const char c : one_line(bytes)) {
    // Markdown reads between inline tags, too: only what can be no markup stands for itself.
    if (is_letter_or_digit(c) || c == ' ')
      code += c;
    else
      code += fmt::format("&#{};", static_cast<int>(c));
    if (c == '@') code += "<!-- -->";  // else a renderer finds an address in the text, entity or not
  }
  return code + "</code>";
}

std::string markdown_code(std::string_view bytes) {
  const std::string line = one_line(bytes);
  return fits_between_backticks(line) ? "`" + line + "`" : html_code(bytes);
}

std::string markdown_block(std::string_view bytes, std::string_view language) {
  std::string text = for_terminal(bytes);
  if (!text.empty() && text.back() != '\n') text += '\n';
  const std::string fence(std::max<std::size_t>(3, longest_run(text, '`') + 1), '`');
  return fmt::format("{}{}\n{}{}\n", fence, language, text, fence);
}

std::string workflow_data(std::string_view bytes) {
  return replaced(to_utf8(bytes), [](char c) -> std::string_view {
    if (c == '%') return "%25";
    if (c == '\r') return "%0D";
    if (c == '\n') return "%0A";
    return {};
  });
}

std::string workflow_property(std::string_view bytes) {
  return replaced(workflow_data(bytes), [](char c) -> std::string_view {
    if (c == ':') return "%3A";
    if (c == ',') return "%2C";
    return {};
  });
}

std::string slack_text(std::string_view bytes) {
  return replaced(for_terminal(bytes), [](char c) -> std::string_view {
    if (c == '&') return "&amp;";
    if (c == '<') return "&lt;";
    if (c == '>') return "&gt;";
    return {};
  });
}

std::string slack_code(std::string_view bytes) {
  std::string line = one_line(bytes);
  std::replace(line.begin(), line.end(), '`', '\'');  // Slack has no way to write one inside code
  if (line.find_first_not_of(' ') == std::string::npos) line = "(blank)";
  return "`" + slack_text(line) + "`";
}

}  // namespace orchestrator
