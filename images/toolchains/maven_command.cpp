#include "images/toolchains/maven_command.h"

#include <algorithm>
#include <string_view>

#include "images/toolchains/command_words.h"

namespace images {
namespace {

using Words = std::vector<std::string>;

bool is_plain(std::string_view word) { return !word.empty() && !is_for_a_shell(word); }

// A folder or file of the tree, to be read by a shell.
bool is_plain_path(std::string_view path) {
  return is_plain(path) && path.front() != '-' && path.find_first_of(" \t\n") == std::string_view::npos;
}

bool is_maven(std::string_view word) { return program_of(word) == "mvn" || program_of(word) == "mvnw"; }

// Of options that are left out: whether the next word is theirs.
enum class Left { no, alone, with_value };

Left left_out(std::string_view word) {
  constexpr std::string_view kAlone[] = {
      "-q",   "--quiet",        "-e",  "--errors",           "-X",   "--debug",
      "-o",   "--offline",      "-B",  "--batch-mode",       "-ntp", "--no-transfer-progress",
      "-fae", "--fail-at-end",  "-ff", "--fail-fast",        "-fn",  "--fail-never",
      "-V",   "--show-version", "-U",  "--update-snapshots", "-nsu", "--no-snapshot-updates"};
  constexpr std::string_view kWithValue[] = {"-T", "--threads", "-l", "--log-file", "--color"};
  constexpr std::string_view kProperties[] = {"-Dtest=", "-Dit.test=", "-Dstyle.color="};
  const auto is = [word](std::string_view each) { return word == each; };
  if (std::any_of(std::begin(kAlone), std::end(kAlone), is)) return Left::alone;
  if (std::any_of(std::begin(kWithValue), std::end(kWithValue), is)) return Left::with_value;
  if (std::any_of(std::begin(kProperties), std::end(kProperties),
                  [word](std::string_view each) { return word.starts_with(each); }))
    return Left::alone;
  return word.starts_with("-T") || word.starts_with("--threads=") ? Left::alone : Left::no;
}

// Up to the end of the command in a line; nothing when a shell would make other words of them.
Words goals_and_options(Words::const_iterator word, Words::const_iterator end) {
  Words taken;
  for (; word != end; ++word) {
    if (separates_commands(*word) || word->find_first_of("<>") != std::string::npos) break;
    const Left left = left_out(*word);
    if (left == Left::with_value && std::next(word) != end) ++word;
    if (left != Left::no) continue;
    const bool ends_here = word->ends_with(';');
    const std::string text = ends_here ? word->substr(0, word->size() - 1) : *word;
    if (!is_plain(text)) return {};
    taken.push_back(text == "deploy" ? "install" : text);
    if (ends_here) break;
  }
  return taken;
}

}  // namespace

MavenCommand maven_command(const Words& test_words, bool has_wrapper) {
  MavenCommand command;
  if (has_wrapper) command.program = "sh ./mvnw";
  command.words = {"test"};
  const auto maven = std::find_if(test_words.begin(), test_words.end(), is_maven);
  if (maven == test_words.end() || !is_plain_path(*maven)) return command;
  command.program = program_of(*maven) == "mvnw" ? "sh " + *maven : *maven;
  const auto before = maven - test_words.begin();
  if (before >= 3 && maven[-3] == "cd" && maven[-1] == "&&" && is_plain_path(maven[-2]))
    command.folder = maven[-2];
  Words words = goals_and_options(std::next(maven), test_words.end());
  const bool asks_for_something =
      std::any_of(words.begin(), words.end(), [](const std::string& word) { return word.front() != '-'; });
  if (asks_for_something) command.words = std::move(words);
  return command;
}

}  // namespace images
