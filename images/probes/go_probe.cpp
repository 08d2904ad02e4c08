#include <fmt/format.h>

#include "images/probes/probe.h"
#include "sandbox/io/carried_file.h"

// PROBE_FOLDER is the folder of these files in the sources.
CARRY_FILE(go_probe, PROBE_FOLDER "/orchestrator.go");
CARRY_FILE(go_probe_prepare, PROBE_FOLDER "/prepare.sh");

namespace images {

std::vector<std::string> prepare_go_probe_argv() {
  return {"/bin/sh",
          "-e",
          "-c",
          std::string(CARRIED_FILE(go_probe_prepare)),
          "sh",
          kGoProbeFolder,
          std::string(CARRIED_FILE(go_probe))};
}

std::string go_probe_flags() { return std::string("-overlay=") + kGoProbeFolder + "/overlay.json"; }

ProbeUse use_go_probe(const TestSelection& selection, const sandbox::EnvList& user_env) {
  ProbeUse use;
  std::string configuration =
      fmt::format("order={} seed={} repeat={}", selection.order, selection.seed, selection.repeat);
  configuration += add_lists(use, selection);
  const std::string flags =
      go_probe_flags() + " -count=1";  // a result from the cache is none of this attempt
  use.env = {{"ORCHESTRATOR_PROBE", std::move(configuration)},
             {"GOFLAGS", extended(user_env, "GOFLAGS", ' ', flags)}};
  return use;
}

}  // namespace images
