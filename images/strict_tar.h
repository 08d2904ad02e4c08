// The entries of a tar from elsewhere, read so narrowly that the engine's reader (Go's archive/tar) cannot
// find others in the same bytes. Readers differ on whatever tar has grown (long names by three ways, sparse
// files, a "/" at a file's end, what stands behind the end), and by that one is shown what the other does not
// get. An engine's own tar needs none of it. Any thread, one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "sandbox/io/fd.h"

namespace images {

struct StrictTarEntry {
  enum class Type { file, folder, link };
  Type type = Type::file;
  std::string name;       // relative, of few plain words; without the "/" at the end of a folder's
  std::string target;     // of a link: whatever stands there
  std::int64_t size = 0;  // of a file
};

// Relative, without an empty part, "." or "..", of letters, digits, '.', '-' and '_'.
bool is_plain_tar_name(std::string_view name);

// Throws io::RequestError with what follows the file's name in a sentence.
class StrictTar {
 public:
  explicit StrictTar(const std::string& path);

  // Nothing at the end, behind which there is nothing either. Throws io::GivenUp once `stop` is asked for.
  std::optional<StrictTarEntry> next(const std::stop_token& stop);

  // Of the file that next() gave last, in memory.
  std::string content() const;

 private:
  std::string read(std::int64_t at, std::int64_t size) const;
  std::string take_block();
  void expect_only_zeros(const std::stop_token& stop) const;
  void note(const StrictTarEntry& entry);

  io::Fd file_;
  std::int64_t file_size_ = 0;
  std::int64_t at_ = 0;                             // of the next header
  std::int64_t content_at_ = 0, content_size_ = 0;  // of the last entry
  std::map<std::string, StrictTarEntry::Type> seen_;
  std::set<std::string> folders_;  // those in which something is, whether or not they have an entry
};

}  // namespace images
