#include "sandbox/docker/progress_stream.h"

#include <nlohmann/json.hpp>
#include <sstream>

namespace sandbox::docker {

std::string error_in_stream(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    if (!entry.is_object()) continue;
    const auto detail = entry.find("errorDetail");
    if (detail != entry.end() && detail->is_object()) {
      const auto message = detail->find("message");
      const bool said = message != detail->end() && message->is_string() && *message != "";
      return said ? message->get<std::string>() : "unknown error";
    }
    // Older than errorDetail, and left out by the newest engines.
    const auto error = entry.find("error");
    if (error != entry.end() && error->is_string()) return error->get<std::string>();
  }
  return "";
}

}  // namespace sandbox::docker
