// What runs in a container to install a project of Node: words for `sh -ec`, at the folder that is installed.
#pragma once

#include <string>

#include "images/toolchains/node_project.h"

namespace images {

// Of every package.json here and below: there is nothing yet that the scripts of the project and its
// workspaces' members could run; with the sources their manifests come back.
std::string take_scripts_away();

// By the lock file where there is one.
std::string install_dependencies(NodeManager manager, bool locked);

// The scripts that the same installation would have run of the project and its members, had their sources
// been there; and links to their programs. `offline`: nothing is waited for that cannot come.
std::string run_own_scripts(NodeManager manager, bool locked, bool offline);

// For `node -e`: prints what is resolved from the working folder and its workspace, "name==version" a line.
extern const char* const kListNodePackages;

}  // namespace images
