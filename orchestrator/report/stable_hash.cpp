#include "orchestrator/report/stable_hash.h"

#include <fmt/format.h>

#include <cstdint>

namespace orchestrator {

std::string stable_hash(const std::vector<std::string_view>& parts) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&](std::string_view bytes) {
    for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  };
  for (const std::string_view part : parts) {
    add(std::to_string(part.size()) + ":");
    add(part);
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace orchestrator
