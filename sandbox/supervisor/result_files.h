// The result files of an attempt: what its globs find once the command has ended, sent as frames. All of it
// is a stranger's territory, in which nothing runs any more: only regular files are opened, never a symbolic
// link, a FIFO or a file of the kernel's, and files, bytes, folders and time are bounded. What was cut or
// left out is said in notes.
//
// A file counts when it was made or changed since the command started, by its change time: no program can set
// that, whatever it thinks the clock says. So results that were committed, or are part of the image, are
// never taken for this attempt's.
#pragma once

#include <sys/stat.h>
#include <time.h>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/io/fd.h"
#include "sandbox/supervisor/frame_writer.h"

namespace supervisor {

class ResultFiles {
 public:
  // How the sender waits.
  struct Pace {
    std::function<bool()> give_up;          // no time is left
    std::function<bool()> wait_for_reader;  // false: it takes nothing any more
  };

  ResultFiles();  // the command starts after this

  // `globs` ends with a null pointer.
  void send(const char* const* globs, FrameWriter& writer, const Pace& pace);

 private:
  // Things of one kind that were left out: how many, and one of them.
  struct LeftOut {
    std::size_t count = 0;
    std::string first;
    void add(const std::string& path);
  };

  void find(const char* const* globs, const Pace& pace);
  void consider(const std::string& path);
  bool is_ours(const struct stat& status) const;
  io::Fd open(const std::string& path);
  bool send_file(const std::string& path, FrameWriter& writer, const Pace& pace);
  bool send_bytes(const io::Fd& file, const std::string& path, FrameWriter& writer, const Pace& pace);
  void write_notes(FrameWriter& writer) const;

  timespec start_{};
  std::vector<std::string> paths_;
  std::vector<std::pair<dev_t, ino_t>> seen_;
  std::size_t sent_bytes_ = 0;
  LeftOut old_, irregular_, unreadable_, too_many_, cut_, beyond_sum_, late_;
  bool folders_left_ = false;
};

}  // namespace supervisor
