// The images that a Dockerfile names, so that they can be looked for, fetched with a person's credential and
// counted before an engine's builder sees the file. Nothing else of it is understood. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/execution.h"

namespace images {

// Of FROM and COPY --from, each once, in their order; not stages of its own, nor "scratch". Arguments before
// the first FROM stand for themselves, with `args` in the place of their defaults. A name that cannot be made
// out is left out: the builder will find out.
std::vector<std::string> images_named_by(std::string_view dockerfile, const sandbox::EnvList& args);

// The names in `args` that no ARG of it declares, in their order: nothing reads them. Proxies are known
// without.
std::vector<std::string> undeclared_arguments(std::string_view dockerfile, const sandbox::EnvList& args);

}  // namespace images
