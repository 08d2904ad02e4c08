#include "images/checkout/file_content.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "images/checkout/path_rules.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

constexpr std::size_t kPiece = 1 << 20;
// Opened so, a pipe that took a file's place does not block us.
constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;

std::string& shared_buffer() {
  static thread_local std::string buffer(kPiece,
                                         '\0');  // one for all files: allocating a MiB each would cost more
  return buffer;
}

class FileContent : public Content {
 public:
  FileContent(io::Fd fd, std::int64_t size, std::string path)
      : fd_(std::move(fd)), size_(size), left_(size), path_(std::move(path)) {}

  std::int64_t size() const override { return size_; }

  std::string_view next() override {
    if (left_ == 0) return {};
    std::string& buffer = shared_buffer();
    const std::size_t wanted = std::min(buffer.size(), static_cast<std::size_t>(left_));
    ssize_t got = 0;
    do {
      got = ::read(fd_.get(), buffer.data(), wanted);
    } while (got < 0 && errno == EINTR);
    if (got < 0) throw io::system_failure("cannot read '" + printable(path_) + "'");
    if (got == 0)
      throw io::HostError("'" + printable(path_) + "' was cut short while it was read; try again");
    left_ -= got;
    return {buffer.data(), static_cast<std::size_t>(got)};
  }

 private:
  io::Fd fd_;
  std::int64_t size_;
  std::int64_t left_;
  std::string path_;
};

int open_beneath(int root, const std::string& path) {
  open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
  return ::openat(root, path.c_str(), kFlags);  // an older kernel, or a seccomp profile that does not know it
}

}  // namespace

std::unique_ptr<Content> open_file(const std::string& path) {
  io::Fd fd(::open(path.c_str(), kFlags));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) throw io::system_failure("cannot open " + path);
  return std::make_unique<FileContent>(std::move(fd), status.st_size, path);
}

std::unique_ptr<Content> open_below(int root, const std::string& path) {
  io::Fd fd(open_beneath(root, path));
  if (!fd && (errno == EACCES || errno == EPERM))
    throw io::RequestError("no permission to read '" + printable(path) +
                           "'; make it readable, or have it ignored");
  if (!fd && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO)) return nullptr;
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0)
    throw io::system_failure("cannot open '" + printable(path) + "'");
  if (!S_ISREG(status.st_mode)) return nullptr;
  return std::make_unique<FileContent>(std::move(fd), status.st_size, path);
}

}  // namespace images::checkout
