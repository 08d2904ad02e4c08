#include "images/base_volumes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "sandbox/execution.h"
#include "sandbox/io/error.h"

namespace images {
namespace {

// Where layers have what attempts need: the sources, a home, what watches an attempt, what toolchains
// install.
constexpr std::string_view kFilledFolders[] = {
    sandbox::kWorkDir, sandbox::kHomeDir, "/.orchestrator", "/opt/venv",  "/opt/tools",
    "/opt/build",      "/opt/cargo",      "/opt/go",        "/opt/maven", "/opt/yarn"};

bool is_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// "/data/" and "/data/.": the engine takes them for "/data".
std::string plain_path(const std::string& said) {
  std::string path = std::filesystem::path(said).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

std::optional<std::string> check_volumes(const std::vector<std::string>& volumes, const std::string& base) {
  if (volumes.empty()) return std::nullopt;
  for (const auto& said : volumes) {
    const std::string volume = plain_path(said);
    for (const auto folder : kFilledFolders)
      if (is_below(volume, folder) || is_below(folder, volume))
        throw io::SetupError(
            fmt::format("{} keeps {} in a volume (VOLUME), where what is put into {} would be lost: take an "
                        "image without it",
                        base, said, folder));
  }
  return fmt::format(
      "{} keeps {} in a volume: what setup commands put there is lost, and what attempts write there is not "
      "counted by the disk limit",
      base, fmt::join(volumes, ", "));
}

}  // namespace images
