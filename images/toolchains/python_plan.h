// From a Python project to the steps that install it.
//
// All goes into one virtual environment, /opt/venv: a distribution's own Python refuses pip (PEP 668), and an
// environment that we made holds nothing but what the project asked for. It belongs to root, so that no
// attempt can change it. Tools that only install (uv, Poetry, Pipenv) live in /opt/tools and build
// requirements in /opt/build, where the tests do not see them.
//
// With --no-install there is no environment at all: the person says that the base image (and setup_commands)
// have everything, and a fresh environment would hide exactly that.
#pragma once

#include "images/toolchains/python_project.h"
#include "images/toolchains/toolchain.h"

namespace images {

InstallPlan plan_python(const PythonProject& project, const InstallOptions& options);

}  // namespace images
