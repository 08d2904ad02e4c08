// What a path of a tree may look like. Trees come from strangers: a name that could reach outside the working
// copy, or replace its .git, is a reason to refuse the whole tree. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace images::checkout {

inline constexpr std::size_t kLongestPath = 4000;
inline constexpr std::size_t kDeepestFolder = 400;
inline constexpr std::size_t kMostEntries = 1'000'000;

// Throws io::RequestError when one component of a path is empty, ".", "..", ".git" in any case, or holds a
// slash.
void check_name(std::string_view name, std::string_view folder);
// The same for every component of a relative path.
void check_path(std::string_view path);

// For messages: control characters and what is not ASCII are written as \xNN, at most 200 bytes.
std::string printable(std::string_view path);

}  // namespace images::checkout
