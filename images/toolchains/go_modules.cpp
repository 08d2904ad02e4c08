#include "images/toolchains/go_modules.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>

#include "images/toolchains/languages.h"

namespace images {
namespace {

using Folders = std::set<std::string>;

// `path` seen from `base`, both folders of the tree; nothing for what lies outside of it.
std::optional<std::string> folder_in_tree(const std::string& base, const std::string& path) {
  if (path.starts_with('/')) return std::nullopt;
  std::string plain = (std::filesystem::path(base) / path).lexically_normal().string();
  while (plain.ends_with('/')) plain.pop_back();
  if (plain == ".") plain.clear();
  if (plain == ".." || plain.starts_with("../")) return std::nullopt;
  return plain;
}

bool is_in(const std::string& folder, const std::string& outer) {
  return outer.empty() || folder == outer || folder.starts_with(outer + "/");
}

// "" of "", which has none.
std::string folder_above(const std::string& folder) {
  const auto slash = folder.rfind('/');
  return slash == std::string::npos ? "" : folder.substr(0, slash);
}

// What nobody tests unless it is named.
bool is_left_out(const std::string& folder) {
  for (const auto& part : std::filesystem::path(folder))
    if (part == "vendor" || part == "testdata") return true;
  return false;
}

Folders module_folders(const Source& source) {
  Folders folders;
  for (const auto& entry : source.entries) {
    const std::string folder = folder_above(entry.path);
    if (entry.path == in_subdir(folder, "go.mod")) folders.insert(folder);
  }
  return folders;
}

// The folder of the go.work that Go takes: the nearest, upwards.
std::optional<std::string> folder_of_workspace(const Source& source, std::string folder) {
  for (;; folder = folder_above(folder)) {
    if (source.has(in_subdir(folder, "go.work"))) return folder;
    if (folder.empty()) return std::nullopt;
  }
}

// Of a shell's line, too: split where a shell splits.
std::vector<std::string> pieces_of(const std::vector<std::string>& words) {
  std::vector<std::string> pieces;
  for (std::string word : words) {
    std::replace_if(
        word.begin(), word.end(),
        [](char c) { return std::string_view(";&|()'\"\n\t").find(c) != std::string_view::npos; }, ' ');
    std::istringstream split(word);
    for (std::string piece; split >> piece;) pieces.push_back(piece);
  }
  return pieces;
}

// "a" of "cd a" and "go -C a", "./a/..." of "go test ./a/...": what can only be a folder.
std::vector<std::string> folders_said(const std::vector<std::string>& words) {
  std::vector<std::string> said;
  std::string before;
  for (const auto& piece : pieces_of(words)) {
    const bool goes_there = before == "cd" || before == "-C" || before == "pushd";
    if (piece.starts_with("-C="))
      said.push_back(piece.substr(3));
    else if (goes_there || piece.find('/') != std::string::npos)
      said.push_back(piece.substr(0, piece.find("...")));
    before = piece;
  }
  return said;
}

// The modules below `subdir` that the words name, or name a folder of.
Folders named_modules(const Folders& modules, const std::string& subdir,
                      const std::vector<std::string>& words) {
  Folders named;
  for (const auto& said : folders_said(words)) {
    auto folder = folder_in_tree(subdir, said);
    if (!folder || *folder == subdir) continue;
    while (*folder != subdir && !folder->empty() && !modules.contains(*folder))
      *folder = folder_above(*folder);
    if (*folder != subdir && modules.contains(*folder)) named.insert(*folder);
  }
  return named;
}

}  // namespace

std::vector<std::string> used_by_go_work(std::string_view go_work) {
  std::vector<std::string> used;
  std::istringstream lines{std::string(go_work)};
  bool in_block = false;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find("//")));
    std::string word;
    if (!(words >> word)) continue;
    const bool begins = !in_block && (word == "use" || word == "use(");
    if (begins && (word == "use(" || !(words >> word) || word == "(")) {
      in_block = true;
    } else if (in_block && word == ")") {
      in_block = false;
    } else if (begins || in_block) {
      std::erase_if(word, [](char c) { return c == '"' || c == '`'; });
      used.push_back(word);
    }
  }
  return used;
}

GoModules go_modules(const Source& source, const std::string& subdir,
                     const std::vector<std::string>& test_words) {
  GoModules made;
  const Folders modules = module_folders(source);
  Folders left = modules;
  const auto take = [&](const std::string& folder, std::vector<std::string>& to) {
    if (left.erase(folder) == 0) return;
    to.push_back(folder);
    if (source.has(in_subdir(folder, "vendor/modules.txt"))) made.vendored.insert(folder);
  };
  if (const auto root = folder_of_workspace(source, subdir)) {
    const std::string* text = source.manifest(in_subdir(*root, "go.work"));
    for (const auto& used : used_by_go_work(text ? *text : ""))
      if (const auto folder = folder_in_tree(*root, used)) take(*folder, made.workspace);
    // `go work vendor` puts those of all beside go.work.
    if (source.has(in_subdir(*root, "vendor/modules.txt")))
      made.vendored.insert(made.workspace.begin(), made.workspace.end());
  }
  const Folders named = named_modules(modules, subdir, test_words);
  made.named = !named.empty();
  take(subdir, made.alone);
  for (const auto& folder : named) take(folder, made.alone);
  // Without a go.work, a module of the folder and a word, each may be meant.
  auto& rest = left.size() == modules.size() ? made.alone : made.others;
  for (const auto& folder : modules)
    if (is_in(folder, subdir) && !is_left_out(folder)) take(folder, rest);
  return made;
}

}  // namespace images
