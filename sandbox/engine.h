// An engine as the modes see it: something that runs attempts and keeps images. Made by the composition root,
// which alone knows which engines exist.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sandbox/image_store.h"
#include "sandbox/sandbox.h"

namespace sandbox {

class Engine {
 public:
  virtual ~Engine() = default;
  virtual Sandbox& sandbox() = 0;
  virtual ImageStore& images() = 0;
  // True when nothing that this process started is left at the engine (but images that were kept).
  virtual bool idle() const = 0;
};

struct EngineOptions {
  std::string host;          // as in DOCKER_HOST; empty: by environment
  std::string scratch = {};  // an existing folder for small files
  std::string context = {};  // of the docker program, instead of `host`
  bool insecure = false;     // an engine may be spoken to over TCP without TLS
};

// Throws io::RequestError for an address that is not supported; whether it answers is found out by probe().
using EngineFactory = std::function<std::unique_ptr<Engine>(const EngineOptions&)>;

}  // namespace sandbox
