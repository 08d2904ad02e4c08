#include "images/toolchains/toolchain.h"

#include "images/toolchains/languages.h"

namespace images {

namespace {

struct Foreign {
  const char* file;
  const char* language;
};

// Manifests of languages that have no toolchain here yet: worth a word to the person, no more.
constexpr Foreign kForeign[] = {{"go.mod", "Go"},
                                {"package.json", "JavaScript"},
                                {"Cargo.toml", "Rust"},
                                {"pom.xml", "Java"},
                                {"Gemfile", "Ruby"}};

}  // namespace

std::string in_subdir(const std::string& subdir, std::string_view name) {
  return subdir.empty() ? std::string(name) : subdir + "/" + std::string(name);
}

const std::vector<const Toolchain*>& toolchains() {
  static const std::vector<const Toolchain*> kAll = {&python_toolchain(), &unknown_toolchain()};
  return kAll;
}

const Toolchain* find_toolchain(const std::string& name) {
  for (const Toolchain* toolchain : toolchains())
    if (toolchain->name() == name) return toolchain;
  return named_toolchain(name);
}

DetectedToolchain detect_toolchain(const Source& source, const std::string& subdir) {
  DetectedToolchain detected;
  for (const Toolchain* toolchain : toolchains()) {
    const auto detection = toolchain->detect(source, subdir);
    if (!detection) continue;
    if (!detected.toolchain) {
      detected.toolchain = toolchain;
      detected.found = detection->found;
    } else if (toolchain != &unknown_toolchain()) {
      detected.also.push_back(toolchain->name() + ": " + detection->found);
    }
  }
  for (const auto& [file, language] : kForeign)
    if (source.has(in_subdir(subdir, file)))
      detected.also.push_back(std::string(file) + " seen: no toolchain for " + language + " yet");
  return detected;
}

}  // namespace images
