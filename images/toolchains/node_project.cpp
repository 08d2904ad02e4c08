#include "images/toolchains/node_project.h"

#include <algorithm>
#include <set>

#include "images/toolchains/languages.h"
#include "images/toolchains/manifest_json.h"
#include "images/toolchains/node_workspace.h"
#include "images/toolchains/yarn_version.h"

namespace images {
namespace {

using nlohmann::json;

constexpr std::size_t kMostPackages = 500;

struct Lock {
  const char* file;
  NodeManager manager;
  const char* name;  // as packageManager calls it
};

constexpr const char* kManagerSettings[] = {".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml"};

// Those that one manager or another runs of a project when it is installed.
constexpr const char* kInstallScripts[] = {"pnpm:devPreinstall", "preinstall", "install", "postinstall",
                                           "prepublish",         "preprepare", "prepare", "postprepare"};

constexpr Lock kLocks[] = {{"package-lock.json", NodeManager::npm, "npm"},
                           {"npm-shrinkwrap.json", NodeManager::npm, "npm"},
                           {"pnpm-lock.yaml", NodeManager::pnpm, "pnpm"},
                           {"yarn.lock", NodeManager::yarn, "yarn"}};

const json& member(const json& object, std::string_view name) {
  static const json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(std::string(name));
  return found == object.end() ? kNone : *found;
}

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : ""; }

template <class Fn>
void each_dependency(const json& package, Fn each) {
  for (const char* kind : {"dependencies", "devDependencies", "optionalDependencies"})
    if (const json& listed = member(package, kind); listed.is_object())
      for (const auto& [name, version] : listed.items()) each(name, text_of(version));
}

bool needs(const json& package, std::string_view name) {
  return member(member(package, "dependencies"), name).is_string() ||
         member(member(package, "devDependencies"), name).is_string();
}

bool is_package_file(std::string_view path) {
  return path == "package.json" || path.ends_with("/package.json");
}

}  // namespace

NodeProject::NodeProject(const Source& its_source, std::string its_subdir)
    : source(its_source),
      subdir(std::move(its_subdir)),
      root(has_lock(subdir) ? subdir : workspace_root(source, subdir)),
      own(manifest_object(source.manifest(in_subdir(subdir, "package.json")))),
      package(root == subdir ? own : manifest_object(source.manifest(in_root("package.json")))) {
  choose_manager();
}

std::string NodeProject::in_root(std::string_view name) const { return in_subdir(root, name); }

bool NodeProject::has_lock(const std::string& folder) const {
  return std::any_of(std::begin(kLocks), std::end(kLocks),
                     [&](const Lock& each) { return source.has(in_subdir(folder, each.file)); });
}

std::string NodeProject::asked_manager() const {
  const std::string asked = text_of(member(package, "packageManager"));  // "pnpm@9.1.0+sha512.…"
  return asked.substr(0, asked.find('@'));
}

std::vector<std::string> NodeProject::lock_files() const {
  std::vector<std::string> files;
  if (!lock_file.empty()) files.push_back(lock_file);
  for (const Lock& each : kLocks)
    if (each.file != lock_file && source.has(in_root(each.file))) files.emplace_back(each.file);
  return files;
}

void NodeProject::choose_manager() {
  const auto take = [&](const std::string& only_of) {
    for (const auto& [file, its_manager, its_name] : kLocks) {
      if (!source.has(in_root(file)) || (!only_of.empty() && only_of != its_name)) continue;
      lock_file = file;
      manager = its_manager;
      return true;
    }
    return false;
  };
  const std::string asked = asked_manager();
  if (!take(asked) && !take("")) {
    if (asked == "pnpm") manager = NodeManager::pnpm;
    if (asked == "yarn") manager = NodeManager::yarn;
  }
  if (manager != NodeManager::yarn) return;
  // Yarn's first version writes a lock file without metadata.
  const std::string* lock = source.manifest(in_root("yarn.lock"));
  const bool first = text_of(member(package, "packageManager")).starts_with("yarn@1.");
  if (lock ? lock->find("__metadata:") == std::string::npos : first) manager = NodeManager::yarn_classic;
}

std::vector<json> NodeProject::packages(const std::string& folder) const {
  const std::string own_path = in_subdir(folder, "package.json");
  std::vector<json> all = {manifest_object(source.manifest(own_path))};
  const bool workspaces = member(all.front(), "workspaces").is_structured() ||
                          source.has(in_subdir(folder, "pnpm-workspace.yaml"));
  if (!workspaces) return all;
  const std::string below = folder.empty() ? "" : folder + "/";
  for (const auto& [path, text] : source.manifests)
    if (path.starts_with(below) && path != own_path && is_package_file(path) && all.size() < kMostPackages)
      all.push_back(manifest_object(&text));
  return all;
}

bool NodeProject::depends_on(std::string_view name) const {
  const auto all = packages(subdir);
  return std::any_of(all.begin(), all.end(), [&](const json& each) { return needs(each, name); });
}

bool NodeProject::root_depends_on(std::string_view name) const {
  return root != subdir && needs(package, name);
}

std::string NodeProject::script(std::string_view name) const {
  return text_of(member(member(package, "scripts"), name));
}

