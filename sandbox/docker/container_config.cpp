#include "sandbox/docker/container_config.h"

#include <fmt/format.h>

#include <cmath>

#include "sandbox/frames/gift.h"

namespace sandbox::docker {
namespace {

using Json = nlohmann::json;

Json ulimit(const char* name, std::int64_t value) {
  return {{"Name", name}, {"Soft", value}, {"Hard", value}};
}

Json env_list(const EnvList& env) {
  Json list = Json::array();
  for (const auto& [name, value] : env) list.push_back(name + "=" + value);
  return list;
}

std::string network_mode(const ContainerRequest& request) {
  switch (request.execution.network) {
    case Network::none:
      return "none";
    case Network::internal:
      return request.network;
    case Network::bridge:
      return "bridge";
  }
  return "none";
}

std::vector<std::string> supervised(const ContainerRequest& request, bool gifts) {
  const Execution& execution = request.execution;
  std::vector<std::string> words{kSupervisorPath, "run",
                                 "--timeout-ms",  std::to_string(execution.limits.timeout.count()),
                                 "--grace-ms",    std::to_string(execution.limits.grace.count())};
  if (gifts) words.push_back("--gifts");
  for (const auto& glob : execution.results) words.insert(words.end(), {"--results", glob});
  if (request.terminal) {
    words.push_back("--terminal");
    words.push_back(fmt::format("{}x{}", request.terminal->rows, request.terminal->columns));
  }
  words.push_back("--");
  return words;
}

Json host_config(const ContainerRequest& request, const EngineTraits& traits, bool gifts) {
  const Execution& execution = request.execution;
  const Limits& limits = execution.limits;
  const bool test = execution.privilege == Privilege::test;
  const std::string empty = traits.mounts_as_podman ? ",notmpcopyup" : "";
  Json tmpfs = {{"/tmp", fmt::format("rw,nosuid,nodev,exec,mode=1777,size={}{}", limits.tmp_bytes, empty)}};
  // A runtime gives the mount the mode of a folder that the image has there already, as one of our own
  // install steps leaves it: an attempt can write into it as its owner.
  const std::string user = traits.mounts_as_podman ? ",U" : fmt::format(",uid={0},gid={0}", kTestUser);
  if (gifts) tmpfs[kSecretDir] = "rw,nosuid,nodev,noexec,mode=1777,size=16m" + empty + (test ? user : "");
  Json config = {
      {"NetworkMode", network_mode(request)},
      {"LogConfig", {{"Type", "none"}}},
      {"AutoRemove", false},
      {"Init", false},
      {"Memory", limits.memory_bytes},
      {"MemorySwap", limits.memory_bytes},
      {"PidsLimit", limits.pids},
      {"ShmSize", limits.shm_bytes},
      {"Ulimits", Json::array({ulimit("nofile", limits.nofile), ulimit("core", 0)})},
      {"Tmpfs", std::move(tmpfs)},
      {"CapDrop", test ? Json::array({"ALL"}) : Json::array({"NET_RAW", "MKNOD"})},
      {"SecurityOpt", Json::array({"no-new-privileges:true"})},
      {"IpcMode", "private"},
      {"CgroupnsMode", "private"},
      {"Privileged", false},
      {"RestartPolicy", {{"Name", "no"}}},
  };
  if (traits.nproc > 0) config["Ulimits"].push_back(ulimit("nproc", traits.nproc));
  if (limits.cpus > 0) config["NanoCpus"] = std::llround(limits.cpus * 1e9);
  if (execution.network == Network::none && !traits.hosts_file.empty())
    config["Binds"] = Json::array({traits.hosts_file + ":/etc/hosts:ro"});
  return config;
}

}  // namespace

std::optional<std::string> stdin_gifts(const ContainerRequest& request) {
  const Execution& execution = request.execution;
  EnvList env = execution.privilege == Privilege::install ? execution.env : EnvList{};
  env.insert(env.end(), execution.secret_env.begin(), execution.secret_env.end());
  if (env.empty() && execution.secret_files.empty() && !request.terminal) return std::nullopt;
  return encode_gifts(env, execution.secret_files);
}

Json container_config(const ContainerRequest& request, const EngineTraits& traits) {
  const Execution& execution = request.execution;
  const bool gifts = stdin_gifts(request).has_value();
  const bool test = execution.privilege == Privilege::test;
  Json config = {
      {"Image", request.image},
      {"Entrypoint", supervised(request, gifts)},
      {"Cmd", execution.argv},
      {"Env", test ? env_list(execution.env) : Json::array()},
      {"User", test ? fmt::format("{0}:{0}", kTestUser) : "0:0"},
      {"WorkingDir", execution.workdir},
      {"Labels", request.labels},
      {"Healthcheck", {{"Test", Json::array({"NONE"})}}},
      {"Tty", false},
      {"OpenStdin", gifts},
      {"StdinOnce", gifts},
      {"AttachStdin", gifts},
      {"AttachStdout", true},
      {"AttachStderr", true},
      {"Hostname", "attempt"},
      {"HostConfig", host_config(request, traits, gifts)},
  };
  if (execution.network == Network::none && traits.skips_network_sandbox) config["NetworkDisabled"] = true;
  return config;
}

}  // namespace sandbox::docker
