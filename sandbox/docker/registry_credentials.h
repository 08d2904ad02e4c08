// Finds what the person who runs this program would log in to a registry with: the credentials that docker
// and podman keep, and nothing else. The places, in this order, the first that has one for the registry:
//
//   DOCKER_AUTH_CONFIG                        the text of such a file (docker 28, GitLab's runner)
//   REGISTRY_AUTH_FILE                        podman's; stands in for the two of podman below
//   $DOCKER_CONFIG or ~/.docker, config.json
//   $XDG_RUNTIME_DIR/containers/auth.json, or /run/containers/UID/auth.json
//   ~/.config/containers/auth.json
//
// A helper is asked as docker does it: `docker-credential-NAME get`, the server on stdin, JSON on stdout.
// What is found goes into one header to the engine and nowhere else: it is in no log, error or report. Loop's
// thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/docker/auth_file.h"
#include "sandbox/io/loop.h"

namespace sandbox::docker {

struct CredentialAnswer {
  std::optional<RegistryCredential> credential;
  std::string origin;                 // where it is from, for people: a path, a helper
  std::vector<std::string> troubles;  // sentences about places that could not be asked
};

class CredentialSearch {
 public:
  virtual ~CredentialSearch() = default;  // letting go ends a helper that runs; no answer comes then
};

// Long enough to type a passphrase, short enough for a helper that hangs.
inline constexpr std::chrono::milliseconds kHelperTime{30'000};

// There is always an answer and never an error: without a credential a registry may still give what is
// public. `done` is never called before this returns.
std::unique_ptr<CredentialSearch> find_credential(io::Loop& loop, const ImageName& image,
                                                  std::function<void(CredentialAnswer)> done,
                                                  std::chrono::milliseconds helper_time = kHelperTime);

}  // namespace sandbox::docker
