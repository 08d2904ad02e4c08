#include "images/toolchains/python_plan.h"

#include <algorithm>

#include "images/toolchains/command_words.h"
#include "images/toolchains/python_scripts.h"

namespace images {

namespace {

constexpr const char* kPython = "/opt/venv/bin/python";

// For every pip that runs in a step, also the ones that other tools start.
const sandbox::EnvList kPipEnv = {{"PIP_NO_CACHE_DIR", "1"},
                                  {"PIP_NO_INPUT", "1"},
                                  {"PIP_ROOT_USER_ACTION", "ignore"},
                                  {"PIP_PROGRESS_BAR", "off"},
                                  {"PIP_DISABLE_PIP_VERSION_CHECK", "1"}};

// Fetches git where a requirement or a version number is read with it; the base may be any distribution.
constexpr const char* kInstallGit = R"sh(command -v git >/dev/null && exit 0
if command -v apt-get >/dev/null; then
  apt-get update && apt-get install -y --no-install-recommends git ca-certificates && rm -rf /var/lib/apt/lists/*
elif command -v apk >/dev/null; then
  apk add --no-cache git
else
  echo 'this project needs git, and the base image has neither git nor a package manager known here' >&2
  exit 1
fi)sh";

// Poetry asks its default registry for more than the package index that mirrors have. Its mirror plugin makes
// it content with what pip is content with; the address is the host's, or else the one that pip itself knows.
constexpr const char* kPoetryIndex =
    R"sh(: "${POETRY_PYPI_MIRROR_URL:=$(/opt/venv/bin/python -c 'from pip._internal.models.index import PyPI
print(PyPI.simple_url)')}"
export POETRY_PYPI_MIRROR_URL
)sh";

// What an installer leaves in the tree belongs to root; the attempt's user has to be able to change its own
// copy.
constexpr const char* kGiveToTestUser = "find /work ! -user 10001 -exec chown -h 10001:10001 {} +";

sandbox::EnvList pip_env_and(const sandbox::EnvList& env) {
  sandbox::EnvList all = kPipEnv;
  all.insert(all.end(), env.begin(), env.end());
  return all;
}

sandbox::LayerBuildStep step(std::string title, std::vector<std::string> argv,
                             const sandbox::EnvList& env = {}) {
  return program_step(std::move(title), std::move(argv), pip_env_and(env));
}

sandbox::LayerBuildStep shell_step(std::string title, std::string script, const sandbox::EnvList& env = {}) {
  return script_step(std::move(title), std::move(script), {}, pip_env_and(env));
}

class PythonPlanner {
 public:
  PythonPlanner(const PythonProject& project, const InstallOptions& options)
      : project_(project), options_(options) {}

  InstallPlan plan() {
    plan_.needs_sources = project_.needs_sources();
    tools();
    dependencies();
    runner();
    install_project();
    plan_.path_folders = {"/opt/venv/bin"};
    plan_.env = {{"VIRTUAL_ENV", "/opt/venv"}, {"PIP_DISABLE_PIP_VERSION_CHECK", "1"}};
    plan_.list_packages_argv = {kPython, "-I", "-c", kListPackagesScript};
    return std::move(plan_);
  }

 private:
  bool needs_sources() const { return !plan_.needs_sources.empty(); }

  void tools() {
    if (needs_git()) plan_.tool_steps.push_back(shell_step("making git available", kInstallGit));
    std::vector<std::string> venv = {"python3", "-m", "venv", "/opt/venv"};
    if (options_.own_base) venv.insert(venv.begin() + 3, "--system-site-packages");
    plan_.tool_steps.push_back(step("making a virtual environment", venv));
    switch (project_.style) {
      case DependencyStyle::uv:
        return tool("uv", "uv");
      case DependencyStyle::poetry:
        return tool("poetry poetry-plugin-pypi-mirror", "Poetry");
      case DependencyStyle::pipenv:
        return tool("pipenv", "Pipenv");
      default:
        return;
    }
  }

  void tool(const std::string& package, const std::string& called) {
    plan_.tool_steps.push_back(shell_step(
        "installing " + called, "python3 -m venv /opt/tools && /opt/tools/bin/pip install " + package));
  }

  bool needs_git() const {
    for (const char* word : {"git+", "git = \"", "setuptools_scm", "setuptools-scm", "hatch-vcs",
                             "versioningit", "pbr", "poetry-dynamic-versioning", "vcs-versioning"})
      if (project_.mentions(word)) return true;
    return false;
  }

  // Steps that need nothing but manifests go into the dependencies layer, the others run once the tree is
  // there.
  std::vector<sandbox::LayerBuildStep>& resolving() {
    return needs_sources() ? plan_.source_steps : plan_.dependency_steps;
  }

  void needs_file(std::string_view name) {
    if (project_.has(name)) plan_.dependency_files.push_back(project_.in_tree(name));
  }

  void dependencies() {
    switch (project_.style) {
      case DependencyStyle::uv:
        return with_uv();
      case DependencyStyle::poetry:
        return with_poetry();
      case DependencyStyle::pipenv:
        return with_pipenv();
      case DependencyStyle::requirements:
        return with_pip();
      case DependencyStyle::none:
        return;
    }
  }

  void with_uv() {
    for (const char* name : {"pyproject.toml", "uv.lock"}) needs_file(name);
    std::vector<std::string> argv = {"/opt/tools/bin/uv",    "sync",       "--frozen",     "--inexact",
                                     "--no-install-project", "--no-cache", "--no-progress"};
    for (const auto& extra : project_.test_names("project.optional-dependencies"))
      argv.insert(argv.end(), {"--extra", extra});
    for (const auto& group : project_.test_names("dependency-groups"))
      argv.insert(argv.end(), {"--group", group});
    resolving().push_back(step("installing uv.lock", std::move(argv),
                               {{"UV_PROJECT_ENVIRONMENT", "/opt/venv"},
                                {"UV_PYTHON", kPython},
                                {"UV_PYTHON_DOWNLOADS", "never"},
                                {"UV_LINK_MODE", "copy"},
                                {"UV_COMPILE_BYTECODE", "1"}}));
  }

  void with_poetry() {
    for (const char* name : {"pyproject.toml", "poetry.lock"}) needs_file(name);
    std::string words;
    for (const char* group : {"test", "tests", "testing", "dev"})
      if (project_.pyproject.has_table(std::string("tool.poetry.group.") + group))
        words += std::string(" --with ") + group;
    auto extras = project_.test_names("tool.poetry.extras");
    if (extras.empty()) extras = project_.test_names("project.optional-dependencies");
    for (const auto& extra : extras) words += " --extras " + extra;
    // Without a lock Poetry writes one, which is not the repository's.
    const std::string forget = project_.has("poetry.lock") ? "" : "\nrm -f poetry.lock";
    resolving().push_back(shell_step(
        project_.has("poetry.lock") ? "installing poetry.lock" : "resolving and installing with Poetry",
        std::string(kPoetryIndex) +
            "/opt/tools/bin/poetry install --no-root --no-interaction --no-ansi --no-cache" + words + forget,
        {{"POETRY_VIRTUALENVS_CREATE", "false"}}));
  }

  void with_pipenv() {
    for (const char* name : {"Pipfile", "Pipfile.lock"}) needs_file(name);
    std::string script;
    if (!project_.has("Pipfile.lock")) script = "/opt/tools/bin/pipenv lock\n";
    script +=
        "/opt/tools/bin/pipenv requirements --dev > /tmp/requirements.txt\n"
        "/opt/venv/bin/python -m pip install -r /tmp/requirements.txt";
    if (!project_.has("Pipfile.lock")) script += "\nrm -f Pipfile.lock";
    resolving().push_back(
        shell_step("installing " + project_.describe(), std::move(script),
                   {{"PIPENV_VERBOSITY", "-1"}, {"PIPENV_NOSPIN", "1"}, {"PIPENV_YES", "1"}}));
  }

  void with_pip() {
    const auto& files = project_.requirements;
    plan_.dependency_files = files.all;
    std::vector<std::string> argv = {kPython, "-c", kProjectRequirementsScript};
    if (project_.stated()) {
      argv.push_back("run");
      for (const char* name : {"pyproject.toml", "setup.cfg"}) needs_file(name);
    }
    argv.insert(argv.end(), files.roots.begin(), files.roots.end());
    if (argv.size() == 3) return;
    // A line that points into the tree needs the tree; a dynamic list does not keep the rest from being
    // known.
    auto& where =
        files.needs_sources.empty() && !reads_other_files() ? plan_.dependency_steps : plan_.source_steps;
    where.push_back(step("installing " + project_.describe(), std::move(argv)));
  }

  bool reads_other_files() const {
    return !project_.pyproject.has_table("project") &&
           project_.text("setup.cfg").find("file:") != std::string::npos;
  }

  // The build requirements come with the dependencies, so that installing the project itself needs no
  // network.
  void install_project() {
    if (!project_.installable()) {
      if (needs_sources()) plan_.source_steps.push_back(shell_step("handing the tree over", kGiveToTestUser));
      return;
    }
    const sandbox::EnvList git_trust = {{"GIT_CONFIG_COUNT", "1"},  // root reads a repository of another user
                                        {"GIT_CONFIG_KEY_0", "safe.directory"},
                                        {"GIT_CONFIG_VALUE_0", "*"}};
    std::string command = std::string(kPython) + " -m pip install ";
    sandbox::EnvList env = git_trust;
    if (needs_sources()) {
      const bool extras_by_pip = project_.style == DependencyStyle::requirements;
      command +=
          extras_by_pip ? "--use-pep517 -e '.[test,tests,testing,dev]'" : "--use-pep517 --no-deps -e .";
    } else {
      needs_file("pyproject.toml");
      plan_.dependency_steps.push_back(step("installing build requirements",
                                            {kPython, "-c", kProjectRequirementsScript, "build"},
                                            {{"BUILD_FOLDER", kBuildFolder}}));
      command = "PATH=/opt/build/bin:$PATH " + command +
                "--use-pep517 --no-deps --no-build-isolation --no-index -e .";
      env.emplace_back("PYTHONPATH", kBuildFolder);
    }
    plan_.source_steps.push_back(
        shell_step("installing the project itself", command + "\n" + kGiveToTestUser, env));
    sort_files();
  }

  void sort_files() {
    auto& files = plan_.dependency_files;
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
  }

  bool runs_pytest() const {
    return std::any_of(options_.test_words.begin(), options_.test_words.end(), [](const std::string& word) {
      const std::string_view name = program_of(word);
      return name == "pytest" || name == "py.test";
    });
  }

  // A project may leave its runner to whoever runs it.
  void runner() {
    if (!runs_pytest()) return;
    if (!project_.mentions("pytest"))
      plan_.notes.push_back(
          "no manifest asks for pytest: its newest version is installed for the test command");
    resolving().push_back(shell_step(
        "making sure of pytest",
        std::string(kPython) + " -c 'import pytest' 2>/dev/null || " + kPython + " -m pip install pytest"));
  }

  const PythonProject& project_;
  const InstallOptions& options_;
  InstallPlan plan_;
};

}  // namespace

InstallPlan plan_python(const PythonProject& project, const InstallOptions& options) {
  if (options.install_dependencies) {
    InstallPlan plan = PythonPlanner(project, options).plan();
    if (!project.describe().empty())
      plan.notes.insert(plan.notes.begin(), "dependencies by " + project.describe());
    return plan;
  }
  InstallPlan plan;
  // There is no other place for setup_commands' pip than the distribution's own folders, and the image is
  // ours.
  plan.env = {{"PIP_BREAK_SYSTEM_PACKAGES", "1"}, {"PIP_DISABLE_PIP_VERSION_CHECK", "1"}};
  plan.list_packages_argv = {"python3", "-I", "-c", kListPackagesScript};
  plan.notes.push_back("nothing of the project is installed: the base image's own Python runs the tests");
  return plan;
}

}  // namespace images
