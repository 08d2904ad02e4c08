#include "sandbox/supervisor/prepare.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "sandbox/execution.h"
#include "sandbox/io/fd.h"

namespace supervisor {
namespace {

constexpr std::size_t kMaxTable = 4 * 1024 * 1024;

bool complain(const char* path) {
  std::fprintf(stderr, "supervisor: cannot prepare %s: %s\n", path, ::strerror(errno));
  return false;
}

bool read_table(const char* path, std::string& text) {
  // Not blocking: an image may hold a FIFO under that name.
  const io::Fd file(::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) return errno == ENOENT || errno == ELOOP;
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return true;  // replaced by a file
  char bytes[8192];
  ssize_t count;
  while ((count = ::read(file.get(), bytes, sizeof bytes)) > 0 && text.size() < kMaxTable)
    text.append(bytes, static_cast<std::size_t>(count));
  return count >= 0;
}

// Is `id` in the third field of a line?
bool has_id(std::string_view table, std::string_view id) {
  while (!table.empty()) {
    std::string_view line = table.substr(0, table.find('\n'));
    table.remove_prefix(line.size() < table.size() ? line.size() + 1 : line.size());
    for (int field = 0; field < 2 && !line.empty(); ++field) {
      const std::size_t colon = line.find(':');
      line.remove_prefix(colon == std::string_view::npos ? line.size() : colon + 1);
    }
    if (line.substr(0, line.find(':')) == id) return true;
  }
  return false;
}

bool is_regular(const char* path) {
  struct stat status {};
  return ::lstat(path, &status) == 0 && S_ISREG(status.st_mode);
}

// A symbolic link (or anything else that is no file) is replaced by a file with its content, so that nothing
// is written to where it points.
io::Fd open_for_append(const char* path, std::string& line, const std::string& content) {
  if (is_regular(path)) return io::Fd(::open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
  ::unlink(path);
  line = content + line;
  return io::Fd(::open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
}

bool add_line(const char* path, std::string line) {
  std::string content;
  if (!read_table(path, content)) return complain(path);
  if (has_id(content, sandbox::kTestUser)) return true;
  if (!content.empty() && content.back() != '\n') line.insert(0, "\n");
  const io::Fd file = open_for_append(path, line, content);
  if (!file) return complain(path);
  if (::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return complain(path);
  return true;
}

bool make_folder(const char* path, uid_t owner, mode_t mode) {
  std::string above(path);
  for (std::size_t slash = above.find('/', 1); slash != std::string::npos; slash = above.find('/', slash + 1))
    if (::mkdir(above.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST) return complain(path);
  if (::mkdir(path, mode) != 0 && errno != EEXIST) return complain(path);
  const io::Fd folder(::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder || ::fchown(folder.get(), owner, owner) != 0 || ::fchmod(folder.get(), mode) != 0)
    return complain(path);
  return true;
}

}  // namespace

int prepare() {
  const std::string id = sandbox::kTestUser;
  const uid_t test_user = static_cast<uid_t>(::atoi(id.c_str()));
  const bool done =
      make_folder("/etc", 0, 0755) &&
      add_line("/etc/passwd", "attempt:x:" + id + ":" + id + "::" + sandbox::kHomeDir + ":/bin/sh\n") &&
      add_line("/etc/group", "attempt:x:" + id + ":\n") && make_folder(sandbox::kWorkDir, test_user, 0755) &&
      make_folder(sandbox::kHomeDir, test_user, 0755) && make_folder("/tmp", 0, 01777) &&
      // runc gives a tmpfs the mode of the folder it covers, and the supervisor of a test writes there.
      make_folder(sandbox::kSecretDir, 0, 01777);
  return done ? 0 : 1;
}

}  // namespace supervisor
