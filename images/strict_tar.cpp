#include "images/strict_tar.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "sandbox/io/aside.h"
#include "sandbox/io/error.h"

namespace images {
namespace {

constexpr std::int64_t kTarBlock = 512;
constexpr std::int64_t kTarPiece = 1 << 20;
constexpr std::size_t kMostTarEntries = 100'000;
constexpr std::ptrdiff_t kMostTarSlashes = 3;  // "blobs/sha256/PaxHeaders.0/…"

[[noreturn]] void refuse_tar(const std::string& why) { throw io::RequestError(why); }
[[noreturn]] void refuse_tar_entry(const std::string& why) {
  refuse_tar(fmt::format("holds an entry that no engine writes ({})", why));
}

bool only_zeros(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

// All of it digits, and no more than 63 bits of them.
std::optional<std::int64_t> tar_number(std::string_view digits, int base) {
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  if (digits.starts_with('-')) return std::nullopt;
  const auto read = std::from_chars(digits.data(), end, value, base);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

// As Go writes one: POSIX's (neither GNU's, star's nor one of before), and with numbers in octal digits. The
// name is looked at also where it is no file's: with it a file begins, and engines unpack one that begins
// like gzip, bzip2, xz or zstd, in which another tar may be. All four have bytes there that no plain name
// has.
class TarHeader {
 public:
  explicit TarHeader(std::string block) : block_(std::move(block)) {
    if (number(148, 6) != sum()) refuse_tar_entry("its checksum is wrong");
    if (part(257, 8) != std::string_view("ustar\00000", 8) || !only_zeros(part(500, 12)))
      refuse_tar_entry("a header of another form than POSIX's");
    name_ = joined_name();
    if (!is_plain_tar_name(name_)) refuse_tar_entry("a name of another form");
  }

  char type() const { return block_[156]; }
  std::int64_t size() const { return number(124, 11); }
  std::string target() const { return text(157, 100); }
  const std::string& name() const { return name_; }

 private:
  std::string joined_name() const {
    const std::string prefix = text(345, 155), rest = text(0, 100);
    std::string name = prefix.empty() ? rest : prefix + "/" + rest;
    if (type() == '5' && !rest.empty() && name.ends_with('/')) name.pop_back();
    return name;
  }
  std::string_view part(std::size_t at, std::size_t size) const {
    return std::string_view(block_).substr(at, size);
  }
  std::string text(std::size_t at, std::size_t size) const {
    const std::string_view field = part(at, size), text = field.substr(0, field.find('\0'));
    if (!only_zeros(field.substr(text.size()))) refuse_tar_entry("a text behind a text");
    return std::string(text);
  }
  std::int64_t number(std::size_t at, std::size_t digits) const {
    const auto value = tar_number(part(at, digits), 8);
    const char end = block_[at + digits];
    if (!value || (end != '\0' && end != ' ')) refuse_tar_entry("a number that is not in octal digits");
    return *value;
  }
  // With spaces for the checksum itself.
  std::int64_t sum() const {
    std::int64_t sum = 8 * ' ';
    for (const char byte : block_) sum += static_cast<unsigned char>(byte);
    for (const char byte : part(148, 8)) sum -= static_cast<unsigned char>(byte);
    return sum;
  }

  std::string block_, name_;
};

// The size that a pax header has for the next entry. Engines write none but those of which Go makes one by
// itself, where a size (8 GiB) or a time does not fit a header. All their names have less than a hundred
// bytes, so a record with a name (`path`, `linkpath`, `GNU.sparse.name`) is there to deceive.
std::optional<std::int64_t> size_in_pax(std::string_view records) {
  std::optional<std::int64_t> size;
  std::set<std::string_view> keys;
  while (!records.empty()) {
    const auto length = tar_number(records.substr(0, records.find(' ')), 10);
    if (!length || *length < 1 || *length > static_cast<std::int64_t>(records.size()))
      refuse_tar_entry("a pax record of another length");
    const std::string_view record = records.substr(0, static_cast<std::size_t>(*length));
    records.remove_prefix(record.size());
    const auto space = record.find(' '), equals = record.find('=');
    if (space >= equals || equals >= record.size() || record.back() != '\n')
      refuse_tar_entry("a pax record that is none");
    const std::string_view key = record.substr(space + 1, equals - space - 1);
    const std::string_view value = record.substr(equals + 1, record.size() - equals - 2);
    const bool is_time = key == "mtime" || key == "atime" || key == "ctime";
    if (!is_time && key != "size") refuse_tar_entry("a pax record with more than a size or a time");
    if (!keys.insert(key).second) refuse_tar_entry("a pax record twice");
    const auto dot = is_time ? std::min(value.find('.'), value.size()) : value.size();
    const auto whole = tar_number(value.substr(0, dot), 10);
    if (!whole || (dot < value.size() && !tar_number(value.substr(dot + 1), 10)))
      refuse_tar_entry("a pax record that is no number");
    if (!is_time) size = whole;
  }
  return size;
}

StrictTarEntry::Type tar_type(char flag) {
  switch (flag) {
    case '0':
    case '\0':
      return StrictTarEntry::Type::file;
    case '5':
      return StrictTarEntry::Type::folder;
    case '2':
      return StrictTarEntry::Type::link;
    default:
      refuse_tar_entry("neither file, folder nor symbolic link");
  }
}

StrictTarEntry described_by(const TarHeader& header, std::optional<std::int64_t> pax_size) {
  StrictTarEntry entry;
  entry.type = tar_type(header.type());
  entry.name = header.name();
  if (entry.type == StrictTarEntry::Type::link) entry.target = header.target();
  entry.size = pax_size.value_or(header.size());
  if (header.size() != 0 && header.size() != entry.size) refuse_tar_entry("two sizes");
  if (entry.size != 0 && entry.type != StrictTarEntry::Type::file)
    refuse_tar_entry("a content where there can be none");
  return entry;
}

}  // namespace

bool is_plain_tar_name(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  bool begins = true;
  for (const char c : name) {
    if (!is_word(c) && (begins || (c != '.' && c != '-' && c != '_' && c != '/'))) return false;
    begins = c == '/';
  }
  return !begins && std::count(name.begin(), name.end(), '/') <= kMostTarSlashes;
}

StrictTar::StrictTar(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat found {};
  if (!file_ || ::fstat(file_.get(), &found) != 0)
    refuse_tar(fmt::format("cannot be read: {}", std::strerror(errno)));
  if (!S_ISREG(found.st_mode)) refuse_tar("is no file");
  file_size_ = found.st_size;
}

std::optional<StrictTarEntry> StrictTar::next(const std::stop_token& stop) {
  if (stop.stop_requested()) throw io::GivenUp();
  std::string block = take_block();
  if (only_zeros(block)) {
    if (!only_zeros(take_block())) refuse_tar("goes on behind its end");
    expect_only_zeros(stop);
    return std::nullopt;
  }
  TarHeader header(std::move(block));
  std::optional<std::int64_t> pax_size;
  if (header.type() == 'x') {
    if (header.size() < 1 || header.size() > kTarBlock) refuse_tar_entry("a pax header of another size");
    pax_size = size_in_pax(take_block().substr(0, static_cast<std::size_t>(header.size())));
    header = TarHeader(take_block());
  }
  StrictTarEntry entry = described_by(header, pax_size);
  note(entry);
  content_at_ = at_;
  content_size_ = entry.size;
  if (entry.size > file_size_ - at_) refuse_tar("ends early");
  at_ += entry.size + (kTarBlock - entry.size % kTarBlock) % kTarBlock;
  return entry;
}

std::string StrictTar::content() const { return read(content_at_, content_size_); }

// Nothing may stand in the place of another entry, nor below one that is no folder.
void StrictTar::note(const StrictTarEntry& entry) {
  const bool is_folder = entry.type == StrictTarEntry::Type::folder;
  for (auto slash = entry.name.find('/'); slash != std::string::npos;
       slash = entry.name.find('/', slash + 1)) {
    const std::string folder = entry.name.substr(0, slash);
    const auto found = seen_.find(folder);
    if (found != seen_.end() && found->second != StrictTarEntry::Type::folder)
      refuse_tar_entry("below one that is no folder");
    folders_.insert(folder);
  }
  if (!seen_.try_emplace(entry.name, entry.type).second || (!is_folder && folders_.contains(entry.name)))
    refuse_tar("holds one entry twice");
  if (seen_.size() > kMostTarEntries) refuse_tar("holds too many entries");
}

std::string StrictTar::read(std::int64_t at, std::int64_t size) const {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pread(file_.get(), bytes.data() + done, bytes.size() - done, at + static_cast<std::int64_t>(done));
    if (count == 0) refuse_tar("ends early");
    if (count > 0) done += static_cast<std::size_t>(count);
    if (count < 0 && errno != EINTR) refuse_tar(fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  return bytes;
}

std::string StrictTar::take_block() {
  std::string block = read(at_, kTarBlock);
  at_ += kTarBlock;
  return block;
}

void StrictTar::expect_only_zeros(const std::stop_token& stop) const {
  for (std::int64_t at = at_; at < file_size_; at += kTarPiece) {
    if (stop.stop_requested()) throw io::GivenUp();
    if (!only_zeros(read(at, std::min(kTarPiece, file_size_ - at)))) refuse_tar("goes on behind its end");
  }
}

}  // namespace images
