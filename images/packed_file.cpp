#include "images/packed_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <optional>

#include "images/checkout/tree_hash.h"
#include "sandbox/io/aside.h"
#include "sandbox/io/error.h"
#include "sandbox/io/fd.h"
#include "sandbox/io/whole_file.h"

namespace images {
namespace {

constexpr std::size_t kPiece = 1 << 20;
constexpr const char* kZstdLevel = "3";

struct FreePacked {
  void operator()(archive* handle) const { ::archive_free(handle); }
};
struct FreePackedEntry {
  void operator()(archive_entry* entry) const { ::archive_entry_free(entry); }
};
using PackedArchive = std::unique_ptr<archive, FreePacked>;

std::string archive_trouble(archive* handle) {
  const char* text = ::archive_error_string(handle);
  return text ? text : "no reason is known";
}

io::Fd open_to_read(const std::string& path) {
  io::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw io::HostError(fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  return file;
}

// Nothing at its end.
std::string_view next_piece(const io::Fd& file, const std::string& path, std::vector<char>& buffer) {
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count >= 0) return {buffer.data(), static_cast<std::size_t>(count)};
    if (errno != EINTR) throw io::HostError(fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  }
}

void give_up_if(const std::stop_token& stop) {
  if (stop.stop_requested()) throw io::GivenUp();
}

class Packer {
 public:
  Packer(std::ostream& out, const std::string& path)
      : out_(out), path_(path), archive_(::archive_write_new()) {
    expect(::archive_write_set_format_pax_restricted(archive_.get()));
    expect(::archive_write_add_filter_zstd(archive_.get()));
    expect(::archive_write_set_filter_option(archive_.get(), "zstd", "compression-level", kZstdLevel));
    expect(::archive_write_set_bytes_in_last_block(archive_.get(), 1));
    expect(::archive_write_open(archive_.get(), this, nullptr, &Packer::on_write, nullptr));
  }

  void add(const PackedMember& member, const std::stop_token& stop) {
    const io::Fd file = open_to_read(member.file);
    struct stat found {};
    if (::fstat(file.get(), &found) != 0) throw io::HostError("cannot read " + member.file);
    const std::unique_ptr<archive_entry, FreePackedEntry> entry(::archive_entry_new());
    ::archive_entry_set_pathname(entry.get(), member.name.c_str());
    ::archive_entry_set_filetype(entry.get(), AE_IFREG);
    ::archive_entry_set_perm(entry.get(), 0644);
    ::archive_entry_set_size(entry.get(), found.st_size);
    expect(::archive_write_header(archive_.get(), entry.get()));
    std::vector<char> buffer(kPiece);
    std::int64_t left = found.st_size;
    for (auto piece = next_piece(file, member.file, buffer); !piece.empty();
         piece = next_piece(file, member.file, buffer)) {
      give_up_if(stop);
      left -= static_cast<std::int64_t>(piece.size());
      if (::archive_write_data(archive_.get(), piece.data(), piece.size()) < 0) fail();
    }
    if (left != 0) throw io::HostError(member.file + " has changed while it was read");
  }

  void finish() { expect(::archive_write_close(archive_.get())); }

 private:
  static la_ssize_t on_write(archive* handle, void* self, const void* bytes, std::size_t size) {
    auto& out = static_cast<Packer*>(self)->out_;
    out.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
    if (out) return static_cast<la_ssize_t>(size);
    ::archive_set_error(handle, errno, "%s", std::strerror(errno));
    return -1;
  }
  void expect(int code) const {
    if (code < ARCHIVE_WARN) fail();
  }
  [[noreturn]] void fail() const {
    throw io::HostError(fmt::format("cannot write {}: {}", path_, archive_trouble(archive_.get())));
  }

  std::ostream& out_;
  const std::string& path_;
  PackedArchive archive_;
};

class Unpacker {
 public:
  explicit Unpacker(const std::string& path) : path_(path), buffer_(kPiece), archive_(::archive_read_new()) {
    file_ = io::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_) refuse(fmt::format("cannot be read: {}", std::strerror(errno)));
    struct stat found {};
    if (::fstat(file_.get(), &found) != 0 || !S_ISREG(found.st_mode)) refuse("is no file");
    expect(::archive_read_support_format_tar(archive_.get()));
    expect(::archive_read_support_filter_zstd(archive_.get()));
    expect(::archive_read_open(archive_.get(), this, nullptr, &Unpacker::on_read, nullptr));
  }

