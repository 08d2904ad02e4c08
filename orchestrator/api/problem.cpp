#include "orchestrator/api/problem.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace orchestrator {

ServedResponse problem(int status, const std::string& title, const nlohmann::json& errors) {
  nlohmann::json document = {{"type", "about:blank"}, {"title", title}, {"status", status}};
  if (!errors.is_null()) document["errors"] = errors;
  return {status, "application/problem+json", dumped(document), {}};
}

std::string timestamp(std::int64_t ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)),
                     ms % 1000);
}

}  // namespace orchestrator
