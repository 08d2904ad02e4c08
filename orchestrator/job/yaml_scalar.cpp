#include "orchestrator/job/yaml_scalar.h"

#include <charconv>
#include <cstdint>

namespace orchestrator {
namespace {

using nlohmann::json;

bool one_of(const std::string& text, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    if (text == word) return true;
  }
  return false;
}

template <typename Number>
bool whole_text(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

json yaml_scalar(const std::string& text) {
  if (one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
  if (one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})) return false;
  const std::string digits = text[0] == '+' ? text.substr(1) : text;
  if (digits.find_first_not_of("0123456789+-.eE") != std::string::npos) return text;  // no hex, inf or nan
  std::int64_t whole = 0;
  if (whole_text(digits, whole)) return whole < 0 ? json(whole) : json(static_cast<std::uint64_t>(whole));
  std::uint64_t large = 0;
  if (whole_text(digits, large)) return large;
  double number = 0;
  if (whole_text(digits, number)) return number;
  return text;
}

}  // namespace orchestrator
