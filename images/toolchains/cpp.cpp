// C++ (and C) by CMake: recognised by CMakeLists.txt. Configured and compiled once, when the sources are
// there, in the folder that the command tests in; CTest's log, or what GoogleTest writes, tells the tests
// apart.
#include <fmt/format.h>

#include <algorithm>

#include "images/toolchains/command_words.h"
#include "images/toolchains/cpp_presets.h"
#include "images/toolchains/languages.h"
#include "sandbox/io/text.h"

namespace images {
namespace {

constexpr const char* kResultsFolder = "/tmp/orchestrator-results/";

// A base of any distribution may have them already.
constexpr const char* kInstallTools = R"sh(command -v cmake >/dev/null && command -v c++ >/dev/null && exit 0
if command -v apt-get >/dev/null; then
  apt-get update
  apt-get install -y --no-install-recommends cmake g++ make ninja-build pkg-config git ca-certificates
  rm -rf /var/lib/apt/lists/*
elif command -v apk >/dev/null; then
  apk add --no-cache cmake g++ make samurai pkgconf git
else
  echo 'this project needs cmake and a compiler, and the base image has neither them nor a package manager known here' >&2
  exit 1
fi)sh";

// $1: the folder to build in; the rest is for the configuration.
constexpr const char* kCompile = R"sh(folder=$1
shift
if [ -e "$folder/CMakeCache.txt" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$folder/CMakeCache.txt"; then
  echo "$folder of the tree was configured elsewhere: configured anew"
  rm -rf "$folder/CMakeCache.txt" "$folder/CMakeFiles"
fi
cmake -S . -B "$folder" "$@"
cmake --build "$folder" --parallel "$(nproc)"
chown -R 10001:10001 "$folder")sh";

// $1: the preset, $2: one of several configurations, or nothing; the rest is for the configuration. CMake
// itself says where the preset's folder is.
constexpr const char* kCompilePreset = R"sh(preset=$1 configuration=$2
shift 2
cmake --preset "$preset" "$@" >/tmp/configured || { cat /tmp/configured; exit 1; }
cat /tmp/configured
folder=$(sed -n 's/^-- Build files have been written to: //p' /tmp/configured | tail -n 1)
rm /tmp/configured
cmake --build "$folder" --parallel "$(nproc)" ${configuration:+--config "$configuration"}
chown -R 10001:10001 "$folder")sh";

constexpr const char* kListPackages = R"sh(cmake --version | sed -n 's/^cmake version /cmake==/p'
echo "c++==$(c++ -dumpfullversion)"
cache=$(find . -maxdepth 5 -name CMakeCache.txt -exec grep -il 'gtest\|googletest' {} +)
[ -z "$cache" ] || echo googletest==used)sh";

// Where the command looks for what was built: "ctest --test-dir out", "cmake --build out", "cd out && ctest";
// else "build". Only a plain folder of the tree.
std::string build_folder(const std::vector<std::string>& words) {
  const auto plain = [](const std::string& folder) {
    constexpr const char* kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    return !folder.empty() && folder.front() != '/' && folder.front() != '-' && folder != "." &&
           folder.find("..") == std::string::npos && folder.find_first_not_of(kPlain) == std::string::npos;
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const char* flag : {"--test-dir", "--build", "-B", "cd"})
      if (words[i] == flag && i + 1 < words.size() && plain(words[i + 1])) return words[i + 1];
    const std::string_view said = words[i];
    constexpr std::string_view kTestDir = "--test-dir=";
    if (said.starts_with(kTestDir) && plain(words[i].substr(kTestDir.size())))
      return words[i].substr(kTestDir.size());
  }
  return "build";
}

// "-G Ninja", "-DNAME=value": what the command itself configures with, since another generator is refused and
// other values compile everything again.
std::vector<std::string> configured_with(const std::vector<std::string>& words) {
  std::vector<std::string> taken;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("-D") || (words[i].starts_with("-G") && words[i].size() > 2))
      taken.push_back(words[i]);
    if (words[i] == "-G" && i + 1 < words.size()) taken.insert(taken.end(), {words[i], words[i + 1]});
  }
  return taken;
}

sandbox::LayerBuildStep compile_step(const Source& source, const InstallOptions& options) {
  const auto& words = options.test_words;
  const auto preset = preset_of_command(source, options.subdir, words);
  const std::string folder = build_folder(words);
  sandbox::LayerBuildStep step = preset
                                     ? script_step("compiling by the preset " + preset->configure,
                                                   kCompilePreset, {preset->configure, preset->configuration})
                                     : script_step("compiling in " + folder, kCompile, {folder});
  for (auto& word : configured_with(words)) step.execution.argv.push_back(std::move(word));
  return step;
}

// A ctest that finds no test fails, as other runners do (from CMake 3.26 on). Not where a shell has more to
// do: one of several that may find none must not end all of it.
constexpr const char* kNoTests = "CTEST_NO_TESTS_ACTION";

bool is_ctest_alone(const std::vector<std::string>& words) {
  return !words.empty() && program_of(words[0]) == "ctest" &&
         std::none_of(words.begin(), words.end(),
                      [](const std::string& word) { return word.find_first_of(";&|") != std::string::npos; });
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Whether CTest runs the tests: by name, or as what a build is asked for ("make test", "cmake --build build
// --target RUN_TESTS"). What only builds before a program of its own ("cmake --build build && build/unit")
// does not.
bool by_ctest(const std::vector<std::string>& words) {
  bool builds = false, tests = false, has_own_program = false, begins = true;
  for (const auto& word : words) {
    const std::string_view program = program_of(word);
    if (program == "ctest") return true;
    if (separates_commands(word)) {
      begins = true;
      continue;
    }
    const bool builder = is_one_of(program, {"cmake", "make", "ninja"});
    builds = builds || builder;
    tests = tests || is_one_of(word, {"test", "check", "RUN_TESTS"});
    if (begins && !builder && program != "cd") has_own_program = true;
    begins = word.ends_with(';');
  }
  return builds && (tests || !has_own_program);
}

// Commands of CMake that fetch; it knows them in any case.
constexpr std::string_view kFetching[] = {"fetchcontent_", "externalproject_", "cpmaddpackage",
                                          "cpmfindpackage"};

// file(DOWNLOAD …), with whatever blanks.
bool downloads_file(std::string_view text) {
  constexpr std::string_view kDownload = "download", kFile = "file";
  for (auto at = text.find(kDownload); at != text.npos; at = text.find(kDownload, at + 1)) {
    std::string_view before = io::trimmed(text.substr(0, at), " \t\r\n");
    if (!before.ends_with('(')) continue;
    before.remove_suffix(1);
    if (io::trimmed(before).ends_with(kFile)) return true;
  }
  return false;
}

// CMake fetches what is of others while it configures.
bool fetches(const Source& source) {
  return std::any_of(source.manifests.begin(), source.manifests.end(), [](const auto& manifest) {
    if (!manifest.first.ends_with("CMakeLists.txt") && !manifest.first.ends_with(".cmake")) return false;
    const std::string text = io::lower(manifest.second);
    return downloads_file(text) ||
           std::any_of(std::begin(kFetching), std::end(kFetching),
                       [&](std::string_view word) { return text.find(word) != text.npos; });
  });
}

class CppToolchain : public Toolchain {
 public:
  std::string name() const override { return "cpp"; }
  std::string default_base() const override { return "debian:trixie-slim"; }
  BaseRecipe bootstrap_base() const override {
    return {"cpp",
            "trixie",
            {"ca-certificates", "cmake", "g++", "git", "libgtest-dev", "make", "ninja-build", "pkg-config"},
            "orchestrator/cpp:trixie",
            "Debian trixie with CMake 3.31, GCC 14, GoogleTest and git"};
  }
  std::vector<std::string> manifests() const override {
    std::vector<std::string> files = preset_files();
    files.insert(files.end(), {"CMakeLists.txt", "*.cmake"});
    return files;
  }
  std::vector<std::string> programs() const override { return {"ctest", "cmake", "ninja"}; }

  std::optional<Detection> detect(const Source& source, const std::string& subdir) const override {
    if (source.has(in_subdir(subdir, "CMakeLists.txt"))) return Detection{"CMakeLists.txt"};
    return std::nullopt;
  }

  InstallPlan plan(const Source& source, const InstallOptions& options) const override {
    InstallPlan plan;
    plan.list_packages_argv = {"/bin/sh", "-c", kListPackages, "sh"};
    if (!options.install_dependencies) {
      plan.notes.emplace_back("nothing is compiled beforehand");
      return plan;
    }
    plan.tool_steps = {script_step("making cmake and a compiler available", kInstallTools)};
    if (fetches(source)) plan.needs_sources = "CMake fetches dependencies while it configures";
    plan.source_steps = {compile_step(source, options)};
    return plan;
  }

  sandbox::EnvList seed_env(std::int64_t seed) const override {
    // GoogleTest takes 1 to 99999.
    return {{"TEST_SEED", std::to_string(seed)},
            {"GTEST_RANDOM_SEED", std::to_string(1 + static_cast<std::uint64_t>(seed) % 99'999)}};
  }

  ProbeUse use_probe(const TestSelection& selection, const sandbox::EnvList& user_env,
                     const std::vector<std::string>& test_words) const override {
    ProbeUse use;
    if (is_ctest_alone(test_words) && !sandbox::find_variable(user_env, kNoTests))
      use.env.emplace_back(kNoTests, "error");
    if (selection.order == "shuffled") use.env.emplace_back("GTEST_SHUFFLE", "1");
    if (by_ctest(test_words)) {
      if (selection.repeat > 1) use.env.emplace_back("GTEST_REPEAT", std::to_string(selection.repeat));
      use.results = {"**/Testing/Temporary/LastTest.log", "**/Testing/Temporary/LastTest.log.tmp"};
    } else {
      use.env.emplace_back("GTEST_OUTPUT", std::string("xml:") + kResultsFolder);
      use.results = {std::string(kResultsFolder) + "*.xml"};
    }
    return use;
  }

  // What a program of GoogleTest is told by variables. Of its own XML only the last repeat would stay.
  ProbeAbilities abilities(const std::vector<std::string>& packages) const override {
    const bool google = std::find(packages.begin(), packages.end(), "googletest==used") != packages.end();
    return google ? ProbeAbilities{.shuffle = true, .repeat = true} : ProbeAbilities{};
  }
};

}  // namespace

const Toolchain& cpp_toolchain() {
  static const CppToolchain kCpp;
  return kCpp;
}

}  // namespace images
