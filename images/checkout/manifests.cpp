#include "images/checkout/manifests.h"

#include <fnmatch.h>

#include <algorithm>
#include <iterator>

#include "images/checkout/path_rules.h"
#include "images/toolchains/all_toolchains.h"

namespace images {

namespace checkout {
namespace {

constexpr std::int64_t kMiB = 1 << 20, kLargest = kMiB, kLargestLock = 16 * kMiB, kLargestSum = 64 * kMiB;

// Whatever the language: what a repository says to us.
constexpr const char* kOwnFiles[] = {".flaky-detector.yml", "known-flaky.json"};

// "/a/b": with a '/' before it, as globs see it.
bool matches_any(const std::vector<std::string>& globs, const std::string& rooted) {
  const char* name = rooted.c_str() + rooted.rfind('/') + 1;
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    const bool whole = glob.find('/') != std::string::npos;
    return ::fnmatch(glob.c_str(), whole ? rooted.c_str() : name, 0) == 0;
  });
}

const ManifestGlobs& all_globs() {
  static const ManifestGlobs kGlobs = [] {
    ManifestGlobs all = manifest_globs();
    all.manifests.insert(all.manifests.end(), std::begin(kOwnFiles), std::end(kOwnFiles));
    return all;
  }();
  return kGlobs;
}

}  // namespace

std::int64_t manifest_limit(std::string_view path) {
  const std::string rooted = std::string(1, '/').append(path);
  if (rooted.find("/node_modules/") != std::string::npos) return 0;  // of packages, not of the project
  if (matches_any(all_globs().lock_files, rooted)) return kLargestLock;
  return matches_any(all_globs().manifests, rooted) ? kLargest : 0;
}

bool Manifests::wants(std::string_view path, std::int64_t size) {
  const std::int64_t limit = manifest_limit(path);
  if (limit == 0) return false;
  if (size <= limit && total_ + size <= kLargestSum) return true;
  too_large_.push_back(printable(path));
  return false;
}

void Manifests::add(const std::string& path, std::string content) {
  total_ += static_cast<std::int64_t>(content.size());
  contents_[path] = std::move(content);
}

std::vector<std::string> Manifests::warnings() const {
  std::vector<std::string> sentences;
  for (std::size_t i = 0; i < std::min<std::size_t>(too_large_.size(), 5); ++i)
    sentences.push_back(too_large_[i] + " is too large to be read as a manifest; it is a file like others");
  return sentences;
}

}  // namespace checkout
}  // namespace images
