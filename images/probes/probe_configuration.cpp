#include <nlohmann/json.hpp>

#include "images/probes/probe.h"

namespace images {
namespace {

constexpr const char* kListFile = "tests";
constexpr const char* kFileListFile = "files";

std::string joined(const std::vector<std::string>& entries, const std::string& prefix) {
  std::string list;
  for (const auto& entry : entries) list += (list.empty() ? "" : std::string(1, '\0')) + prefix + entry;
  return list;
}

}  // namespace

std::string extended(const sandbox::EnvList& user_env, const std::string& name, char separator,
                     const std::string& value) {
  for (const auto& [said, text] : user_env)
    if (said == name && !text.empty()) return text + separator + value;
  return value;
}

ProbeUse probe_configuration(const TestSelection& selection) {
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
      {"ORCHESTRATOR_PROBE", configuration.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)}};
  return use;
}

}  // namespace images
