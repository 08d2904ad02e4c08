// Rust by cargo: recognised by Cargo.toml. Crates are fetched and compiled from the manifests alone, with
// stand-ins for the project's own sources; the project and its tests are compiled once, when the sources are
// there.
#include <algorithm>
#include <charconv>

#include "images/toolchains/languages.h"
#include "images/toolchains/rust_command.h"
#include "images/toolchains/rust_skeleton.h"

namespace images {
namespace {

constexpr const char* kCargoFolder = "/opt/cargo";

// A base of any distribution may have them already; what its cargo is set to do stays.
constexpr const char* kInstallCargo = R"sh(mkdir -p "$CARGO_HOME"
for file in /usr/local/cargo/config.toml /root/.cargo/config.toml; do
  if [ -f "$file" ] && [ ! -f "$CARGO_HOME/config.toml" ]; then cp "$file" "$CARGO_HOME"; fi
done
command -v cargo >/dev/null && command -v cc >/dev/null && exit 0
if command -v apt-get >/dev/null; then
  apt-get update
  apt-get install -y --no-install-recommends cargo rustc gcc libc6-dev pkg-config git ca-certificates
  rm -rf /var/lib/apt/lists/*
elif command -v apk >/dev/null; then
  apk add --no-cache cargo rust gcc musl-dev pkgconf git
else
  echo 'this project needs cargo and a C compiler, and the base image has neither them nor a package manager known here' >&2
  exit 1
fi)sh";

// Without a lock file cargo takes the newest version that is allowed, for a newer Rust than is there, too:
// the oldest Rust that the project itself is for is not asked here, but the one that is to compile it.
constexpr const char* kChooseForThisRust =
    R"sh(find /work -name Cargo.toml -exec sed -i '/^rust-version\b/d' {} +
export CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=fallback
)sh";

// Up to "--" the files that need a stand-in; then what compiles.
constexpr const char* kInstall = R"sh(while [ "$1" != -- ]; do
  mkdir -p "$(dirname "$1")"
  echo 'fn main() {}' >"$1"
  shift
done
shift
cargo fetch
"$@" || echo 'not all dependencies compile without the sources: those that do not are compiled with them'
chown -R 10001:10001 /opt/cargo /work)sh";

// The files get a time that is newer than what was compiled of the stand-ins, since cargo compares times, and
// has no part of a second: an image keeps whole seconds, and of a package with a build.rs that names no file
// cargo compiles everything again when the time of its newest file is not exactly what it was. The lock file
// is written first, should it be missing, for the same reason. What does not compile is for the attempts to
// show.
constexpr const char* kCompileRust = R"sh(cargo metadata --format-version 1 >/dev/null 2>&1 || true
lock=$(dirname "$(cargo locate-project --workspace --message-format plain)")/Cargo.lock
newer=$(($(date +%s) + 1))
sleep 1
[ ! -f "$lock" ] || touch -d "@$newer" "$lock"
while [ "$1" != -- ]; do
  touch -d "@$newer" "$1"
  shift
done
shift
"$@" || echo 'not all of it compiles: the attempts will say so'
find /opt/cargo /work ! -user 10001 -exec chown -h 10001:10001 {} +)sh";

constexpr const char* kListCrates = R"sh(echo "rustc==$(rustc --version | cut -d ' ' -f 2)"
echo "cargo==$(cargo --version | cut -d ' ' -f 2)"
[ ! -x /.orchestrator/rust/watch ] || echo 'libtest==told apart'
lock=$(dirname "$(cargo locate-project --workspace --message-format plain)")/Cargo.lock
tr -d '"' <"$lock" | awk '/^name = /{name = $3} /^version = /{version = $3} /^source = /{print name "==" version}')sh";

sandbox::LayerBuildStep step_with(const char* title, std::string script,
                                  const std::vector<std::string>& targets,
                                  const std::vector<std::string>& compile) {
  std::vector<std::string> arguments;
  for (const auto& path : targets) arguments.push_back(kTreePrefix + path);
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), compile.begin(), compile.end());
  return script_step(title, std::move(script), arguments);
}

// Is there this package, of at least 1.`minor` (or a later major version)?
bool has_at_least(const std::vector<std::string>& packages, const std::string& name, int minor) {
  return std::any_of(packages.begin(), packages.end(), [&](const std::string& line) {
    if (!line.starts_with(name + "==")) return false;
    const char *at = line.c_str() + name.size() + 2, *end = line.c_str() + line.size();
    int found[2] = {0, 0};
    for (int& part : found) {
      at = std::from_chars(at, end, part).ptr;
      if (at != end) ++at;
    }
    return found[0] > 1 || (found[0] == 1 && found[1] >= minor);
  });
}

class RustToolchain : public Toolchain {
 public:
  std::string name() const override { return "rust"; }
  std::string default_base() const override { return "rust:1-slim"; }
  BaseRecipe bootstrap_base() const override {
    return {"rust",
            "trixie",
            {"ca-certificates", "cargo", "gcc", "git", "libc6-dev", "pkg-config", "rustc"},
            "orchestrator/rust:trixie",
            "Debian trixie with Rust 1.85, cargo, a C compiler and git"};
  }
  std::vector<std::string> manifests() const override {
    return {"Cargo.toml", "rust-toolchain", "rust-toolchain.toml", "*/.cargo/config", "*/.cargo/config.toml"};
  }
  std::vector<std::string> lock_files() const override { return {"Cargo.lock"}; }
  // Beside those of its registries: see host_settings.cpp.
  std::vector<std::string> host_variables() const override {
    return {"CARGO_HTTP_PROXY", "CARGO_HTTP_TIMEOUT", "CARGO_HTTP_MULTIPLEXING", "CARGO_NET_RETRY"};
  }
  std::vector<std::string> programs() const override { return {"cargo", "cargo-nextest"}; }

