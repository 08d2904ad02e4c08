// Where a folder of the tree is a member of a workspace (npm's, Yarn's or pnpm's), and what its root says.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "images/checkout/checkout.h"

namespace images {

// The patterns by which the package in `folder` names its members: of `workspaces` in package.json and of
// pnpm-workspace.yaml. Empty: it is no root of a workspace.
std::vector<std::string> workspace_patterns(const Source& source, const std::string& folder);

// Whether `path` ("packages/a", from the root) is meant: "packages/*", "apps/**", and those with a '!' in
// front are none.
bool is_workspace_member(std::string_view path, const std::vector<std::string>& patterns);

// The nearest folder above `folder` that names it as a member of its workspace; `folder` itself where none
// does.
std::string workspace_root(const Source& source, const std::string& folder);

}  // namespace images
