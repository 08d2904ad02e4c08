#include "images/toolchains/python_scripts.h"

namespace images {

const char* const kProjectRequirementsScript = R"py(
import configparser, os, re, subprocess, sys
try:
    import tomllib
except ImportError:
    from pip._vendor import tomli as tomllib

TEST_NAMES = {"test", "tests", "testing", "dev", "develop", "development"}

def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()

def read_pyproject():
    try:
        with open("pyproject.toml", "rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}

def from_extras(name, extras, wanted):
    # An extra may name other extras of the same project: "all = [name[a,b]]".
    own = re.compile(r"^\s*([A-Za-z0-9._-]+)\s*\[([^\]]*)\]")
    found, todo, seen = [], list(wanted), set()
    while todo:
        extra = todo.pop(0)
        if extra in seen:
            continue
        seen.add(extra)
        for requirement in extras.get(extra, []):
            match = own.match(requirement)
            if match and name and normal(match.group(1)) == normal(name):
                todo += [normal(part.strip()) for part in match.group(2).split(",")]
            else:
                found.append(requirement)
    return found

def from_groups(groups, wanted):
    found, seen = [], set()
    def walk(group):
        if group in seen:
            return
        seen.add(group)
        for item in groups.get(group, []):
            if isinstance(item, str):
                found.append(item)
            elif "include-group" in item:
                walk(normal(item["include-group"]))
    for group in wanted:
        walk(group)
    return found

def lines_of(text):
    text = text.strip()
    if text.startswith("file:"):
        lines = []
        for name in text[len("file:"):].split(","):
            with open(name.strip()) as file:
                lines += [line.split(" #")[0].strip() for line in file]
        return [line for line in lines if line and not line.startswith("#")]
    # As setuptools reads it: a list in lines, or in one line with semicolons.
    return [part.strip() for part in (text.split("\n") if "\n" in text else text.split(";")) if part.strip()]

def from_setup_cfg():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read("setup.cfg", encoding="utf-8")
    found = []
    if parser.has_option("options", "install_requires"):
        found += lines_of(parser.get("options", "install_requires"))
    for key in ("setup_requires", "tests_require"):
        if parser.has_option("options", key):
            found += lines_of(parser.get("options", key))
    if parser.has_section("options.extras_require"):
        extras = {normal(k): lines_of(v) for k, v in parser.items("options.extras_require")}
        name = parser.get("metadata", "name", fallback="")
        found += from_extras(name, extras, sorted(TEST_NAMES & set(extras)))
    return found

def uses_hatchling(data):
    return data.get("build-system", {}).get("build-backend", "").startswith("hatchling")

def run_requirements(data):
    project = data.get("project", {})
    found = list(project.get("dependencies", []))
    extras = {normal(k): v for k, v in project.get("optional-dependencies", {}).items()}
    found += from_extras(project.get("name", ""), extras, sorted(TEST_NAMES & set(extras)))
    groups = {normal(k): v for k, v in data.get("dependency-groups", {}).items()}
    found += from_groups(groups, sorted(TEST_NAMES & set(groups)))
    if not project:
        found += from_setup_cfg()
    if uses_hatchling(data):
        found.append("editables~=0.3")  # what its editable installs may import at run time
    return found

def build_requirements(data):
    system = data.get("build-system", {})
    found = list(system.get("requires", ["setuptools", "wheel"]))
    backend = system.get("build-backend", "setuptools.build_meta")
    if backend.startswith("setuptools"):
        found.append("wheel")
    if uses_hatchling(data):
        found.append("editables~=0.3")
    return found

def pip_install(arguments):
    code = subprocess.call([sys.executable, "-m", "pip", "install", *arguments])
    if code != 0:
        sys.exit(code)

modes = [word for word in sys.argv[1:] if word in ("run", "build")]
files = [word for word in sys.argv[1:] if word not in ("run", "build")]
data = read_pyproject()
requirements = run_requirements(data) if "run" in modes else []
if requirements or files:
    pip_install([*[word for file in files for word in ("-r", file)], "--", *requirements])
if "build" in modes:
    pip_install(["--target", os.environ["BUILD_FOLDER"], "--", *build_requirements(data)])
)py";

const char* const kListPackagesScript = R"py(
import importlib.metadata as metadata
import os
import py_compile
import sys

folder, files = sys.argv[1], sys.argv[2:]
os.makedirs(folder, exist_ok=True)
for name, content in zip(files[::2], files[1::2]):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    # The sources are written anew by the seal, at another time: nothing is to be compared with them.
    py_compile.compile(path, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)

found = {f"{one.metadata['Name']}=={one.version}" for one in metadata.distributions() if one.metadata["Name"]}
print("\n".join(sorted(found)))
)py";

}  // namespace images
