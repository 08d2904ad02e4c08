// Python: recognised by its manifests, or by pytest's own files beside test modules.
#include <algorithm>

#include "images/toolchains/languages.h"
#include "images/toolchains/python_plan.h"

namespace images {

namespace {

constexpr const char* kManifests[] = {"uv.lock",        "poetry.lock", "Pipfile",  "requirements.txt",
                                      "pyproject.toml", "setup.py",    "setup.cfg"};
constexpr const char* kRunnerFiles[] = {"conftest.py", "pytest.ini", "tox.ini", "tests/conftest.py",
                                        "test/conftest.py"};

bool is_test_module(std::string_view path) {
  const auto slash = path.rfind('/');
  const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return name.ends_with(".py") && (name.starts_with("test_") || name.ends_with("_test.py"));
}

class PythonToolchain : public Toolchain {
 public:
  std::string name() const override { return "python"; }
  std::string default_base() const override { return "python:3.12-slim"; }
  BaseRecipe bootstrap_base() const override {
    return {"python",
            "trixie",
            {"ca-certificates", "python3", "python3-venv", "python3-pip", "git"},
            "orchestrator/python:trixie",
            "Debian trixie with Python 3.13, pip and git"};
  }
  std::vector<BaseRecipe> other_bases() const override {
    return {{"python3.11",
             "bookworm",
             {"ca-certificates", "python3", "python3-venv", "python3-pip", "git"},
             "orchestrator/python:bookworm",
             "Debian bookworm with Python 3.11, pip and git: for projects that later ones do not run"}};
  }
  std::vector<std::string> manifests() const override {
    return {"*requirements*.txt",
            "*requirements*.in",
            "*/requirements/*.txt",
            "*/requirements/*.in",
            "constraints*.txt",
            "pyproject.toml",
            "setup.py",
            "setup.cfg",
            "MANIFEST.in",
            "Pipfile",
            "pytest.ini",
            "tox.ini",
            ".python-version"};
  }
  std::vector<std::string> lock_files() const override { return {"Pipfile.lock", "poetry.lock", "uv.lock"}; }
  std::vector<std::string> host_variables() const override {
    return {"PIP_INDEX_URL",      "PIP_EXTRA_INDEX_URL",
            "PIP_TRUSTED_HOST",   "PIP_DEFAULT_TIMEOUT",
            "PIP_TIMEOUT",        "PIP_RETRIES",
            "PIP_PROXY",          "PIP_PREFER_BINARY",
            "PIPENV_PYPI_MIRROR", "POETRY_PYPI_MIRROR_URL",
            "UV_INDEX_URL",       "UV_EXTRA_INDEX_URL",
            "UV_DEFAULT_INDEX",   "UV_INDEX",
            "UV_INSECURE_HOST",   "UV_HTTP_TIMEOUT"};
  }

  std::vector<std::string> programs() const override {
    return {"pytest", "py.test", "python", "python3", "tox", "nox", "uv", "poetry", "pipenv"};
  }

  std::optional<Detection> detect(const Source& source, const std::string& subdir) const override {
    for (const char* file : kManifests)
      if (source.has(in_subdir(subdir, file))) return Detection{file};
    const PythonProject project(source, subdir);
    if (!project.requirements.roots.empty()) return Detection{project.requirements.roots.front()};
    return detect_by_tests(source, subdir);
  }

  InstallPlan plan(const Source& source, const InstallOptions& options) const override {
    return plan_python(PythonProject(source, options.subdir), options);
  }

  sandbox::EnvList seed_env(std::int64_t seed) const override {
    // The hash seed is a 32-bit number; TEST_SEED is the seed as it is.
    return {{"TEST_SEED", std::to_string(seed)},
            {"PYTHONHASHSEED", std::to_string(static_cast<std::uint32_t>(seed))}};
  }

  sandbox::EnvList seed_env_for(std::int64_t seed, const std::vector<std::string>& packages,
                                const sandbox::EnvList& user_env,
                                const std::vector<std::string>& test_words) const override {
    auto env = seed_env(seed);
    std::string options;
    for (const auto& [name, value] : user_env)
      if (name == "PYTEST_ADDOPTS") options = value;
    // Where pytest-randomly is absent or turned off, pytest refuses the option.
    if (!has_randomly(packages) || turned_off(options) ||
        options.find("--randomly-seed") != std::string::npos)
      return env;
    if (std::any_of(test_words.begin(), test_words.end(), turned_off)) return env;
    options += options.empty() ? "" : " ";
    env.emplace_back("PYTEST_ADDOPTS",
                     options + "--randomly-seed=" + std::to_string(static_cast<std::uint32_t>(seed)));
    return env;
  }

  std::vector<ProbeFile> probe_files() const override { return pytest_probe_files(); }
  ProbeUse use_probe(const TestSelection& selection, const sandbox::EnvList& user_env,
                     const std::vector<std::string>&) const override {
    return use_pytest_probe(selection, user_env);
  }
  ProbeAbilities abilities(const std::vector<std::string>& packages) const override {
    const bool has_pytest = std::any_of(packages.begin(), packages.end(),
                                        [](const std::string& line) { return line.starts_with("pytest=="); });
    return has_pytest ? kAllAbilities : ProbeAbilities{};
  }

 private:
  static std::optional<Detection> detect_by_tests(const Source& source, const std::string& subdir) {
    for (const char* file : kRunnerFiles)
      if (source.has(in_subdir(subdir, file))) return Detection{file};
    const std::string below = subdir.empty() ? "" : subdir + "/";
    for (const auto& entry : source.entries)
      if (entry.path.starts_with(below) && is_test_module(entry.path)) return Detection{entry.path};
    return std::nullopt;
  }

  static bool has_randomly(const std::vector<std::string>& packages) {
    return std::any_of(packages.begin(), packages.end(), [](const std::string& line) {
      return line.starts_with("pytest-randomly==") || line.starts_with("pytest_randomly==");
    });
  }

  static bool turned_off(const std::string& words) { return words.find("no:randomly") != std::string::npos; }
};

}  // namespace

const Toolchain& python_toolchain() {
  static const PythonToolchain kPython;
  return kPython;
}

}  // namespace images
