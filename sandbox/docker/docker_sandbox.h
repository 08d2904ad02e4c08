// Sandbox and image store of the Docker Engine. One object owns the client and all containers of this
// process; its two faces share them.
#pragma once

#include <memory>

#include "sandbox/engine.h"
#include "sandbox/io/curl_loop.h"

namespace sandbox::docker {

// Throws io::RequestError for an engine address that is not supported.
std::unique_ptr<Engine> connect(io::CurlLoop& loop, const EngineOptions& options);

}  // namespace sandbox::docker
