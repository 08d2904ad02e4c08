#include "images/checkout/build_context.h"

#include <algorithm>
#include <optional>

#include "images/checkout/archive.h"
#include "images/checkout/path_rules.h"
#include "images/checkout/tree_hash.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

constexpr const char* kIgnoreFile = ".dockerignore";
constexpr std::int64_t kMostBytes = 1 << 20;  // of a Dockerfile or an ignore file

// Its text; nothing when there is no such entry.
std::optional<std::string> read_file(SourceTree& tree, const std::string& path) {
  const auto& entries = tree.entries();
  const auto found =
      std::lower_bound(entries.begin(), entries.end(), path,
                       [](const TreeEntry& entry, const std::string& wanted) { return entry.path < wanted; });
  if (found == entries.end() || found->path != path) return std::nullopt;
  const auto refuse = [&path](const char* why) {
    throw io::RequestError("dockerfile: '" + printable(path) + "' " + why);
  };
  if (found->type == 'l') refuse("is a symlink; name the file that it leads to");
  const auto content = tree.open(static_cast<std::size_t>(found - entries.begin()));
  if (!content) return std::nullopt;
  if (content->size() > kMostBytes) refuse("is larger than 1 MiB");
  std::string text;
  for (auto piece = content->next(); !piece.empty(); piece = content->next()) text.append(piece);
  return text;
}

}  // namespace

BuildRules::BuildRules(SourceTree& tree, const std::string& dockerfile) : dockerfile_(dockerfile) {
  auto text = read_file(tree, dockerfile);
  if (!text)
    throw io::RequestError("dockerfile: there is no file '" + printable(dockerfile) + "' in the repository");
  text_ = std::move(*text);
  for (const std::string& name : {dockerfile + kIgnoreFile, std::string(kIgnoreFile)}) {
    const auto rules = read_file(tree, name);
    if (!rules) continue;
    ignored_ = DockerIgnore(*rules, name);
    return;
  }
}

bool BuildRules::keeps(const std::string& path) const {
  return path == dockerfile_ || path == kIgnoreFile || !ignored_.ignores(path);
}

SourceArchive write_context(Sources& sources, const std::string& dockerfile, const std::string& scratch) {
  const BuildRules rules(*sources.tree, dockerfile);
  SourceArchive archive;
  archive.tar_file = scratch + "/context.tar";
  TarWriter tar(archive.tar_file);
  TreeHash hash;
  write_entries(
      *sources.tree, "", [&rules](const TreeEntry& entry) { return rules.keeps(entry.path); }, tar, hash);
  tar.finish();
  archive.tree_hash = hash.finish();
  return archive;
}

}  // namespace images::checkout
