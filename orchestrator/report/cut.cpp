#include "orchestrator/report/cut.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/report/report.h"
#include "orchestrator/report/utf8.h"

namespace orchestrator {
namespace {

bool is_plain_ascii(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

std::uint64_t size_in_json(const CodePoint& point) {
  if (!point.valid) return 3;
  switch (point.value) {
    case '"':
    case '\\':
    case '\b':
    case '\f':
    case '\n':
    case '\r':
    case '\t':
      return 2;
    default:
      return point.value < 0x20 ? 6 : point.length;
  }
}

// The longest start of `bytes` whose size is at most `max_size`.
std::string_view start_within(std::string_view bytes, std::uint64_t max_size) {
  std::uint64_t size = 0;
  std::size_t length = 0;
  while (length < bytes.size()) {
    const CodePoint point = next_code_point(bytes.substr(length));
    size += size_in_json(point);
    if (size > max_size) break;
    length += point.length;
  }
  return bytes.substr(0, length);
}

// The longest end of `bytes`, whose whole size is `size`, whose size is at most `max_size`.
std::string_view end_within(std::string_view bytes, std::uint64_t size, std::uint64_t max_size) {
  while (size > max_size) {
    const CodePoint point = next_code_point(bytes);
    size -= size_in_json(point);
    bytes.remove_prefix(point.length);
  }
  return bytes;
}

ShownText join(std::string_view head, std::string_view tail, std::uint64_t total) {
  ShownText shown;
  bool lossy_head = false, lossy_tail = false;
  shown.kept_bytes = head.size() + tail.size();
  shown.text = to_utf8(head, &lossy_head);
  if (shown.kept_bytes < total) shown.text += cut_mark(total - shown.kept_bytes);
  shown.text += to_utf8(tail, &lossy_tail);
  shown.lossy = lossy_head || lossy_tail;
  return shown;
}

ShownText shorten(std::string_view head, std::string_view tail, std::uint64_t total, std::uint64_t max_size) {
  const std::uint64_t tail_size = json_size(tail);
  const std::uint64_t beside_tail = max_size - std::min(max_size, tail_size);
  head = start_within(head, std::max(max_size / 2, beside_tail));
  tail = end_within(tail, tail_size, max_size - json_size(head));
  return join(head, tail, total);
}

ShownText whole_within(std::string_view whole, std::uint64_t max_size) {
  if (max_size == kNoLimit || json_size(whole) <= max_size + kCutMarkSize)
    return join(whole, "", whole.size());
  // More than max_size, so that the two parts that are kept cannot overlap.
  return shorten(whole, whole, whole.size(), max_size);
}

}  // namespace

std::string cut_mark(std::uint64_t bytes) { return fmt::format("\n[… {} bytes cut …]\n", bytes); }

std::uint64_t json_size(std::string_view bytes) {
  std::uint64_t size = 0;
  while (!bytes.empty()) {
    if (is_plain_ascii(bytes[0])) {  // most of any output
      ++size;
      bytes.remove_prefix(1);
      continue;
    }
    const CodePoint point = next_code_point(bytes);
    size += size_in_json(point);
    bytes.remove_prefix(point.length);
  }
  return size;
}

ShownText show(const StreamRecord& record, const Spool::Text& text, std::uint64_t max_size) {
  if (record.truncated()) {
    const std::string_view head = without_partial_end(text.head);
    const std::string_view tail = without_partial_start(text.tail);
    if (max_size == kNoLimit || json_size(head) + json_size(tail) <= max_size)
      return join(head, tail, record.total_bytes);
    return shorten(head, tail, record.total_bytes, max_size);
  }
  return whole_within(text.head + text.tail, max_size);
}

std::string head_and_tail(std::string_view text, std::uint64_t max_size) {
  return whole_within(text, max_size).text;
}

}  // namespace orchestrator
