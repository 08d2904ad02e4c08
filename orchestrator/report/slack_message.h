// The report as a message of Slack's incoming webhooks.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/report/report.h"

namespace orchestrator {

// Where the run took place, as a CI tells; each may be empty.
struct RunPlace {
  std::string repository;  // "owner/project"; empty: the report's source
  std::string ref;         // branch; empty: the report's
  std::string url;         // of the CI's own page; https only
};

// Blocks (header, fields, the worst tests, a button when there is a page to go to) and a line of text for
// notifications. Everything that is not ours is inline code or a plain text; no mention can come about.
nlohmann::json slack_message(const Report& report, const RunPlace& place);

}  // namespace orchestrator
