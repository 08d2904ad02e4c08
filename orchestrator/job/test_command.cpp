#include "orchestrator/job/job.h"
#include "sandbox/io/text.h"

namespace orchestrator {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

bool plain(std::string_view word) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=@%+,";
  return !word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos;
}

// LINE of "sh -c LINE", "/bin/bash -euc LINE"; else null.
const std::string* line_of_shell(const std::vector<std::string>& words) {
  if (words.size() < 3) return nullptr;
  const std::string program = words[0].substr(words[0].rfind('/') + 1);
  const bool shell = program == "sh" || program == "bash" || program == "dash";
  return shell && words[1].starts_with('-') && words[1].ends_with('c') ? &words[2] : nullptr;
}

}  // namespace

std::vector<std::string> TestCommand::argv() const {
  if (!words.empty()) return words;
  return {"/bin/sh", "-c", line};
}

std::vector<std::string> TestCommand::split() const {
  const auto* inner = line_of_shell(words);
  if (!words.empty() && !inner) return words;
  return io::words(inner ? *inner : line);
}

std::string TestCommand::display() const {
  if (words.empty()) {
    // Only a word with a blank is taken as a line after `--`.
    const bool one_word = line.find_first_of(kBlanks) == std::string::npos;
    return io::shell_quoted(one_word && !line.empty() ? line + " " : line);
  }
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += ' ';
    text += plain(word) ? word : io::shell_quoted(word);
  }
  return text;
}

std::string TestCommand::shown() const {
  if (!words.empty()) return display();
  const auto begin = line.find_first_not_of(kBlanks);
  return begin == std::string::npos ? "" : line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace orchestrator
