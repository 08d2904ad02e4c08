// The image store of the Docker Engine. Layers are made by create, put, start, wait, commit: the same
// machinery and the same limits as an attempt's, and no builder whose cache or text could be poisoned. Only a
// repository's own Dockerfile is the engine's builder's.
#pragma once

#include <memory>

#include "sandbox/docker/container.h"
#include "sandbox/image_store.h"

namespace sandbox::docker {

class DockerImageStore : public ImageStore {
 public:
  // Nothing is left to be removed of builds that came to nothing.
  virtual bool idle() const = 0;
};

std::unique_ptr<DockerImageStore> make_images(DockerClient& client, Containers& containers,
                                              const EngineTraits& traits);

// The reference under which a layer is kept: "orchestrator/layer-tools:0123…".
std::string layer_reference(const std::string& kind, const std::string& key);
Image image_of(const Json& inspected);
// The id of the image that an import has made, from its answer. Throws EngineError when it names none.
std::string imported_image(const std::string& answer);

}  // namespace sandbox::docker
