#include "images/toolchains/node_project.h"

#include <algorithm>

#include "images/toolchains/languages.h"

namespace images {
namespace {

using nlohmann::json;

constexpr int kDeepest = 32;  // of a package.json
constexpr std::size_t kMostPackages = 500;

struct Lock {
  const char* file;
  NodeManager manager;
  const char* name;  // as packageManager calls it
};

constexpr Lock kLocks[] = {{"package-lock.json", NodeManager::npm, "npm"},
                           {"npm-shrinkwrap.json", NodeManager::npm, "npm"},
                           {"pnpm-lock.yaml", NodeManager::pnpm, "pnpm"},
                           {"yarn.lock", NodeManager::yarn, "yarn"}};

// Whatever stands there: null when it is no object, or a hostile one.
json parsed(const std::string* text) {
  if (!text) return nullptr;
  bool too_deep = false;
  json read = json::parse(
      *text,
      [&too_deep](int depth, json::parse_event_t, json&) {
        too_deep = too_deep || depth > kDeepest;
        return !too_deep;
      },
      false);
  if (too_deep || !read.is_object()) return nullptr;
  return read;
}

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

bool is_package_file(std::string_view path) {
  return path == "package.json" || path.ends_with("/package.json");
}

}  // namespace

NodeProject::NodeProject(const Source& its_source, std::string its_subdir)
    : source(its_source),
      subdir(std::move(its_subdir)),
      package(parsed(source.manifest(in_tree("package.json")))) {
  choose_manager();
}

std::string NodeProject::in_tree(std::string_view name) const { return in_subdir(subdir, name); }

std::string NodeProject::asked_manager() const {
  const std::string asked = text_of(member(package, "packageManager"));  // "pnpm@9.1.0+sha512.…"
  return asked.substr(0, asked.find('@'));
}

void NodeProject::choose_manager() {
  const auto take = [&](const std::string& only_of) {
    for (const auto& [file, its_manager, its_name] : kLocks) {
      if (!source.has(in_tree(file)) || (!only_of.empty() && only_of != its_name)) continue;
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
  const std::string* lock = source.manifest(in_tree("yarn.lock"));
  const bool first = text_of(member(package, "packageManager")).starts_with("yarn@1.");
  if (lock ? lock->find("__metadata:") == std::string::npos : first) manager = NodeManager::yarn_classic;
}

std::vector<json> NodeProject::packages() const {
  std::vector<json> all = {package};
  const bool workspaces =
      member(package, "workspaces").is_structured() || source.has(in_tree("pnpm-workspace.yaml"));
  if (!workspaces) return all;
  const std::string below = subdir.empty() ? "" : subdir + "/";
  for (const auto& [path, text] : source.manifests)
    if (path.starts_with(below) && path != in_tree("package.json") && is_package_file(path) &&
        all.size() < kMostPackages)
      all.push_back(parsed(&text));
  return all;
}

bool NodeProject::depends_on(std::string_view name) const {
  const auto all = packages();
  return std::any_of(all.begin(), all.end(), [&](const json& each) {
    return member(member(each, "dependencies"), name).is_string() ||
           member(member(each, "devDependencies"), name).is_string();
  });
}

bool NodeProject::has_script(std::string_view name) const {
  return member(member(package, "scripts"), name).is_string();
}

std::string NodeProject::needs_sources() const {
  std::string reason;
  for (const json& each : packages())
    each_dependency(each, [&](const std::string& name, const std::string& version) {
      for (const char* local : {"file:", "link:", "portal:", "patch:"})
        if (reason.empty() && version.starts_with(local))
          reason = name + " is taken from the tree (" + local + ")";
    });
  const bool patched = member(member(package, "pnpm"), "patchedDependencies").is_object() ||
                       member(package, "resolutions").dump().find("patch:") != std::string::npos;
  if (reason.empty() && patched) reason = "dependencies are patched by files of the tree";
  if (reason.empty() && source.has(in_tree(".pnpmfile.cjs")))
    reason = ".pnpmfile.cjs takes part in the installation";
  const std::string* yarn = source.manifest(in_tree(".yarnrc.yml"));
  if (reason.empty() && yarn && yarn->find("plugins:") != std::string::npos)
    reason = "Yarn's plugins are in the tree";
  return reason;
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
  if (manager != NodeManager::pnpm) return "";
  const std::string* lock = source.manifest(in_tree("pnpm-lock.yaml"));
  const std::string head = lock ? lock->substr(0, 64) : "";
  if (head.find("lockfileVersion: '6") != std::string::npos) return "8";
  if (head.find("lockfileVersion: 5") != std::string::npos) return "7";
  return "10";
}

std::vector<std::string> NodeProject::dependency_files() const {
  std::vector<std::string> files;
  const std::string below = subdir.empty() ? "" : subdir + "/";
  for (const auto& [path, text] : source.manifests)
    if (path.starts_with(below) && is_package_file(path)) files.push_back(path);
  for (const char* name : {".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml"})
    if (source.manifest(in_tree(name))) files.push_back(in_tree(name));
  if (!lock_file.empty()) files.push_back(in_tree(lock_file));
  return files;
}

}  // namespace images
