#include <nlohmann/json.hpp>

#include "images/probes/probe.h"

namespace images {

std::string extended(const sandbox::EnvList& user_env, const std::string& name, char separator,
                     const std::string& value) {
  const std::string* said = sandbox::find_variable(user_env, name);
  return !said || said->empty() ? value : *said + separator + value;
}

std::string preceded(const sandbox::EnvList& user_env, const std::string& name, char separator,
                     const std::string& value) {
  const std::string* said = sandbox::find_variable(user_env, name);
  return !said || said->empty() ? value : value + separator + *said;
}

std::string add_list(ProbeUse& use, const std::string& name, const std::vector<std::string>& entries,
                     std::string_view prefix) {
  if (entries.empty()) return "";
  std::string list;
  for (const auto& entry : entries)
    list.append(list.empty() ? "" : std::string(1, '\0')).append(prefix).append(entry);
  use.files.push_back({name, std::move(list)});
  return std::string(sandbox::kSecretDir) + "/" + name;
}

std::string add_lists(ProbeUse& use, const TestSelection& selection) {
  std::string words;
  const auto add = [&](const char* name, const std::vector<std::string>& entries, std::string_view prefix) {
    if (const auto path = add_list(use, name, entries, prefix); !path.empty())
      words.append(" ").append(name).append("=").append(path);
  };
  add("tests", selection.tests, "");
  add("files", selection.files, kTreePrefix);
  add("ignore", selection.ignore, "");
  return words;
}

ProbeUse probe_configuration(const TestSelection& selection) {
  nlohmann::json configuration = {
      {"order", selection.order}, {"seed", selection.seed}, {"repeat", selection.repeat}};
  if (!selection.ignore.empty()) configuration["ignore"] = selection.ignore;
  ProbeUse use;
  if (const auto tests = add_list(use, "tests", selection.tests); !tests.empty())
    configuration["tests_file"] = tests;
  if (const auto files = add_list(use, "files", selection.files, kTreePrefix); !files.empty())
    configuration["files_file"] = files;
  use.env = {
      {"ORCHESTRATOR_PROBE", configuration.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)}};
  return use;
}

}  // namespace images
