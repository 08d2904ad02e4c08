#include "sandbox/docker/probe.h"

#include <fmt/format.h>

#include <filesystem>

namespace sandbox::docker {
namespace {

using Json = nlohmann::json;

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

bool flag(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

bool is_podman(const Json& version) {
  for (const auto& component : version.value("Components", Json::array()))
    if (text(component, "Name").find("Podman") != std::string::npos) return true;
  return false;
}

std::string component_version(const Json& version, const std::string& name) {
  for (const auto& component : version.value("Components", Json::array()))
    if (text(component, "Name") == name) return text(component, "Version");
  return "";
}

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

void read_limits(const Json& info, Capabilities& result) {
  const auto enforced = [](bool yes) { return yes ? Enforcement::enforced : Enforcement::not_enforced; };
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

}  // namespace

Capabilities capabilities_of(const Json& version, const Json& info, const std::string& api_version) {
  Capabilities result;
  result.engine = is_podman(version) ? "podman" : "docker";
  result.engine_version = text(version, "Version");
  result.api_version = api_version;
  result.runtime = text(info, "DefaultRuntime");
  result.runtime_version = component_version(version, result.runtime);
  result.kernel = text(info, "KernelVersion");
  result.os = text(info, "OperatingSystem");
  result.architecture = text(version, "Arch");
  result.cgroup_version = text(info, "CgroupVersion");
  result.storage_driver = text(info, "Driver");
  result.security = security_of(info);
  result.cpus = info.value("NCPU", 1);
  result.memory_bytes = info.value("MemTotal", std::int64_t{0});
  const std::string root = text(info, "DockerRootDir");
  std::error_code ignored;
  if (!root.empty() && std::filesystem::is_directory(root, ignored)) result.data_root = root;
  read_limits(info, result);
  const auto has = [&](const char* name) {
    return std::find(result.security.begin(), result.security.end(), name) != result.security.end();
  };
  if (!has("seccomp"))
    result.warnings.emplace_back("the engine has no seccomp: attempts can make every system call");
  return result;
}

EngineTraits traits_of(const Json& version, const Json& info) {
  EngineTraits traits;
  traits.podman = is_podman(version);
  bool rootless = false;
  for (const auto& name : security_of(info)) rootless = rootless || name == "rootless";
  traits.skips_network_sandbox = !traits.podman && !rootless;
  return traits;
}

}  // namespace sandbox::docker
