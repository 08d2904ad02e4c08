// Go: recognised by go.mod. Modules are downloaded from go.mod and go.sum alone; packages and their tests are
// compiled once, when the sources are there.
#include <fmt/format.h>

#include <algorithm>

#include "images/toolchains/go_modules.h"
#include "images/toolchains/languages.h"

namespace images {
namespace {

constexpr const char* kGoFolder = "/opt/go";
constexpr std::size_t kOthersNamed = 5;  // in a note

// Modules of the project itself: "go.mod", "tools/go.mod".
bool is_module_file(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  return name == "go.mod" || name == "go.sum" || name == "go.work" || name == "go.work.sum";
}

// Of each folder.
constexpr const char* kDownload = R"sh(for folder; do (cd "$folder" && go mod download) || exit 1; done
chown -R 10001:10001 /opt/go)sh";

// The same where it may fail.
constexpr const char* kTryToDownload = R"sh(for folder; do
  (cd "$folder" && go mod download) || echo "$folder: not downloaded; neither go.work nor the command names it"
done
chown -R 10001:10001 /opt/go)sh";

// Compiled and linked, but not run. What does not compile is for the attempts to show.
constexpr const char* kCompileGo = R"sh("$@" || echo 'not all of it compiles: the attempts will say so'
find /opt/go /work ! -user 10001 -exec chown -h 10001:10001 {} +)sh";

// The same for all packages of each folder.
constexpr const char* kCompileModules = R"sh(for folder; do
  (cd "$folder" && go test -exec=true ./...) || echo "not all of $folder compiles: the attempts will say so"
done
find /opt/go /work ! -user 10001 -exec chown -h 10001:10001 {} +)sh";

constexpr const char* kListModules =
    R"sh(echo "go==$(go env GOVERSION)"
! grep -q testing.go /.orchestrator/go/overlay.json || echo "testing==told apart"
go list -m -f '{{with .Version}}{{$.Path}}=={{.}}{{end}}' all)sh";

// Words but those that would run something or leave files: -coverprofile=c.out, -cpuprofile FILE, -exec
// PROGRAM, …
void add_what_compiles(const std::vector<std::string>& words, std::size_t first,
                       std::vector<std::string>& compile) {
  constexpr std::string_view kLeaveOut[] = {"coverprofile", "cpuprofile", "memprofile", "blockprofile",
                                            "mutexprofile", "trace",      "outputdir",  "o",
                                            "exec",         "c"};
  for (std::size_t i = first; i < words.size(); ++i) {
    std::string_view flag = words[i];
    if (!flag.starts_with('-')) {
      compile.push_back(words[i]);
      continue;
    }
    flag.remove_prefix(flag.find_first_not_of('-') == std::string_view::npos ? flag.size()
                                                                             : flag.find_first_not_of('-'));
    const std::string_view name = flag.substr(0, flag.find('='));
    if (std::find(std::begin(kLeaveOut), std::end(kLeaveOut), name) == std::end(kLeaveOut))
      compile.push_back(words[i]);
    else if (name != "c" && name.size() == flag.size())
      ++i;  // its value is the next word
  }
}

// The person's `go test` with its flags, which decide what is compiled; nothing of any other command.
std::vector<std::string> compile_words(const std::vector<std::string>& words) {
  const bool plain = words.size() >= 2 && words[0] == "go" && words[1] == "test" &&
                     std::none_of(words.begin(), words.end(), [](const std::string& word) {
                       return word.find_first_of("|&;<>$`'\"\\()*?") != std::string::npos;
                     });
  if (!plain) return {};
  std::vector<std::string> compile = {"go", "test"};
  std::size_t next = 2;
  // Go takes the folder as its first flag only.
  if (words.size() > 3 && words[2] == "-C") compile.push_back(words[next++]);
  if (words.size() > next && (next > 2 || words[2].starts_with("-C="))) compile.push_back(words[next++]);
  compile.emplace_back("-exec=true");
  add_what_compiles(words, next, compile);
  return compile;
}

// A step for these folders of the tree.
void add_go_step(std::vector<sandbox::LayerBuildStep>& steps, const char* title, const char* script,
                 const std::vector<std::string>& folders, const sandbox::EnvList& env) {
  if (folders.empty()) return;
  std::vector<std::string> below_tree;
  for (const auto& folder : folders) below_tree.push_back(kTreePrefix + folder);
  steps.push_back(script_step(title, script, below_tree, env));
}

// For modules that a workspace does not use: in it Go would look at those that it uses.
sandbox::EnvList outside_of_workspace(const GoModules& modules) {
  return modules.workspace.empty() ? sandbox::EnvList{} : sandbox::EnvList{{"GOWORK", "off"}};
}

std::string note_of_others(const std::vector<std::string>& folders) {
  std::string list;
  for (std::size_t i = 0; i < std::min(folders.size(), kOthersNamed); ++i)
    list += (list.empty() ? "" : ", ") + folders[i];
  if (folders.size() > kOthersNamed) list += ", …";
  return "modules that may fail to download, since neither go.work nor the command names them: " + list;
}

