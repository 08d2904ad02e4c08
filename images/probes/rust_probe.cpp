#include <fmt/format.h>

#include "images/probes/probe.h"
#include "sandbox/io/carried_file.h"

// PROBE_FOLDER is the folder of these files in the sources.
CARRY_FILE(rust_probe_prepare, PROBE_FOLDER "/prepare.sh");
CARRY_FILE(rust_probe_preload, PROBE_FOLDER "/preload.c");
CARRY_FILE(rust_probe_watch, PROBE_FOLDER "/watch.rs");
CARRY_FILE(rust_probe_lines, PROBE_FOLDER "/lines.rs");
CARRY_FILE(rust_probe_listing, PROBE_FOLDER "/listing.rs");
CARRY_FILE(rust_probe_output, PROBE_FOLDER "/output.rs");
CARRY_FILE(rust_probe_places, PROBE_FOLDER "/places.rs");
CARRY_FILE(rust_probe_records, PROBE_FOLDER "/records.rs");
CARRY_FILE(rust_probe_selection, PROBE_FOLDER "/selection.rs");

namespace images {

std::vector<std::string> prepare_rust_probe_argv() {
  std::vector<std::string> argv = {
      "/bin/sh", "-e", "-c", std::string(CARRIED_FILE(rust_probe_prepare)), "sh", kRustProbeFolder};
  const ProbeFile files[] = {
      {"preload.c", CARRIED_FILE(rust_probe_preload)},  {"watch.rs", CARRIED_FILE(rust_probe_watch)},
      {"lines.rs", CARRIED_FILE(rust_probe_lines)},     {"listing.rs", CARRIED_FILE(rust_probe_listing)},
      {"output.rs", CARRIED_FILE(rust_probe_output)},   {"places.rs", CARRIED_FILE(rust_probe_places)},
      {"records.rs", CARRIED_FILE(rust_probe_records)}, {"selection.rs", CARRIED_FILE(rust_probe_selection)}};
  for (const auto& file : files)
    for (const auto word : {file.name, file.content}) argv.emplace_back(word);
  return argv;
}

ProbeUse use_rust_probe(const TestSelection& selection, const sandbox::EnvList& user_env) {
  ProbeUse use;
  std::string configuration = fmt::format("order={} seed={}", selection.order, selection.seed);
  configuration += add_lists(use, selection);
  const std::string preload = std::string(kRustProbeFolder) + "/preload.so";
  use.env = {{"ORCHESTRATOR_PROBE", std::move(configuration)},
             {"LD_PRELOAD", extended(user_env, "LD_PRELOAD", ':', preload)}};
  return use;
}

}  // namespace images
