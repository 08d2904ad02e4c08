// Perl: recognised by cpanfile, Makefile.PL or Build.PL. Modules are installed by cpanfile alone; what a
// Makefile.PL makes is made once, when the sources are there.
#include "images/toolchains/languages.h"

namespace images {
namespace {

constexpr const char* kPerlFolder = "/opt/perl";

// A base of any distribution may have them already.
constexpr const char* kInstallPerl = R"sh(command -v cpanm >/dev/null && command -v make >/dev/null && exit 0
if command -v apt-get >/dev/null; then
  apt-get update
  apt-get install -y --no-install-recommends perl cpanminus make gcc libc6-dev ca-certificates
  rm -rf /var/lib/apt/lists/*
elif command -v apk >/dev/null; then
  apk add --no-cache perl perl-dev perl-app-cpanminus make gcc musl-dev
else
  echo 'this project needs cpanm, and the base image has neither it nor a package manager known here' >&2
  exit 1
fi)sh";

constexpr const char* kInstallModules = R"sh(mkdir -p /opt/perl
PERL_CPANM_HOME=/tmp/cpanm cpanm --notest --local-lib /opt/perl --installdeps .
rm -rf /tmp/cpanm
chown -R 10001:10001 /opt/perl /work)sh";

constexpr const char* kMakePerl = R"sh(perl Makefile.PL
make
chown -R 10001:10001 /work)sh";

constexpr const char* kListPerlModules = R"sh(perl -e 'printf "perl==%vd\n", $^V'
for each in /opt/perl/lib/perl5/*/.meta/*; do basename "$each"; done | sed -n 's/-\([^-]*\)$/==\1/p')sh";

class PerlToolchain : public Toolchain {
 public:
  std::string name() const override { return "perl"; }
  std::string default_base() const override { return "perl:5.40-slim"; }
  BaseRecipe bootstrap_base() const override {
    return {"perl",
            "trixie",
            {"ca-certificates", "cpanminus", "gcc", "git", "libc6-dev", "make", "perl"},
            "orchestrator/perl:trixie",
            "Debian trixie with Perl 5.40, cpanm, a C compiler and git"};
  }
  std::vector<std::string> manifests() const override { return {"cpanfile", "Makefile.PL", "Build.PL"}; }
  std::vector<std::string> programs() const override { return {"prove", "perl"}; }
  std::vector<std::string> host_variables() const override { return {"PERL_CPANM_OPT"}; }

  std::optional<Detection> detect(const Source& source, const std::string& subdir) const override {
    for (const auto& file : manifests())
      if (source.has(in_subdir(subdir, file))) return Detection{file};
    return std::nullopt;
  }

  InstallPlan plan(const Source& source, const InstallOptions& options) const override {
    InstallPlan plan;
    plan.path_folders = {std::string(kPerlFolder) + "/bin"};
    plan.env = {{"PERL5LIB", std::string(kPerlFolder) + "/lib/perl5"}};
    plan.list_packages_argv = {"/bin/sh", "-c", kListPerlModules};
    if (!options.install_dependencies) return plan;
    plan.tool_steps = {script_step("making cpanm available", kInstallPerl)};
    const auto install = script_step("installing modules", kInstallModules);
    if (const auto cpanfile = in_subdir(options.subdir, "cpanfile"); source.has(cpanfile)) {
      plan.dependency_files = {cpanfile};
      plan.dependency_steps = {install};
    } else {
      plan.needs_sources = "without a cpanfile the project's own program says what it needs";
      plan.source_steps = {install};
    }
    if (source.has(in_subdir(options.subdir, "Makefile.PL")))
      plan.source_steps.push_back(script_step("making the project", kMakePerl));
    return plan;
  }

  // The second decides in which order hashes give their keys: a usual reason for flaky tests.
  sandbox::EnvList seed_env(std::int64_t seed) const override {
    return {{"TEST_SEED", std::to_string(seed)}, {"PERL_HASH_SEED", std::to_string(seed)}};
  }
};

}  // namespace

const Toolchain& perl_toolchain() {
  static const PerlToolchain kPerl;
  return kPerl;
}

}  // namespace images
