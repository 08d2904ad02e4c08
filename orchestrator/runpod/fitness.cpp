#include "orchestrator/runpod/fitness.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include "orchestrator/run/free_space.h"
#include "sandbox/limits.h"

namespace orchestrator::runpod {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;

std::optional<double> free_percent(const std::string& folder) {
  struct statvfs space {};
  if (folder.empty() || statvfs(folder.c_str(), &space) != 0 || space.f_blocks == 0) return std::nullopt;
  return 100.0 * static_cast<double>(space.f_bavail) / static_cast<double>(space.f_blocks);
}

}  // namespace

std::optional<Unfit> find_unfit(const Environment& environment, const sandbox::Capabilities& engine,
                                const std::string& scratch) {
  if (environment.skip_checks) return std::nullopt;
  const double memory = static_cast<double>(engine.memory_bytes) / kGiB;
  // Without a wish of the operator: what one attempt may use, less what a kernel keeps for itself.
  const double least = environment.min_memory_gb > 0
                           ? environment.min_memory_gb
                           : 0.9 * static_cast<double>(sandbox::Limits().memory_bytes) / kGiB;
  if (engine.memory_bytes > 0 && memory < least)
    return Unfit{"memory",
                 fmt::format("the host has {:.1f} GiB of memory, {:.1f} are needed", memory, least)};
  if (const auto obstacle = disk_obstacle({engine.data_root, scratch})) return Unfit{"disk", *obstacle};
  for (const auto& folder : {engine.data_root, scratch})
    if (const auto percent = free_percent(folder); percent && *percent < environment.min_disk_percent)
      return Unfit{"disk", fmt::format("{:.0f} % of the disk are free, {:.0f} % are needed", *percent,
                                       environment.min_disk_percent)};
  return std::nullopt;
}

}  // namespace orchestrator::runpod