void add_downloads(InstallPlan& plan, const GoModules& modules) {
  auto& steps = plan.dependency_steps;
  const auto outside = outside_of_workspace(modules);
  const auto fetched = [&](const std::vector<std::string>& folders) {
    std::vector<std::string> left;
    std::copy_if(folders.begin(), folders.end(), std::back_inserter(left),
                 [&](const std::string& folder) { return !modules.vendored.contains(folder); });
    return left;
  };
  add_go_step(steps, "downloading modules", kDownload, fetched(modules.workspace), {});
  add_go_step(steps, "downloading modules", kDownload, fetched(modules.alone), outside);
  if (steps.empty() && !modules.vendored.empty()) plan.notes.emplace_back("modules are those of vendor");
  add_go_step(steps, "downloading modules of other folders", kTryToDownload, fetched(modules.others),
              outside);
  if (!modules.others.empty()) plan.notes.push_back(note_of_others(modules.others));
}

// Where the command is a plain `go test`, what it compiles; else every module that it may mean.
void add_compilation(InstallPlan& plan, const GoModules& modules, const std::vector<std::string>& words) {
  if (auto compile = compile_words(words); !compile.empty()) {
    compile.insert(compile.begin(), {"/bin/sh", "-ec", kCompileGo, "sh"});
    plan.source_steps.push_back(program_step("compiling the tests", std::move(compile)));
  } else {
    const auto outside = outside_of_workspace(modules);
    add_go_step(plan.source_steps, "compiling the tests", kCompileModules, modules.workspace, {});
    add_go_step(plan.source_steps, "compiling the tests", kCompileModules, modules.alone, outside);
    if (!modules.named)
      add_go_step(plan.source_steps, "compiling the tests", kCompileModules, modules.others, outside);
  }
  for (auto& step : plan.source_steps) step.execution.env.emplace_back("GOFLAGS", go_probe_flags());
}

class GoToolchain : public Toolchain {
 public:
  std::string name() const override { return "go"; }
  std::string default_base() const override { return "golang:1.24"; }
  BaseRecipe bootstrap_base() const override {
    return {"go",
            "trixie",
            {"ca-certificates", "git", "golang-go", "gcc", "libc6-dev"},
            "orchestrator/go:trixie",
            "Debian trixie with Go 1.24, a C compiler and git"};
  }
  std::vector<std::string> manifests() const override { return {"go.mod", "go.work", "go.work.sum"}; }
  std::vector<std::string> lock_files() const override { return {"go.sum"}; }
  std::vector<std::string> host_variables() const override {
    return {"GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOSUMCHECK", "GOPRIVATE"};
  }
  std::vector<std::string> programs() const override { return {"go", "gotestsum"}; }

  std::optional<Detection> detect(const Source& source, const std::string& subdir) const override {
    for (const char* file : {"go.mod", "go.work"})
      if (source.has(in_subdir(subdir, file))) return Detection{file};
    return std::nullopt;
  }

  InstallPlan plan(const Source& source, const InstallOptions& options) const override {
    InstallPlan plan;
    plan.path_folders = {std::string(kGoFolder) + "/bin"};
    plan.env = {{"GOPATH", kGoFolder},
                {"GOMODCACHE", std::string(kGoFolder) + "/mod"},
                {"GOCACHE", std::string(kGoFolder) + "/build"}};
    plan.tool_steps = {program_step("preparing Go's testing package", prepare_go_probe_argv())};
    plan.list_packages_argv = {"/bin/sh", "-c", kListModules, "sh"};
    if (!options.install_dependencies) {
      plan.notes.emplace_back("no module is downloaded and nothing compiled beforehand");
      return plan;
    }
    for (const auto& [path, content] : source.manifests)
      if (is_module_file(path)) plan.dependency_files.push_back(path);
    const GoModules modules = go_modules(source, options.subdir, options.test_words);
    add_downloads(plan, modules);
    add_compilation(plan, modules, options.test_words);
    return plan;
  }

  sandbox::EnvList seed_env(std::int64_t seed) const override {
    return {{"TEST_SEED", std::to_string(seed)}, {"GO_TEST_SEED", std::to_string(seed)}};
  }

  ProbeUse use_probe(const TestSelection& selection, const sandbox::EnvList& user_env,
                     const std::vector<std::string>&) const override {
    return use_go_probe(selection, user_env);
  }
  ProbeAbilities abilities(const std::vector<std::string>& packages) const override {
    const bool told_apart =
        std::find(packages.begin(), packages.end(), "testing==told apart") != packages.end();
    return told_apart ? kAllAbilities : ProbeAbilities{};
  }
};

}  // namespace

const Toolchain& go_toolchain() {
  static const GoToolchain kGo;
  return kGo;
}

}  // namespace images
