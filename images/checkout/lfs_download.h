// The batch interface of Git LFS: asks where the objects are, and brings them. Child process.
#pragma once

#include <string>
#include <vector>

#include "images/checkout/lfs.h"

namespace images::checkout {

struct LfsWanted {
  std::size_t index = 0;  // in the tree
  std::string path;
  LfsPointer pointer;
};

// Every object as the file `folder`/<oid>, its size and sha256 checked. Those already there are not asked
// for.
void download_lfs(HttpsClient& client, const std::string& url, const std::vector<LfsWanted>& wanted,
                  const std::string& folder, const Progress& progress);

}  // namespace images::checkout
