// What npm's and Yarn's settings of a person on this host say of registries and of who may ask them: no
// paths, no other habits. npm's are read by pnpm and by Yarn's first version, too. Pure.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace images {

using Getenv = std::function<std::optional<std::string>(const char*)>;

// Of an .npmrc, in its form; ${NAME} replaced by the variable of this host, where it is set. Empty: nothing
// of it is to be passed on.
std::string npm_config(std::string_view text, const Getenv& getenv);

// The same of a .yarnrc.yml.
std::string yarn_config(std::string_view text, const Getenv& getenv);

// Tokens and passwords in what either of them returned, also as they read when they are decoded.
std::set<std::string> npm_secrets(std::string_view text);

}  // namespace images
