// What an engine can do and what it really enforces, found out by asking, never assumed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sandbox {

enum class Enforcement { enforced, sampled, not_enforced };
std::string to_string(Enforcement value);  // "enforced", "sampled", "not enforced"

struct Capabilities {
  std::string id;               // tells engines apart, and stays for as long as the engine keeps its images
  std::string host;             // what the host that it runs on calls itself
  std::string engine;           // "docker", "podman", "fake"
  std::string engine_version;   // "20.10.24+dfsg1"
  std::string api_version;      // "1.41": the one spoken
  std::string runtime;          // "runc"
  std::string runtime_version;  // "1.1.5"
  std::string kernel;
  std::string os;
  std::string architecture;    // "amd64"
  std::string cgroup_version;  // "1", "2"
  std::string storage_driver;
  std::vector<std::string> security;  // "seccomp", "apparmor", …: what is really there
  int cpus = 1;
  std::int64_t memory_bytes = 0;
  std::string data_root;  // the engine's data folder when it is on this host, else empty
  std::string carrier;    // what the engine is reached by: "Unix socket", "TLS", "ssh", "plain TCP"
  // "memory", "cpus", "pids", "nofile", "tmp", "shm", "disk", "output", "timeout", "network", …
  std::map<std::string, Enforcement> limits;
  // What builds an image by a Dockerfile, as in "classic builder", and which limits it heeds: "memory",
  // "cpus", "pids", "disk", "capabilities", … Empty: such an image cannot be built here.
  std::string builder;
  std::map<std::string, Enforcement> build_limits;
  std::vector<std::string> warnings;  // sentences for the report
};

// Of a limit of a build by a Dockerfile.
inline Enforcement build_enforcement(const Capabilities& engine, const std::string& limit) {
  const auto found = engine.build_limits.find(limit);
  return found == engine.build_limits.end() ? Enforcement::not_enforced : found->second;
}

}  // namespace sandbox
