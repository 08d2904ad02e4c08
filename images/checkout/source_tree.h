// A tree of sources that can be listed and read: of git's object database, or a folder of this host. One
// thread of the child process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "images/checkout/checkout.h"

namespace images::checkout {

struct GitTag {
  std::string name;    // "refs/tags/v1"
  std::string oid;     // of the tag object, or of the commit for a lightweight tag
  std::string peeled;  // of the commit; empty for a lightweight tag
};

// What the delivered .git says besides the files of its commit.
struct GitState {
  std::string commit;        // hex
  std::string head;          // "ref: refs/heads/main", or the commit's id when detached
  std::vector<GitTag> tags;  // pointing at the commit; sorted by name
};

// An entry's bytes, piece by piece.
class Content {
 public:
  virtual ~Content() = default;
  virtual std::int64_t size() const = 0;
  // The next piece, valid until the next call; empty at the end. Gives exactly size() bytes or throws.
  virtual std::string_view next() = 0;
};

class SourceTree {
 public:
  virtual ~SourceTree() = default;
  const std::vector<TreeEntry>& entries() const { return entries_; }  // sorted by path
  const std::vector<std::string>& warnings() const { return warnings_; }
  // Null when the entry has gone since it was listed (a local folder that is being worked in).
  virtual std::unique_ptr<Content> open(std::size_t index) = 0;

 protected:
  std::vector<TreeEntry> entries_;
  std::vector<std::string> warnings_;
};

// Bytes that are in memory already.
class MemoryContent : public Content {
 public:
  explicit MemoryContent(std::string bytes) : bytes_(std::move(bytes)) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(bytes_.size()); }
  std::string_view next() override { return std::exchange(given_, true) ? std::string_view() : bytes_; }

 private:
  std::string bytes_;
  bool given_ = false;
};

}  // namespace images::checkout
