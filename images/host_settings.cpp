#include "images/host_settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "images/java_settings.h"
#include "images/java_truststore.h"
#include "images/node_proxy.h"
#include "images/npm_config.h"
#include "images/pip_config.h"
#include "images/toolchains/all_toolchains.h"

namespace images {

namespace {

constexpr std::size_t kLargestFile = 8 * 1024 * 1024;

// Passed on as they are, and so is what toolchains name. In both cases, since programs differ in which they
// read.
constexpr const char* kProxies[] = {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
                                    "ALL_PROXY",  "all_proxy",  "NO_PROXY",    "no_proxy"};

// Of cargo's registries, which projects name as they like: CARGO_REGISTRIES_NAME_TOKEN, …
constexpr std::string_view kCargoRegistries = "CARGO_REGISTRIES_";

constexpr const char* kCaNames[] = {"ORCHESTRATOR_CA_FILE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT",
                                    "CURL_CA_BUNDLE"};
constexpr const char* kCaReaders[] = {"SSL_CERT_FILE",    "PIP_CERT",       "REQUESTS_CA_BUNDLE",
                                      "CURL_CA_BUNDLE",   "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS",
                                      "CARGO_HTTP_CAINFO"};
constexpr const char* kCaFile = "ca-certificates.crt";
constexpr const char* kPipFile = "pip.conf";
constexpr const char* kTruststoreFile = "ca-certificates.jks";
constexpr const char* kNodeProxyFile = "node_proxy.cjs";
constexpr const char* kNpmFile = "npmrc";
constexpr const char* kYarnFile = "yarnrc.yml";  // toolchains/node.cpp leads Yarn there
constexpr const char* kMavenFile = "maven-settings.xml";
constexpr const char* kMavenSecurityFile = "maven-settings-security.xml";

std::string secret_path(const char* name) {
  std::string path = sandbox::kSecretDir;  // piece by piece: GCC 12 takes the sum for an overflow
  return path.append(1, '/').append(name);
}

// The content of a regular file of a sensible size.
std::optional<std::string> read_file(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error || size == 0 || size > kLargestFile) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string content(size, '\0');
  if (!file.read(content.data(), static_cast<std::streamsize>(size))) return std::nullopt;
  return content;
}

bool names_this_host(std::string_view url) {
  for (const char* own : {"localhost", "127.0.0.1", "[::1]"}) {
    const auto at = url.find(own);
    if (at != std::string_view::npos && (at == 0 || url[at - 1] == '/' || url[at - 1] == '@')) return true;
  }
  return false;
}

class Collector {
 public:
  Collector(const std::function<std::optional<std::string>(const char*)>& getenv, std::string etc,
            const std::vector<std::string>& names)
      : getenv_(getenv), etc_(std::move(etc)), names_(names) {}

  HostSettings collect() {
    variables();
    pip_configuration();
    one_index_for_all();
    ca_bundle();
    yarn();
    node();
    npm();
    java();
    maven();
    return std::move(settings_);
  }

 private:
  std::optional<std::string> variable(const char* name) const {
    auto value = getenv_(name);
    if (value && value->empty()) return std::nullopt;
    return value;
  }

  // Of what is passed on.
  const std::string* value_of(std::string_view name) const {
    return sandbox::find_variable(settings_.env, name);
  }
  bool is_set(std::string_view name) const { return value_of(name) != nullptr; }

  void variables() {
    for (const char* name : kProxies) pass_on(name);
    for (const auto& name : host_variables()) pass_on(name);
    for (const auto& name : names_)
      if (name.starts_with(kCargoRegistries)) pass_on(name);
  }

  void pass_on(const std::string& name) {
    const auto value = variable(name.c_str());
    if (!value) return;
    settings_.env.emplace_back(name, *value);
    settings_.sources.push_back(name);
    if (!name.starts_with("NO_") && !name.starts_with("no_") && names_this_host(*value))
      settings_.warnings.push_back(
          name + " names this host itself, which an install step does not reach by that address");
  }

