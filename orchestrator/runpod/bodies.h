// What a worker posts, as text. Pure.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace orchestrator::runpod {

struct FinalBody {
  std::string output;  // JSON; empty: none
  std::string error;   // the text of runpod_error(); empty: none
  bool stop_pod = false;
};
// {"output": …, "error": "…", "stopPod": true}, each where there is one.
std::string final_body(const FinalBody& body);
std::string progress_body(const nlohmann::json& progress);
std::string chunk_body(const nlohmann::json& chunk);

// A report with further members in front. `report` is the text of an object.
std::string with_members(const std::string& report, const nlohmann::ordered_json& members);

// The report in at most so many bytes: outputs of passing attempts are shortened first, then those of all,
// then whole sections go; what was cut stands in its `warnings`. The same text when it fits already.
std::string fitted(const std::string& report, std::size_t most);

}  // namespace orchestrator::runpod
