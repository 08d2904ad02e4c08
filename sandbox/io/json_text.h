// JSON as one line of text. Header only, for any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace io {

// Never throws for bytes that are no UTF-8, which nearly everything that tests print may hold: they become
// U+FFFD.
template <class Json = nlohmann::json>
std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace io
