// Rules for text that can be checked without the repository. Each answers with a sentence, or with nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/job/job.h"

namespace orchestrator {

const std::vector<std::string>& known_frameworks();  // names of toolchains

std::string check_repo(const std::string& repo);
std::string check_ref(const std::string& ref);
std::string check_base(const std::string& base);  // of --only-changed
std::string check_subdir(const std::string& subdir);
std::string check_image(const std::string& image);
std::string check_dockerfile(const std::string& path);
std::string check_pull(const std::string& when);
std::string check_framework(const std::string& name);
std::string check_network(const std::string& name);
// Of a name that was checked.
sandbox::Network network_of(const std::string& name);
std::string check_vary(const std::string& value);
std::string check_order(const std::string& value);
std::string check_rate(const std::string& value);
std::string check_variable_name(const std::string& name);
// Of a variable that a person or a repository sets in the attempts: some names are not theirs to set.
std::string check_attempt_variable(const std::string& name);
std::string check_results_glob(const std::string& glob);
std::string check_not_empty(const std::string& text);
std::string check_command(const TestCommand& command);

bool is_utf8(std::string_view text);

// Without ".", doubled and trailing slashes; nullopt when it leaves the tree.
std::optional<std::string> normalised_subdir(std::string_view subdir);

}  // namespace orchestrator
