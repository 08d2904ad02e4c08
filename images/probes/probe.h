// What runs inside an attempt to tell its tests apart: files that the seal layer puts beside the supervisor,
// outside of the project's tree, and the variables by which a framework finds them. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/execution.h"

namespace images {

inline constexpr const char* kProbeFolder = "/.orchestrator/probes";

struct ProbeFile {
  std::string_view name;  // it appears as kProbeFolder/name
  std::string_view content;
};

// How the tests of an attempt are to be run.
struct TestSelection {
  std::string order = "written";    // "written", "reversed", "shuffled", "listed"
  std::int64_t seed = 0;            // of a shuffle
  int repeat = 1;                   // how often each, one directly after the other, in one process
  std::vector<std::string> tests;   // only these; empty: all
  std::vector<std::string> files;   // only tests of these files of the tree; empty: of all
  std::vector<std::string> ignore;  // none of these: fnmatch patterns of ids or names
};

// What an attempt needs for it.
struct ProbeUse {
  sandbox::EnvList env;                    // whole values; those of the person are extended, never replaced
  std::vector<sandbox::SecretFile> files;  // lists that are too long for a variable
};

// The plugin for pytest, and how it is told what to do. `user_env`: the person's variables.
std::vector<ProbeFile> pytest_probe_files();
ProbeUse use_pytest_probe(const TestSelection& selection, const sandbox::EnvList& user_env);

}  // namespace images
