// A lock between processes that lies on a file (flock): whoever holds it loses it with its end, however that
// comes, so that nothing has to be tidied up after the dead. It never waits: who does not get it asks again
// later. Two locks of one process exclude each other like those of two. Any thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "sandbox/io/fd.h"

namespace io {

class FileLock {
 public:
  enum class Kind { shared, alone };

  // Makes the file where it is missing, with that mode less the umask. Nothing: somebody else holds it.
  // Throws std::system_error where files cannot be made or locked.
  static std::optional<FileLock> try_take(const std::string& path, Kind kind, mode_t mode = 0600);

  int fd() const { return file_.get(); }
  // The file's time of change becomes now.
  void touch() const;
  // Takes the file away, for who holds it alone: the next one locks a new file, never this one. The lock
  // itself goes with this object.
  void remove_file() const;

 private:
  FileLock(std::string path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  Fd file_;
};

}  // namespace io
