// The frames that the supervisor writes on its stdout: whatever an engine gives as one byte stream carries
// the command's two outputs, a probe's records and how it ended. The reader treats all of it as hostile: the
// image may have been tampered with by its own install steps.
//
//   frame  = type (1 byte) length (4 bytes, little endian) payload
//   stream = magic "ORC1" frame*  , ended by an `end` frame
//
// A result file (see Execution::results) is a `result_file` frame and the `result_data` frames directly after
// it; it ends at any other frame. Data without a file before it is malformed.
//
// Payloads are at most kMaxFramePayload bytes. `usage`, `start_failure` and `end` carry "key=value\n" lines,
// in ASCII; unknown keys are ignored.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sandbox {

inline constexpr char kFrameMagic[4] = {'O', 'R', 'C', '1'};
inline constexpr std::size_t kFrameHeader = 5;
inline constexpr std::size_t kMaxFramePayload = 64 * 1024;

// Bounds on the result files of one execution (those on globs: sandbox/execution.h). The supervisor keeps
// them, and the host does not rely on that.
inline constexpr std::size_t kMaxResultFiles = 1000;
inline constexpr std::size_t kMaxResultPath = 4096;
inline constexpr std::size_t kMaxResultFile = 8u << 20;    // bytes of one; what is longer is cut there
inline constexpr std::size_t kMaxResultBytes = 64u << 20;  // of all together
// Notes that tell what of the result files is missing begin so.
inline constexpr const char* kResultsNote = "results: ";

enum class FrameType : std::uint8_t {
  out = 1,            // bytes of the command's stdout
  err = 2,            // bytes of its stderr
  record = 3,         // one record of a probe
  started = 4,        // the command was started (empty)
  start_failure = 5,  // errno=2\nmessage=…
  usage = 6,          // cpu_us=…\npeak_memory=…\npeak_source=…\nno_route=…\n…
  end = 7,            // code=0\nsignal=0\nstop=timeout\n : the last frame
  note = 8,           // a sentence for the report
  result_file = 9,    // the path of a file that the command has left, as its glob found it
  result_data = 10,   // bytes of that file
};

}  // namespace sandbox
