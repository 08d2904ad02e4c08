// The two values with a shape of their own: a test command, and the test_suites of a repository's file.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/job/job.h"

namespace orchestrator {

// What is wrong with the bytes of a text that goes into a container; empty when nothing is.
std::string check_bytes(std::string_view text, std::string_view name);

// What is said of a list that is longer.
std::string holds_too_many(std::string_view name, std::size_t most);

std::optional<TestCommand> read_command(const nlohmann::json& value, const std::string& pointer,
                                        std::vector<FieldError>& errors);
std::vector<TestSuite> read_suites(const nlohmann::json& value, const std::string& pointer,
                                   std::vector<FieldError>& errors);

}  // namespace orchestrator