  // False at the end.
  bool next(std::string& name, std::int64_t& size) {
    const int code = ::archive_read_next_header(archive_.get(), &entry_);
    if (code == ARCHIVE_EOF) return false;
    expect(code);
    const char* said = ::archive_entry_pathname(entry_);
    name = said ? said : "";
    const bool plain = ::archive_entry_filetype(entry_) == AE_IFREG && !::archive_entry_hardlink(entry_) &&
                       ::archive_entry_size_is_set(entry_);
    if (!plain) refuse("holds something else than plain files");
    size = ::archive_entry_size(entry_);
    return true;
  }

  // Nothing at the end of the member.
  std::string_view bytes() {
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    while (size == 0) {
      const int code = ::archive_read_data_block(archive_.get(), &data, &size, &offset);
      if (code == ARCHIVE_EOF) return {};
      expect(code);
    }
    // A sparse file has holes between its blocks.
    if (offset != read_) refuse("holds something else than plain files");
    read_ += static_cast<std::int64_t>(size);
    return {static_cast<const char*>(data), size};
  }
  void begin_member() { read_ = 0; }

  // With what stands behind the last member.
  std::string finish() {
    for (auto piece = next_piece(file_, path_, buffer_); !piece.empty();
         piece = next_piece(file_, path_, buffer_))
      hash_.add(piece);
    return hash_.finish_hex();
  }

 private:
  static la_ssize_t on_read(archive* handle, void* self_, const void** bytes) {
    auto* self = static_cast<Unpacker*>(self_);
    try {
      const auto piece = next_piece(self->file_, self->path_, self->buffer_);
      self->hash_.add(piece);
      *bytes = piece.data();
      return static_cast<la_ssize_t>(piece.size());
    } catch (const std::exception& error) {
      ::archive_set_error(handle, EIO, "%s", error.what());
      return -1;
    }
  }
  void expect(int code) const {
    if (code < ARCHIVE_OK) refuse("cannot be unpacked: " + archive_trouble(archive_.get()));
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw io::RequestError(fmt::format("{} {}", path_, what));
  }

  const std::string& path_;
  io::Fd file_;
  std::vector<char> buffer_;
  checkout::Sha256 hash_;
  PackedArchive archive_;
  archive_entry* entry_ = nullptr;
  std::int64_t read_ = 0;  // of the member
};

}  // namespace

void write_packed_file(const std::string& path, const std::vector<PackedMember>& members,
                       const std::stop_token& stop) {
  io::write_whole_file(path, [&](std::ostream& out) {
    Packer packer(out, path);
    for (const auto& member : members) packer.add(member, stop);
    packer.finish();
  });
}

std::string read_packed_file(
    const std::string& path,
    const std::function<MemberSink(const std::string& name, std::int64_t size)>& open) {
  Unpacker unpacker(path);
  std::string name;
  std::int64_t size = 0;
  while (unpacker.next(name, size)) {
    unpacker.begin_member();
    const MemberSink sink = open(name, size);
    for (auto bytes = unpacker.bytes(); !bytes.empty(); bytes = unpacker.bytes()) sink(bytes);
  }
  return unpacker.finish();
}

FileSum sum_of_file(const std::string& path, const std::stop_token& stop) {
  const io::Fd file = open_to_read(path);
  std::vector<char> buffer(kPiece);
  checkout::Sha256 hash;
  FileSum sum;
  for (auto piece = next_piece(file, path, buffer); !piece.empty(); piece = next_piece(file, path, buffer)) {
    give_up_if(stop);
    hash.add(piece);
    sum.bytes += static_cast<std::int64_t>(piece.size());
  }
  sum.sha256 = hash.finish_hex();
  return sum;
}

struct Sha256Sum::State {
  checkout::Sha256 hash;
};
Sha256Sum::Sha256Sum() : state_(std::make_unique<State>()) {}
Sha256Sum::~Sha256Sum() = default;
void Sha256Sum::add(std::string_view bytes) { state_->hash.add(bytes); }
std::string Sha256Sum::hex() { return state_->hash.finish_hex(); }

}  // namespace images