  std::optional<Detection> detect(const Source& source, const std::string& subdir) const override {
    if (source.has(in_subdir(subdir, "Cargo.toml"))) return Detection{"Cargo.toml"};
    return std::nullopt;
  }

  InstallPlan plan(const Source& source, const InstallOptions& options) const override {
    InstallPlan plan;
    plan.list_packages_argv = {"/bin/sh", "-c", kListCrates, "sh"};
    auto probe = program_step("preparing what tells Rust's tests apart", prepare_rust_probe_argv());
    if (!options.install_dependencies) {
      plan.tool_steps = {std::move(probe)};
      plan.notes.emplace_back("no crate is fetched and nothing compiled beforehand");
      return plan;
    }
    plan.path_folders = {std::string(kCargoFolder) + "/bin"};
    plan.env = {{"CARGO_HOME", kCargoFolder}, {"CARGO_INCREMENTAL", "0"}, {"CARGO_NET_OFFLINE", "true"}};
    plan.tool_steps = {script_step("making cargo and a C compiler available", kInstallCargo),
                       std::move(probe)};
    add_install(plan, source, options);
    return plan;
  }

  sandbox::EnvList seed_env(std::int64_t seed) const override {
    return {{"TEST_SEED", std::to_string(seed)}, {"MADSIM_TEST_SEED", std::to_string(seed)}};
  }
  // proptest reads its seed since 1.7, and complains of the variable before.
  sandbox::EnvList seed_env_for(std::int64_t seed, const std::vector<std::string>& packages,
                                const sandbox::EnvList&, const std::vector<std::string>&) const override {
    sandbox::EnvList env = seed_env(seed);
    if (has_at_least(packages, "proptest", 7)) env.emplace_back("PROPTEST_RNG_SEED", std::to_string(seed));
    return env;
  }

  ProbeUse use_probe(const TestSelection& selection, const sandbox::EnvList& user_env,
                     const std::vector<std::string>&) const override {
    return use_rust_probe(selection, user_env);
  }
  // libtest has no reversed order and no repeats; it tells the files of tests since Rust 1.70.
  ProbeAbilities abilities(const std::vector<std::string>& packages) const override {
    if (std::find(packages.begin(), packages.end(), "libtest==told apart") == packages.end()) return {};
    return {.shuffle = true, .choose = has_at_least(packages, "rustc", 70)};
  }

 private:
  static void add_install(InstallPlan& plan, const Source& source, const InstallOptions& options) {
    std::vector<std::string> targets;
    if (has_vendored_crates(source)) {
      plan.notes.emplace_back("crates are those that the tree brings along");
    } else {
      targets = rust_targets(source);
      plan.dependency_files = rust_manifests(source);
      const bool locked = has_lock(plan.dependency_files);
      plan.dependency_steps = {step_with("installing crates",
                                         (locked ? "" : kChooseForThisRust) + std::string(kInstall), targets,
                                         rust_dependencies_command(options.test_words))};
      plan.dependency_steps.back().execution.env = {{"CARGO_NET_OFFLINE", "false"}};
      if (!locked)
        plan.notes.emplace_back(
            "no Cargo.lock: each new image may bring other versions of the dependencies, the newest that are "
            "for its Rust");
    }
    plan.source_steps = {
        step_with("compiling the tests", kCompileRust, targets, rust_compile_command(options.test_words))};
  }

  static bool has_lock(const std::vector<std::string>& files) {
    return std::any_of(files.begin(), files.end(),
                       [](const std::string& path) { return path.ends_with("Cargo.lock"); });
  }
};

}  // namespace

const Toolchain& rust_toolchain() {
  static const RustToolchain kRust;
  return kRust;
}

}  // namespace images
