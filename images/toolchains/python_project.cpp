#include "images/toolchains/python_project.h"

#include <algorithm>
#include <array>

#include "images/toolchains/languages.h"

namespace images {

namespace {

constexpr std::array kTestNames = {"test", "tests", "testing", "dev", "develop", "development"};

bool contains(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

// Does a lock or manifest name a package by its place in the tree, other than the project itself ("."),
// with one of `keys` before the path?
bool names_local_package(std::string_view text, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys) {
    for (auto at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
      auto rest = text.substr(at + key.size());
      if (!rest.starts_with(".\"") && !rest.starts_with(".'")) return true;
    }
  }
  return false;
}

}  // namespace

PythonProject::PythonProject(const Source& from, std::string folder)
    : source(from),
      subdir(std::move(folder)),
      pyproject(text("pyproject.toml")),
      requirements(find_requirement_files(from, subdir)),
      style(choose_style()) {}

std::string PythonProject::in_tree(std::string_view name) const { return in_subdir(subdir, name); }

std::string PythonProject::text(std::string_view name) const {
  const std::string* found = source.manifest(in_tree(name));
  return found ? *found : std::string();
}

DependencyStyle PythonProject::choose_style() const {
  if (has("uv.lock") && has("pyproject.toml")) return DependencyStyle::uv;
  if (has("pyproject.toml") && (has("poetry.lock") || poetry_table())) return DependencyStyle::poetry;
  if (has("Pipfile")) return DependencyStyle::pipenv;
  if (!requirements.roots.empty() || stated() || installable()) return DependencyStyle::requirements;
  return DependencyStyle::none;
}

bool PythonProject::poetry_table() const {
  return pyproject.has_table("tool.poetry.dependencies") || pyproject.has_table("tool.poetry.group") ||
         pyproject.has_table("tool.poetry.dev-dependencies");
}

bool PythonProject::installable() const {
  if (has("setup.py") || pyproject.has_table("build-system")) return true;
  if (style == DependencyStyle::uv || style == DependencyStyle::poetry)
    return false;  // no build back-end: not a package
  return pyproject.has_table("project") || contains(text("setup.cfg"), "[metadata]") ||
         contains(text("setup.cfg"), "[options]");
}

bool PythonProject::stated() const {
  return pyproject.has_table("project") || pyproject.has_table("dependency-groups") ||
         contains(text("setup.cfg"), "[options]");
}

std::string PythonProject::needs_sources() const {
  for (const char* name :
       {"pyproject.toml", "setup.cfg", "uv.lock", "poetry.lock", "Pipfile", "Pipfile.lock"})
    if (has(name) && !source.manifest(in_tree(name)))
      return std::string(name) + " is not among the files that are read in advance";
  if (style == DependencyStyle::uv || style == DependencyStyle::poetry || style == DependencyStyle::pipenv)
    return lock_needs_sources();
  if (style != DependencyStyle::requirements) return {};
  if (!requirements.needs_sources.empty()) return requirements.needs_sources;
  if (contains(pyproject.value("project", "dynamic"), "ependencies\"") ||
      contains(pyproject.value("project", "dynamic"), "ependencies'"))
    return "pyproject.toml leaves its dependencies to the build back-end, which reads the tree";
  if (pyproject.has_table("project")) return {};
  const std::string setup_cfg = text("setup.cfg");
  if (contains(setup_cfg, "file:")) return "setup.cfg reads its dependencies from other files of the tree";
  const std::string setup_py = text("setup.py");
  if (has("setup.py") && (setup_py.empty() || contains(setup_py, "install_requires") ||
                          contains(setup_py, "extras_require") || contains(setup_py, "setup_requires")))
    return "setup.py is a program: its dependencies are known only with the sources";
  return {};
}

std::string PythonProject::lock_needs_sources() const {
  if (style == DependencyStyle::uv &&
      (names_local_package(text("uv.lock"), {"editable = \"", "directory = \"", "virtual = \""}) ||
       pyproject.has_table("tool.uv.workspace")))
    return "uv.lock names packages by their place in the tree";
  if (style == DependencyStyle::poetry &&
      names_local_package(text("pyproject.toml"), {"path = \"", "path = '", "path=\""}))
    return "pyproject.toml names packages by their place in the tree";
  if (style == DependencyStyle::pipenv &&
      (contains(text("Pipfile"), "path =") || contains(text("Pipfile"), "path=") ||
       contains(text("Pipfile"), "file =")))
    return "Pipfile names packages by their place in the tree";
  return {};
}

std::vector<std::string> PythonProject::test_names(std::string_view table) const {
  std::vector<std::string> names;
  for (const auto& key : pyproject.keys(table))
    if (std::find(kTestNames.begin(), kTestNames.end(), key) != kTestNames.end()) names.push_back(key);
  return names;
}

bool PythonProject::mentions(std::string_view word) const {
  for (const char* name :
       {"pyproject.toml", "setup.cfg", "setup.py", "uv.lock", "poetry.lock", "Pipfile", "Pipfile.lock"})
    if (contains(text(name), word)) return true;
  return std::any_of(requirements.all.begin(), requirements.all.end(), [&](const std::string& path) {
    const std::string* found = source.manifest(path);
    return found && contains(*found, word);
  });
}

std::string PythonProject::describe() const {
  switch (style) {
    case DependencyStyle::uv:
      return "uv.lock";
    case DependencyStyle::poetry:
      return has("poetry.lock") ? "poetry.lock" : "pyproject.toml of Poetry without a lock";
    case DependencyStyle::pipenv:
      return has("Pipfile.lock") ? "Pipfile.lock" : "Pipfile without a lock";
    case DependencyStyle::none:
      return "";
    case DependencyStyle::requirements:
      break;
  }
  std::string found;
  for (const auto& name : requirements.roots) found += (found.empty() ? "" : ", ") + name;
  for (const char* name : {"pyproject.toml", "setup.cfg", "setup.py"})
    if (has(name)) return found.empty() ? name : found + " and " + name;
  return found;
}

}  // namespace images