  // In pip's own order, later files win.
  void pip_configuration() {
    const auto own = variable("PIP_CONFIG_FILE");
    if (own && *own == "/dev/null") return;  // pip's way to say: read none
    std::vector<std::string> paths = {etc_ + "/xdg/pip/pip.conf", etc_ + "/pip.conf"};
    if (const auto home = variable("HOME")) {
      paths.push_back(*home + "/.pip/pip.conf");
      paths.push_back(variable("XDG_CONFIG_HOME").value_or(*home + "/.config") + "/pip/pip.conf");
    }
    if (own) paths.push_back(*own);
    for (const auto& path : paths) {
      const auto text = read_file(path);
      if (text && pip_.add(*text)) settings_.sources.push_back(path);
    }
    if (pip_.empty()) return;
    settings_.files.push_back({kPipFile, pip_.text()});
    settings_.env.emplace_back("PIP_CONFIG_FILE", secret_path(kPipFile));
  }

  // uv, Pipenv and Poetry know nothing of pip's settings; whoever set one index for this host means all of
  // them.
  void one_index_for_all() {
    const std::string* by_variable = value_of("PIP_INDEX_URL");
    const std::string index = by_variable ? *by_variable : pip_.value("index-url");
    if (index.empty()) return;
    const bool uv_has_one = is_set("UV_INDEX_URL") || is_set("UV_DEFAULT_INDEX");
    if (!uv_has_one) settings_.env.emplace_back("UV_DEFAULT_INDEX", index);
    for (const char* name : {"PIPENV_PYPI_MIRROR", "POETRY_PYPI_MIRROR_URL"})
      if (!is_set(name)) settings_.env.emplace_back(name, index);
  }

  void ca_bundle() {
    for (const char* name : kCaNames) {
      const auto path = variable(name);
      if (!path) continue;
      auto content = read_file(*path);
      if (!content || content->find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
        settings_.warnings.push_back(std::string(name) +
                                     " is no readable PEM bundle of at most 8 MiB: " + *path);
        continue;
      }
      settings_.files.push_back({kCaFile, std::move(*content)});
      for (const char* reader : kCaReaders) settings_.env.emplace_back(reader, secret_path(kCaFile));
      settings_.sources.push_back(std::string(name) + "=" + *path);
      return;
    }
  }

