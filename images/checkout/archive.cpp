#include "images/checkout/archive.h"

#include <set>

#include "images/checkout/git_folder.h"
#include "images/checkout/path_rules.h"

namespace images::checkout {
namespace {

// Emits each folder once, before what is in it. The entries come sorted, but "a-b" sorts between "a" and
// "a/b", so a stack of open folders would not do.
class Folders {
 public:
  explicit Folders(TarWriter& tar) : tar_(tar) {}

  void need(const std::string& path) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      if (done_.insert(path.substr(0, slash)).second) tar_.folder(path.substr(0, slash));
  }

 private:
  TarWriter& tar_;
  std::set<std::string> done_;
};

void check_target(const TreeEntry& entry, const std::string& target) {
  if (target.empty() || target.find('\0') != std::string::npos)
    throw io::RequestError("the symlink '" + printable(entry.path) +
                           "' leads nowhere that a file system can name");
}

}  // namespace

void write_entries(SourceTree& tree, const std::string& base,
                   const std::function<bool(const TreeEntry&)>& wanted, TarWriter& tar, TreeHash& hash) {
  Folders folders(tar);
  if (!base.empty()) folders.need(base + "/");
  const auto& entries = tree.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const TreeEntry& entry = entries[i];
    if (!wanted(entry)) continue;
    const auto content = tree.open(i);
    if (!content) continue;
    const std::string path = base.empty() ? entry.path : base + "/" + entry.path;
    folders.need(path);
    Sha256 digest;
    if (entry.type == 'l') {
      const std::string target(content->next());
      check_target(entry, target);
      digest.add(target);
      tar.symlink(path, target);
    } else {
      tar.begin_file(path, content->size(), entry.type == 'x' ? 0755 : 0644);
      for (auto piece = content->next(); !piece.empty(); piece = content->next()) {
        digest.add(piece);
        tar.append(piece);
      }
    }
    hash.add(entry, content->size(), digest.finish());
  }
}

SourceArchive write_archive(Sources& sources, const std::string& scratch, const std::string& prefix,
                            int owner) {
  std::string base = prefix;
  while (base.ends_with('/')) base.pop_back();
  check_path(base);
  SourceArchive archive;
  archive.tar_file = scratch + "/source.tar";
  TarWriter tar(archive.tar_file, owner);
  TreeHash hash;
  write_entries(
      *sources.tree, base, [](const TreeEntry&) { return true; }, tar, hash);
  if (sources.git) {
    hash.add(*sources.git);
    write_git_folder(tar, base + "/.git", sources.repository.get(), *sources.git, scratch);
  }
  tar.finish();
  archive.tree_hash = hash.finish();
  return archive;
}

}  // namespace images::checkout
