#include "images/tar_writer.h"

#include <fcntl.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "sandbox/io/error.h"
#include "sandbox/io/fd.h"

namespace images {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kBufferSize = 1 << 20;
constexpr std::size_t kNameField = 100;
constexpr std::int64_t kLargestOctalSize = 077777777777;  // what eleven octal digits can say

// Positions in a ustar header block.
struct Field {
  std::size_t offset;
  std::size_t size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kMtime{136, 12},
    kChecksum{148, 8}, kType{156, 1}, kLink{157, 100}, kMagicField{257, 8};

using Header = std::array<char, kBlock>;

void put_text(Header& header, Field field, std::string_view text) {
  std::memcpy(header.data() + field.offset, text.data(), std::min(text.size(), field.size));
}

void put_octal(Header& header, Field field, std::int64_t value) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%0*llo", static_cast<int>(field.size - 1),
                static_cast<unsigned long long>(value));
  put_text(header, field, digits);
}

// One record of a pax header, "27 path=…\n", whose length counts its own digits.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (length != rest + std::to_string(length).size()) length = rest + std::to_string(length).size();
  return std::to_string(length) + ' ' + std::string(key) + '=' + std::string(value) + '\n';
}

}  // namespace

struct TarWriter::State {
  io::Fd fd;
  std::string path;
  int owner = 0;
  std::int64_t mtime = 0;
  std::string buffer;
  std::int64_t left = 0;  // bytes that the current file still owes
  std::size_t padding = 0;
  bool finished = false;

  void flush() {
    std::string_view rest = buffer;
    while (!rest.empty()) {
      const ssize_t written = ::write(fd.get(), rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw io::system_failure("cannot write " + path);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    buffer.clear();
  }

  void put(std::string_view bytes) {
    buffer.append(bytes);
    if (buffer.size() >= kBufferSize) flush();
  }

  void pad(std::size_t count) { put(std::string(count, '\0')); }

  void block(char type, const std::string& name, const std::string& link, std::int64_t size, int mode) {
    Header header{};
    put_text(header, kName, name);
    put_text(header, kLink, link);
    put_octal(header, kMode, mode);
    put_octal(header, kUid, owner);
    put_octal(header, kGid, owner);
    put_octal(header, kSize, size);
    put_octal(header, kMtime, mtime);
    put_text(header, kType, std::string_view(&type, 1));
    put_text(header, kMagicField, std::string_view("ustar\00000", 8));
    put_text(header, kChecksum, "        ");
    unsigned sum = 0;
    for (char byte : header) sum += static_cast<unsigned char>(byte);
    put_octal(header, {kChecksum.offset, 7}, sum);
    put(std::string_view(header.data(), header.size()));
  }

  // A header for anything: what does not fit a ustar field goes into a pax header before it.
  void entry(char type, const std::string& name, const std::string& link, std::int64_t size, int mode) {
    if (left != 0) throw std::logic_error("tar: the file before " + name + " is incomplete");
    if ((name + link).find('\0') != std::string::npos) throw std::runtime_error("tar: a name holds a NUL");
    std::string pax;
    if (name.size() > kNameField) pax += pax_record("path", name);
    if (link.size() > kNameField) pax += pax_record("linkpath", link);
    if (size > kLargestOctalSize) pax += pax_record("size", std::to_string(size));
    if (!pax.empty()) {
      block('x', "pax", "", static_cast<std::int64_t>(pax.size()), 0644);
      put(pax);
      pad((kBlock - pax.size() % kBlock) % kBlock);
    }
    block(type, name, link, size > kLargestOctalSize ? 0 : size, mode);
  }
};

TarWriter::TarWriter(const std::string& path, int owner, std::int64_t mtime)
    : state_(std::make_unique<State>()) {
  state_->fd = io::Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!state_->fd) throw io::system_failure("cannot create " + path);
  state_->path = path;
  state_->owner = owner;
  state_->mtime = mtime;
  state_->buffer.reserve(kBufferSize + kBlock);
}

TarWriter::~TarWriter() = default;

void TarWriter::folder(const std::string& path, int mode) {
  state_->entry('5', path.ends_with('/') ? path : path + '/', "", 0, mode);
}

void TarWriter::file(const std::string& path, std::string_view content, int mode) {
  begin_file(path, static_cast<std::int64_t>(content.size()), mode);
  append(content);
}

void TarWriter::symlink(const std::string& path, const std::string& target) {
  state_->entry('2', path, target, 0, 0777);
}

void TarWriter::begin_file(const std::string& path, std::int64_t size, int mode) {
  state_->entry('0', path, "", size, mode);
  state_->left = size;
  state_->padding = (kBlock - static_cast<std::size_t>(size % kBlock)) % kBlock;
}

void TarWriter::append(std::string_view bytes) {
  if (static_cast<std::int64_t>(bytes.size()) > state_->left)
    throw std::logic_error("tar: more bytes than the file's size");
  state_->put(bytes);
  state_->left -= static_cast<std::int64_t>(bytes.size());
  if (state_->left == 0) state_->pad(std::exchange(state_->padding, 0));
}

void TarWriter::finish() {
  if (state_->finished) return;
  if (state_->left != 0) throw std::logic_error("tar: the last file is incomplete");
  state_->pad(2 * kBlock);
  state_->flush();
  state_->finished = true;
  if (::close(state_->fd.release()) != 0) throw io::system_failure("cannot write " + state_->path);
}

}  // namespace images
