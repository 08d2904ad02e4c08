#include "orchestrator/report/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct LeadByte {
  std::size_t length;       // of the whole sequence; 0: no lead byte
  unsigned char low, high;  // the range of the second byte: keeps out overlong forms and surrogates
};

LeadByte lead_byte(unsigned char byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// How many bytes of the sequence that starts here are right, the lead byte included.
std::size_t right_bytes(std::string_view bytes, const LeadByte& lead) {
  std::size_t count = 1;
  while (count < lead.length && count < bytes.size()) {
    const auto byte = static_cast<unsigned char>(bytes[count]);
    const bool right = count == 1 ? byte >= lead.low && byte <= lead.high : is_continuation(bytes[count]);
    if (!right) break;
    ++count;
  }
  return count;
}

std::size_t ascii_length(std::string_view bytes) {
  std::size_t length = 0;
  while (length < bytes.size() && static_cast<unsigned char>(bytes[length]) < 0x80) ++length;
  return length;
}

bool is_shown_as_number(char32_t c) {
  if (c == '\n' || c == '\t') return false;
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return true;
  if (c >= 0x202A && c <= 0x202E) return true;  // bidirectional embeddings and overrides
  if (c >= 0x2066 && c <= 0x2069) return true;  // … and isolates
  return c == 0x200E || c == 0x200F || c == 0x061C || c == 0x2028 || c == 0x2029;
}

struct Block {
  char32_t first, last;
};

// Sorted. Combining marks and invisible formatting.
constexpr std::array<Block, 12> kZeroWidth{{{0x0300, 0x036F},
                                            {0x0483, 0x0489},
                                            {0x0591, 0x05BD},
                                            {0x0610, 0x061A},
                                            {0x064B, 0x065F},
                                            {0x0E34, 0x0E3A},
                                            {0x1AB0, 0x1AFF},
                                            {0x1DC0, 0x1DFF},
                                            {0x200B, 0x200D},
                                            {0x20D0, 0x20FF},
                                            {0xFE00, 0xFE0F},
                                            {0xFE20, 0xFE2F}}};
// Sorted. East Asian wide blocks and emoji.
constexpr std::array<Block, 12> kWide{{{0x1100, 0x115F},
                                       {0x231A, 0x231B},
                                       {0x23E9, 0x23EC},
                                       {0x2705, 0x2705},
                                       {0x274C, 0x274C},
                                       {0x2E80, 0x303E},
                                       {0x3041, 0xA4CF},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},
                                       {0xFF00, 0xFF60},
                                       {0x1F300, 0x3FFFD}}};

template <std::size_t N>
bool in_blocks(const std::array<Block, N>& blocks, char32_t c) {
  return std::any_of(blocks.begin(), blocks.end(),
                     [c](const Block& b) { return c >= b.first && c <= b.last; });
}

}  // namespace

CodePoint next_code_point(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (first < 0x80) return {first, 1, true};
  const LeadByte lead = lead_byte(first);
  if (lead.length == 0) return {kReplacement, 1, false};
  const std::size_t count = right_bytes(bytes, lead);
  if (count < lead.length) return {kReplacement, count, false};
  char32_t value = first & (0x7FU >> lead.length);
  for (std::size_t i = 1; i < count; ++i)
    value = (value << 6) | (static_cast<unsigned char>(bytes[i]) & 0x3FU);
  return {value, count, true};
}

void append_utf8(std::string& text, char32_t c) {
  const auto continuation = [&](int shift) { text += static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | (c >> 6));
    continuation(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0 | (c >> 12));
    continuation(6);
    continuation(0);
  } else {
    text += static_cast<char>(0xF0 | (c >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

std::string_view without_partial_end(std::string_view bytes) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    const std::size_t at = bytes.size() - back;
    if (is_continuation(bytes[at])) continue;
    const LeadByte lead = lead_byte(static_cast<unsigned char>(bytes[at]));
    const bool cut = lead.length > back && right_bytes(bytes.substr(at), lead) == back;
    return cut ? bytes.substr(0, at) : bytes;
  }
  return bytes;
}

std::string_view without_partial_start(std::string_view bytes) {
  std::size_t skip = 0;
  while (skip < 3 && skip < bytes.size() && is_continuation(bytes[skip])) ++skip;
  return bytes.substr(skip);
}

std::string to_utf8(std::string_view bytes, bool* lossy) {
  std::string text;
  text.reserve(bytes.size());
  bool lost = false;
  while (!bytes.empty()) {
    const std::size_t ascii = ascii_length(bytes);  // most output is little else
    text.append(bytes.substr(0, ascii));
    bytes.remove_prefix(ascii);
    if (bytes.empty()) break;
    const CodePoint point = next_code_point(bytes);
    if (point.valid) {
      text.append(bytes.substr(0, point.length));
    } else {
      append_utf8(text, kReplacement);
      lost = true;
    }
    bytes.remove_prefix(point.length);
  }
  if (lossy) *lossy = lost;
  return text;
}

std::string for_terminal(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint point = next_code_point(bytes);
    const bool line_end = bytes.size() >= 2 && bytes[0] == '\r' && bytes[1] == '\n';
    if (is_shown_as_number(point.value)) {
      if (!line_end) text += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(point.value));
    } else {
      append_utf8(text, point.value);
    }
    bytes.remove_prefix(point.length);
  }
  return text;
}

int columns(char32_t c) {
  if (c < 0x300) return 1;
  if (in_blocks(kZeroWidth, c)) return 0;
  return in_blocks(kWide, c) ? 2 : 1;
}

int columns(std::string_view utf8) {
  int sum = 0;
  while (!utf8.empty()) {
    const CodePoint point = next_code_point(utf8);
    sum += columns(point.value);
    utf8.remove_prefix(point.length);
  }
  return sum;
}

std::string fit(std::string_view utf8, int width) {
  if (width <= 0) return "";
  std::string kept;  // what fits beside the "…"
  int used = 0;
  std::string_view rest = utf8;
  while (!rest.empty()) {
    const CodePoint point = next_code_point(rest);
    const int wide = columns(point.value);
    if (used + wide > width - 1) break;
    kept.append(rest.substr(0, point.length));
    used += wide;
    rest.remove_prefix(point.length);
  }
  if (used + columns(rest) <= width) return std::string(utf8);
  return kept + "…";
}

}  // namespace orchestrator
