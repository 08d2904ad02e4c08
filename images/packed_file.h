// One file that holds a few others: a tar, compressed by zstd. Any thread; what blocks here are disks. Files
// that are read may come from anybody: names are looked up, never used as paths, and what is read is bounded
// by whoever takes it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace images {

struct PackedMember {
  std::string name;  // "report.json"
  std::string file;  // on this host
};

// Throws io::HostError when one of them cannot be read or `path` cannot be written, io::GivenUp once `stop`
// is asked for. `path` is then as it was, and nothing lies beside it.
void write_packed_file(const std::string& path, const std::vector<PackedMember>& members,
                       const std::stop_token& stop);

// Where the bytes of a member go, piece by piece.
using MemberSink = std::function<void(std::string_view)>;

// Calls `open` for each member, in order, and then what it returned for all of its bytes; what they throw
// ends the reading. Returns the SHA-256 of the whole file, hex. Throws io::RequestError with one sentence for
// what is no such file, ends early, or holds anything but plain files.
std::string read_packed_file(
    const std::string& path,
    const std::function<MemberSink(const std::string& name, std::int64_t size)>& open);

// Of a file, hex. Throws io::HostError when it cannot be read.
struct FileSum {
  std::int64_t bytes = 0;
  std::string sha256;
};
FileSum sum_of_file(const std::string& path, const std::stop_token& stop);

// The same for bytes that come piece by piece, or are already here.
class Sha256Sum {
 public:
  Sha256Sum();
  ~Sha256Sum();
  void add(std::string_view bytes);
  std::string hex();  // once, last

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace images
