// Any text of a repository in each place that a report puts it in: it stays text there.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "orchestrator/report/escapes.h"

namespace {

void expect(bool truth) {
  if (!truth) std::abort();
}

bool has_any(std::string_view text, std::string_view of) {
  return text.find_first_of(of) != std::string::npos;
}

// What a parser makes of the entities that we write.
std::string parsed(std::string_view xml) {
  std::string text;
  while (!xml.empty()) {
    if (xml.front() != '&') {
      text += xml.front();
      xml.remove_prefix(1);
      continue;
    }
    const auto end = xml.find(';');
    expect(end != std::string_view::npos);
    const std::string_view name = xml.substr(1, end - 1);
    if (name.starts_with('#'))
      text += static_cast<char>(std::atoi(std::string(name.substr(1)).c_str()));
    else
      text += name == "amp" ? '&' : name == "lt" ? '<' : name == "gt" ? '>' : name == "quot" ? '"' : '\0';
    xml.remove_prefix(end + 1);
  }
  return text;
}

void check_xml(std::string_view bytes) {
  using namespace orchestrator;
  const std::string sanitised = xml_characters(bytes), text = xml_text(bytes), value = xml_attribute(bytes);
  expect(!has_any(text, "<>\r") && !has_any(value, "<>\"\r\n\t"));
  expect(parsed(text) == sanitised && parsed(value) == sanitised);
  expect(xml_characters(sanitised) == sanitised);
  for (const char c : sanitised)
    expect(static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n' || c == '\r');
}

void check_markdown(std::string_view bytes) {
  using namespace orchestrator;
  const std::string cell = markdown_code(bytes), html = html_code(bytes);
  expect(!has_any(cell, "|\r\n") && !has_any(html, "|\r\n`@\\"));
  expect(html.starts_with("<code>") && html.ends_with("</code>"));
  std::string inside = html.substr(6, html.size() - 13);
  for (auto at = inside.find("&#64;<!-- -->"); at != std::string::npos; at = inside.find("&#64;<!-- -->"))
    inside.erase(at, 13);
  expect(!has_any(inside, "<>[]*_~$!:.") && inside.find("&#64;") == std::string::npos);
  if (cell.front() == '`') {
    expect(cell.size() > 2 && cell.back() == '`');
    expect(!has_any(std::string_view(cell).substr(1, cell.size() - 2), "`\\"));
  } else {
    expect(cell == html);
  }
}

// Its first and last lines are the fence, and no line between ends it.
void check_block(std::string_view bytes) {
  const std::string block = orchestrator::markdown_block(bytes, "text");
  const std::string fence = block.substr(0, block.find_first_not_of('`'));
  expect(fence.size() >= 3 && block.starts_with(fence + "text\n") && block.ends_with("\n" + fence + "\n"));
  const std::size_t begin = fence.size() + 5, end = block.size() - fence.size() - 1;
  expect(std::string_view(block).substr(begin, end - begin).find(fence) == std::string_view::npos);
  expect(!has_any(block, std::string_view("\0\x1b\r", 3)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace orchestrator;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_xml(bytes);
  check_markdown(bytes);
  check_block(bytes);
  expect(!has_any(workflow_data(bytes), "\r\n") && !has_any(workflow_property(bytes), "\r\n:,"));
  expect(!has_any(slack_text(bytes), "<>"));
  const std::string slack = slack_code(bytes);
  expect(!has_any(slack, "<>\r\n") && std::count(slack.begin(), slack.end(), '`') == 2);
  return 0;
}
