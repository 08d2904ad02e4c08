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
  std::string_view name;  // it appears as kProbeFolder/name; may have folders
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

// Which parts of a TestSelection a framework can be asked for.
struct ProbeAbilities {
  bool shuffle = false, reverse = false, repeat = false;
  bool choose = false;  // tests, files and ignore

  bool any() const { return shuffle || reverse || repeat || choose; }
};
inline constexpr ProbeAbilities kAllAbilities = {true, true, true, true};

// What an attempt needs for it.
struct ProbeUse {
  sandbox::EnvList env;                    // whole values; those of the person are extended, never replaced
  std::vector<sandbox::SecretFile> files;  // lists that are too long for a variable
  // Globs of files (Execution::results) that tell the tests apart where the framework leaves such by itself
  // or when a variable asks it; the person's own globs win.
  std::vector<std::string> results = {};
};

// The plugin for pytest, and how it is told what to do. `user_env`: the variables that an attempt has without
// it, the image's and the person's.
std::vector<ProbeFile> pytest_probe_files();
ProbeUse use_pytest_probe(const TestSelection& selection, const sandbox::EnvList& user_env);

// The same for runners of Node (jest, vitest, mocha), by a module that each process of Node loads first.
std::vector<ProbeFile> node_probe_files();
ProbeUse use_node_probe(const TestSelection& selection, const sandbox::EnvList& user_env);

// For `go test`: an overlay of Go's own package testing, made when the image is built by a step that runs
// `prepare_go_probe_argv` with the Go that is there; everything is compiled with `go_probe_flags` in GOFLAGS,
// then nothing is compiled again in an attempt.
inline constexpr const char* kGoProbeFolder = "/.orchestrator/go";
std::vector<std::string> prepare_go_probe_argv();
std::string go_probe_flags();
ProbeUse use_go_probe(const TestSelection& selection, const sandbox::EnvList& user_env);

// For libtest and rustdoc: a library that every program of an attempt loads first, and a program that runs
// those of tests. Both are made when the image is built, by a step that runs `prepare_rust_probe_argv` with
// the Rust that is there.
inline constexpr const char* kRustProbeFolder = "/.orchestrator/rust";
std::vector<std::string> prepare_rust_probe_argv();
ProbeUse use_rust_probe(const TestSelection& selection, const sandbox::EnvList& user_env);

// ---- what probes have in common

// `value` behind, or in front of, what the variable `name` has already, if anything.
std::string extended(const sandbox::EnvList& user_env, const std::string& name, char separator,
                     const std::string& value);
std::string preceded(const sandbox::EnvList& user_env, const std::string& name, char separator,
                     const std::string& value);
// Adds a file `name` of entries separated by NUL, each behind `prefix`; where it will be, "" for an empty
// list.
std::string add_list(ProbeUse& use, const std::string& name, const std::vector<std::string>& entries,
                     std::string_view prefix = "");
inline const std::string kTreePrefix = std::string(sandbox::kWorkDir) + "/";
// All three lists of a selection, for probes that read words: " tests=PATH files=PATH ignore=PATH", those
// that are there.
std::string add_lists(ProbeUse& use, const TestSelection& selection);
// The selection as the probes read it: one JSON object in ORCHESTRATOR_PROBE, with lists of tests and files
// in files of their own, separated by NUL.
ProbeUse probe_configuration(const TestSelection& selection);

}  // namespace images
