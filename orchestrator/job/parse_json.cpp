#include "orchestrator/job/parse_json.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>

#include "orchestrator/job/quoted.h"

namespace orchestrator {
namespace {

using nlohmann::json;

struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Sees every event of the parser, before a document can grow out of bounds.
class Watch {
 public:
  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (opens && depth >= kDeepest) {
      throw Refused("JSON is nested deeper than " + std::to_string(kDeepest) + " levels");
    }
    if (event == json::parse_event_t::object_start) {
      keys_.resize(static_cast<std::size_t>(depth) + 1);
      keys_.back().clear();
    } else if (event == json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.at(static_cast<std::size_t>(depth) - 1).insert(key).second) {
        throw Refused("field " + in_quotes(key) + " stands there twice");
      }
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;  // of the open objects, by depth
};

std::string position(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, byte == 0 ? 0 : byte - 1);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto start = before.rfind('\n');
  const auto column = start == std::string_view::npos ? before.size() + 1 : before.size() - start;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// The parser's reason without its own prefix and without the stranger's bytes.
std::string reason(const std::string& what) {
  const std::string marker = "syntax error while parsing ";
  const auto start = what.find(marker);
  if (start == std::string::npos) return "";
  const auto end = what.find("; last read", start);
  std::string text =
      what.substr(start + marker.size(), end == std::string::npos ? end : end - start - marker.size());
  text = text.substr(0, 120);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  }
  return " (" + text + ")";
}

}  // namespace

std::optional<json> parse_json(std::string_view text, std::vector<FieldError>& errors,
                               std::size_t most_bytes) {
  const auto fail = [&](std::string message) {
    add_error(errors, {"", std::move(message), ""});
    return std::optional<json>();
  };
  if (text.size() > most_bytes)
    return fail("JSON is larger than " + std::to_string(most_bytes >> 20) + " MiB");
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return fail("not valid JSON: it is empty");
  try {
    return json::parse(text.begin(), text.end(), Watch());
  } catch (const Refused& error) {
    return fail(error.what());
  } catch (const json::parse_error& error) {
    return fail("not valid JSON: " + position(text, error.byte) + reason(error.what()));
  } catch (const json::exception& error) {
    return fail("not valid JSON: a number is out of range");
  }
}

}  // namespace orchestrator
