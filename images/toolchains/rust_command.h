// A person's cargo command, read for what it has cargo compile. Pure.
#pragma once

#include <string>
#include <vector>

namespace images {

// `cargo test --no-run` with those flags of the first `cargo test` or `cargo nextest` among `test_words` that
// decide which packages, features and profile are compiled; plain where there is none.
std::vector<std::string> rust_dependencies_command(const std::vector<std::string>& test_words);
// The same, with those that choose among the targets.
std::vector<std::string> rust_compile_command(const std::vector<std::string>& test_words);

}  // namespace images
