// What the delivered .git says: the commit, what HEAD names, the tags of that commit. Read from a repository.
#pragma once

#include <string>

#include "images/checkout/git_handles.h"
#include "images/checkout/source_tree.h"

namespace images::checkout {

// `branch`: "refs/heads/main", or empty for a detached HEAD.
GitState read_git_state(git_repository* repository, const git_oid& commit, const std::string& branch);

}  // namespace images::checkout
