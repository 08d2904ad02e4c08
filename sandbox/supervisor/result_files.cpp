#include "sandbox/supervisor/result_files.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "sandbox/supervisor/glob_walk.h"

namespace supervisor {
namespace {

constexpr std::size_t kPiece = 32 * 1024;
constexpr std::size_t kShownPath = 200;

// A file of the kernel's may wait, or never end.
bool is_of_kernel(const io::Fd& file) {
  struct statfs system {};
  if (::fstatfs(file.get(), &system) != 0) return true;
  return system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC;
}

bool make_room(std::size_t payload, FrameWriter& writer, const ResultFiles::Pace& pace) {
  while (!writer.has_room(payload)) {
    if (pace.give_up() || (!writer.write_some() && !pace.wait_for_reader())) return false;
  }
  return true;
}

std::string printable(std::string text) {
  if (text.size() > kShownPath) text = text.substr(0, kShownPath) + "...";
  for (char& c : text)
    if (c < ' ' || c > '~') c = '?';
  return text;
}

}  // namespace

void ResultFiles::LeftOut::add(const std::string& path) {
  if (count++ == 0) first = printable(path);
}

// By the coarse clock, which is the one that the kernel stamps files with: the exact one would be ahead of
// it.
ResultFiles::ResultFiles() { ::clock_gettime(CLOCK_REALTIME_COARSE, &start_); }

bool ResultFiles::is_ours(const struct stat& status) const {
  const timespec& changed = status.st_ctim;
  if (changed.tv_sec != start_.tv_sec) return changed.tv_sec > start_.tv_sec;
  // Some file systems keep whole seconds only.
  return changed.tv_nsec >= start_.tv_nsec || changed.tv_nsec == 0;
}

void ResultFiles::send(const char* const* globs, FrameWriter& writer, const Pace& pace) {
  find(globs, pace);
  std::sort(paths_.begin(), paths_.end());  // folders come in any order
  bool reader_takes = true;
  for (const std::string& path : paths_) {
    reader_takes = reader_takes && !pace.give_up();
    if (!reader_takes)
      late_.add(path);
    else
      reader_takes = send_file(path, writer, pace);
  }
  write_notes(writer);
}

void ResultFiles::find(const char* const* globs, const Pace& pace) {
  GlobWalk walk([this](const std::string& path) { consider(path); }, pace.give_up);
  for (; *globs != nullptr; ++globs) walk.walk(*globs);
  folders_left_ = walk.incomplete();
}

void ResultFiles::consider(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode)) return;
  if (!S_ISREG(status.st_mode)) return irregular_.add(path);
  if (!is_ours(status)) return old_.add(path);
  const std::pair<dev_t, ino_t> file{status.st_dev, status.st_ino};
  if (std::find(seen_.begin(), seen_.end(), file) != seen_.end()) return;
  if (path.size() > sandbox::kMaxResultPath) return unreadable_.add(path);
  if (paths_.size() == sandbox::kMaxResultFiles) return too_many_.add(path);
  seen_.push_back(file);
  paths_.push_back(path);
}

// It was looked at before, but a process that cannot be killed may still be there.
io::Fd ResultFiles::open(const std::string& path) {
  io::Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || is_of_kernel(file))
    return io::Fd();
  return file;
}

// False when the reader takes nothing any more, or no time is left.
bool ResultFiles::send_file(const std::string& path, FrameWriter& writer, const Pace& pace) {
  const io::Fd file = open(path);
  if (!file) {
    unreadable_.add(path);
    return true;
  }
  if (sent_bytes_ >= sandbox::kMaxResultBytes) {
    beyond_sum_.add(path);
    return true;
  }
  if (!make_room(path.size(), writer, pace)) {
    late_.add(path);
    return false;
  }
  std::copy(path.begin(), path.end(), writer.place(path.size()));
  writer.commit(FrameType::result_file, path.size());
  return send_bytes(file, path, writer, pace);
}

bool ResultFiles::send_bytes(const io::Fd& file, const std::string& path, FrameWriter& writer,
                             const Pace& pace) {
  std::size_t left = std::min(sandbox::kMaxResultFile, sandbox::kMaxResultBytes - sent_bytes_);
  for (;;) {
    if (pace.give_up() || !make_room(kPiece, writer, pace)) {
      late_.add(path);
      return false;
    }
    // One byte more than is sent tells a file that is cut from one that ends there.
    const ssize_t count = ::read(file.get(), writer.place(kPiece), std::min(kPiece, left + 1));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) unreadable_.add(path);
    if (count <= 0) return true;
    const std::size_t sent = std::min(static_cast<std::size_t>(count), left);
    if (sent > 0) writer.commit(FrameType::result_data, sent);
    sent_bytes_ += sent;
    left -= sent;
    if (sent < static_cast<std::size_t>(count)) {
      cut_.add(path);
      return true;
    }
    writer.write_some();
  }
}

void ResultFiles::write_notes(FrameWriter& writer) const {
  const auto note = [&](const LeftOut& left, const char* what) {
    if (left.count == 0) return;
    char text[512];
    const int length = std::snprintf(text, sizeof text, "%s%zu %s %s (%s)", sandbox::kResultsNote, left.count,
                                     left.count == 1 ? "path" : "paths", what, left.first.c_str());
    writer.frame(FrameType::note, {text, std::min(static_cast<std::size_t>(length), sizeof text - 1)});
  };
  note(old_, "left out: there before the command started");
  note(irregular_, "left out: no regular file");
  note(unreadable_, "left out: not readable");
  note(too_many_, "left out: more than 1000 files");
  note(beyond_sum_, "left out: more than 64 MiB in sum");
  note(cut_, "cut: more than 8 MiB, or than 64 MiB in sum");
  note(late_, "cut or left out: sending them took too long");
  if (folders_left_) {
    char text[160];
    const int length = std::snprintf(
        text, sizeof text, "%snot every folder was looked into: more than %d, %d deep, or out of time",
        sandbox::kResultsNote, GlobWalk::kMaxFolders, GlobWalk::kMaxDepth);
    writer.frame(FrameType::note, {text, static_cast<std::size_t>(length)});
  }
}

}  // namespace supervisor
