#include "sandbox/io/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "sandbox/io/error.h"

namespace io {
namespace {

bool is_still(const std::string& path, int file) {
  struct stat named {};
  struct stat opened {};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(file, &opened) == 0 && named.st_dev == opened.st_dev &&
         named.st_ino == opened.st_ino;
}

}  // namespace

std::optional<FileLock> FileLock::try_take(const std::string& path, Kind kind, mode_t mode) {
  while (true) {
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, mode));
    if (!file) throw system_failure("cannot make " + path);
    if (::flock(file.get(), (kind == Kind::alone ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      if (errno == EINTR) continue;
      throw system_failure("cannot lock " + path);
    }
    // Its last holder may have taken it away between the two calls.
    if (is_still(path, file.get())) return FileLock(path, std::move(file));
  }
}

void FileLock::touch() const { ::futimens(file_.get(), nullptr); }

void FileLock::remove_file() const { ::unlink(path_.c_str()); }

}  // namespace io
