// JavaScript and TypeScript: recognised by the test runner in package.json; npm, yarn or pnpm by the lock
// file.
#include <fmt/format.h>

#include <algorithm>

#include "images/toolchains/languages.h"
#include "images/toolchains/node_project.h"
#include "images/toolchains/node_scripts.h"
#include "sandbox/io/text.h"

namespace images {
namespace {

// For every npm that runs in a step, also one that a script starts.
const sandbox::EnvList kNpmEnv = {{"npm_config_audit", "false"},    {"npm_config_fund", "false"},
                                  {"npm_config_progress", "false"}, {"npm_config_update_notifier", "false"},
                                  {"YARN_ENABLE_TELEMETRY", "0"},   {"YARN_IGNORE_PATH", "1"}};

// Runners keep caches below node_modules; what a script has made is the attempt's own to change.
constexpr const char* kGive = R"sh(
find /work -name node_modules -prune -exec chown 10001:10001 {} +
find /work -name node_modules -prune -o ! -user 10001 -exec chown -h 10001:10001 {} +)sh";

// Left by a step of scripts that failed without network, for the next.
constexpr const char* kFailedMark = "/root/.orchestrator-own-scripts";

sandbox::LayerBuildStep node_step(std::string title, std::string script,
                                  const std::vector<std::string>& arguments = {}) {
  return script_step(std::move(title), std::move(script), arguments, kNpmEnv);
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
    const std::string install = with_yarns_settings(install_dependencies(project_.manager, locked()));
    if (plan_.needs_sources.empty()) {
      plan_.dependency_steps.push_back(
          node_step(title, at_root(take_scripts_away() + "\n" + install + kGive)));
      own_scripts();
    } else {
      plan_.source_steps.push_back(node_step(title, at_root(install + kGive)));
    }
    if (!locked())
      plan_.notes.push_back("no lock file: each new image may bring other versions of the dependencies");
    if (project_.root != project_.subdir)
      plan_.notes.push_back("a workspace's member: installed is the whole workspace");
    return std::move(plan_);
  }

 private:
  bool locked() const { return !project_.lock_file.empty(); }

  // Steps begin in the folder of the commands, which may be a member's.
  std::string at_root(const std::string& script) const {
    const auto levels =
        std::count(project_.subdir.begin() + static_cast<std::ptrdiff_t>(project_.root.size()),
                   project_.subdir.end(), '/') +
        (project_.root.empty() && !project_.subdir.empty() ? 1 : 0);
    std::string up;
    for (auto level = levels; level > 0; --level) up += "/..";
    return up.empty() ? script : "cd ." + up + "\n" + script;
  }

  // Yarn from 2 on asks no variable where a person's own settings are. The link leads to what exists during
  // the step alone.
  std::string with_yarns_settings(const std::string& script) const {
    if (project_.manager != NodeManager::yarn) return script;
    return "own=/run/orchestrator/yarnrc.yml there=/root/.yarnrc.yml\n"
           "[ ! -e $own ] || [ -e $there ] || ln -s $own $there\n" +
           script + "\n[ ! -L $there ] || rm $there";
  }

  // Where the base does not bring the manager, npm fetches it.
  void manager() {
    const std::string version = project_.manager_version();
    guard();
    switch (project_.manager) {
      case NodeManager::npm:
        return;
      case NodeManager::yarn_classic:
        return tool("yarn", "yarn", version);
      case NodeManager::yarn:
        return tool("yarn", "@yarnpkg/cli-dist", version);
      case NodeManager::pnpm:
        return tool("pnpm", "pnpm", version);
    }
  }

  void tool(const std::string& called, const std::string& package, const std::string& version) {
    const std::string install = "npm install --global --force " + package;
    std::string script = install + (version.empty() ? "" : "@" + version);
    // Not each release of Yarn is published under this name.
    const std::string major = version.substr(0, version.find('.'));
    if (project_.manager == NodeManager::yarn && major != version) script += " || " + install + "@" + major;
    plan_.tool_steps.push_back(node_step("installing " + package + (version.empty() ? "" : "@" + version),
                                         script + "\nrm -rf /root/.npm\n" + called + " --version"));
  }

  // A guard against other managers, which asks a registry for itself when npx finds it nowhere. In its usual
  // words pnpm passes it over.
  void guard() {
    const std::string script = project_.script("preinstall");
    if (script.find("only-allow") == std::string::npos || script == "npx only-allow pnpm") return;
    plan_.tool_steps.push_back(
        node_step("installing only-allow", "npm install --global only-allow@1\nrm -rf /root/.npm"));
  }