  // Yarn from 2 on reads none but its own.
  void yarn() {
    const auto derive = [this](const char* own, std::initializer_list<const char*> names) {
      if (is_set(own)) return;
      for (const char* name : names)
        if (const std::string* value = value_of(name))
          return void(settings_.env.emplace_back(own, std::string(*value)));
    };
    derive("YARN_HTTP_PROXY", {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"});
    derive("YARN_HTTPS_PROXY", {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
    derive("YARN_NPM_REGISTRY_SERVER", {"npm_config_registry", "NPM_CONFIG_REGISTRY"});
  }

  void node() {
    for (const char* name :
         {"https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) {
      const std::string* proxy = value_of(name);
      if (!proxy || proxy->find('@') == std::string::npos) continue;
      settings_.files.push_back({kNodeProxyFile, std::string(node_proxy_module())});
      settings_.env.emplace_back("NODE_OPTIONS", "--require=" + secret_path(kNodeProxyFile));
      return;
    }
  }

  // Where a person keeps the tokens of private registries.
  void npm() {
    const auto home = variable("HOME").value_or("");
    auto own = variable("NPM_CONFIG_USERCONFIG");
    if (!own) own = variable("npm_config_userconfig");
    if (!own && !home.empty()) own = home + "/.npmrc";
    if (own && reduced(*own, kNpmFile, npm_config))
      settings_.env.emplace_back("npm_config_userconfig", secret_path(kNpmFile));
    if (!home.empty()) reduced(home + "/.yarnrc.yml", kYarnFile, yarn_config);
  }

  bool reduced(const std::string& path, const char* name,
               std::string (*reduce)(std::string_view, const Getenv&)) {
    const auto text = read_file(path);
    std::string kept = text ? reduce(*text, getenv_) : "";
    if (kept.empty()) return false;
    settings_.files.push_back({name, std::move(kept)});
    settings_.sources.push_back(path);
    return true;
  }

  void java() {
    std::string truststore;
    for (const auto& file : settings_.files)
      if (file.name == kCaFile) truststore = java_truststore(file.content);
    std::string options = java_options(getenv_, truststore.empty() ? "" : secret_path(kTruststoreFile));
    if (!options.empty()) settings_.env.emplace_back("JAVA_TOOL_OPTIONS", std::move(options));
    if (!truststore.empty()) settings_.files.push_back({kTruststoreFile, std::move(truststore)});
  }

  void maven() {
    const auto home = variable("HOME");
    const std::string path = home.value_or("") + "/.m2/settings.xml";
    const auto own = home ? read_file(path) : std::nullopt;
    std::string settings = maven_settings(own.value_or(""), getenv_);
    if (settings.empty()) return;
    settings_.files.push_back({kMavenFile, std::move(settings)});
    if (!own) return;
    settings_.sources.push_back(path);
    if (auto security = read_file(*home + "/.m2/settings-security.xml"))
      settings_.files.push_back({kMavenSecurityFile, std::move(*security)});
  }

  const std::function<std::optional<std::string>(const char*)>& getenv_;
  std::string etc_;
  const std::vector<std::string>& names_;
  PipConfig pip_;
  HostSettings settings_;
};

// "user:password" of each URL in `text`.
void collect_credentials(std::string_view text, std::set<std::string>& found) {
  for (auto at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3)) {
    const auto authority = text.substr(at + 3, text.substr(at + 3).find_first_of("/ \t\r\n,\"'"));
    const auto sign = authority.rfind('@');
    if (sign == std::string_view::npos || sign == 0) continue;
    const std::string user_info(authority.substr(0, sign));
    found.insert(user_info);
    const auto colon = user_info.find(':');
    if (colon != std::string::npos && user_info.size() - colon > 4) found.insert(user_info.substr(colon + 1));
  }
}

std::string with_stars(std::string_view text, const std::string& secret) {
  std::string masked;
  for (auto at = text.find(secret); at != std::string_view::npos; at = text.find(secret)) {
    masked.append(text.substr(0, at)).append(3, '*');
    text.remove_prefix(at + secret.size());
  }
  return masked.append(text);
}

}  // namespace

void HostSettings::apply_to(sandbox::Execution& execution) const {
  execution.secret_env.insert(execution.secret_env.end(), env.begin(), env.end());
  execution.secret_files.insert(execution.secret_files.end(), files.begin(), files.end());
}

std::string HostSettings::mask(std::string text) const {
  std::set<std::string> credentials;
  for (const auto& [name, value] : env) {
    collect_credentials(value, credentials);
    if (name.ends_with("_TOKEN")) credentials.insert(value);
    if (name.ends_with("_AUTH_IDENT")) credentials.merge(npm_secrets("npmAuthIdent: " + value));
  }
  for (const auto& file : files) {
    const bool of_node = file.name == kNpmFile || file.name == kYarnFile;
    if (of_node) credentials.merge(npm_secrets(file.content));
    if (of_node || file.name == kPipFile || file.name == kMavenFile)
      collect_credentials(file.content, credentials);
    if (file.name == kMavenFile)
      for (auto& password : maven_passwords(file.content)) credentials.insert(std::move(password));
  }
  // The whole before its parts: a password alone is also a piece of "user:password".
  for (const bool whole : {true, false})
    for (const auto& credential : credentials)
      if ((credential.find(':') != std::string::npos) == whole && credential.size() > 3)
        text = with_stars(text, credential);
  return text;
}

HostSettings host_settings(const std::function<std::optional<std::string>(const char*)>& getenv,
                           const std::string& etc, const std::vector<std::string>& names) {
  return Collector(getenv, etc, names).collect();
}

HostSettings host_settings() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view said(*entry);
    names.emplace_back(said.substr(0, said.find('=')));
  }
  std::sort(names.begin(), names.end());
  return host_settings(
      [](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);
        return value ? std::optional<std::string>(value) : std::nullopt;
      },
      "/etc", names);
}

}  // namespace images
