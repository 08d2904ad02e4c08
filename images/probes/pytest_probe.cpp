#include "images/probes/probe.h"
#include "sandbox/io/carried_file.h"

// PROBE_FOLDER is the folder of the plugin's files in the sources.
CARRY_FILE(pytest_probe_entrance, PROBE_FOLDER "/sitecustomize.py");
CARRY_FILE(pytest_probe, PROBE_FOLDER "/orchestrator_probe.py");
CARRY_FILE(pytest_probe_session, PROBE_FOLDER "/orchestrator_probe_session.py");
CARRY_FILE(pytest_probe_selection, PROBE_FOLDER "/orchestrator_probe_selection.py");

namespace images {

std::vector<ProbeFile> pytest_probe_files() {
  return {{"sitecustomize.py", CARRIED_FILE(pytest_probe_entrance)},
          {"orchestrator_probe.py", CARRIED_FILE(pytest_probe)},
          {"orchestrator_probe_session.py", CARRIED_FILE(pytest_probe_session)},
          {"orchestrator_probe_selection.py", CARRIED_FILE(pytest_probe_selection)}};
}

ProbeUse use_pytest_probe(const TestSelection& selection, const sandbox::EnvList& user_env) {
  ProbeUse use = probe_configuration(selection);
  // In front: its sitecustomize imports the next one, and no other would import it.
  use.env.emplace_back("PYTHONPATH", preceded(user_env, "PYTHONPATH", ':', kProbeFolder));
  return use;
}

}  // namespace images
