#include "orchestrator/cli/admission_flags.h"

namespace orchestrator {

Admission admission_of(const CommandLine::Serve& said) {
  Admission admission;
  if (!said.repository_hosts.empty()) admission.repository_hosts = said.repository_hosts;
  admission.folders = said.folders;
  admission.images = said.images;
  admission.networks.insert(admission.networks.end(), said.networks.begin(), said.networks.end());
  admission.secrets = said.secrets;
  return admission;
}

Admission admission_of(const CommandLine::Serve& said, const sandbox::Capabilities& engine) {
  Admission admission = admission_of(said);
  admission.cpus = engine.cpus;
  admission.memory_bytes = engine.memory_bytes;
  return admission;
}

}  // namespace orchestrator
