#include <nlohmann/json.hpp>

#include "images/probes/probe.h"
#include "sandbox/io/carried_file.h"

// PROBE_FOLDER is the folder of the plugin's files in the sources.
CARRY_FILE(pytest_probe, PROBE_FOLDER "/orchestrator_probe.py");
CARRY_FILE(pytest_probe_session, PROBE_FOLDER "/orchestrator_probe_session.py");
CARRY_FILE(pytest_probe_selection, PROBE_FOLDER "/orchestrator_probe_selection.py");

namespace images {
namespace {

constexpr const char* kModule = "orchestrator_probe";
constexpr const char* kListFile = "tests";
constexpr const char* kFileListFile = "files";

std::string extended(const sandbox::EnvList& user_env, const std::string& name, char separator,
                     const std::string& value) {
  for (const auto& [said, text] : user_env)
    if (said == name && !text.empty()) return text + separator + value;
  return value;
}

std::string joined(const std::vector<std::string>& entries, const std::string& prefix) {
  std::string list;
  for (const auto& entry : entries) list += (list.empty() ? "" : std::string(1, '\0')) + prefix + entry;
  return list;
}

}  // namespace

std::vector<ProbeFile> pytest_probe_files() {
  return {{"orchestrator_probe.py", CARRIED_FILE(pytest_probe)},
          {"orchestrator_probe_session.py", CARRIED_FILE(pytest_probe_session)},
          {"orchestrator_probe_selection.py", CARRIED_FILE(pytest_probe_selection)}};
}

ProbeUse use_pytest_probe(const TestSelection& selection, const sandbox::EnvList& user_env) {
  nlohmann::json configuration = {
      {"order", selection.order}, {"seed", selection.seed}, {"repeat", selection.repeat}};
  if (!selection.ignore.empty()) configuration["ignore"] = selection.ignore;
  ProbeUse use;
  if (!selection.tests.empty()) {
    use.files.push_back({kListFile, joined(selection.tests, "")});
    configuration["tests_file"] = std::string(sandbox::kSecretDir) + "/" + kListFile;
  }
  if (!selection.files.empty()) {
    use.files.push_back({kFileListFile, joined(selection.files, std::string(sandbox::kWorkDir) + "/")});
    configuration["files_file"] = std::string(sandbox::kSecretDir) + "/" + kFileListFile;
  }
  use.env = {
      {"PYTHONPATH", extended(user_env, "PYTHONPATH", ':', kProbeFolder)},
      {"PYTEST_PLUGINS", extended(user_env, "PYTEST_PLUGINS", ',', kModule)},
      {"ORCHESTRATOR_PROBE", configuration.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)}};
  return use;
}

}  // namespace images
