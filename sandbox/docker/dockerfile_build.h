// Builds one layer by a Dockerfile: POST /build, answered by the builder that needs no session. The engine
// runs its steps with what limits that call can name; the time and the output are bounded here, by closing
// the connection, at which the engine ends what runs. What steps of an unfinished build have left is removed.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/docker/container_config.h"
#include "sandbox/docker/docker_client.h"
#include "sandbox/image_store.h"

namespace sandbox::docker {

// Images of steps of builds that came to nothing, until they have gone. They bear no label of ours, since the
// engine gives those to the last steps alone; so only what has no name and is not older than its build is
// removed, whatever the engine's words about it were. Outlives the builds. Loop's thread only.
class UnfinishedImages {
 public:
  explicit UnfinishedImages(DockerClient& client);
  ~UnfinishedImages();

  // `since`: by the engine's clock. The last of them may be in use for a moment by a command that is ending.
  void remove(std::vector<std::string> ids, std::chrono::system_clock::time_point since);
  bool empty() const;

 private:
  class Removal;
  DockerClient& client_;
  std::list<std::unique_ptr<Removal>> removals_;
};

// Answers the id of the image, which carries the layer's reference.
std::unique_ptr<BuildHandle> start_dockerfile_build(DockerClient& client, UnfinishedImages& unfinished,
                                                    const EngineTraits& traits, LayerSpec spec,
                                                    BuildObserver& observer,
                                                    std::function<void(io::Result<std::string>)> done);

}  // namespace sandbox::docker
