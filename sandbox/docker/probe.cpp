#include "sandbox/docker/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sandbox/docker/ended_container.h"
#include "sandbox/io/json_text.h"

namespace sandbox::docker {
namespace {

using Json = nlohmann::json;

bool flag(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

bool is_podman(const Json& version) {
  for (const auto& component : version.value("Components", Json::array()))
    if (io::text_at(component, "Name").find("Podman") != std::string::npos) return true;
  return false;
}

// Docker: {"Name": "runc", "Version": "1.1.5"}. Podman: {"Name": "OCI Runtime (runc)", "Version": "runc
// version 1.1.5\ncommit: …"}.
std::string component_version(const Json& version, const std::string& name) {
  for (const auto& component : version.value("Components", Json::array())) {
    std::string found = io::text_at(component, "Version");
    if (io::text_at(component, "Name") == name) return found;
    if (io::text_at(component, "Name") != "OCI Runtime (" + name + ")") continue;
    found = found.substr(0, found.find('\n'));
    return found.substr(found.rfind(' ') + 1);
  }
  return "";
}

constexpr std::int64_t kProcessesOfAll = 32'768;  // the kernel's usual limit for a whole host

// "name=seccomp,profile=default" → "seccomp"
std::vector<std::string> security_of(const Json& info) {
  std::vector<std::string> names;
  for (const auto& option : info.value("SecurityOptions", Json::array())) {
    std::string word = option.is_string() ? option.get<std::string>() : "";
    if (word.starts_with("name=")) word = word.substr(5);
    word = word.substr(0, word.find(','));
    if (!word.empty()) names.push_back(word);
  }
  return names;
}

// Podman makes up a new one for each answer.
std::string engine_id(const Json& info, bool podman) {
  const std::string id = podman ? "" : io::text_at(info, "ID");
  return id.empty() ? fmt::format("{}-{}", io::text_at(info, "Name"), io::text_at(info, "DockerRootDir"))
                    : id;
}

bool is_rootless(const Json& info) {
  const auto names = security_of(info);
  return std::find(names.begin(), names.end(), "rootless") != names.end();
}

void read_limits(const Json& info, Capabilities& result) {
  // Without root nobody may write into the groups of cgroup v1, whatever the kernel could do.
  const bool able = !(is_rootless(info) && result.cgroup_version == "1");
  const auto enforced = [able](bool yes) {
    return yes && able ? Enforcement::enforced : Enforcement::not_enforced;
  };
  result.limits["memory"] = enforced(flag(info, "MemoryLimit") && flag(info, "SwapLimit"));
  result.limits["cpus"] = enforced(flag(info, "CpuCfsQuota"));
  result.limits["pids"] = enforced(flag(info, "PidsLimit"));
  for (const char* always : {"nofile", "core", "tmp", "shm", "timeout", "output", "network"})
    result.limits[always] = Enforcement::enforced;
  result.limits["disk"] = Enforcement::sampled;
  if (flag(info, "MemoryLimit") && !flag(info, "SwapLimit"))
    result.warnings.emplace_back(
        "the engine cannot limit swap: an attempt may use more memory than its limit by swapping");
  for (const auto& [name, value] : result.limits)
    if (value == Enforcement::not_enforced)
      result.warnings.push_back(fmt::format("the engine does not enforce the limit of {}", name));
}

// Of a build by a Dockerfile: what Docker takes a limit for (what Podman makes of those was not measured),
// and time and output, at which we end it.
void read_builder(bool podman, Capabilities& result) {
  result.builder = podman ? "buildah" : "classic builder";
  for (const char* limit : {"memory", "shm", "nofile", "core"})
    result.build_limits[limit] = podman ? Enforcement::not_enforced : result.limits[limit];
  for (const char* ours : {"output", "timeout"}) result.build_limits[ours] = Enforcement::enforced;
  for (const char* never : {"cpus", "pids", "disk", "tmp", "capabilities"})
    result.build_limits[never] = Enforcement::not_enforced;
}

// What it means that the engine is elsewhere, or that others may listen.
void read_carrier(const Endpoint& endpoint, Capabilities& result) {
  result.carrier = endpoint.carrier();
  if (endpoint.on_this_host()) return;
  result.warnings.emplace_back(
      "the engine is on another host: whether its disk has space left is not looked at");
  if (!endpoint.ssh && !endpoint.tls)
    result.warnings.emplace_back(
        "the engine is spoken to over plain TCP: whoever reads or reaches that port owns its host");
}

}  // namespace

Capabilities capabilities_of(const Json& version, const Json& info, const std::string& api_version,
                             const Endpoint& endpoint) {
  Capabilities result;
  result.id = engine_id(info, is_podman(version));
  result.host = io::text_at(info, "Name");
  result.engine = is_podman(version) ? "podman" : "docker";
  result.engine_version = io::text_at(version, "Version");
  result.api_version = api_version;
  result.runtime = io::text_at(info, "DefaultRuntime");
  result.runtime_version = component_version(version, result.runtime);
  result.kernel = io::text_at(info, "KernelVersion");
  result.os = io::text_at(info, "OperatingSystem");
  result.architecture = io::text_at(version, "Arch");
  result.cgroup_version = io::text_at(info, "CgroupVersion");
  result.storage_driver = io::text_at(info, "Driver");
  result.security = security_of(info);
  result.cpus = info.value("NCPU", 1);
  result.memory_bytes = info.value("MemTotal", std::int64_t{0});
  const std::string root = io::text_at(info, "DockerRootDir");
  std::error_code ignored;
  if (endpoint.on_this_host() && !root.empty() && std::filesystem::is_directory(root, ignored))
    result.data_root = root;
  read_limits(info, result);
  read_builder(is_podman(version), result);
  const auto has = [&](const char* name) {
    return std::find(result.security.begin(), result.security.end(), name) != result.security.end();
  };
  if (!has("seccomp"))
    result.warnings.emplace_back("the engine has no seccomp: attempts can make every system call");
  read_carrier(endpoint, result);
  return result;
}

EngineTraits traits_of(const Json& version, const Json& info) {
  const bool podman = is_podman(version), rootless = is_rootless(info);
  EngineTraits traits;
  traits.skips_network_sandbox = !podman && !rootless;
  traits.needs_hosts_file = traits.skips_network_sandbox || podman;
  traits.fills_volumes_late = podman;
  traits.commits_by_changes = podman;
  traits.mounts_as_podman = podman;
  traits.build_ulimits_as_words = podman;
  if (podman && !rootless) traits.nproc = kProcessesOfAll;
  return traits;
}

std::chrono::system_clock::duration clock_ahead(const Json& info, std::chrono::system_clock::time_point asked,
                                                std::chrono::system_clock::time_point answered) {
  const auto theirs = engine_time(io::text_at(info, "SystemTime"));
  if (theirs.time_since_epoch().count() == 0) return {};
  return theirs - (asked + (answered - asked) / 2);
}

}  // namespace sandbox::docker
