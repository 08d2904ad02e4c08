#include "sandbox/docker/image_changes.h"

#include "sandbox/docker/docker_client.h"
#include "sandbox/io/json_text.h"

namespace sandbox::docker {
namespace {

constexpr std::string_view kMark = "json:";

std::string kept_value(const std::string& meant) {
  const bool as_it_is = meant.find_first_of("\r\n") == std::string::npos && !meant.starts_with(kMark);
  return as_it_is ? meant : std::string(kMark) + io::json_text(nlohmann::json(meant));
}

std::string change(const std::string& instruction) { return "&changes=" + url_encode(instruction); }

std::string assignment(const std::string& instruction, const std::string& name, const std::string& value) {
  return change(instruction + " " + name + "=\"" + value + "\"");
}

}  // namespace

std::string changes_query(const nlohmann::json& config) {
  std::string query = change("ENTRYPOINT []");
  for (const auto& entry : config.value("Env", nlohmann::json::array())) {
    const auto text = entry.get<std::string>();
    const auto equals = text.find('=');
    query += assignment("ENV", text.substr(0, equals), text.substr(equals + 1));
  }
  const auto labels = config.value("Labels", nlohmann::json::object());  // items() looks at what must live on
  for (const auto& [name, value] : labels.items())
    query += assignment("LABEL", name, kept_value(value.get<std::string>()));
  if (config.contains("Cmd")) query += change("CMD " + io::json_text(config["Cmd"]));
  if (config.contains("WorkingDir")) query += change("WORKDIR " + config["WorkingDir"].get<std::string>());
  return query;
}

std::string label_value(const std::string& kept) {
  if (!kept.starts_with(kMark)) return kept;
  const auto parsed = nlohmann::json::parse(kept.substr(kMark.size()), nullptr, false);
  return parsed.is_string() ? parsed.get<std::string>() : kept;
}

}  // namespace sandbox::docker
