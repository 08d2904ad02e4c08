// What somebody at a terminal types, on its way into an execution that has one: over the supervisor's stdin,
// behind the gifts (gift.h). In the same stream as the size of the terminal, so that both keep their order.
// The host encodes, the supervisor decodes; both trust it, since it comes from the person themself.
//
//   piece = type (1 byte) length (4 bytes, little endian) payload
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sandbox/execution.h"

namespace sandbox {

inline constexpr std::size_t kTypingHeader = 5;
inline constexpr std::size_t kMaxTyping = 64 * 1024;  // bytes of a payload

enum class TypingType : char {
  keys = 'K',  // bytes as typed
  size = 'S',  // rows, columns: 2 bytes each, little endian
};

// As many pieces as it takes.
std::string encode_keys(std::string_view bytes);
std::string encode_size(TerminalSize size);

}  // namespace sandbox
