// The `environment` of a report.json: the image, the sources and the engine of its run. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/report/saved_place.h"
#include "sandbox/capabilities.h"

namespace orchestrator {

struct SavedImage {
  std::string id, base_reference, base_id, base_digest;
};

struct SavedEnvironment {
  SavedImage image;
  std::string commit, ref, tree_hash;
  bool dirty = false;
  std::string framework_found;
  std::vector<std::string> packages;  // "name==version"
  sandbox::Capabilities engine;       // what the report holds of it
};

// Throws io::RequestError with one sentence for the first thing that is wrong.
SavedEnvironment read_saved_environment(const SavedPlace& environment);

// What of the engine's host may matter, and how it is called.
struct HostFact {
  const char* key;  // in the report's `environment`
  const char* words;
  std::string sandbox::Capabilities::*member;
};
const std::vector<HostFact>& host_facts();

}  // namespace orchestrator
