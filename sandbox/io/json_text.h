// JSON as one line of text, and text out of JSON. Header only, for any thread.
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

// The string under a key; empty where there is none, or where `json` is no object.
template <class Json>
std::string text_at(const Json& json, const char* key) {
  if (!json.is_object()) return "";
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->template get<std::string>() : "";
}

}  // namespace io
