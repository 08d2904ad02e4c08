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

  bool exists() const { return own.is_object(); }
  // In dependencies or devDependencies, of this package or of one of its workspaces.
  bool depends_on(std::string_view name) const;
  // The same of the root that it is a member of.
  bool root_depends_on(std::string_view name) const;
  // Whether the manager runs scripts of the project or of its members, or links their programs.
  bool has_own_scripts() const;
  std::string script(std::string_view name) const;  // the root's; empty: it has none
  // The one of this package that "npm test", "yarn run unit" or "pnpm unit" among these words runs; empty:
  // none.
  std::string script_run_by(const std::vector<std::string>& words) const;
  std::vector<std::string> lock_files() const;       // of `root`; first the one that it is installed by
  std::string in_root(std::string_view name) const;  // its path from the tree's root
  // Empty, or why the dependencies cannot be installed from manifests alone.
  std::string needs_sources() const;
  // Of the manager, as `packageManager`, a checked-in release or the lock file want it: "1.22.22", "9";
  // empty: any.
  std::string manager_version() const;
  // What the dependencies layer is made of: manifests, lock file, settings of the manager.
  std::vector<std::string> dependency_files() const;
  // Those that the managers' settings take credentials from. Yarn does nothing at all, not even run a test,
  // where one is not set.
  std::vector<std::string> credential_variables() const;

  const Source& source;
  std::string subdir;      // where commands run
  std::string root;        // where it is installed: `subdir`, or the workspace that this is a member of
  nlohmann::json own;      // package.json of `subdir`; null where there is none or it is malformed
  nlohmann::json package;  // of `root`
  std::string lock_file;   // of `root`: "package-lock.json"; empty: none
  NodeManager manager = NodeManager::npm;

 private:
  // That of the folder first, then its workspaces'.
  std::vector<nlohmann::json> packages(const std::string& folder) const;
  bool has_lock(const std::string& folder) const;
  std::string asked_manager() const;  // "pnpm", by packageManager; empty: it says none
  std::string of_tree() const;        // as needs_sources(), by what the settings of the managers say
  void choose_manager();
};

}  // namespace images
