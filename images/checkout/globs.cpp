#include "images/checkout/globs.h"

#include <fnmatch.h>

#include <span>

namespace images::checkout {
namespace {

using Components = std::span<const std::string>;

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> components;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view component = path.substr(0, slash);
    if (!component.empty() && component != ".") components.emplace_back(component);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return components;
}

bool matches_name(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
}

// Remembering only the last "**" is enough: an earlier one never has to take more. So it is linear in space
// and quadratic at worst in time, whatever the pattern.
bool matches_components(Components pattern, Components path) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t p = 0, n = 0, star = kNone, star_n = 0;
  while (n < path.size()) {
    if (p < pattern.size() && pattern[p] == "**") {
      star = p++;
      star_n = n;
    } else if (p < pattern.size() && matches_name(pattern[p], path[n])) {
      ++p;
      ++n;
    } else if (star != kNone) {
      p = star + 1;
      n = ++star_n;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == "**") ++p;
  return p == pattern.size();
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view path) {
  const auto pattern_components = split(pattern), path_components = split(path);
  return matches_components(pattern_components, path_components);
}

IncludeGlobs::IncludeGlobs(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    auto components = split(pattern);
    if (components.empty()) continue;
    const bool at_any_depth =
        pattern.find('/') >= pattern.size() - 1;  // no slash, or only the last character
    if (at_any_depth) components.insert(components.begin(), "**");
    patterns_.push_back(std::move(components));
  }
}

bool IncludeGlobs::matches(std::string_view path) const {
  if (patterns_.empty()) return false;
  const auto components = split(path);
  for (const auto& pattern : patterns_)
    for (std::size_t depth = 1; depth <= components.size(); ++depth)
      if (matches_components(pattern, Components(components).first(depth))) return true;
  return false;
}

bool IncludeGlobs::may_match_below(std::string_view folder) const {
  if (matches(folder)) return true;
  const auto components = split(folder);
  for (const auto& pattern : patterns_) {
    std::size_t i = 0;
    while (i < components.size() && i < pattern.size() && pattern[i] != "**" &&
           matches_name(pattern[i], components[i]))
      ++i;
    if (i < pattern.size() && (i == components.size() || pattern[i] == "**")) return true;
  }
  return false;
}

}  // namespace images::checkout
