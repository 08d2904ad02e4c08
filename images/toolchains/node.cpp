// JavaScript and TypeScript: recognised by the test runner in package.json; npm, yarn or pnpm by the lock
// file.
#include <fmt/format.h>

#include <algorithm>

#include "images/toolchains/languages.h"
#include "images/toolchains/node_project.h"

namespace images {
namespace {

// For every npm that runs in a step, also one that a script starts.
const sandbox::EnvList kNpmEnv = {{"npm_config_audit", "false"},    {"npm_config_fund", "false"},
                                  {"npm_config_progress", "false"}, {"npm_config_update_notifier", "false"},
                                  {"YARN_ENABLE_TELEMETRY", "0"},   {"YARN_IGNORE_PATH", "1"}};

// Runners keep caches below node_modules; what a script has made is the attempt's own to change.
constexpr const char* kGiveModules = "find /work -name node_modules -prune -exec chown 10001:10001 {} +";
constexpr const char* kGiveTree =
    "find /work -name node_modules -prune -o ! -user 10001 -exec chown -h 10001:10001 {} +";

// In the dependencies layer there is nothing that the scripts of the project and its workspaces could run;
// with its sources their manifests come back.
constexpr const char* kTakeScriptsAway = R"js(
const fs = require('fs'), path = require('path');
const visit = (folder) => {
  for (const each of fs.readdirSync(folder, {withFileTypes: true})) {
    const file = path.join(folder, each.name);
    if (each.isDirectory() && each.name !== 'node_modules') visit(file);
    if (each.name !== 'package.json') continue;
    const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
    delete manifest.scripts;
    fs.writeFileSync(file, JSON.stringify(manifest));
  }
};
visit('.');)js";

// The packages of node_modules itself, those of a scope included.
constexpr const char* kListNodePackages = R"js(
const fs = require('fs');
const names = (folder) => { try { return fs.readdirSync(folder).filter((name) => !name.startsWith('.')); } catch { return []; } };
const all = names('node_modules').flatMap((name) => name.startsWith('@') ? names('node_modules/' + name).map((each) => name + '/' + each) : [name]);
console.log('node==' + process.versions.node);
for (const name of all) try {
  console.log(name + '==' + JSON.parse(fs.readFileSync('node_modules/' + name + '/package.json', 'utf8')).version);
} catch {}
)js";

sandbox::LayerBuildStep node_step(std::string title, std::string script) {
  sandbox::LayerBuildStep made;
  made.title = std::move(title);
  made.execution.argv = {"/bin/sh", "-ec", std::move(script)};
  made.execution.env = kNpmEnv;
  return made;
}

class Planner {
 public:
  explicit Planner(const NodeProject& project) : project_(project) {}

  InstallPlan plan() {
    plan_.needs_sources = project_.needs_sources();
    plan_.dependency_files = project_.dependency_files();
    manager();
    const std::string title =
        "installing " + (project_.lock_file.empty() ? "package.json" : project_.lock_file);
    if (plan_.needs_sources.empty()) {
      plan_.dependency_steps.push_back(
          node_step(title, fmt::format("node -e \"{}\"\n{}\n{}", kTakeScriptsAway, install(), kGiveModules)));
      own_scripts();
    } else {
      plan_.source_steps.push_back(node_step(title, install() + "\n" + kGiveModules + "\n" + kGiveTree));
    }
    if (project_.lock_file.empty())
      plan_.notes.push_back("no lock file: each new image may bring other versions of the dependencies");
    return std::move(plan_);
  }

 private:
  // Where the base does not bring the manager, npm fetches it.
  void manager() {
    const std::string version = project_.manager_version();
    const std::string suffix = version.empty() ? "" : "@" + version;
    switch (project_.manager) {
      case NodeManager::npm:
        return;
      case NodeManager::yarn_classic:
        return tool("yarn", "yarn" + suffix);
      case NodeManager::yarn:
        return tool("yarn", "@yarnpkg/cli-dist" + suffix);
      case NodeManager::pnpm:
        return tool("pnpm", "pnpm" + suffix);
    }
  }

  void tool(const std::string& called, const std::string& package) {
    plan_.tool_steps.push_back(node_step(
        "installing " + package, "npm install --global --force " + package + "\n" + called + " --version"));
  }

  // What the manager would have run, had the sources been there; now they are, without network.
  void own_scripts() {
    for (const char* script : {"preinstall", "install", "postinstall", "prepare"})
      if (project_.has_script(script))
        plan_.source_steps.push_back(node_step(fmt::format("the project's own {} script", script),
                                               fmt::format("npm run {}\n{}", script, kGiveTree)));
  }

  std::string install() const {
    const bool locked = !project_.lock_file.empty();
    switch (project_.manager) {
      case NodeManager::npm:
        return std::string(locked ? "npm ci" : "npm install --no-package-lock") + "\nrm -rf /root/.npm";
      case NodeManager::yarn_classic:
        return std::string("yarn install --non-interactive") + (locked ? " --frozen-lockfile" : "") +
               "\nyarn cache clean >/dev/null";
      case NodeManager::yarn:
        return std::string("yarn install") + (locked ? " --immutable" : "");
      case NodeManager::pnpm:
        return std::string("pnpm install --package-import-method copy") +
               (locked ? " --frozen-lockfile" : "") + "\nrm -rf \"$(pnpm store path)\"";
    }
    return "";
  }

