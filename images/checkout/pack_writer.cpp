#include "images/checkout/pack_writer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "images/checkout/tree_hash.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

constexpr std::size_t kLargestBlock = 0xffff;  // of a stored block of deflate
constexpr std::uint64_t kLargestSmallOffset = 0x7fffffff;

std::string big_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

// Four tables, so that four bytes are done at a time.
using CrcTables = std::array<std::array<std::uint32_t, 256>, 4>;

CrcTables make_crc_tables() {
  CrcTables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    tables[0][i] = value;
  }
  for (std::size_t t = 1; t < tables.size(); ++t)
    for (std::size_t i = 0; i < 256; ++i)
      tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 0xff];
  return tables;
}

// The type and size of an object: four bits of the size in the first byte, then seven in each.
std::string object_header(git_object_t type, std::uint64_t size) {
  std::string header;
  unsigned byte = static_cast<unsigned>(type) << 4 | (size & 15);
  for (size >>= 4; size != 0; size >>= 7) {
    header += static_cast<char>(byte | 0x80);
    byte = size & 0x7f;
  }
  return header + static_cast<char>(byte);
}

void digest(EVP_MD_CTX* context, std::string_view bytes) {
  if (::EVP_DigestUpdate(context, bytes.data(), bytes.size()) != 1) throw std::runtime_error("sha1 failed");
}

std::string digest_end(EVP_MD_CTX* context) {
  std::string text(GIT_OID_RAWSZ, '\0');
  if (::EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(text.data()), nullptr) != 1)
    throw std::runtime_error("sha1 failed");
  return text;
}

std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest_start() {
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(::EVP_MD_CTX_new(), ::EVP_MD_CTX_free);
  if (!context || ::EVP_DigestInit_ex(context.get(), ::EVP_sha1(), nullptr) != 1)
    throw std::runtime_error("sha1 is not available");
  return context;
}

}  // namespace

std::uint32_t crc32(std::uint32_t so_far, std::string_view bytes) {
  static const CrcTables tables = make_crc_tables();
  std::uint32_t crc = ~so_far;
  for (; bytes.size() >= 4; bytes.remove_prefix(4)) {
    std::uint32_t four = 0;
    for (std::size_t i = 0; i < 4; ++i)
      four |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    crc ^= four;
    crc = tables[3][crc & 0xff] ^ tables[2][crc >> 8 & 0xff] ^ tables[1][crc >> 16 & 0xff] ^
          tables[0][crc >> 24];
  }
  for (unsigned char byte : bytes) crc = crc >> 8 ^ tables[0][(crc ^ byte) & 0xff];
  return ~crc;
}

std::uint32_t adler32(std::uint32_t so_far, std::string_view bytes) {
  constexpr std::uint32_t kModulus = 65521;
  constexpr std::size_t kSafe = 5552;  // so many bytes before the sums could pass 32 bits
  std::uint32_t low = so_far & 0xffff, high = so_far >> 16;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kSafe);
    for (unsigned char byte : piece) high += low += byte;
    low %= kModulus;
    high %= kModulus;
    bytes.remove_prefix(piece.size());
  }
  return high << 16 | low;
}

PackWriter::PackWriter(const std::string& folder, std::uint32_t count)
    : pack_file_(folder + "/sources.pack"),
      index_file_(folder + "/sources.idx"),
      out_(pack_file_, std::ios::binary | std::ios::trunc),
      hash_(digest_start()),
      promised_(count) {
  put("PACK" + big_endian(2, 4) + big_endian(count, 4));
}

void PackWriter::put(std::string_view bytes) {
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  digest(hash_.get(), bytes);
  crc_ = crc32(crc_, bytes);
  offset_ += bytes.size();
}

void PackWriter::add(const git_oid& id, git_object_t type, std::string_view content) {
  const std::uint64_t start = offset_;
  crc_ = 0;
  const std::uint32_t check = adler32(1, content);
  put(object_header(type, content.size()) + "\x78\x01");  // zlib, and what says that nothing was tried
  do {
    const std::string_view block = content.substr(0, kLargestBlock);
    content.remove_prefix(block.size());
    const auto size = static_cast<std::uint16_t>(block.size());
    const auto inverse = static_cast<std::uint16_t>(~size);
    const char header[5] = {content.empty() ? '\1' : '\0', static_cast<char>(size),
                            static_cast<char>(size >> 8), static_cast<char>(inverse),
                            static_cast<char>(inverse >> 8)};
    put({header, sizeof header});
    put(block);
  } while (!content.empty());
  put(big_endian(check, 4));
  entries_.push_back({id, crc_, start});
}

void PackWriter::finish() {
  if (entries_.size() != promised_) throw std::logic_error("a pack has fewer objects than it says");
  const std::string checksum = digest_end(hash_.get());
  out_.write(checksum.data(), static_cast<std::streamsize>(checksum.size()));
  out_.close();
  if (!out_) throw io::HostError("cannot write " + pack_file_);
  name_ = to_hex(checksum);
  write_index(checksum);
}

void PackWriter::write_index(const std::string& pack_checksum) {
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return ::git_oid_cmp(&a.id, &b.id) < 0; });
  std::string text = "\377tOc" + big_endian(2, 4), ids, sums, offsets, large;
  std::array<std::uint32_t, 256> up_to{};
  for (const Entry& entry : entries_) {
    for (std::size_t byte = entry.id.id[0]; byte < up_to.size(); ++byte) ++up_to[byte];
    ids.append(reinterpret_cast<const char*>(entry.id.id), GIT_OID_RAWSZ);
    sums += big_endian(entry.crc, 4);
    if (entry.offset <= kLargestSmallOffset) {
      offsets += big_endian(entry.offset, 4);
    } else {
      offsets += big_endian(0x80000000u | large.size() / 8, 4);
      large += big_endian(entry.offset, 8);
    }
  }
  for (std::uint32_t count : up_to) text += big_endian(count, 4);
  text += ids + sums + offsets + large + pack_checksum;
  const auto context = digest_start();
  digest(context.get(), text);
  text += digest_end(context.get());
  std::ofstream out(index_file_, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out) throw io::HostError("cannot write " + index_file_);
}

}  // namespace images::checkout
