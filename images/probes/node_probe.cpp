#include "images/probes/probe.h"
#include "sandbox/io/carried_file.h"

// PROBE_FOLDER is the folder of the modules in the sources.
CARRY_FILE(node_probe, PROBE_FOLDER "/probe.cjs");
CARRY_FILE(node_probe_records, PROBE_FOLDER "/records.cjs");
CARRY_FILE(node_probe_matching, PROBE_FOLDER "/matching.cjs");
CARRY_FILE(node_probe_mocha, PROBE_FOLDER "/mocha.cjs");
CARRY_FILE(node_probe_jest, PROBE_FOLDER "/jest.cjs");
CARRY_FILE(node_probe_jest_order, PROBE_FOLDER "/jest_order.cjs");
CARRY_FILE(node_probe_jest_file, PROBE_FOLDER "/jest_file.cjs");
CARRY_FILE(node_probe_vitest, PROBE_FOLDER "/vitest.cjs");
CARRY_FILE(node_probe_vitest_hooks, PROBE_FOLDER "/vitest_hooks.mjs");

// As a package: what lies below node_modules is neither transformed by a project's tools nor shown in traces.
#define PLACE "node_modules/orchestrator/"

namespace images {

std::vector<ProbeFile> node_probe_files() {
  return {{PLACE "probe.cjs", CARRIED_FILE(node_probe)},
          {PLACE "records.cjs", CARRIED_FILE(node_probe_records)},
          {PLACE "matching.cjs", CARRIED_FILE(node_probe_matching)},
          {PLACE "mocha.cjs", CARRIED_FILE(node_probe_mocha)},
          {PLACE "jest.cjs", CARRIED_FILE(node_probe_jest)},
          {PLACE "jest_order.cjs", CARRIED_FILE(node_probe_jest_order)},
          {PLACE "jest_file.cjs", CARRIED_FILE(node_probe_jest_file)},
          {PLACE "vitest.cjs", CARRIED_FILE(node_probe_vitest)},
          {PLACE "vitest_hooks.mjs", CARRIED_FILE(node_probe_vitest_hooks)}};
}

ProbeUse use_node_probe(const TestSelection& selection, const sandbox::EnvList& user_env) {
  ProbeUse use = probe_configuration(selection);
  const std::string preload = std::string("--require=") + kProbeFolder + "/" PLACE "probe.cjs";
  use.env.emplace_back("NODE_OPTIONS", extended(user_env, "NODE_OPTIONS", ' ', preload));
  return use;
}

}  // namespace images
