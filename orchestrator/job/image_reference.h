// The names that an engine takes for an image. What it would refuse is better said before anything is asked
// of it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace orchestrator {

// "python:3.12-slim", "host:5000/team/app@sha256:…", or an image's id ("sha256:…", or its hex digits): what
// is wrong with it as the rest of a sentence that begins with the name; empty when nothing is.
std::string check_image_reference(const std::string& reference);

// The registry that a name begins with: "host:5000"; "docker.io" when it names none. Also of a name's
// beginning, as far as that says it.
std::string registry_of(std::string_view name);

}  // namespace orchestrator
