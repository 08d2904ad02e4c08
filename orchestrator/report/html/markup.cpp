#include "orchestrator/report/html/markup.h"

#include "orchestrator/report/report.h"

namespace orchestrator::html {
namespace {

// The length of "ESC [ … m" at the start of `bytes`; 0 when there is none.
std::size_t colour_length(std::string_view bytes) {
  if (bytes.substr(0, 2) != "\x1b[") return 0;
  const std::size_t end = bytes.find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && bytes[end] == 'm' ? end + 1 : 0;
}

std::string without_colours(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t escape = std::min(bytes.find('\x1b'), bytes.size());
    text.append(bytes.substr(0, escape));
    bytes.remove_prefix(escape);
    if (bytes.empty()) break;
    const std::size_t colour = colour_length(bytes);
    if (colour == 0) text += bytes[0];
    bytes.remove_prefix(std::max<std::size_t>(colour, 1));
  }
  return text;
}

}  // namespace

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char c : for_terminal(bytes)) {
    switch (c) {
      case '&':
        text += "&amp;";
        break;
      case '<':
        text += "&lt;";
        break;
      case '>':
        text += "&gt;";
        break;
      case '"':
        text += "&quot;";
        break;
      case '\'':
        text += "&#39;";
        break;
      default:
        text += c;
    }
  }
  return text;
}

std::string readable(std::string_view bytes) { return for_terminal(without_colours(bytes)); }

void Markup::start(std::string_view tag, Attributes attributes) {
  out_ << "<" << tag;
  for (const auto& [name, value] : attributes) {
    out_ << " " << name;
    if (!value.empty()) out_ << "=\"" << escaped(value) << "\"";
  }
  out_ << ">";
}

Markup::Element Markup::in(std::string_view tag, Attributes attributes) {
  start(tag, attributes);
  return {out_, tag};
}

void Markup::element(std::string_view tag, Attributes attributes, std::string_view text) {
  const Element element = in(tag, attributes);
  this->text(text);
}

void Markup::breakable(std::string_view bytes) {
  constexpr std::string_view kDividers = "/:_[,";
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find_first_of(kDividers), bytes.size() - 1) + 1;
    text(bytes.substr(0, end));
    bytes.remove_prefix(end);
    if (!bytes.empty()) single("wbr", {});
  }
}

void Markup::single(std::string_view tag, Attributes attributes) { start(tag, attributes); }

}  // namespace orchestrator::html
