#include "images/toolchains/rust_skeleton.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "images/toolchains/toml_glance.h"

namespace images {
namespace {

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// With its '/', or empty at the root.
std::string folder_of(std::string_view path) { return std::string(path.substr(0, path.rfind('/') + 1)); }

bool is_config(std::string_view path) {
  return path == ".cargo/config.toml" || path == ".cargo/config" || path.ends_with("/.cargo/config.toml") ||
         path.ends_with("/.cargo/config");
}

// What stands between quotes, comments included: what is no file is left out anyway.
std::set<std::string> quoted_words(std::string_view text) {
  std::set<std::string> words;
  for (auto open = text.find_first_of("\"'"); open != std::string_view::npos;
       open = text.find_first_of("\"'", open)) {
    const auto close = text.find_first_of(std::string{text[open], '\n'}, open + 1);
    if (close == std::string_view::npos) break;
    if (text[close] != '\n') words.emplace(text.substr(open + 1, close - open - 1));
    open = close + 1;
  }
  return words;
}

class Package {
 public:
  Package(const Source& source, std::string folder) : source_(source), folder_(std::move(folder)) {}

  std::set<std::string> targets(std::string_view manifest) {
    const bool has_library = add("src/lib.rs"), has_program = add("src/main.rs");
    add("build.rs");
    for (const auto& word : quoted_words(manifest)) add_named(word);
    if (!has_library && !has_program) add_any_program();
    return std::move(found_);
  }

 private:
  bool add(const std::string& path) {
    const std::string plain = std::filesystem::path(folder_ + path).lexically_normal().string();
    if (!source_.has(plain)) return false;
    found_.insert(plain);
    return true;
  }

  // By its path, or where cargo looks for a target of that name.
  void add_named(const std::string& word) {
    if (word.ends_with(".rs") && !word.starts_with("/")) add(word);
    if (word.empty() || word.find_first_of("/.") != std::string::npos) return;
    for (const char* kind : {"src/bin/", "tests/", "examples/", "benches/"}) {
      add(kind + word + ".rs");
      add(kind + word + "/main.rs");
    }
  }

  // A package has at least one target.
  void add_any_program() {
    const std::string programs = folder_ + "src/bin/";
    for (const auto& entry : source_.entries)
      if (entry.path.starts_with(programs) && entry.path.ends_with(".rs")) {
        found_.insert(entry.path);
        return;
      }
  }

  const Source& source_;
  std::string folder_;
  std::set<std::string> found_;
};

}  // namespace

std::vector<std::string> rust_manifests(const Source& source) {
  std::vector<std::string> paths;
  for (const auto& [path, content] : source.manifests) {
    const auto name = name_of(path);
    if (name == "Cargo.toml" || name == "Cargo.lock" || name == "rust-toolchain" ||
        name == "rust-toolchain.toml" || is_config(path))
      paths.push_back(path);
  }
  return paths;
}

std::vector<std::string> rust_targets(const Source& source) {
  std::set<std::string> targets;
  for (const auto& [path, content] : source.manifests)
    if (name_of(path) == "Cargo.toml" && TomlGlance(content).has_table("package"))
      targets.merge(Package(source, folder_of(path)).targets(content));
  return {targets.begin(), targets.end()};
}

bool has_vendored_crates(const Source& source) {
  return std::any_of(source.manifests.begin(), source.manifests.end(), [](const auto& manifest) {
    return is_config(manifest.first) && manifest.second.find("[source") != std::string::npos &&
           manifest.second.find("directory") != std::string::npos;
  });
}

}  // namespace images
