#include "sandbox/frames/typing.h"

#include <algorithm>
#include <cstdint>

namespace sandbox {
namespace {

void append_number(std::string& bytes, std::uint32_t number, int size) {
  for (int shift = 0; shift < 8 * size; shift += 8)
    bytes.push_back(static_cast<char>(number >> shift & 0xff));
}

void append_piece(std::string& bytes, TypingType type, std::string_view payload) {
  bytes.push_back(static_cast<char>(type));
  append_number(bytes, static_cast<std::uint32_t>(payload.size()), 4);
  bytes.append(payload);
}

}  // namespace

std::string encode_keys(std::string_view bytes) {
  std::string pieces;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kMaxTyping)))
    append_piece(pieces, TypingType::keys, bytes.substr(0, kMaxTyping));
  return pieces;
}

std::string encode_size(TerminalSize size) {
  std::string payload, piece;
  append_number(payload, size.rows, 2);
  append_number(payload, size.columns, 2);
  append_piece(piece, TypingType::size, payload);
  return piece;
}

}  // namespace sandbox
