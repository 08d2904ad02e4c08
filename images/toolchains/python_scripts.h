// The programs that run inside the container, in Python itself, where a real parser of pyproject.toml is at
// hand.
#pragma once

namespace images {

// argv: any of "run" and "build", then requirement files. "run" installs what pyproject.toml and setup.cfg
// state about the project's dependencies (its own, those of its extras and groups for tests) together with
// the given files, in one resolution. "build" installs the build requirements into kBuildFolder, beside the
// environment that the tests see, so that the project can be installed later without network.
extern const char* const kProjectRequirementsScript;

// argv: a folder, then name and content of files: they are left there compiled, for this very interpreter, so
// that an attempt that imports them need not do it again. (What pytest loads as a plugin it parses itself,
// each time.) Then prints "name==version" of all that is installed, one a line, sorted.
extern const char* const kListPackagesScript;

inline constexpr const char* kBuildFolder = "/opt/build";

}  // namespace images
