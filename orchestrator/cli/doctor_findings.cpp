#include "orchestrator/cli/doctor_findings.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

#include "orchestrator/run/free_space.h"

namespace orchestrator {
namespace {

using Level = Finding::Level;

Finding of_engine(const sandbox::Capabilities& engine) {
  return {Level::good, "engine",
          fmt::format("{} {} (API {}) over {}, {} {}, cgroup v{}, {}", engine.engine, engine.engine_version,
                      engine.api_version, engine.carrier, engine.runtime, engine.runtime_version,
                      engine.cgroup_version, engine.storage_driver),
          ""};
}

Finding of_limit(const std::string& name, sandbox::Enforcement enforcement) {
  const bool enforced = enforcement != sandbox::Enforcement::not_enforced;
  return {enforced ? Level::good : Level::warning, "limit of " + name, to_string(enforcement),
          enforced ? "" : "the kernel or the engine lacks the controller"};
}

Finding of_disks(const std::vector<std::string>& folders) {
  if (const auto obstacle = disk_obstacle(folders))
    return {Level::missing, "disk", *obstacle, "free some space"};
  return {Level::good, "disk", "enough free space for the engine and the state folder", ""};
}

void add_open_files(std::vector<Finding>& findings) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const bool enough = limit.rlim_max >= 4096;
  findings.push_back({enough ? Level::good : Level::warning, "open files",
                      fmt::format("hard limit {}", limit.rlim_max),
                      enough ? "" : "use --nofile with a smaller number"});
}

}  // namespace

std::string_view word(Level level) {
  switch (level) {
    case Level::good:
      return "ok";
    case Level::warning:
      return "warning";
    case Level::missing:
      return "missing";
  }
  return "missing";
}

std::string sentence(const Finding& finding) {
  std::string text = fmt::format("{}: {}: {}", word(finding.level), finding.subject, finding.text);
  if (!finding.remedy.empty()) text += " → " + finding.remedy;
  return text;
}

bool is_able(const std::vector<Finding>& findings) {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.level == Level::missing; });
}

std::vector<Finding> host_findings(const sandbox::Capabilities& engine, const std::string& state) {
  std::vector<Finding> findings{of_engine(engine)};
  for (const auto& warning : engine.warnings) findings.push_back({Level::warning, "engine", warning, ""});
  for (const auto& [name, enforcement] : engine.limits) findings.push_back(of_limit(name, enforcement));
  findings.push_back(of_disks({engine.data_root, state}));
  add_open_files(findings);
  return findings;
}

Finding no_engine(const std::exception& error) {
  return {Level::missing, "engine", error.what(),
          "attempts need a container engine: start or repair it, or name another by --host, --context or "
          "DOCKER_HOST (unix:///path, tcp://host:port with TLS, ssh://user@host); in a container the socket "
          "must be mounted"};
}

}  // namespace orchestrator
