// Git LFS: files whose content a repository keeps elsewhere and names by a small pointer. A pointer is never
// tested as if it were the file: it is fetched, or its absence is an error that names the file. Child
// process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "images/checkout/clone.h"
#include "images/checkout/git_tree.h"
#include "images/checkout/https_client.h"

namespace images::checkout {

inline constexpr std::int64_t kLongestPointer = 1024;

struct LfsPointer {
  std::string oid;  // sha256, hex
  std::int64_t size = 0;
};
// Nothing unless all of it is a pointer as the format's version 1 has it.
std::optional<LfsPointer> parse_pointer(std::string_view text);

// The part of .gitattributes that matters here: which paths have filter=lfs.
class LfsAttributes {
 public:
  // The files nearer to the root first.
  void add(const std::string& folder, std::string_view attributes);
  bool is_lfs(std::string_view path) const;

 private:
  struct Rule {
    std::string folder;   // "" or "sub/"
    std::string pattern;  // below it
    bool lfs = false;
  };
  std::vector<Rule> rules_;
};

// "3 files are Git LFS pointers …: a.bin, b.bin"
std::string name_pointers(const std::vector<std::string>& paths, const std::string& reason);

// Puts the contents in the place of the pointers that came from `source` of the tree, whose repository is
// `url` and whose root is at `prefix`. They are kept in `folder`. Throws io::RequestError naming the files.
void fetch_lfs(HttpsClient& client, GitTree& tree, std::size_t source, const std::string& url,
               const std::string& prefix, const std::string& folder, const Progress& progress);
// The same from the object folder of a local repository ("…/.git/lfs/objects").
void find_lfs(GitTree& tree, std::size_t source, const std::string& prefix, const std::string& objects);

}  // namespace images::checkout
