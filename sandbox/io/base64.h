// Base64 (RFC 4648), with padding. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace io {

// In the alphabet for URLs and file names ('-' and '_').
std::string to_base64url(std::string_view bytes);

// Of either alphabet; padding may be left out. Nothing when the text is none.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace io
