// What a configuration file of docker or podman says about a registry: a credential, or the helper program
// that keeps it.
//
//   {"credHelpers": {"registry.example.org": "pass"},                     asked first, for that registry
//    "credsStore": "secretservice",                                       asked for all others
//    "auths": {"localhost:5000": {"auth": "base64 of user:password"},     when neither is set
//              "https://index.docker.io/v1/": {"auth": "…", "identitytoken": "…"}}}
//
// As with docker, the first of these that is set for a registry counts, and no other. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sandbox/docker/image_name.h"

namespace sandbox::docker {

struct RegistryCredential {
  std::string username, password;
  std::string identity_token;  // instead of a password: the engine changes it for one of the registry's own
  std::string registry_token;  // instead of both: is shown to the registry as it is
  std::string server;          // whom it is for, as in the file

  // The value of X-Registry-Auth: base64url of JSON.
  std::string header() const;
};

struct AuthEntry {
  std::optional<RegistryCredential> credential;
  std::string helper;  // not empty: docker-credential-HELPER has it, for `server`
  std::string server;
  std::string wrong;  // why there is neither, as in "the entry … is no base64"; empty: there is no entry
};

AuthEntry find_auth(const nlohmann::json& file, const ImageName& image);

// What a helper printed when it found one. Nothing when that is no credential.
std::optional<RegistryCredential> credential_of_helper(const std::string& printed, const std::string& server);

}  // namespace sandbox::docker
