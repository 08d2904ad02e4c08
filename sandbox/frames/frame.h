// The frames that the supervisor writes on its stdout: whatever an engine gives as one byte stream carries the
// command's two outputs, a probe's records and how it ended. The reader treats all of it as hostile: the image may
// have been tampered with by its own install steps.
//
//   frame  = type (1 byte) length (4 bytes, little endian) payload
//   stream = magic "ORC1" frame*  , ended by an `end` frame
//
// Payloads are at most kMaxFramePayload bytes. `usage`, `start_failure` and `end` carry "key=value\n" lines, in
// ASCII; unknown keys are ignored.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sandbox {

inline constexpr char kFrameMagic[4] = {'O', 'R', 'C', '1'};
inline constexpr std::size_t kFrameHeader = 5;
inline constexpr std::size_t kMaxFramePayload = 64 * 1024;

enum class FrameType : std::uint8_t {
  out = 1,            // bytes of the command's stdout
  err = 2,            // bytes of its stderr
  record = 3,         // one record of a probe
  started = 4,        // the command was started (empty)
  start_failure = 5,  // errno=2\nmessage=…
  usage = 6,          // cpu_us=…\npeak_memory=…\npeak_source=…\nno_route=…\n…
  end = 7,            // code=0\nsignal=0\nstop=timeout\n : the last frame
  note = 8,           // a sentence for the report
};

}  // namespace sandbox
