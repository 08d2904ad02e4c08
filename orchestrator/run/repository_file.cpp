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
void look_in(const images::Source& source, const std::string& prefix, RepositoryFile& found) {
  const std::string path = prefix + kRepositoryConfig;
  const std::string other = prefix + ".flaky-detector.yaml";
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
  if (source.has(other)) warn(other, "was not read: the file must be named .flaky-detector.yml");
}

}  // namespace

RepositoryFile find_repository_file(const images::Source& source, const std::string& subdir) {
  RepositoryFile found;
  if (!subdir.empty()) look_in(source, subdir + "/", found);
  if (!found.text) look_in(source, "", found);
  return found;
}

}  // namespace orchestrator
