// Which Yarn, from the second version on, a project wants that does not say so in `packageManager`. Pure.
#pragma once

#include <string>

namespace images {

// By the release that is checked in (`yarnPath: .yarn/releases/yarn-3.6.4.cjs` of .yarnrc.yml), else by the
// version of the lock file's format, which another major version refuses to keep as it is. "3.6.4", "3";
// empty: any. Either text may be nullptr.
std::string yarn_version(const std::string* settings, const std::string* lock);

}  // namespace images
