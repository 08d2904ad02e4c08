#include "sandbox/supervisor/gifts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "sandbox/frames/gift.h"
#include "sandbox/io/fd.h"

namespace supervisor {
namespace {

using sandbox::GiftType;
using sandbox::kGiftHeader;

// Null, or what went wrong. A secret on another file system than a tmpfs could end up in a layer of an image.
const char* open_tmpfs(const char* folder, io::Fd& fd) {
  ::mkdir(folder, 0755);
  fd = io::Fd(::open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return "the folder of secret files cannot be opened";
  struct statfs system {};
  if (::fstatfs(fd.get(), &system) != 0 || system.f_type != TMPFS_MAGIC)
    return "the folder of secret files is not on a tmpfs";
  return nullptr;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool is_plain(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

std::uint32_t length_of(const char* header) {
  std::uint32_t length = 0;
  for (int i = 4; i > 0; --i) length = length << 8 | static_cast<unsigned char>(header[i]);
  return length;
}

}  // namespace

void GiftReader::refuse(const char* why) {
  state_ = State::refused;
  problem_ = why;
}

GiftReader::State GiftReader::feed(std::string_view bytes) {
  received_ += bytes.size();
  if (received_ > sandbox::kMaxGiftBytes) refuse("they are more than 16 MiB");
  if (state_ != State::reading) return state_;
  buffer_.append(bytes);
  while (state_ == State::reading && (magic_seen_ ? take_gift() : take_magic())) {
  }
  buffer_.erase(0, taken_);
  taken_ = 0;
  return state_;
}

// take_…: false when more bytes are needed.
bool GiftReader::take_magic() {
  const std::string_view magic(sandbox::kGiftMagic, sizeof sandbox::kGiftMagic);
  if (buffer_.size() < magic.size()) return false;
  magic_seen_ = true;
  taken_ = magic.size();
  if (buffer_.compare(0, magic.size(), magic) != 0) refuse("their stream does not begin as it should");
  return true;
}

bool GiftReader::take_gift() {
  const std::string_view left = std::string_view(buffer_).substr(taken_);
  if (left.size() < kGiftHeader) return false;
  const std::uint32_t length = length_of(left.data());
  if (length > sandbox::kMaxGiftBytes) {
    refuse("one of them is more than 16 MiB");
    return true;
  }
  if (left.size() < kGiftHeader + length) return false;
  taken_ += kGiftHeader + length;
  accept(left[0], left.substr(kGiftHeader, length));
  return true;
}

void GiftReader::accept(char type, std::string_view payload) {
  switch (static_cast<GiftType>(type)) {
    case GiftType::environment:
      return accept_variable(payload);
    case GiftType::file:
      return accept_file(payload);
    case GiftType::finished:
      if (!payload.empty()) return refuse("their stream does not end as it should");
      state_ = State::finished;
      return;
  }
  refuse("one of them is of an unknown kind");
}

void GiftReader::accept_variable(std::string_view payload) {
  const std::size_t equals = payload.find('=');
  if (equals == 0 || equals == std::string_view::npos || payload.find('\0') != std::string_view::npos)
    return refuse("a variable is malformed");
  const std::string name(payload.substr(0, equals));
  const std::string value(payload.substr(equals + 1));
  ::setenv(name.c_str(), value.c_str(), 1);
}

void GiftReader::accept_file(std::string_view payload) {
  const std::size_t end_of_name = payload.find('\0');
  if (end_of_name == std::string_view::npos) return refuse("a file is malformed");
  const std::string name(payload.substr(0, end_of_name));
  if (!is_plain(name)) return refuse("a file's name is not a plain one");
  io::Fd folder;
  if (const char* problem = open_tmpfs(folder_, folder)) return refuse(problem);
  ::unlinkat(folder.get(), name.c_str(), 0);
  const io::Fd file(
      ::openat(folder.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  // The mode once more: a umask may have narrowed it, and the command may run as another user than we do.
  if (!file || ::fchmod(file.get(), 0644) != 0 || !write_all(file.get(), payload.substr(end_of_name + 1)))
    refuse("a file cannot be written");
}

}  // namespace supervisor
