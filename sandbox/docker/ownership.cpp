#include "sandbox/docker/ownership.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <sstream>

namespace sandbox::docker {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Process ids mean something only within one boot and one pid namespace.
std::string owner_id() {
  std::array<char, 128> space{};
  const ssize_t n = readlink("/proc/self/ns/pid", space.data(), space.size() - 1);
  const std::string where =
      first_line("/proc/sys/kernel/random/boot_id") + std::string(space.data(), n > 0 ? n : 0);
  return fmt::format("{:016x}", std::hash<std::string>{}(where));
}

// The start time (field 22 of /proc/PID/stat) tells a process from a later one with the same id; empty: no
// process.
std::string start_time(const std::string& pid) {
  const std::string stat = first_line("/proc/" + pid + "/stat");
  const auto close = stat.rfind(')');
  if (close == std::string::npos) return "";
  std::istringstream rest(stat.substr(close + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) rest >> field;
  return field;
}

std::string process_id(const std::string& pid) { return pid + ":" + start_time(pid); }

bool expired(const Labels& labels, std::chrono::system_clock::time_point now) {
  const auto found = labels.find(kExpiryLabel);
  if (found == labels.end()) return false;
  char* end = nullptr;
  const long long seconds = std::strtoll(found->second.c_str(), &end, 10);
  return end != found->second.c_str() && std::chrono::system_clock::from_time_t(seconds) < now;
}

}  // namespace

Labels ownership_labels(std::chrono::seconds lifetime) {
  const auto expiry = std::chrono::system_clock::now() + lifetime;
  return {{kOwnerLabel, owner_id()},
          {kProcessLabel, process_id(std::to_string(getpid()))},
          {kExpiryLabel, std::to_string(std::chrono::system_clock::to_time_t(expiry))}};
}

OwnerState owner_state(const Labels& labels, std::chrono::system_clock::time_point now) {
  const auto owner = labels.find(kOwnerLabel);
  const auto process = labels.find(kProcessLabel);
  if (owner == labels.end() || process == labels.end() || owner->second != owner_id())
    return expired(labels, now) ? OwnerState::dead : OwnerState::alive;
  const std::string pid = process->second.substr(0, process->second.find(':'));
  if (pid.empty() || pid.find_first_not_of("0123456789") != std::string::npos) return OwnerState::alive;
  if (process_id(pid) != process->second) return OwnerState::dead;
  return pid == std::to_string(getpid()) ? OwnerState::self : OwnerState::alive;
}

}  // namespace sandbox::docker
