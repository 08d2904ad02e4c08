// What a repository's own Dockerfile is built from: the tree without a .git, less what .dockerignore leaves
// out. Child process.
#pragma once

#include <string>

#include "images/checkout/checkout.h"
#include "images/checkout/dockerignore.h"
#include "images/checkout/sources.h"

namespace images::checkout {

class BuildRules {
 public:
  // Reads the Dockerfile and its ignore file: NAME.dockerignore beside it where there is one, else the root's
  // .dockerignore. Throws io::RequestError when the Dockerfile is not there or is no file.
  BuildRules(SourceTree& tree, const std::string& dockerfile);

  const std::string& text() const { return text_; }  // of the Dockerfile
  // Dockerfile and .dockerignore always belong to it: the builder reads them.
  bool keeps(const std::string& path) const;

 private:
  std::string dockerfile_, text_;
  DockerIgnore ignored_;
};

// Writes `scratch`/context.tar. Its tree_hash is that of the context.
SourceArchive write_context(Sources& sources, const std::string& dockerfile, const std::string& scratch);

}  // namespace images::checkout
