// Keeps what attempts print on disk, so that memory does not grow with the number of attempts. Per attempt
// and stream it holds head and tail (half of `keep_bytes` each); with a log folder also every byte received.
// Loop's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/analysis/test_results.h"
#include "sandbox/sandbox.h"

namespace orchestrator {

// One stream of one attempt, as kept.
struct StreamRecord {
  std::uint64_t total_bytes = 0;   // that reached us
  std::uint64_t head_bytes = 0;    // kept: the first …
  std::uint64_t tail_bytes = 0;    // … and the last; head + tail == total when nothing was cut
  std::uint64_t spool_offset = 0;  // where head, then tail, lie in the spool file
  bool truncated() const { return head_bytes + tail_bytes < total_bytes; }
};

// Collects one attempt's output; move-only, written to the spool by finish().
class AttemptLog {
 public:
  virtual ~AttemptLog() = default;
  virtual void append(sandbox::Stream stream, std::string_view bytes) = 0;
  struct Kept {
    StreamRecord out, err;
  };
  virtual Kept finish() = 0;  // once
};

class Spool {
 public:
  // `folder` must exist. `logs_folder` is empty or where "attempt-0017.stdout" and ".stderr" go, every byte.
  Spool(std::string folder, std::string logs_folder, std::uint64_t keep_bytes = 64 * 1024);
  ~Spool();

  // A second try of the same index replaces its log files.
  std::unique_ptr<AttemptLog> open_attempt(int index);
  // Brings the log files up to what was printed, for those who read them while attempts run: to be called now
  // and then.
  void flush_logs();

  // The kept bytes of a stream: head and tail, raw. Throws std::system_error.
  struct Text {
    std::string head, tail;
  };
  Text read(const StreamRecord& record) const;

  // Any other text that is to stay on disk. Throw std::system_error.
  struct Piece {
    std::uint64_t offset = 0, bytes = 0;
  };
  Piece keep(std::string_view text);
  std::string read(const Piece& piece) const;
  // What a test left behind; empty where nothing was kept.
  std::string read(const FailureText& text) const {
    return text.bytes == 0 ? "" : read(Piece{text.spool_offset, text.bytes});
  }

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace orchestrator