  // What the manager would have run, had the sources been there; now they are. Without network, as long as
  // they can: what asks for one works on a person's machine, and so it must here.
  void own_scripts() {
    if (!project_.has_own_scripts()) return;
    const auto step = [&](const char* title, const char* way, bool offline) {
      const std::string own =
          with_yarns_settings(run_own_scripts(project_.manager, locked(), offline)) + "\nrm -rf /root/.npm";
      return node_step(title, std::string(way) + kGive, {at_root(own), kFailedMark});
    };
    auto offline = step("the project's own scripts", R"sh(sh -ec "$1" || {
  echo 'they failed without network: once more, with it'
  : >"$2"
})sh",
                        true);
    offline.execution.env.emplace_back("npm_config_offline", "true");  // it would ask again for a minute
    auto with_network = step("the project's own scripts, with network", R"sh([ -e "$2" ] || exit 0
rm "$2"
sh -ec "$1")sh",
                             false);
    with_network.execution.network = sandbox::Network::bridge;
    plan_.source_steps = {std::move(offline), std::move(with_network)};
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
    return {"NPM_CONFIG_REGISTRY",      "npm_config_registry", "NPM_CONFIG_PROXY",
            "NPM_CONFIG_HTTPS_PROXY",   "YARN_HTTP_PROXY",     "YARN_HTTPS_PROXY",
            "YARN_NPM_REGISTRY_SERVER", "NPM_TOKEN",           "NODE_AUTH_TOKEN",
            "NPM_AUTH_TOKEN",           "YARN_NPM_AUTH_TOKEN", "YARN_NPM_AUTH_IDENT",
            "npm_config_fetch_retries", "YARN_HTTP_RETRY",     "npm_config_fetch_timeout",
            "YARN_HTTP_TIMEOUT"};
  }

  std::vector<std::string> programs() const override {
    std::vector<std::string> programs = {"npm", "npx", "yarn", "pnpm", "node"};
    if (runner_.package) programs.emplace_back(runner_.package);
    return programs;
  }

  std::optional<Detection> detect(const Source& source, const std::string& subdir) const override {
    const NodeProject project(source, subdir);
    if (!project.exists()) return std::nullopt;
    if (runner_.package && uses(project, runner_))
      return Detection{fmt::format("package.json with {}", runner_.package), warnings_of(project)};
    if (!runner_.package && !has_known_runner(project))
      return Detection{"package.json", warnings_of(project)};
    return std::nullopt;
  }

  std::vector<std::string> words_behind(const Source& source, const std::string& subdir,
                                        const std::vector<std::string>& test_words) const override {
    return io::words(NodeProject(source, subdir).script_run_by(test_words));
  }

  InstallPlan plan(const Source& source, const InstallOptions& options) const override {
    const NodeProject project(source, options.subdir);
    InstallPlan plan;
    if (options.install_dependencies && project.exists())
      plan = Planner(project).plan();
    else
      plan.notes.push_back("nothing of the project is installed");
    const auto programs_of = [](const std::string& folder) {
      return std::string(sandbox::kWorkDir) + "/" + in_subdir(folder, "node_modules/.bin");
    };
    plan.path_folders = {programs_of(project.subdir)};
    if (project.root != project.subdir) plan.path_folders.push_back(programs_of(project.root));
    plan.env = {{"YARN_GLOBAL_FOLDER", "/opt/yarn"}, {"npm_config_update_notifier", "false"}};
    for (const auto& name : project.credential_variables()) plan.env.emplace_back(name, "");
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
  static std::vector<std::string> warnings_of(const NodeProject& project) {
    std::vector<std::string> warnings;
    const auto locks = project.lock_files();
    if (locks.size() > 1)
      warnings.push_back(
          fmt::format("{} are here: installed by {}", fmt::join(locks, " and "), locks.front()));
    const std::string modules = in_subdir(project.root, "node_modules");
    if (project.source.has_folder(modules))
      warnings.push_back(
          fmt::format("{} of the tree lies over what is installed there: what another machine "
                      "has put into it takes part",
                      modules));
    return warnings;
  }

  template <class Fn>
  static bool any_runner(Fn is_there) {
    return std::any_of(std::begin(kRunners), std::end(kRunners), is_there);
  }

  static bool has_known_runner(const NodeProject& project) {
    return any_runner([&](const Runner& each) { return uses(project, each); });
  }

  // What a workspace's root brings is everybody's who has none of their own.
  static bool uses(const NodeProject& project, const Runner& runner) {
    if (project.depends_on(runner.package)) return true;
    return project.root_depends_on(runner.package) &&
           !any_runner([&](const Runner& each) { return project.depends_on(each.package); });
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
