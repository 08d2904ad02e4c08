#include "orchestrator/cli/serve_settings.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "orchestrator/job/parse_yaml.h"

namespace orchestrator {
namespace {

using Words = std::vector<std::string>;

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

void add(Words& flags, const Setting& setting, const std::string& value) {
  const std::string flag = std::string("--") + setting.name;
  if (setting.kind == Setting::on) {
    if (value == "true" || value == "yes" || value == "1") flags.push_back(flag);
  } else {
    flags.push_back(flag + "=" + value);
  }
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
    const std::string near = nearest(name, names);
    errors.push_back(
        {key, near.empty() ? "is no setting of serve" : "is no setting of serve; did you mean " + near + "?",
         file});
  }
  return known;
}

}  // namespace

std::vector<std::string> serve_settings(Words& words, const GetEnv& getenv, std::vector<FieldError>& errors) {
  auto file = take_config(words);
  if (!file) file = getenv("ORCHESTRATOR_SERVE_CONFIG");
  const nlohmann::json config = read_config(file, errors);
  Words flags;
  for (const Setting& setting : kSettings) {
    if (has_flag(words, std::string("--") + setting.name)) continue;
    const auto variable = getenv(("ORCHESTRATOR_SERVE_" + with(setting.name, '_', true)).c_str());
    const auto found = config.find(with(setting.name, '_', false));
    if (variable && !variable->empty()) {
      std::istringstream parts(*variable);
      std::string part;
      if (setting.kind != Setting::list)
        add(flags, setting, *variable);
      else
        while (std::getline(parts, part, ',')) add(flags, setting, part);
    } else if (found != config.end() && found->is_array() && setting.kind == Setting::list) {
      for (const auto& each : *found) add(flags, setting, text_of(each));
    } else if (found != config.end() && !found->is_null()) {
      if (found->is_structured())
        errors.push_back(
            {with(setting.name, '_', false), "must be a single value", file.value_or(kServeConfig)});
      else
        add(flags, setting, text_of(*found));
    }
  }
  return flags;
}

}  // namespace orchestrator
