// Sandbox and image store of the Docker Engine. One object owns the client and all containers of this
// process; its two faces share them.
#pragma once

#include <memory>
#include <string>

#include "sandbox/image_store.h"
#include "sandbox/io/curl_loop.h"
#include "sandbox/sandbox.h"

namespace sandbox::docker {

struct DockerOptions {
  std::string host;     // as in DOCKER_HOST; empty: by environment
  std::string scratch;  // an existing folder for small files
};

class DockerEngine {
 public:
  virtual ~DockerEngine() = default;
  virtual Sandbox& sandbox() = 0;
  virtual ImageStore& images() = 0;
  // True when nothing that this process made is left at the engine (but kept images).
  virtual bool idle() const = 0;
};

// Throws io::RequestError for an engine address that is not supported; whether it answers is found out by
// probe().
std::unique_ptr<DockerEngine> connect(io::CurlLoop& loop, DockerOptions options);

}  // namespace sandbox::docker
