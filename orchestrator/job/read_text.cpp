// Flags and environment variables: the text becomes the JSON value that it stands for, and is read like one.
#include <charconv>
#include <optional>

#include "orchestrator/job/plain_text.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/read_field.h"

namespace orchestrator {
namespace {

using nlohmann::json;

template <typename Number>
std::optional<json> number_from(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error == std::errc()) return json(number);
  return std::nullopt;
}

// A whole number beyond 64 bits is one all the same: its bounds are what refuses it.
std::optional<json> whole_from(std::string_view text) {
  if (auto number = number_from<std::int64_t>(text)) return number;
  const std::string_view digits = !text.empty() && text[0] == '-' ? text.substr(1) : text;
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return json(text[0] == '-' ? -1e300 : 1e300);
}

std::optional<json> value_from(const Field& field, std::string_view text) {
  switch (field.kind) {
    case FieldKind::whole:
      return whole_from(text);
    case FieldKind::seed:
      return number_from<std::uint64_t>(text);
    case FieldKind::number:
      return number_from<double>(text);
    case FieldKind::seconds:
      return parse_duration_s(text) ? std::optional(json(std::string(text))) : std::nullopt;
    case FieldKind::size:
      return parse_size(text) ? std::optional(json(std::string(text))) : std::nullopt;
    case FieldKind::boolean:
    case FieldKind::negated:
      if (const auto on = boolean_from(text)) return json(*on);
      return std::nullopt;
    default:
      return json(std::string(text));
  }
}

std::string wanted(const Field& field) {
  switch (field.kind) {
    case FieldKind::whole:
      return "a whole number";
    case FieldKind::number:
      return "a number";
    case FieldKind::seconds:
      return "a number of seconds or a time as in 90s or 5m";
    case FieldKind::size:
      return "a number of bytes or a size as in 512m or 2g";
    default:
      return "true or false";
  }
}

}  // namespace

void read_text(const Field& field, std::string_view text, const std::string& pointer, JobReading& reading) {
  if (const auto value = value_from(field, text)) {
    return read_field(field, *value, pointer, UnknownFields::error, reading);
  }
  const std::string sentence = field.kind == FieldKind::seed
                                   ? std::string(field.rule)
                                   : std::string(field.name) + " must be " + wanted(field);
  add_error(reading.errors, {pointer, sentence + ", not " + in_quotes(text), ""});
}

}  // namespace orchestrator