std::string NodeProject::script_run_by(const std::vector<std::string>& words) const {
  static const std::set<std::string> kManagers = {"npm", "yarn", "pnpm"};
  const auto manager_word = std::find_if(words.begin(), words.end(),
                                         [](const std::string& word) { return kManagers.contains(word); });
  std::vector<std::string> behind;
  for (auto word = manager_word; word != words.end(); ++word)
    if (word != manager_word && !word->starts_with('-')) behind.push_back(*word);
  if (behind.empty()) return "";
  const bool by_run = (behind[0] == "run" || behind[0] == "run-script") && behind.size() > 1;
  const std::string name = by_run ? behind[1] : behind[0] == "t" ? "test" : behind[0];
  return text_of(member(member(own, "scripts"), name));
}

bool NodeProject::has_own_scripts() const {
  const auto all = packages(root);
  const auto runs = [](const json& each) {
    return std::any_of(std::begin(kInstallScripts), std::end(kInstallScripts),
                       [&](const char* name) { return member(member(each, "scripts"), name).is_string(); });
  };
  if (std::any_of(all.begin(), all.end(), runs)) return true;
  return std::any_of(all.begin() + 1, all.end(),
                     [](const json& each) { return !member(each, "bin").is_null(); });
}

std::string NodeProject::needs_sources() const {
  std::string reason;
  for (const json& each : packages(root))
    each_dependency(each, [&](const std::string& name, const std::string& version) {
      for (const char* local : {"file:", "link:", "portal:", "patch:"})
        if (reason.empty() && version.starts_with(local))
          reason = name + " is taken from the tree (" + local + ")";
    });
  return reason.empty() ? of_tree() : reason;
}

std::string NodeProject::of_tree() const {
  const auto says = [&](const char* file, std::string_view what) {
    const std::string* text = source.manifest(in_root(file));
    return text && ("\n" + *text).find(what) != std::string::npos;
  };
  if (member(member(package, "pnpm"), "patchedDependencies").is_object() ||
      member(package, "resolutions").dump().find("patch:") != std::string::npos ||
      says("pnpm-workspace.yaml", "\npatchedDependencies:"))
    return "dependencies are patched by files of the tree";
  for (const char* local : {": file:", ": 'file:", ": \"file:", ": link:", ": 'link:", ": \"link:"})
    if (says("pnpm-workspace.yaml", local)) return "pnpm-workspace.yaml takes dependencies from the tree";
  for (const char* hooks : {".pnpmfile.cjs", ".pnpmfile.mjs"})
    if (source.has(in_root(hooks))) return std::string(hooks) + " takes part in the installation";
  if (says("pnpm-workspace.yaml", "\npnpmfile:") || says(".npmrc", "\npnpmfile"))
    return "a pnpmfile takes part in the installation";
  if (says(".yarnrc.yml", "\nplugins:")) return "Yarn's plugins are in the tree";
  return "";
}

std::string NodeProject::manager_version() const {
  std::string asked = text_of(member(package, "packageManager"));
  const bool of_this = manager == NodeManager::pnpm ? asked_manager() == "pnpm" : asked_manager() == "yarn";
  if (const auto at = asked.find('@'); at != std::string::npos && of_this) {
    asked = asked.substr(at + 1, asked.find('+') - at - 1);
    const bool plain =
        !asked.empty() && asked.find_first_not_of("0123456789.-abcdefghijklmnopqrstuvwxyz") == asked.npos;
    if (plain) return asked;
  }
  if (manager == NodeManager::yarn_classic) return "1";
  if (manager == NodeManager::yarn)
    return yarn_version(source.manifest(in_root(".yarnrc.yml")), source.manifest(in_root("yarn.lock")));
  if (manager != NodeManager::pnpm) return "";
  const std::string* lock = source.manifest(in_root("pnpm-lock.yaml"));
  const std::string head = lock ? lock->substr(0, 64) : "";
  if (head.find("lockfileVersion: '6") != std::string::npos) return "8";
  if (head.find("lockfileVersion: 5") != std::string::npos) return "7";
  return "10";
}

std::vector<std::string> NodeProject::dependency_files() const {
  std::vector<std::string> files;
  const std::string below = root.empty() ? "" : root + "/";
  for (const auto& [path, text] : source.manifests)
    if (path.starts_with(below) && is_package_file(path)) files.push_back(path);
  for (const char* name : kManagerSettings)
    if (source.manifest(in_root(name))) files.push_back(in_root(name));
  if (!lock_file.empty()) files.push_back(in_root(lock_file));
  return files;
}

std::vector<std::string> NodeProject::credential_variables() const {
  std::set<std::string> names;
  for (const char* file : kManagerSettings) {
    const std::string* text = source.manifest(in_root(file));
    if (!text) continue;
    for (auto at = text->find("${"); at != std::string::npos; at = text->find("${", at + 2)) {
      const auto end = text->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", at + 2);
      const std::string name = text->substr(at + 2, end - at - 2);
      const bool closed = end != std::string::npos && (*text)[end] == '}';
      for (const char* word : {"TOKEN", "AUTH", "PASSW"})
        if (closed && name.find(word) != std::string::npos && names.size() < 50) names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace images
