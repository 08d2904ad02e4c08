#include "sandbox/docker/image_name.h"

#include <algorithm>
#include <string_view>

namespace sandbox::docker {
namespace {

constexpr const char* kDockerHub = "docker.io";
constexpr std::size_t kIdDigits = 64;

// As engines tell a registry from the first folder of a path.
bool is_registry(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:") != std::string_view::npos;
}

void name_registry_and_path(ImageName& name) {
  const auto slash = name.repository.find('/');
  const std::string first = name.repository.substr(0, slash);
  const bool named = slash != std::string::npos && is_registry(first);
  name.registry = named ? first : kDockerHub;
  name.path = named ? name.repository.substr(slash + 1) : name.repository;
  if (name.registry == "index.docker.io") name.registry = kDockerHub;
  if (name.is_on_docker_hub() && name.path.find('/') == std::string::npos) name.path = "library/" + name.path;
}

std::string after_at(const std::string& repo_digest) { return repo_digest.substr(repo_digest.find('@') + 1); }

}  // namespace

std::string ImageName::reference() const {
  return digest.empty() ? repository + ":" + tag : repository + "@" + digest;
}

bool ImageName::is_on_docker_hub() const { return registry == kDockerHub; }

ImageName image_name(const std::string& reference) {
  ImageName name;
  name.repository = reference;
  if (const auto at = name.repository.find('@'); at != std::string::npos) {
    name.digest = name.repository.substr(at + 1);
    name.repository.resize(at);
  }
  // A port's colon is no tag's.
  const auto colon = name.repository.rfind(':');
  if (colon != std::string::npos && name.repository.find('/', colon) == std::string::npos) {
    name.tag = name.repository.substr(colon + 1);
    name.repository.resize(colon);
  }
  if (!name.digest.empty())
    name.tag.clear();
  else if (name.tag.empty())
    name.tag = "latest";
  name_registry_and_path(name);
  return name;
}

bool is_image_id(const std::string& reference) {
  constexpr std::string_view kAlgorithm = "sha256:";
  std::string_view digits = reference;
  if (digits.starts_with(kAlgorithm)) digits.remove_prefix(kAlgorithm.size());
  return digits.size() == kIdDigits && digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool have_digest(const std::vector<std::string>& repo_digests, const std::string& digest) {
  return std::any_of(repo_digests.begin(), repo_digests.end(),
                     [&](const std::string& each) { return after_at(each) == digest; });
}

std::string digest_of(const std::vector<std::string>& repo_digests, const ImageName& name) {
  if (!name.digest.empty() && have_digest(repo_digests, name.digest)) return name.digest;
  for (const auto& each : repo_digests) {
    const ImageName known = image_name(each);
    if (known.registry == name.registry && known.path == name.path) return known.digest;
  }
  return repo_digests.empty() ? "" : after_at(repo_digests.front());
}

}  // namespace sandbox::docker
