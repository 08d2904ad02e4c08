// What the routes of our own API share: RFC 9457's problem documents, and times.
#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/api/route.h"

namespace orchestrator {

ServedResponse problem(int status, const std::string& title, const nlohmann::json& errors = nullptr);
// "2026-11-26T03:51:09.123Z".
std::string timestamp(std::int64_t ms);

}  // namespace orchestrator
