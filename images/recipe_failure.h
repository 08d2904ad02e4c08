// What a failed install step says to a person, and whether trying once more is worth it. Pure.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/image_store.h"

namespace images {

inline constexpr const char* kSetupCommandTitle = "setup command: ";

// Does the end of this log tell of a network or a registry that failed, rather than of a wrong request to it?
bool ends_in_network_error(std::string_view log_tail);

// io::SetupError ("Failed to install dependencies: …" with `log`, the end of its log, already without
// credentials), or io::HostError when engine or host broke. `about_the_network`: sentences that are told with
// it where the network failed.
std::exception_ptr explain_failed_step(const sandbox::StepFailed& failed, const std::string& log,
                                       const std::vector<std::string>& about_the_network = {});

// The same of a repository's own Dockerfile: io::SetupError, "Failed to build PATH: …".
std::exception_ptr explain_failed_dockerfile(const sandbox::StepFailed& failed, const std::string& log,
                                             const std::string& path);

}  // namespace images
