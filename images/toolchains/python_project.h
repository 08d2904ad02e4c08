// What a Python project says about itself in its manifests. Pure; made once per plan.
#pragma once

#include <string>
#include <vector>

#include "images/toolchains/python_requirements.h"
#include "images/toolchains/toml_glance.h"

namespace images {

// Where a project's dependencies are written, the most exact first.
enum class DependencyStyle {
  uv,            // uv.lock
  poetry,        // poetry.lock, or [tool.poetry] without a lock
  pipenv,        // Pipfile, Pipfile.lock
  requirements,  // requirement files and what pyproject.toml or setup.cfg state, in one resolution
  none,
};

struct PythonProject {
  PythonProject(const Source& source, std::string subdir);

  bool has(std::string_view name) const { return source.has(in_tree(name)); }
  std::string in_tree(std::string_view name) const;  // its path from the tree's root
  std::string text(std::string_view name) const;     // of a manifest; empty when absent
  bool installable() const;   // is there a project to install, beside its dependencies?
  bool stated() const;        // do pyproject.toml or setup.cfg state dependencies?
  bool poetry_table() const;  // dependencies in [tool.poetry…]
  bool locked() const { return style == DependencyStyle::uv || style == DependencyStyle::poetry; }
  // Empty, or why the dependencies cannot be known from manifests alone.
  std::string needs_sources() const;
  // The names of its extras (or of `table`'s keys) that serve its tests.
  std::vector<std::string> test_names(std::string_view table) const;
  // Does any manifest speak of `word`?
  bool mentions(std::string_view word) const;
  std::string describe() const;  // "uv.lock", "requirements.txt and pyproject.toml with …"

  const Source& source;
  std::string subdir;
  TomlGlance pyproject;
  RequirementFiles requirements;
  DependencyStyle style = DependencyStyle::none;

 private:
  DependencyStyle choose_style() const;
  std::string lock_needs_sources() const;
};

}  // namespace images
