#include "orchestrator/report/saved_environment.h"

namespace orchestrator {
namespace {

constexpr std::size_t kLongestWarning = 64 * 1024;

SavedImage image_at(const SavedPlace& place) {
  SavedImage image{place.at("id").text(), place.at("base_reference").text(), place.at("base_id").text(),
                   place.at("base_digest").text()};
  if (!image.id.empty() && !image.id.starts_with("sha256:"))
    place.at("id").refuse("must be an image's id, as in sha256:…");
  return image;
}

sandbox::Enforcement enforcement_at(const SavedPlace& place) {
  using E = sandbox::Enforcement;
  for (const E each : {E::enforced, E::sampled, E::not_enforced})
    if (place.text() == sandbox::to_string(each)) return each;
  place.refuse("must be enforced, sampled or not enforced");
}

std::map<std::string, sandbox::Enforcement> limits_at(const SavedPlace& place) {
  if (!place.value().is_object()) place.refuse("must be an object");
  std::map<std::string, sandbox::Enforcement> limits;
  for (const auto& [limit, value] : place.value().items())
    limits[limit] = enforcement_at(place.at(limit.c_str()).at("enforcement"));
  return limits;
}

sandbox::Capabilities engine_at(const SavedPlace& environment) {
  sandbox::Capabilities engine;
  for (const HostFact& fact : host_facts()) engine.*fact.member = environment.at(fact.key).text();
  engine.api_version = environment.at("api_version").text();
  engine.security = environment.at("security").texts(kMostSavedConditions);
  engine.limits = limits_at(environment.at("limits"));
  if (const auto dockerfile = environment.find("dockerfile")) {
    engine.builder = dockerfile->at("builder").text();
    engine.build_limits = limits_at(dockerfile->at("limits"));
  }
  return engine;
}

}  // namespace

const std::vector<HostFact>& host_facts() {
  static const std::vector<HostFact> facts = {
      {"engine", "engine", &sandbox::Capabilities::engine},
      {"engine_version", "engine's version", &sandbox::Capabilities::engine_version},
      {"runtime", "runtime", &sandbox::Capabilities::runtime},
      {"runtime_version", "runtime's version", &sandbox::Capabilities::runtime_version},
      {"kernel", "kernel", &sandbox::Capabilities::kernel},
      {"os", "operating system", &sandbox::Capabilities::os},
      {"architecture", "architecture", &sandbox::Capabilities::architecture},
      {"cgroup_version", "cgroup version", &sandbox::Capabilities::cgroup_version},
      {"storage_driver", "storage driver", &sandbox::Capabilities::storage_driver}};
  return facts;
}

SavedEnvironment read_saved_environment(const SavedPlace& environment) {
  SavedEnvironment saved;
  saved.image = image_at(environment.at("image"));
  saved.commit = environment.at("commit").text();
  saved.ref = environment.at("ref").text();
  saved.tree_hash = environment.at("tree_hash").text();
  saved.dirty = environment.at("dirty").boolean();
  saved.framework_found = environment.at("framework_found").text(kLongestWarning);
  saved.packages = environment.at("packages").texts();
  saved.engine = engine_at(environment);
  return saved;
}

}  // namespace orchestrator
