#include "images/checkout/git_tree.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "images/checkout/file_content.h"
#include "images/checkout/path_rules.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

constexpr std::int64_t kLongestTarget = 4095;

std::string join(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

char type_of(git_filemode_t mode) {
  if (mode == GIT_FILEMODE_LINK) return 'l';
  return mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 'x' : 'f';
}

git_oid root_of(git_repository* repository, const git_oid& commit) {
  const auto owner =
      git_make<Commit>("cannot read commit " + hex(commit), ::git_commit_lookup, repository, &commit);
  return *::git_commit_tree_id(owner.get());
}

}  // namespace

void refuse_size(std::int64_t max_bytes) {
  throw io::RequestError("the sources are larger than the allowed " + std::to_string(max_bytes >> 20) +
                         " MiB");
}

std::vector<GitLink> GitTree::add(Repository repository, const git_oid& commit, const std::string& prefix) {
  const git_oid tree = root_of(repository.get(), commit);
  return add_tree(std::move(repository), tree, prefix);
}

std::vector<GitLink> GitTree::add_folder(Repository repository, const git_oid& commit,
                                         const std::string& folder) {
  const git_oid root = root_of(repository.get(), commit);
  const auto tree = git_make<Tree>("cannot read the tree", ::git_tree_lookup, repository.get(), &root);
  git_tree_entry* found = nullptr;
  if (::git_tree_entry_bypath(&found, tree.get(), folder.c_str()) != 0)
    throw io::RequestError("the folder '" + printable(folder) + "' does not exist in commit " + hex(commit));
  const GitHandle<git_tree_entry, ::git_tree_entry_free> entry(found);
  if (::git_tree_entry_type(found) != GIT_OBJECT_TREE)
    throw io::RequestError("'" + printable(folder) + "' is no folder in commit " + hex(commit));
  return add_tree(std::move(repository), *::git_tree_entry_id(found), "");
}

std::vector<GitLink> GitTree::add_tree(Repository repository, const git_oid& tree,
                                       const std::string& prefix) {
  Source source;
  source.odb = git_make<Odb>("cannot open the object database", ::git_repository_odb, repository.get());
  source.repository = std::move(repository);
  sources_.push_back(std::move(source));
  std::vector<GitLink> links;
  walk(tree, prefix, 0, links);
  return links;
}

void GitTree::walk(const git_oid& tree_id, const std::string& folder, std::size_t depth,
                   std::vector<GitLink>& links) {
  if (depth > kDeepestFolder)
    throw io::RequestError("the repository's folders are nested too deeply: " + printable(folder));
  const auto tree = git_make<Tree>("cannot read the folder '" + printable(folder) + "'", ::git_tree_lookup,
                                   sources_.back().repository.get(), &tree_id);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < ::git_tree_entrycount(tree.get()); ++i) {
    const git_tree_entry* entry = ::git_tree_entry_byindex(tree.get(), i);
    const std::string_view name = ::git_tree_entry_name(entry);
    check_name(name, folder);
    if (!names.insert(name).second)
      throw io::RequestError("the repository holds '" + printable(name) + "' twice in '" + printable(folder) +
                             "'");
    const std::string path = join(folder, name);
    const git_filemode_t mode = ::git_tree_entry_filemode(entry);
    if (mode == GIT_FILEMODE_TREE) {
      walk(*::git_tree_entry_id(entry), path, depth + 1, links);
    } else if (mode == GIT_FILEMODE_COMMIT) {
      links.push_back({path, hex(*::git_tree_entry_id(entry))});
    } else {
      add_blob(entry, path);
    }
  }
}

void GitTree::add_blob(const git_tree_entry* entry, const std::string& path) {
  Blob blob;
  blob.oid = *::git_tree_entry_id(entry);
  blob.source = sources_.size() - 1;
  std::size_t size = 0;
  git_object_t kind = GIT_OBJECT_INVALID;
  git_check(::git_odb_read_header(&size, &kind, sources_.back().odb.get(), &blob.oid),
            "cannot read '" + printable(path) + "'");
  if (kind != GIT_OBJECT_BLOB)
    throw io::RequestError("'" + printable(path) + "' is no file in the object database");
  blob.size = static_cast<std::int64_t>(size);
  const char type = type_of(::git_tree_entry_filemode(entry));
  if (type == 'l' && (blob.size == 0 || blob.size > kLongestTarget))
    throw io::RequestError("the symlink '" + printable(path) + "' leads to a path of impossible length");
  total_ += blob.size;
  if (total_ > max_bytes_) refuse_size(max_bytes_);
  if (entries_.size() >= kMostEntries)
    throw io::RequestError("the repository holds more than a million files");
  blobs_.push_back(std::move(blob));
  entries_.push_back({path, type});
}

void GitTree::finish() {
  std::vector<std::size_t> order(entries_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return entries_[a].path < entries_[b].path; });
  std::vector<TreeEntry> entries;
  std::vector<Blob> blobs;
  for (std::size_t i : order) {
    entries.push_back(std::move(entries_[i]));
    blobs.push_back(std::move(blobs_[i]));
  }
  entries_ = std::move(entries);
  blobs_ = std::move(blobs);
}

std::string GitTree::read(std::size_t index) const {
  const Blob& blob = blobs_[index];
  const auto object = git_make<OdbObject>("cannot read '" + printable(entries_[index].path) + "'",
                                          ::git_odb_read, sources_[blob.source].odb.get(), &blob.oid);
  return {static_cast<const char*>(::git_odb_object_data(object.get())), ::git_odb_object_size(object.get())};
}

std::unique_ptr<Content> GitTree::open(std::size_t index) {
  if (!blobs_[index].file.empty()) return open_file(blobs_[index].file);
  return std::make_unique<MemoryContent>(read(index));
}

std::optional<std::size_t> GitTree::find(const std::string& path) const {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), path,
                       [](const TreeEntry& entry, const std::string& p) { return entry.path < p; });
  if (found == entries_.end() || found->path != path) return std::nullopt;
  return static_cast<std::size_t>(found - entries_.begin());
}

void GitTree::replace(std::size_t index, const std::string& file, std::int64_t size) {
  total_ += size - blobs_[index].size;
  if (total_ > max_bytes_) refuse_size(max_bytes_);
  blobs_[index].file = file;
  blobs_[index].size = size;
}

}  // namespace images::checkout