  const NodeProject& project_;
  InstallPlan plan_;
};

struct Runner {
  const char* name;     // the report's `framework`
  const char* package;  // by which it is recognised, and whose version decides; nullptr: any package.json
  const char* seed_variable;  // nullptr: TEST_SEED alone
  int first_major;            // from which on it can be asked for all of `abilities`
  ProbeAbilities abilities;
};

// In the order of detection.
constexpr Runner kRunners[] = {{"typescript-jest", "jest", "JEST_SEED", 27, kAllAbilities},
                               {"typescript-vitest", "vitest", "VITE_TEST_SEED", 1, {.shuffle = true}},
                               {"javascript-mocha", "mocha", "MOCHA_SEED", 6, kAllAbilities}};
constexpr Runner kOther = {"javascript", nullptr, nullptr, 0, {}};

class NodeToolchain : public Toolchain {
 public:
  explicit NodeToolchain(const Runner& runner) : runner_(runner) {}

  std::string name() const override { return runner_.name; }
  std::string default_base() const override { return "node:22-slim"; }
  // debootstrap knows no virtual packages: behind npm stand those that provide what it, or what they, need.
  BaseRecipe bootstrap_base() const override {
    return {"node",
            "trixie",
            {"ca-certificates", "git", "nodejs", "npm", "eslint", "node-ampproject-remapping", "node-babel7",
             "node-cli-table", "node-css-loader", "node-css-selector-tokenizer", "node-fancy-log",
             "node-jest-debbundle", "node-json-schema", "node-n3", "node-read-pkg", "node-tape"},
            "orchestrator/node:trixie",
            "Debian trixie with Node 20, npm and git"};
  }
  std::vector<std::string> manifests() const override {
    return {"package.json", ".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml"};
  }
  std::vector<std::string> lock_files() const override {
    return {"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"};
  }
  std::vector<std::string> host_variables() const override {
    return {"NPM_CONFIG_REGISTRY", "npm_config_registry", "NPM_CONFIG_PROXY",        "NPM_CONFIG_HTTPS_PROXY",
            "YARN_HTTP_PROXY",     "YARN_HTTPS_PROXY",    "YARN_NPM_REGISTRY_SERVER"};
  }

  std::vector<std::string> programs() const override {
    std::vector<std::string> programs = {"npm", "npx", "yarn", "pnpm", "node"};
    if (runner_.package) programs.emplace_back(runner_.package);
    return programs;
  }

  std::optional<Detection> detect(const Source& source, const std::string& subdir) const override {
    const NodeProject project(source, subdir);
    if (!project.exists()) return std::nullopt;
    if (runner_.package && project.depends_on(runner_.package))
      return Detection{fmt::format("package.json with {}", runner_.package)};
    if (!runner_.package && !has_known_runner(project)) return Detection{"package.json"};
    return std::nullopt;
  }

  InstallPlan plan(const Source& source, const InstallOptions& options) const override {
    const NodeProject project(source, options.subdir);
    InstallPlan plan;
    if (options.install_dependencies && project.exists())
      plan = Planner(project).plan();
    else
      plan.notes.push_back("nothing of the project is installed");
    plan.path_folders = {std::string(sandbox::kWorkDir) + "/" + project.in_tree("node_modules/.bin")};
    plan.env = {{"YARN_GLOBAL_FOLDER", "/opt/yarn"}, {"npm_config_update_notifier", "false"}};
    plan.list_packages_argv = {"node", "-e", kListNodePackages};
    return plan;
  }

  sandbox::EnvList seed_env(std::int64_t seed) const override {
    sandbox::EnvList env = {{"TEST_SEED", std::to_string(seed)}};
    if (runner_.seed_variable) env.emplace_back(runner_.seed_variable, std::to_string(seed));
    return env;
  }

  std::vector<ProbeFile> probe_files() const override { return node_probe_files(); }
  ProbeUse use_probe(const TestSelection& selection, const sandbox::EnvList& user_env,
                     const std::vector<std::string>&) const override {
    return use_node_probe(selection, user_env);
  }

  ProbeAbilities abilities(const std::vector<std::string>& packages) const override {
    if (!runner_.package) return {};
    const std::string prefix = std::string(runner_.package) + "==";
    for (const auto& line : packages)
      if (line.starts_with(prefix))
        return std::atoi(line.c_str() + prefix.size()) >= runner_.first_major ? runner_.abilities
                                                                              : ProbeAbilities{};
    return {};
  }

 private:
  static bool has_known_runner(const NodeProject& project) {
    return std::any_of(std::begin(kRunners), std::end(kRunners),
                       [&](const Runner& each) { return project.depends_on(each.package); });
  }

  const Runner& runner_;
};

}  // namespace

std::vector<const Toolchain*> node_toolchains() {
  static const std::vector<NodeToolchain> kAll(std::begin(kRunners), std::end(kRunners));
  std::vector<const Toolchain*> all;
  for (const auto& each : kAll) all.push_back(&each);
  return all;
}

const Toolchain& javascript_toolchain() {
  static const NodeToolchain kJavaScript(kOther);
  return kJavaScript;
}

}  // namespace images
