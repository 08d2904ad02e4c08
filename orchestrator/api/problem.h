// What the routes of our own API share: RFC 9457's problem documents, jobs by their id, and times.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "orchestrator/api/api_server.h"

namespace orchestrator {

ServedResponse problem(int status, const std::string& title, const nlohmann::json& errors = nullptr);
ServedResponse too_many_readers(const std::string& of_what);
// The job that the address names; without one the answer is given.
std::optional<StoredJob> find_job(const ApiParts& parts, Call& call);
// "2026-11-26T03:51:09.123Z" of milliseconds since the epoch.
std::string timestamp(std::int64_t ms);

}  // namespace orchestrator
