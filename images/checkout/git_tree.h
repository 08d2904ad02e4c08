// The tree of a commit, and of the submodules' commits inside it, read from object databases. Child process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "images/checkout/git_handles.h"
#include "images/checkout/source_tree.h"

namespace images::checkout {

// A submodule's place: its folder and the commit recorded for it.
struct GitLink {
  std::string path;
  std::string commit;
};

class GitTree : public SourceTree {
 public:
  explicit GitTree(std::int64_t max_bytes) : max_bytes_(max_bytes) {}

  // Adds what `commit` holds below `prefix` (empty: the root). Returns the submodules it names. Throws
  // io::RequestError for hostile names and for more bytes or entries than allowed.
  std::vector<GitLink> add(Repository repository, const git_oid& commit, const std::string& prefix);
  // Adds one folder of the commit's tree alone, as the root.
  std::vector<GitLink> add_folder(Repository repository, const git_oid& commit, const std::string& folder);
  // Sorts; to be called once after the last add and before anything else.
  void finish();

  std::unique_ptr<Content> open(std::size_t index) override;
  std::optional<std::size_t> find(const std::string& path) const;
  std::int64_t size_of(std::size_t index) const { return blobs_[index].size; }
  // Which add() an entry came from.
  std::size_t source_of(std::size_t index) const { return blobs_[index].source; }
  std::string read(std::size_t index) const;
  // From now on the entry's content is that file's.
  void replace(std::size_t index, const std::string& file, std::int64_t size);
  void warn(std::string sentence) { warnings_.push_back(std::move(sentence)); }

 private:
  struct Blob {
    git_oid oid{};
    std::size_t source = 0;
    std::int64_t size = 0;
    std::string file;  // instead of the blob
  };
  struct Source {
    Repository repository;
    Odb odb;
  };

  std::vector<GitLink> add_tree(Repository repository, const git_oid& tree, const std::string& prefix);
  void walk(const git_oid& tree, const std::string& folder, std::size_t depth, std::vector<GitLink>& links);
  void add_blob(const git_tree_entry* entry, const std::string& path);

  std::int64_t max_bytes_;
  std::int64_t total_ = 0;
  std::vector<Source> sources_;
  std::vector<Blob> blobs_;  // parallel to entries_
};

// "main.py too large…": the sentence for a tree past its cap.
[[noreturn]] void refuse_size(std::int64_t max_bytes);

}  // namespace images::checkout
