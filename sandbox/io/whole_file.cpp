#include "sandbox/io/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <system_error>

#include "sandbox/io/error.h"
#include "sandbox/io/fd.h"
#include "sandbox/io/file_lock.h"

namespace io {
namespace {

[[noreturn]] void fail(const std::string& path, int error_number) {
  throw HostError("cannot write " + path + ": " + std::strerror(error_number));
}

// The errno of what went wrong; 0: nothing did.
int write_to(const std::string& file_name, const std::function<void(std::ostream&)>& write) {
  errno = 0;
  std::ofstream file(file_name, std::ios::binary);
  if (file) write(file);
  file.close();
  if (file) return 0;
  return errno != 0 ? errno : EIO;
}

// The same. By a descriptor of its own: what is put on disk is the file's, whoever wrote it.
int sync(const std::string& path, int flags) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (file && ::fsync(file.get()) == 0) return 0;
  return errno;
}

// Two that write one file at a time: the second would write into what the first makes the file of. Nothing
// where it cannot be locked: why it cannot be made, if that is it, is told when it is written.
std::optional<FileLock> lock_part(const std::string& part, const std::string& path) {
  try {
    auto lock = FileLock::try_take(part, FileLock::Kind::alone, 0666);
    if (!lock) throw HostError("cannot write " + path + ": another run is writing it");
    return lock;
  } catch (const std::system_error&) {
    return std::nullopt;
  }
}

}  // namespace

void write_whole_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
  const std::string part = path + ".part";
  const auto lock = lock_part(part, path);
  try {
    if (const int error = write_to(part, write)) fail(path, error);
    if (const int error = sync(part, 0)) fail(path, error);
    if (::rename(part.c_str(), path.c_str()) != 0) fail(path, errno);
  } catch (...) {
    ::unlink(part.c_str());
    throw;
  }
}

void sync_folder(const std::string& path) {
  const int error = sync(path, O_DIRECTORY);
  if (error != 0 && error != EINVAL) fail(path, error);  // EINVAL: of a file system that has no need of it
}

}  // namespace io
