#include "images/toolchains/node_workspace.h"

#include <fnmatch.h>

#include <algorithm>

#include "images/toolchains/languages.h"
#include "images/toolchains/manifest_json.h"
#include "sandbox/io/text.h"

namespace images {
namespace {

constexpr std::size_t kMostPatterns = 500;

void add_pattern(std::vector<std::string>& patterns, std::string_view said) {
  said = io::trimmed(said, " \t\r'\"");
  if (!said.empty() && patterns.size() < kMostPatterns) patterns.emplace_back(said);
}

// The list below `packages:`, in either of YAML's ways: one entry a line, or all in brackets.
void add_pnpm_patterns(std::vector<std::string>& patterns, std::string_view yaml) {
  bool inside = false;
  while (!yaml.empty()) {
    const auto end = yaml.find('\n');
    std::string_view line = yaml.substr(0, end);
    yaml = end == yaml.npos ? std::string_view() : yaml.substr(end + 1);
    if (const auto comment = line.find(" #"); comment != line.npos) line = line.substr(0, comment);
    if (line.starts_with("packages:")) {
      inside = true;
      std::string_view flow = io::trimmed(line.substr(9), " \t\r[]");
      for (; !flow.empty(); flow.remove_prefix(std::min(flow.find(','), flow.size() - 1) + 1))
        add_pattern(patterns, flow.substr(0, flow.find(',')));
      continue;
    }
    const auto start = line.find_first_not_of(" \t\r");
    if (start == line.npos) continue;
    if (inside && line[start] == '-')
      add_pattern(patterns, line.substr(start + 1));
    else if (start == 0 && line[0] != '#')
      inside = false;
  }
}

bool segments_match(std::string_view path, std::string_view pattern) {
  if (pattern.empty()) return path.empty();
  const auto next = [](std::string_view text) {
    const auto slash = text.find('/');
    return slash == text.npos ? std::string_view() : text.substr(slash + 1);
  };
  const std::string first(pattern.substr(0, pattern.find('/')));
  if (first == "**") {
    if (segments_match(path, next(pattern))) return true;
    return !path.empty() && segments_match(next(path), pattern);
  }
  const std::string name(path.substr(0, path.find('/')));
  return !path.empty() && fnmatch(first.c_str(), name.c_str(), 0) == 0 &&
         segments_match(next(path), next(pattern));
}

}  // namespace

std::vector<std::string> workspace_patterns(const Source& source, const std::string& folder) {
  std::vector<std::string> patterns;
  if (const std::string* yaml = source.manifest(in_subdir(folder, "pnpm-workspace.yaml")))
    add_pnpm_patterns(patterns, *yaml);
  const auto package = manifest_object(source.manifest(in_subdir(folder, "package.json")));
  if (!package.is_object() || !package.contains("workspaces")) return patterns;
  auto listed = package.at("workspaces");
  if (listed.is_object()) listed = listed.value("packages", nlohmann::json());  // Yarn's first version
  if (listed.is_array())
    for (const auto& each : listed)
      if (each.is_string()) add_pattern(patterns, each.get<std::string>());
  return patterns;
}

bool is_workspace_member(std::string_view path, const std::vector<std::string>& patterns) {
  bool member = false;
  for (std::string_view pattern : patterns) {
    const bool excludes = pattern.starts_with('!');
    if (excludes) pattern.remove_prefix(1);
    if (pattern.starts_with("./")) pattern.remove_prefix(2);
    while (pattern.ends_with('/')) pattern.remove_suffix(1);
    if (std::count(pattern.begin(), pattern.end(), '*') > 8) continue;  // hostile: each costs a search
    if (segments_match(path, pattern)) member = !excludes;
  }
  return member;
}

std::string workspace_root(const Source& source, const std::string& folder) {
  for (std::string above = folder; !above.empty();) {
    const auto slash = above.rfind('/');
    above = slash == above.npos ? "" : above.substr(0, slash);
    const std::string path = above.empty() ? folder : folder.substr(above.size() + 1);
    if (is_workspace_member(path, workspace_patterns(source, above))) return above;
  }
  return folder;
}

}  // namespace images
