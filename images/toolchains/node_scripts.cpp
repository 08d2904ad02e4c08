#include "images/toolchains/node_scripts.h"

#include <fmt/format.h>

namespace images {
namespace {

// None of this JavaScript has a double quote, a dollar, a backtick or a backslash: it stands in double quotes
// of a shell.

// Fixtures are no manifests of anybody: what cannot be read is none of our business, as it is none of npm's.
constexpr const char* kReadManifest = R"js(
const fs = require('fs'), path = require('path');
const read = (file) => {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8').replace(String.fromCharCode(65279), '')) || {};
  } catch {
    return {};
  }
};)js";

constexpr const char* kTakeScriptsAway = R"js(
const visit = (folder) => {
  for (const each of fs.readdirSync(folder, {withFileTypes: true})) {
    const file = path.join(folder, each.name);
    if (each.isDirectory() && each.name !== 'node_modules') visit(file);
    if (each.name !== 'package.json') continue;
    const manifest = read(file);
    if (!manifest.scripts) continue;
    delete manifest.scripts;
    fs.writeFileSync(file, JSON.stringify(manifest));
  }
};
visit('.');)js";

// What `npm ci` runs last, and what Yarn's first version runs of members: neither does that again for a
// node_modules that is complete. Members are links of node_modules into the tree.
constexpr const char* kOwnScripts = R"js(
const {spawnSync} = require('child_process');
const manager = process.argv[1];
const run = (cwd, words) => {
  const {status, error} = spawnSync(manager, words, {cwd, stdio: 'inherit'});
  if (error) throw error;
  if (status !== 0) process.exit(status || 1);
};
const names = (folder) => { try { return fs.readdirSync(folder); } catch { return []; } };
const folders = new Map();
for (const top of names('node_modules'))
  for (const name of top.startsWith('@') ? names('node_modules/' + top).map((each) => top + '/' + each) : [top]) try {
    if (!fs.lstatSync('node_modules/' + name).isSymbolicLink() || !/^[@A-Za-z0-9_]/.test(name)) continue;
    const inside = path.relative(process.cwd(), fs.realpathSync('node_modules/' + name)).split(path.sep);
    if (inside[0] !== '..' && !inside.includes('node_modules')) folders.set(name, inside.join('/'));
  } catch {}
const own = (folder, wanted) => {
  const scripts = read(folder + '/package.json').scripts || {};
  // The script install brings its pre and post along.
  const brought = scripts.install ? ['preinstall', 'postinstall'] : [];
  for (const name of wanted) if (scripts[name] && !brought.includes(name)) run(folder, ['run', name]);
};
const installed = ['preinstall', 'install', 'postinstall'];
if (manager === 'npm') {
  if (folders.size) run('.', ['rebuild', ...folders.keys()]);
  own('.', [...installed, 'prepublish', 'prepare']);
} else {
  for (const folder of folders.values()) own(folder, installed);
})js";

std::string node_line(const char* script, const std::string& words = "") {
  return fmt::format("node -e \"{}{}\"{}", kReadManifest, script, words);
}

std::string yarn_install(bool locked) { return std::string("yarn install") + (locked ? " --immutable" : ""); }

std::string classic_install(bool locked) {
  return std::string("yarn install --non-interactive") + (locked ? " --frozen-lockfile" : "");
}

std::string pnpm_install(bool locked) {
  return std::string("pnpm install --package-import-method copy") + (locked ? " --frozen-lockfile" : "");
}

}  // namespace

std::string take_scripts_away() { return node_line(kTakeScriptsAway); }

std::string install_dependencies(NodeManager manager, bool locked) {
  switch (manager) {
    case NodeManager::npm:
      return std::string(locked ? "npm ci" : "npm install --no-package-lock") + "\nrm -rf /root/.npm";
    case NodeManager::yarn_classic:
      return classic_install(locked) + "\nyarn cache clean >/dev/null";
    case NodeManager::yarn:
      return yarn_install(locked);
    case NodeManager::pnpm:
      return pnpm_install(locked) + "\nrm -rf \"$(pnpm store path)\"";
  }
  return "";
}

// pnpm and Yarn install again: what is there already they do not fetch, and run what did not run.
std::string run_own_scripts(NodeManager manager, bool locked, bool offline) {
  switch (manager) {
    case NodeManager::npm:
      return "[ \"$(npm config get ignore-scripts)\" != true ] || exit 0\n" + node_line(kOwnScripts, " npm");
    case NodeManager::yarn_classic:
      return node_line(kOwnScripts, " yarn") + "\n" + classic_install(locked) + (offline ? " --offline" : "");
    case NodeManager::yarn:
      return (offline ? "export YARN_ENABLE_NETWORK=0\n" : "") + yarn_install(locked);
    case NodeManager::pnpm:
      return pnpm_install(locked) + (offline ? " --offline" : "");
  }
  return "";
}

// Nearest first, and each name once: the working folder's node_modules, those of the folders above it, then
// those of members below. With Plug'n'Play there is none, but a file that knows.
const char* const kListNodePackages = R"js(
const fs = require('fs'), path = require('path');
const told = new Set();
const tell = (name, version) => {
  if (typeof version !== 'string' || told.has(name)) return;
  told.add(name);
  console.log(name + '==' + version);
};
const names = (folder) => { try { return fs.readdirSync(folder).filter((name) => !name.startsWith('.')); } catch { return []; } };
const list = (modules) => {
  const all = names(modules).flatMap((name) => name.startsWith('@') ? names(modules + '/' + name).map((each) => name + '/' + each) : [name]);
  for (const name of all) try {
    tell(name, JSON.parse(fs.readFileSync(modules + '/' + name + '/package.json', 'utf8')).version);
  } catch {}
};
const plug_and_play = (file) => {
  const pnp = require(file);
  for (const root of [pnp.findPackageLocator(process.cwd() + '/'), ...pnp.getDependencyTreeRoots()])
    for (const [name, reference] of pnp.getPackageInformation(root).packageDependencies) {
      const found = /(?:^|#)npm:(?:.*@)?([0-9][^:#@]*)/.exec(Array.isArray(reference) ? reference[1] : reference);
      if (found) tell(name, found[1]);
    }
};
tell('node', process.versions.node);
for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
  list(path.join(folder, 'node_modules'));
  for (const name of ['.pnp.cjs', '.pnp.js']) try {
    if (fs.existsSync(path.join(folder, name))) plug_and_play(path.join(folder, name));
  } catch {}
  if (folder === '/work' || folder === path.dirname(folder)) break;
}
let left = 1000;
const below = (folder, depth) => {
  for (const each of fs.readdirSync(folder, {withFileTypes: true})) {
    if (!each.isDirectory() || each.name.startsWith('.') || each.name === 'node_modules' || depth > 5 || left-- < 0) continue;
    list(path.join(folder, each.name, 'node_modules'));
    below(path.join(folder, each.name), depth + 1);
  }
};
below('.', 0);
)js";

}  // namespace images
