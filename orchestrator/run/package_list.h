// The packages that an image resolved to, one "name==version" a line, asked of the image itself and
// remembered by its id: an unchanged image is not asked again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/io/loop.h"
#include "sandbox/io/result.h"
#include "sandbox/sandbox.h"

namespace orchestrator {

class PackageListing {
 public:
  virtual ~PackageListing() = default;
};

struct PackageQuestion {
  std::string image;              // id
  std::vector<std::string> argv;  // prints the list; empty: no packages
  sandbox::EnvList env;
  std::string memory_folder;  // where lists are remembered
};

// `done` never before this has returned. An image that cannot answer gives an empty list.
std::unique_ptr<PackageListing> list_packages(sandbox::Sandbox& sandbox, io::Loop& loop,
                                              PackageQuestion question,
                                              std::function<void(std::vector<std::string>)> done);

}  // namespace orchestrator
