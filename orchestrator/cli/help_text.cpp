#include "orchestrator/cli/help_text.h"

#include <sstream>

namespace orchestrator {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kLeft = 30;  // where the second column begins

// Breaks at blanks; every line but the first is indented.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::istringstream words(text);
  std::string result, word;
  std::size_t column = indent;
  while (words >> word) {
    const bool first = result.empty();
    if (!first && column + 1 + word.size() > kWidth) {
      result.append(1, '\n').append(indent, ' ');
      column = indent;
    } else if (!first) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result;
}

std::string entry_text(const HelpEntry& entry) {
  std::string text = "  " + entry.left;
  if (text.size() + 2 > kLeft) {
    text += "\n" + std::string(kLeft, ' ');
  } else {
    text.resize(kLeft, ' ');
  }
  return text + wrapped(entry.about, kLeft) + "\n";
}

}  // namespace

std::string help_text(const HelpPage& page) {
  std::string text = "Usage: " + wrapped(page.usage, 7) + "\n\n" + wrapped(page.about, 0) + "\n";
  std::string group;
  for (const auto& entry : page.entries) {
    if (entry.group != group) text += "\n" + entry.group + ":\n";
    group = entry.group;
    text += entry_text(entry);
  }
  if (!page.examples.empty()) text += "\nExamples:\n";
  for (const auto& example : page.examples) text += "  " + example + "\n";
  return text;
}

}  // namespace orchestrator
