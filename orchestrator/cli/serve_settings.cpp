#include "orchestrator/cli/serve_settings.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "orchestrator/job/parse_yaml.h"
#include "orchestrator/job/plain_text.h"
#include "orchestrator/job/quoted.h"

namespace orchestrator {
namespace {

using Words = std::vector<std::string>;

const std::string kVariables = "ORCHESTRATOR_SERVE_";

struct Setting {
  const char* name;  // of the flag without its dashes
  enum Kind { text, list, on } kind = text;
};

constexpr Setting kSettings[] = {
    {"listen"},
    {"socket"},
    {"token-file"},
    {"server-name", Setting::list},
    {"allow-repo-host", Setting::list},
    {"allow-folder", Setting::list},
    {"allow-image", Setting::list},
    {"allow-network", Setting::list},
    {"allow-secret", Setting::list},
    {"allow-private-webhooks", Setting::on},
    {"jobs"},
    {"on-restart"},
    {"drain-timeout"},
    {"keep"},
    {"keep-size"},
    {"max-waiting"},
    {"max-readers"},
    {"git-token-file"},
    {"git-token-env"},
    {"git-host"},
    {"ssh-key"},
    {"ssh-known-hosts"},
    {"ssh-config"},
    {"ca-file"},
    {"host"},
    {"context"},
    {"insecure-engine", Setting::on},
    {"state-dir"},
    {"image-budget"},
    {"image-cache"},
    {"log-format"},
};

bool has_flag(const Words& words, const std::string& flag) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return word == flag || word.starts_with(flag + "="); });
}

std::string with(std::string name, char separator, bool upper) {
  for (char& c : name) {
    if (c == '-') c = separator;
    if (upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

// `where`: the setting as it is said, and the file that it stands in.
void add(ServeFlags& flags, const Setting& setting, const std::string& value, const FieldError& where,
         std::vector<FieldError>& errors) {
  const std::string flag = std::string("--") + setting.name;
  flags.places[flag] = where;
  if (setting.kind != Setting::on) return flags.words.push_back(flag + "=" + value);
  const auto on = boolean_from(value);
  if (!on) errors.push_back({where.pointer, "must be true or false, not " + in_quotes(value), where.where});
  if (on.value_or(false)) flags.words.push_back(flag);
}

std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Takes "--config FILE" and "--config=FILE" out.
std::optional<std::string> take_config(Words& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool joined = words[i].starts_with("--config=");
    if (!joined && (words[i] != "--config" || i + 1 == words.size())) continue;
    std::string file = joined ? words[i].substr(9) : words[i + 1];
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i),
                words.begin() + static_cast<std::ptrdiff_t>(i + (joined ? 1 : 2)));
    return file;
  }
  return std::nullopt;
}

std::string is_no_setting(const std::string& near) {
  return near.empty() ? "is no setting of serve" : "is no setting of serve; did you mean " + near + "?";
}

nlohmann::json read_config(const std::optional<std::string>& said, std::vector<FieldError>& errors) {
  const std::string file = said.value_or(kServeConfig);
  std::ifstream in(file);
  if (!in) {
    if (said) errors.push_back({"--config", "cannot be read", file});
    return nlohmann::json::object();
  }
  std::ostringstream text;
  text << in.rdbuf();
  std::vector<FieldError> wrong;
  auto config = parse_yaml(text.str(), wrong);
  for (auto& error : wrong) errors.push_back({error.pointer, error.message, file});
  nlohmann::json known = nlohmann::json::object();
  Words names;
  for (const Setting& setting : kSettings) names.push_back(with(setting.name, '_', false));
  if (!config) return known;
  for (const auto& [key, value] : config->items()) {
    const std::string name = with(key, '_', false);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      known[name] = value;
      continue;
    }
    errors.push_back({key, is_no_setting(nearest(name, names)), file});
  }
  return known;
}

// Kubernetes tells every container of a service by that name: ORCHESTRATOR_SERVE_SERVICE_HOST,
// ORCHESTRATOR_SERVE_PORT=tcp://10.0.0.1:8080, …
bool is_of_kubernetes(const std::string& name, const std::string& value) {
  return name.starts_with("SERVICE_") || name.starts_with("PORT_") ||
         (name == "PORT" && value.find("://") != std::string::npos);
}

void refuse_unknown(const Words& variables, const GetEnv& getenv, std::vector<FieldError>& errors) {
  Words known{"CONFIG"};
  for (const Setting& setting : kSettings) known.push_back(with(setting.name, '_', true));
  for (const auto& variable : variables) {
    if (!variable.starts_with(kVariables)) continue;
    const std::string name = variable.substr(kVariables.size());
    const bool is_known = std::find(known.begin(), known.end(), name) != known.end();
    if (is_known || is_of_kubernetes(name, getenv(variable.c_str()).value_or(""))) continue;
    const std::string near = nearest(name, known);
    errors.push_back({variable, is_no_setting(near.empty() ? "" : kVariables + near), ""});
  }
}

}  // namespace

ServeFlags serve_settings(Words& words, const GetEnv& getenv, const Words& variables,
                          std::vector<FieldError>& errors) {
  auto file = take_config(words);
  if (!file) file = getenv((kVariables + "CONFIG").c_str());
  const nlohmann::json config = read_config(file, errors);
  refuse_unknown(variables, getenv, errors);
  ServeFlags flags;
  for (const Setting& setting : kSettings) {
    if (has_flag(words, std::string("--") + setting.name)) continue;
    const std::string variable_name = kVariables + with(setting.name, '_', true);
    const std::string name = with(setting.name, '_', false);
    const FieldError in_variable{variable_name, "", ""}, in_file{name, "", file.value_or(kServeConfig)};
    const auto variable = getenv(variable_name.c_str());
    const auto found = config.find(name);
    if (variable && !variable->empty()) {
      std::istringstream parts(*variable);
      std::string part;
      if (setting.kind != Setting::list)
        add(flags, setting, *variable, in_variable, errors);
      else
        while (std::getline(parts, part, ',')) add(flags, setting, part, in_variable, errors);
    } else if (found != config.end() && found->is_array() && setting.kind == Setting::list) {
      for (const auto& each : *found) add(flags, setting, text_of(each), in_file, errors);
    } else if (found != config.end() && !found->is_null()) {
      if (found->is_structured())
        errors.push_back({name, "must be a single value", in_file.where});
      else
        add(flags, setting, text_of(*found), in_file, errors);
    }
  }
  return flags;
}

}  // namespace orchestrator
