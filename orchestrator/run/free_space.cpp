#include "orchestrator/run/free_space.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "orchestrator/job/job.h"
#include "orchestrator/job/quoted.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;
constexpr double kMinShare = 0.05;

struct Space {
  double free_bytes, all_bytes;
};

std::optional<Space> space_of(const std::string& folder) {
  struct statvfs found {};
  if (folder.empty() || statvfs(folder.c_str(), &found) != 0) return std::nullopt;
  const auto block = static_cast<double>(found.f_frsize);
  return Space{static_cast<double>(found.f_bavail) * block, static_cast<double>(found.f_blocks) * block};
}

double needed(const Space& space, double least) { return std::max(least, kMinShare * space.all_bytes); }

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
    const auto space = space_of(folder);
    if (!space || space->free_bytes >= needed(*space, least)) continue;
    return fmt::format(
        "the disk of {} is too full: {:.1f} GiB free ({:.0f} %), at least {:.1f} GiB and 5 % are needed; "
        "orchestrator images list shows what its images take, and orchestrator images prune --all removes "
        "them",
        folder, space->free_bytes / kGiB, 100 * space->free_bytes / space->all_bytes, least / kGiB);
  }
  return std::nullopt;
}

std::int64_t missing_bytes(const std::vector<std::string>& folders) {
  const double least = min_free_bytes();
  std::int64_t missing = 0;
  for (const auto& folder : folders)
    if (const auto space = space_of(folder))
      missing = std::max(missing,
                         static_cast<std::int64_t>(std::max(0.0, needed(*space, least) - space->free_bytes)));
  return missing;
}

std::int64_t writable_bytes(const std::vector<std::string>& folders) {
  const double least = min_free_bytes();
  std::int64_t writable = std::numeric_limits<std::int64_t>::max();
  for (const auto& folder : folders)
    if (const auto space = space_of(folder))
      writable = std::min(
          writable, static_cast<std::int64_t>(std::max(0.0, space->free_bytes - needed(*space, least))));
  return writable;
}

}  // namespace orchestrator
