// The .git of a working copy: one commit with its trees and files, the tags that point at it, an index that
// says "clean". No remote, no hook, no credential, no history: git sees a shallow clone. Child process.
#pragma once

#include <string>

#include "images/checkout/git_handles.h"
#include "images/checkout/source_tree.h"
#include "images/tar_writer.h"

namespace images::checkout {

// Writes it into the archive as `place` ("work/.git"). `objects`: a repository that has the commit; it is
// only read. `scratch`: a folder of ours. Same commit and tags, same bytes.
void write_git_folder(TarWriter& tar, const std::string& place, git_repository* objects,
                      const GitState& state, const std::string& scratch);

}  // namespace images::checkout
