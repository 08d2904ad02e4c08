#include "orchestrator/run/repository_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/job/job.h"
#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

bool is_symlink(const images::Source& source, const std::string& path) {
  return std::any_of(source.entries.begin(), source.entries.end(),
                     [&](const auto& entry) { return entry.type == 'l' && entry.path == path; });
}

// Looks in one folder; `prefix` ends in '/' or is empty.
void look_in(const images::Source& source, const std::string& prefix, const std::string& name,
             RepositoryFile& found) {
  const std::string path = prefix + name;
  const auto warn = [&](const std::string& which, const char* what) {
    found.warnings.push_back(fmt::format("{} {}", to_utf8(which), what));
  };
  if (is_symlink(source, path)) {
    warn(path, "is a symlink and was not read: the settings of a repository must be a plain file");
  } else if (const auto* text = source.manifest(path)) {
    found.text = text;
    found.where = path;
  } else if (source.has_folder(path)) {
    warn(path, "is a folder and was not read: the settings of a repository must be a plain file");
  }
}

void look_for_settings(const images::Source& source, const std::string& prefix, RepositoryFile& found) {
  look_in(source, prefix, kRepositoryConfig, found);
  const std::string other = prefix + ".flaky-detector.yaml";
  if (source.has(other))
    found.warnings.push_back(
        fmt::format("{} was not read: the file must be named {}", to_utf8(other), kRepositoryConfig));
}

}  // namespace

RepositoryFile find_repository_file(const images::Source& source, const std::string& subdir) {
  RepositoryFile found;
  if (!subdir.empty()) look_for_settings(source, subdir + "/", found);
  if (!found.text) look_for_settings(source, "", found);
  return found;
}

RepositoryFile find_in_tree(const images::Source& source, const std::string& subdir,
                            const std::string& name) {
  RepositoryFile found;
  if (!subdir.empty()) look_in(source, subdir + "/", name, found);
  if (!found.text) look_in(source, "", name, found);
  return found;
}

}  // namespace orchestrator
