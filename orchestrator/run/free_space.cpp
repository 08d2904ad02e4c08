#include "orchestrator/run/free_space.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <cstdlib>

#include "orchestrator/job/job.h"
#include "orchestrator/job/quoted.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;
constexpr double kMinShare = 0.05;

}  // namespace

double min_free_bytes() {
  const char* said = std::getenv("ORCHESTRATOR_MIN_FREE");
  if (!said || !*said) return 2 * kGiB;
  const auto bytes = parse_size(said);
  if (!bytes)
    throw io::RequestError(
        "ORCHESTRATOR_MIN_FREE: must be a number of bytes or a size as in 500m or 2g, not " +
        in_quotes(said));
  return static_cast<double>(*bytes);
}

std::optional<std::string> disk_obstacle(const std::vector<std::string>& folders) {
  const double least = min_free_bytes();
  for (const auto& folder : folders) {
    struct statvfs space {};
    if (folder.empty() || statvfs(folder.c_str(), &space) != 0) continue;
    const double free_bytes = static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize);
    const double all_bytes = static_cast<double>(space.f_blocks) * static_cast<double>(space.f_frsize);
    if (free_bytes >= least && free_bytes >= kMinShare * all_bytes) continue;
    return fmt::format(
        "the disk of {} is too full: {:.1f} GiB free ({:.0f} %), at least {:.1f} GiB and 5 % are needed; "
        "orchestrator images list shows what its images take, and docker image rm removes them",
        folder, free_bytes / kGiB, 100 * free_bytes / all_bytes, least / kGiB);
  }
  return std::nullopt;
}

}  // namespace orchestrator
