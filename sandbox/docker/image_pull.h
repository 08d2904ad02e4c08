// One image fetched from its registry: the person's credential is looked up, the engine is asked with it, and
// asked again when the way to the registry broke. Loop's thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sandbox/docker/docker_client.h"

namespace sandbox::docker {

class ImagePull {
 public:
  virtual ~ImagePull() = default;  // letting go ends it; the engine stops to fetch
};

// `done` gets nothing, or the error: PullFailed, or that the engine did not answer. It is never called before
// this returns.
std::unique_ptr<ImagePull> start_pull(DockerClient& client, const std::string& reference,
                                      std::function<void(std::exception_ptr)> done);

}  // namespace sandbox::docker
