#include "images/toolchains/rust_command.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "images/toolchains/command_words.h"

namespace images {
namespace {

enum class Flag { other, whole, target };

struct KnownFlag {
  std::string_view name;
  bool has_value;
  Flag kind;
};

constexpr KnownFlag kFlags[] = {
    {"--package", true, Flag::whole},
    {"-p", true, Flag::whole},
    {"--exclude", true, Flag::whole},
    {"--workspace", false, Flag::whole},
    {"--all", false, Flag::whole},
    {"--features", true, Flag::whole},
    {"-F", true, Flag::whole},
    {"--all-features", false, Flag::whole},
    {"--release", false, Flag::whole},
    {"--no-default-features", false, Flag::whole},
    {"-r", false, Flag::whole},
    {"--profile", true, Flag::whole},
    {"--cargo-profile", true, Flag::whole},
    {"--target", true, Flag::whole},
    {"--target-dir", true, Flag::whole},
    {"--manifest-path", true, Flag::whole},
    {"--config", true, Flag::whole},
    {"-Z", true, Flag::whole},
    {"--lib", false, Flag::target},
    {"--bins", false, Flag::target},
    {"--bin", true, Flag::target},
    {"--tests", false, Flag::target},
    {"--test", true, Flag::target},
    {"--examples", false, Flag::target},
    {"--example", true, Flag::target},
    {"--benches", false, Flag::target},
    {"--bench", true, Flag::target},
    {"--all-targets", false, Flag::target},
};

using Words = std::vector<std::string>;

bool is_cargo(std::string_view word) { return program_of(word) == "cargo"; }

// Its first word that is not of cargo itself; the end where there is no such command.
Words::const_iterator behind_test(const Words& words, std::string& toolchain, bool& nextest) {
  for (auto at = std::find_if(words.begin(), words.end(), is_cargo); at != words.end();
       at = std::find_if(at, words.end(), is_cargo)) {
    ++at;
    toolchain.clear();
    if (at != words.end() && at->starts_with("+") && !is_for_a_shell(*at)) toolchain = *at++;
    if (at == words.end()) break;
    nextest = *at == "nextest";
    if (nextest || *at == "test" || *at == "t") return at + 1;
  }
  toolchain.clear();
  return words.end();
}

const KnownFlag* known(std::string_view word) {
  const std::string_view name = word.substr(0, word.find('='));
  const auto found = std::find_if(std::begin(kFlags), std::end(kFlags), [&](const KnownFlag& flag) {
    const bool glued = flag.name.size() == 2 && flag.has_value && word.starts_with(flag.name);
    return flag.name == name || glued;  // "-pname"
  });
  return found == std::end(kFlags) ? nullptr : found;
}

Words command(const Words& test_words, bool with_targets) {
  std::string toolchain;
  bool nextest = false;
  auto word = behind_test(test_words, toolchain, nextest);
  Words command = {"cargo"};
  if (!toolchain.empty()) command.push_back(toolchain);
  command.insert(command.end(), {"test", "--no-run"});
  for (; word != test_words.end() && *word != "--" && !is_for_a_shell(*word); ++word) {
    const KnownFlag* flag = known(*word);
    if (!flag) continue;
    const bool value_follows = flag->has_value && *word == flag->name;
    const bool taken = flag->kind == Flag::whole || with_targets;
    // What nextest calls so is cargo's --profile, and its own --profile something else.
    const bool own = nextest && flag->name == "--profile";
    if (taken && !own)
      command.push_back(flag->name == "--cargo-profile" ? "--profile" + word->substr(flag->name.size())
                                                        : *word);
    if (!value_follows) continue;
    if (word + 1 == test_words.end() || is_for_a_shell(*(word + 1))) {
      if (taken && !own) command.pop_back();
      break;
    }
    ++word;
    if (taken && !own) command.push_back(*word);
  }
  return command;
}

}  // namespace

Words rust_dependencies_command(const Words& test_words) { return command(test_words, false); }
Words rust_compile_command(const Words& test_words) { return command(test_words, true); }

}  // namespace images
