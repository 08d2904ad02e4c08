// What an engine's words about a failed pull mean: whether to try again, and what to tell a person. Engines
// have no codes for it, and the same trouble has another status with each version; the words stay. Pure.
#pragma once

#include <string>

#include "sandbox/docker/registry_credentials.h"
#include "sandbox/image_store.h"

namespace sandbox::docker {

enum class PullTrouble {
  refused,     // not for this person, or not without a credential
  absent,      // the registry has no such image
  rate_limit,  // too much was asked of it
  distrusted,  // the engine does not believe that it is the registry: certificates, plain HTTP
  no_answer,   // everything else: the way there
};

PullTrouble trouble_of(long status, const std::string& message);

// Only what may be otherwise a moment later is tried again.
inline bool may_pass(PullTrouble trouble) { return trouble == PullTrouble::no_answer; }

// `message` is the engine's. Of the credential it is said whether there was one and where it is from.
PullFailed pull_failure(const ImageName& image, PullTrouble trouble, const std::string& message,
                        const CredentialAnswer& credentials);

}  // namespace sandbox::docker
