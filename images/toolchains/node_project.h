// What a project of Node says about itself in its manifests. Pure; made once per plan.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "images/checkout/checkout.h"

namespace images {

// By whom its dependencies are installed.
enum class NodeManager { npm, yarn_classic, yarn, pnpm };

struct NodeProject {
  NodeProject(const Source& source, std::string subdir);

  bool exists() const { return package.is_object(); }
  // In dependencies or devDependencies, of this package or of one of its workspaces.
  bool depends_on(std::string_view name) const;
  bool has_script(std::string_view name) const;
  std::string in_tree(std::string_view name) const;  // its path from the tree's root
  // Empty, or why the dependencies cannot be installed from manifests alone.
  std::string needs_sources() const;
  // Of the manager, as `packageManager` or the lock file want it: "1.22.22", "9"; empty: any.
  std::string manager_version() const;
  // What the dependencies layer is made of: manifests, lock file, settings of the manager.
  std::vector<std::string> dependency_files() const;

  const Source& source;
  std::string subdir;
  nlohmann::json package;  // of package.json; null where there is none or it is malformed
  std::string lock_file;   // "package-lock.json"; empty: none
  NodeManager manager = NodeManager::npm;

 private:
  std::vector<nlohmann::json> packages() const;  // this one and its workspaces'
  std::string asked_manager() const;             // "pnpm", by packageManager; empty: it says none
  void choose_manager();
};

}  // namespace images
