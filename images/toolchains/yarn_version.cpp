#include "images/toolchains/yarn_version.h"

#include <cstdlib>
#include <string_view>

namespace images {
namespace {

// "3.6.4" of "yarnPath: .yarn/releases/yarn-3.6.4.cjs"; empty for "yarn-berry.cjs".
std::string of_release(std::string_view settings) {
  const auto key = settings.find("yarnPath:");
  if (key == settings.npos) return "";
  const std::string_view line = settings.substr(key, settings.substr(key).find('\n'));
  const auto name = line.rfind("yarn-");
  if (name == line.npos) return "";
  std::string_view version = line.substr(name + 5);
  version = version.substr(0, version.find(".cjs"));
  version = version.substr(0, version.find(".js"));
  const bool plain = version.size() < 40 && version.find('.') != version.npos &&
                     version.find_first_not_of("0123456789.-abcdefghijklmnopqrstuvwxyz") == version.npos &&
                     version[0] >= '2' && version[0] <= '9';
  return plain ? std::string(version) : "";
}

// The number behind `key` of the lock file's `__metadata`; 0: there is none.
int metadata_of(const std::string& lock, std::string_view key) {
  const auto metadata = lock.find("__metadata:");
  const auto at = metadata == lock.npos ? lock.npos : lock.find(key, metadata);
  return at == lock.npos || at > metadata + 100 ? 0 : std::atoi(lock.c_str() + at + key.size());
}

// The newest that leaves this version of the format as it is, as was tried with what is published.
std::string of_lock(const std::string& lock) {
  switch (const int version = metadata_of(lock, " version:"); version) {
    case 4:
      return metadata_of(lock, " cacheKey:") >= 8 ? "3.0" : "2";
    case 5:
      return "3.1";
    case 6:
      return "3";
    case 8:
      return "4.13";
    case 9:
      return "4.14";
    case 10:
      return "4";
    default:
      return version > 0 && version < 4 ? "2" : "";
  }
}

}  // namespace

std::string yarn_version(const std::string* settings, const std::string* lock) {
  const std::string checked_in = settings ? of_release(*settings) : "";
  if (!checked_in.empty()) return checked_in;
  return lock ? of_lock(*lock) : "";
}

}  // namespace images
