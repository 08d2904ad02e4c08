// Writes git objects into a pack and its index. Objects are stored whole and uncompressed: the pack is made
// anew for every change of the sources and lives in one image layer, and compressing took ten times as long
// as all the rest. So the bytes depend on the objects and their order alone. Child process.
#pragma once

#include <git2.h>
#include <openssl/evp.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace images::checkout {

class PackWriter {
 public:
  // Creates `folder`/sources.pack for exactly `count` objects.
  PackWriter(const std::string& folder, std::uint32_t count);
  void add(const git_oid& id, git_object_t type, std::string_view content);
  // Completes both files. Throws io::HostError when they could not be written.
  void finish();

  const std::string& name() const { return name_; }  // hex, as git names a pack; known once it is finished
  const std::string& pack_file() const { return pack_file_; }
  const std::string& index_file() const { return index_file_; }

 private:
  struct Entry {
    git_oid id;
    std::uint32_t crc;
    std::uint64_t offset;
  };
  using Sha1 = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>;

  void put(std::string_view bytes);
  void write_index(const std::string& pack_checksum);

  std::string name_, pack_file_, index_file_;
  std::ofstream out_;
  Sha1 hash_;
  std::uint64_t offset_ = 0;
  std::uint32_t crc_ = 0;  // of the object being written
  std::uint32_t promised_;
  std::vector<Entry> entries_;
};

// CRC-32 of IEEE 802.3 and Adler-32, continued from an earlier result (at first: 0 and 1).
std::uint32_t crc32(std::uint32_t so_far, std::string_view bytes);
std::uint32_t adler32(std::uint32_t so_far, std::string_view bytes);

}  // namespace images::checkout
