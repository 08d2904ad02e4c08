#include "sandbox/docker/auth_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sandbox/io/base64.h"
#include "sandbox/io/json_text.h"

namespace sandbox::docker {
namespace {

using Json = nlohmann::json;

constexpr const char* kDockerHubKey = "https://index.docker.io/v1/";
// The name of the user by which a helper says that its secret is an identity token.
constexpr const char* kTokenUser = "<token>";

const Json* object_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

// The keys that an entry may stand under, the most exact first: podman's may name a part of a registry.
std::vector<std::string> keys_of(const ImageName& image) {
  std::vector<std::string> keys;
  std::string key = image.registry + "/" + image.path;
  while (key.size() > image.registry.size()) {
    keys.push_back(key);
    key.resize(key.rfind('/'));
  }
  if (image.is_on_docker_hub()) keys.insert(keys.end(), {kDockerHubKey, "index.docker.io"});
  keys.push_back(image.registry);
  return keys;
}

// "https://host:5000/v1/" → "host:5000": old files name a registry by its URL. Any other key is as it is.
std::string host_of_url(const std::string& key) {
  const auto scheme = key.find("://");
  if (scheme == std::string::npos) return key;
  const std::string rest = key.substr(scheme + 3);
  return rest.substr(0, rest.find('/'));
}

// The member of `entries` for one of the keys; end() when there is none.
Json::const_iterator find_entry(const Json& entries, const std::vector<std::string>& keys) {
  for (const auto& key : keys)
    if (const auto found = entries.find(key); found != entries.end()) return found;
  for (auto entry = entries.begin(); entry != entries.end(); ++entry)
    if (entry.key().find("://") != std::string::npos && host_of_url(entry.key()) == keys.back()) return entry;
  return entries.end();
}

// The server that a helper is asked for when nothing names it: docker's key.
std::string server_of(const ImageName& image) {
  return image.is_on_docker_hub() ? kDockerHubKey : image.registry;
}

// Sets user and password from "auth". What is wrong with it, as the end of a sentence.
std::string read_auth(const std::string& auth, RegistryCredential& credential) {
  auto text = io::from_base64(auth);
  if (!text) return "has an \"auth\" that is no base64";
  while (text->ends_with('\0')) text->pop_back();
  const auto colon = text->find(':');
  if (colon == std::string::npos || colon == 0) return "has an \"auth\" that is no user and password";
  credential.username = text->substr(0, colon);
  credential.password = text->substr(colon + 1);
  return "";
}

AuthEntry read_entry(const std::string& key, const Json& entry) {
  AuthEntry found;
  RegistryCredential credential;
  credential.server = key;
  credential.username = io::text_at(entry, "username");
  credential.password = io::text_at(entry, "password");
  credential.identity_token = io::text_at(entry, "identitytoken");
  credential.registry_token = io::text_at(entry, "registrytoken");
  if (const std::string auth = io::text_at(entry, "auth"); !auth.empty())
    if (const std::string wrong = read_auth(auth, credential); !wrong.empty()) {
      found.wrong = fmt::format("the entry for {} {}", key, wrong);
      return found;
    }
  // docker leaves an empty one behind where a helper has the rest.
  const bool complete = !credential.password.empty() || !credential.identity_token.empty() ||
                        !credential.registry_token.empty();
  if (complete) found.credential = std::move(credential);
  return found;
}

}  // namespace

std::string RegistryCredential::header() const {
  Json fields = {{"serveraddress", server}};
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) fields[key] = value;
  };
  add("username", username);
  add("password", password);
  add("identitytoken", identity_token);
  add("registrytoken", registry_token);
  return io::to_base64url(io::json_text(fields));
}

AuthEntry find_auth(const Json& file, const ImageName& image) {
  const auto keys = keys_of(image);
  AuthEntry found;
  std::string helper = io::text_at(file, "credsStore");
  found.server = server_of(image);
  if (const Json* helpers = object_at(file, "credHelpers")) {
    const auto own = find_entry(*helpers, keys);
    if (own != helpers->end() && own->is_string()) {
      helper = own->get<std::string>();
      found.server = own.key();
    }
  }
  if (!helper.empty()) {
    found.helper = helper;
    return found;
  }
  const Json* auths = object_at(file, "auths");
  if (!auths) return found;
  const auto entry = find_entry(*auths, keys);
  return entry != auths->end() && entry->is_object() ? read_entry(entry.key(), *entry) : found;
}

std::optional<RegistryCredential> credential_of_helper(const std::string& printed,
                                                       const std::string& server) {
  const Json answer = Json::parse(printed, nullptr, false);
  if (!answer.is_object()) return std::nullopt;
  RegistryCredential credential;
  credential.server = server;
  const std::string secret = io::text_at(answer, "Secret");
  if (secret.empty()) return std::nullopt;
  if (io::text_at(answer, "Username") == kTokenUser) {
    credential.identity_token = secret;
  } else {
    credential.username = io::text_at(answer, "Username");
    credential.password = secret;
  }
  return credential;
}

}  // namespace sandbox::docker
