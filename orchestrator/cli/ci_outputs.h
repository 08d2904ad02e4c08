// What `ci` leaves for the steps that come after it: a small JSON file (--result), variables as a dotenv file
// (--dotenv, for GitLab), and, where GITHUB_OUTPUT names a file, the step's outputs. Texts of the repository
// under test are hostile: none can become an output or a variable of its own.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/cli/job_mode.h"
#include "orchestrator/cli/options.h"

namespace orchestrator {

// "passes", "fails", "skipped", "stopped" (by a signal) or "error".
std::string ci_verdict(const JobEnd& end);
nlohmann::ordered_json ci_result(const CommandLine& options, const JobEnd& end);

// Names and values from a result: numbers, our own words, paths of the caller, and a JSON list of new tests.
using Outputs = std::vector<std::pair<std::string, std::string>>;
Outputs outputs_of(const nlohmann::ordered_json& result);
// `name<<DELIMITER\nvalue\nDELIMITER\n` each. `delimiter` is random and stands in no value.
std::string github_outputs(const Outputs& outputs, const std::string& delimiter);
// "FLAKY_EXIT_CODE=0": upper case, without lists; what has a line break in it is left out.
std::string dotenv(const Outputs& outputs);

// Can they be written? Throws io::RequestError and io::HostError.
void check_later_steps(const CommandLine& options);
// Throws io::HostError.
void tell_later_steps(const CommandLine& options, const JobEnd& end);

}  // namespace orchestrator
