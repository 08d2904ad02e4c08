#include "orchestrator/runpod/fitness.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>

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

bool has_cgroups(const sandbox::Capabilities& engine) {
  constexpr std::array kOfCgroups{"memory", "cpus", "pids"};
  return std::any_of(kOfCgroups.begin(), kOfCgroups.end(), [&](const char* name) {
    const auto limit = engine.limits.find(name);
    return limit == engine.limits.end() || limit->second != sandbox::Enforcement::not_enforced;
  });
}

}  // namespace

std::optional<Unfit> find_unfit(const Environment& environment, const sandbox::Capabilities& engine,
                                const std::string& scratch) {
  if (environment.skip_checks) return std::nullopt;
  if (!has_cgroups(engine))
    return Unfit{"cgroups", "the engine limits neither memory, nor CPUs, nor processes of an attempt",
                 "give the engine cgroups that it may write to: a rootful one, or cgroup v2 with delegation"};
  const double memory = static_cast<double>(engine.memory_bytes) / kGiB;
  // Without a wish of the operator: what one attempt may use, less what a kernel keeps for itself.
  const double least = environment.min_memory_gb > 0
                           ? environment.min_memory_gb
                           : 0.9 * static_cast<double>(sandbox::Limits().memory_bytes) / kGiB;
  if (engine.memory_bytes > 0 && memory < least)
    return Unfit{"memory", fmt::format("the host has {:.1f} GiB of memory, {:.1f} are needed", memory, least),
                 "take a larger host, or set RUNPOD_MIN_MEMORY_GB"};
  if (const auto obstacle = disk_obstacle({engine.data_root, scratch}))
    return Unfit{"disk", *obstacle, "free some space"};
  for (const auto& folder : {engine.data_root, scratch})
    if (const auto percent = free_percent(folder); percent && *percent < environment.min_disk_percent)
      return Unfit{"disk",
                   fmt::format("{:.0f} % of the disk are free, {:.0f} % are needed", *percent,
                               environment.min_disk_percent),
                   "free some space, or set RUNPOD_MIN_DISK_PERCENT"};
  return std::nullopt;
}

}  // namespace orchestrator::runpod
