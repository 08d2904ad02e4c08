// Java (and what else runs on its machine) by Maven: recognised by pom.xml. What Maven downloads is found out
// by rehearsing the command (maven_scripts.h); attempts run it as it is, offline by the settings in their
// home folder. The reports that Surefire and Failsafe write anyway tell the tests apart.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "images/toolchains/languages.h"
#include "images/toolchains/maven_command.h"
#include "images/toolchains/maven_scripts.h"

namespace images {
namespace {

// ClassOrderer came with it; MethodOrderer by a parameter one version before.
constexpr int kJupiterMajor = 5, kJupiterMinor = 8;
constexpr std::string_view kJupiter = "org.junit.jupiter:junit-jupiter-api==";

constexpr const char* kShuffle =
    " -Djunit.jupiter.testclass.order.default=org.junit.jupiter.api.ClassOrderer$Random"
    " -Djunit.jupiter.testmethod.order.default=org.junit.jupiter.api.MethodOrderer$Random";
constexpr const char* kReverse =
    " -Dsurefire.runOrder=reversealphabetical -Dfailsafe.runOrder=reversealphabetical";

// A parent may have another name than pom.xml; beside them extensions, options and what a wrapper fetches.
bool is_of_maven(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.ends_with("pom.xml") || name.ends_with("settings.xml") || name == "mvnw") return true;
  return path.starts_with(".mvn/") || path.find("/.mvn/") != std::string_view::npos;
}

// java.util.Random begins alike for seeds that are close to each other: two tests would come in the same
// order for all of them. This is the finaliser of splitmix64.
std::int64_t scattered(std::int64_t seed) {
  auto bits = static_cast<std::uint64_t>(seed) + 0x9e3779b97f4a7c15;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return static_cast<std::int64_t>(bits ^ (bits >> 31));
}

sandbox::LayerBuildStep maven_step(std::string title, std::string script, const MavenCommand& command) {
  std::vector<std::string> arguments{command.folder, command.program};
  arguments.insert(arguments.end(), command.words.begin(), command.words.end());
  return script_step(std::move(title), std::move(script), arguments);
}

bool is_at_least_5_8(std::string_view version) {
  char* rest = nullptr;
  const std::string text(version);
  const long major = std::strtol(text.c_str(), &rest, 10);
  const long minor = *rest == '.' ? std::strtol(rest + 1, nullptr, 10) : 0;
  return major > kJupiterMajor || (major == kJupiterMajor && minor >= kJupiterMinor);
}

class JavaMavenToolchain : public Toolchain {
 public:
  std::string name() const override { return "java-maven"; }
  std::string default_base() const override { return "maven:3-eclipse-temurin-21"; }
  BaseRecipe bootstrap_base() const override {
    return {"java",
            "trixie",
            {"ca-certificates", "curl", "default-jdk-headless", "git", "maven"},
            "orchestrator/java:trixie",
            "Debian trixie with JDK 21, Maven 3.9, curl and git"};
  }
  std::vector<std::string> manifests() const override {
    return {"*pom.xml",     "*settings.xml", "extensions.xml",
            "maven.config", "jvm.config",    "maven-wrapper.properties",
            "mvnw"};
  }
  std::vector<std::string> programs() const override { return {"mvn", "mvnw"}; }

  std::optional<Detection> detect(const Source& source, const std::string& subdir) const override {
    if (source.has(in_subdir(subdir, "pom.xml"))) return Detection{"pom.xml"};
    return std::nullopt;
  }

  InstallPlan plan(const Source& source, const InstallOptions& options) const override {
    const MavenCommand command =
        maven_command(options.test_words, source.has(in_subdir(options.subdir, "mvnw")));
    InstallPlan plan;
    plan.path_folders = {std::string(kMavenFolder) + "/bin"};
    // Images of Maven set it to a folder, which an older wrapper takes for a goal.
    plan.env = {{"MAVEN_CONFIG", ""}};
    plan.list_packages_argv = {"/bin/sh", "-c", kMavenPackagesScript, "sh", command.folder, command.program};
    if (!options.install_dependencies) {
      plan.notes.emplace_back("nothing is downloaded and nothing compiled beforehand");
      return plan;
    }
    for (const auto& [path, content] : source.manifests)
      if (is_of_maven(path)) plan.dependency_files.push_back(path);
    plan.tool_steps = {maven_step("making a JDK and Maven available", kMavenToolsScript, {.words = {}})};
    plan.dependency_steps = {maven_step("downloading what Maven needs", maven_manifests_script(), command)};
    plan.source_steps = {maven_step("compiling the tests", maven_sources_script(), command),
                         maven_step("downloading what was still missing", maven_missing_script(), command)};
    plan.source_steps.back().execution.network = sandbox::Network::bridge;
    return plan;
  }

  sandbox::EnvList seed_env(std::int64_t seed) const override {
    return {{"TEST_SEED", std::to_string(seed)}};
  }

  // A property that Maven is given its plugins hand on to the process of the tests, where JUnit Jupiter reads
  // its own.
  ProbeUse use_probe(const TestSelection& selection, const sandbox::EnvList& user_env,
                     const std::vector<std::string>& test_words) const override {
    std::string arguments =
        fmt::format("-Djunit.jupiter.execution.order.random.seed={}", scattered(selection.seed));
    if (selection.order == "shuffled") arguments += kShuffle;
    if (selection.order == "reversed") arguments += kReverse;
    ProbeUse use;
    use.env = {{"MAVEN_ARGS", extended(user_env, "MAVEN_ARGS", ' ', arguments)}};
    // An older wrapper starts Maven without the program that reads the other.
    if (maven_command(test_words, false).program.starts_with("sh "))
      use.env.emplace_back("MAVEN_CONFIG", extended(user_env, "MAVEN_CONFIG", ' ', arguments));
    use.results = {"**/surefire-reports/TEST-*.xml", "**/failsafe-reports/TEST-*.xml"};
    return use;
  }

  ProbeAbilities abilities(const std::vector<std::string>& packages) const override {
    if (std::find(packages.begin(), packages.end(), kMavenReadsArguments) == packages.end()) return {};
    const bool jupiter = std::any_of(packages.begin(), packages.end(), [](std::string_view line) {
      return line.starts_with(kJupiter) && is_at_least_5_8(line.substr(kJupiter.size()));
    });
    return {.shuffle = jupiter, .reverse = true};
  }
};

}  // namespace

const Toolchain& java_maven_toolchain() {
  static const JavaMavenToolchain kJavaMaven;
  return kJavaMaven;
}

}  // namespace images
