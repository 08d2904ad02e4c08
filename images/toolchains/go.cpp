// Go: recognised by go.mod. Modules are downloaded from go.mod and go.sum alone; packages and their tests are
// compiled once, when the sources are there.
#include <fmt/format.h>

#include <algorithm>

#include "images/toolchains/languages.h"

namespace images {
namespace {

constexpr const char* kGoFolder = "/opt/go";

// Modules of the project itself: "go.mod", "tools/go.mod".
bool is_module_file(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  return name == "go.mod" || name == "go.sum" || name == "go.work" || name == "go.work.sum";
}

constexpr const char* kDownload = R"sh(
find . -name go.mod -not -path '*/vendor/*' -not -path '*/testdata/*' | while read -r file; do
  (cd "$(dirname "$file")" && go mod download) || [ "$file" != ./go.mod ]
done
chown -R 10001:10001 /opt/go)sh";

// Compiled and linked, but not run. What does not compile is for the attempts to show.
constexpr const char* kCompileGo = R"sh("$@" || echo 'not all of it compiles: the attempts will say so'
find /opt/go /work ! -user 10001 -exec chown -h 10001:10001 {} +)sh";

constexpr const char* kListModules =
    R"sh(echo "go==$(go env GOVERSION)"
! grep -q testing.go /.orchestrator/go/overlay.json || echo "testing==told apart"
go list -m -f '{{with .Version}}{{$.Path}}=={{.}}{{end}}' all)sh";

sandbox::LayerBuildStep go_step(std::string title, std::vector<std::string> argv) {
  sandbox::LayerBuildStep made;
  made.title = std::move(title);
  made.execution.argv = std::move(argv);
  return made;
}

// Words but those that would run something or leave files: -coverprofile=c.out, -cpuprofile FILE, -exec
// PROGRAM, …
void add_what_compiles(const std::vector<std::string>& words, std::vector<std::string>& compile) {
  constexpr std::string_view kLeaveOut[] = {"coverprofile", "cpuprofile", "memprofile", "blockprofile",
                                            "mutexprofile", "trace",      "outputdir",  "o",
                                            "exec",         "c"};
  for (std::size_t i = 2; i < words.size(); ++i) {
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

// The person's `go test` with its flags, which decide what is compiled; of any other command all packages.
std::vector<std::string> compile_words(const std::vector<std::string>& words) {
  std::vector<std::string> compile = {"go", "test", "-exec=true"};
  const bool plain = words.size() >= 2 && words[0] == "go" && words[1] == "test" &&
                     std::none_of(words.begin(), words.end(), [](const std::string& word) {
                       return word.find_first_of("|&;<>$`'\"\\()*?") != std::string::npos;
                     });
  if (!plain)
    compile.emplace_back("./...");
  else
    add_what_compiles(words, compile);
  return compile;
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
    plan.tool_steps = {go_step("preparing Go's testing package", prepare_go_probe_argv())};
    plan.list_packages_argv = {"/bin/sh", "-c", kListModules, "sh"};
    if (!options.install_dependencies) {
      plan.notes.emplace_back("no module is downloaded and nothing compiled beforehand");
      return plan;
    }
    for (const auto& [path, content] : source.manifests)
      if (is_module_file(path)) plan.dependency_files.push_back(path);
    if (source.has(in_subdir(options.subdir, "vendor/modules.txt")))
      plan.notes.emplace_back("modules are those of vendor");
    else
      plan.dependency_steps = {go_step("downloading modules", {"/bin/sh", "-ec", kDownload})};
    std::vector<std::string> compile = {"/bin/sh", "-ec", kCompileGo, "sh"};
    for (auto& word : compile_words(options.test_words)) compile.push_back(std::move(word));
    plan.source_steps = {go_step("compiling the tests", std::move(compile))};
    plan.source_steps.back().execution.env = {{"GOFLAGS", go_probe_flags()}};
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
