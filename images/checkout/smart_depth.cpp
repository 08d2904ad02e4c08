#include "images/checkout/smart_depth.h"

#include <optional>

namespace images::checkout {
namespace {

// The length that a packet line gives itself: 0 for a flush, nothing when it is no length.
std::optional<std::size_t> packet_length(std::string_view bytes) {
  if (bytes.size() < 4) return std::nullopt;
  std::size_t length = 0;
  for (char c : bytes.substr(0, 4)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    length = length * 16 + static_cast<std::size_t>(digit);
  }
  return length;
}

}  // namespace

bool offers_depth(std::string_view advertisement) {
  const std::size_t nul = advertisement.find('\0');
  if (nul == std::string_view::npos) return false;
  std::string_view line = advertisement.substr(nul + 1);
  line = line.substr(0, line.find('\n'));
  return std::string(1, ' ').append(line).append(1, ' ').find(" shallow ") != std::string::npos;
}

std::string with_depth_one(const std::string& body) {
  std::size_t at = 0;
  while (true) {
    const auto length = packet_length(std::string_view(body).substr(at));
    if (!length || at + *length > body.size()) return body;
    if (*length == 0) break;
    if (*length < 4 || body.compare(at + 4, 5, "want ") != 0) return body;
    at += *length;
  }
  if (at == 0) return body;
  return body.substr(0, at) + "000cdeepen 1" + body.substr(at);
}

std::string ShallowSectionFilter::feed(std::string_view bytes) {
  if (passed_) return std::string(bytes);
  held_ += bytes;
  while (held_.size() >= 4) {
    const auto length = packet_length(held_);
    if (length && *length >= 4 && held_.size() < *length && held_.size() < 16)
      return {};  // its kind is not here yet
    const std::string_view payload =
        length && *length >= 4 ? std::string_view(held_).substr(4, *length - 4) : std::string_view();
    const bool of_section = payload.starts_with("shallow ") || payload.starts_with("unshallow ");
    if (of_section && held_.size() < *length) return {};
    if (!of_section) {
      passed_ = true;
      if (length && *length == 0) held_.erase(0, 4);
      return std::move(held_);
    }
    held_.erase(0, *length);
  }
  return {};
}

}  // namespace images::checkout
