#include "images/checkout/manifests.h"

#include <fnmatch.h>

#include <algorithm>

#include "images/checkout/checkout.h"
#include "images/checkout/path_rules.h"

namespace images {

const std::vector<std::string> kManifestGlobs = {"*requirements*.txt",
                                                 "*requirements*.in",
                                                 "constraints*.txt",
                                                 "pyproject.toml",
                                                 "setup.py",
                                                 "setup.cfg",
                                                 "MANIFEST.in",
                                                 "Pipfile",
                                                 "Pipfile.lock",
                                                 "poetry.lock",
                                                 "uv.lock",
                                                 "pytest.ini",
                                                 "tox.ini",
                                                 ".python-version",
                                                 "package.json",
                                                 "package-lock.json",
                                                 "npm-shrinkwrap.json",
                                                 ".npmrc",
                                                 ".yarnrc",
                                                 ".yarnrc.yml",
                                                 "pnpm-workspace.yaml",
                                                 "yarn.lock",
                                                 "pnpm-lock.yaml",
                                                 "go.mod",
                                                 "go.sum",
                                                 "go.work",
                                                 "go.work.sum",
                                                 "Cargo.toml",
                                                 "Cargo.lock",
                                                 "rust-toolchain",
                                                 "rust-toolchain.toml",
                                                 "*pom.xml",
                                                 "*settings.xml",
                                                 "extensions.xml",
                                                 "maven.config",
                                                 "jvm.config",
                                                 "maven-wrapper.properties",
                                                 "mvnw",
                                                 "CMakeLists.txt",
                                                 ".flaky-detector.yml",
                                                 "known-flaky.json"};

namespace checkout {
namespace {

constexpr std::int64_t kMiB = 1 << 20, kLargest = kMiB, kLargestLock = 16 * kMiB, kLargestSum = 64 * kMiB;

bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

bool has_folder_named(std::string_view path, std::string_view name) {
  const std::string wanted = std::string(1, '/').append(name).append(1, '/');
  return std::string(1, '/').append(path).find(wanted) != std::string::npos;
}

}  // namespace

bool is_manifest(std::string_view path) {
  if (has_folder_named(path, "node_modules")) return false;  // of packages, not of the project
  const std::string name(path.substr(path.rfind('/') + 1));
  if (has_folder_named(path, "requirements") && (matches("*.txt", name) || matches("*.in", name)))
    return true;
  if (has_folder_named(path, ".cargo") && (name == "config.toml" || name == "config")) return true;
  return std::any_of(kManifestGlobs.begin(), kManifestGlobs.end(),
                     [&](const std::string& pattern) { return matches(pattern, name); });
}

std::int64_t manifest_limit(std::string_view path) {
  const std::string name(path.substr(path.rfind('/') + 1));
  const bool is_lock = name.ends_with(".lock") || name == "package-lock.json" ||
                       name == "npm-shrinkwrap.json" || name == "pnpm-lock.yaml" || name == "go.sum";
  return is_lock ? kLargestLock : kLargest;
}

bool Manifests::wants(std::string_view path, std::int64_t size) {
  if (!is_manifest(path)) return false;
  if (size <= manifest_limit(path) && total_ + size <= kLargestSum) return true;
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
