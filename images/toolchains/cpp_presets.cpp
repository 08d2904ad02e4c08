#include "images/toolchains/cpp_presets.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "images/toolchains/command_words.h"
#include "images/toolchains/languages.h"
#include "images/toolchains/manifest_json.h"

namespace images {
namespace {

using PresetJson = nlohmann::json;

constexpr int kMostInherited = 32;  // one preset of another

PresetJson at_key(const PresetJson& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? PresetJson() : *found;
}

std::string text_at(const PresetJson& object, const char* key) {
  const PresetJson value = at_key(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

// All presets of the tree's files, those that are included, too.
class Presets {
 public:
  Presets(const Source& source, const std::string& subdir) : source_(source) {
    for (const char* file : {"CMakePresets.json", "CMakeUserPresets.json"}) read(in_subdir(subdir, file));
  }

  // `kind`: "testPresets" and the like.
  std::optional<CmakePreset> meant_by(const char* kind, const std::string& name) const {
    const PresetJson* preset = find(kind, name);
    if (!preset) return std::nullopt;
    if (kind == std::string_view("configurePresets")) return CmakePreset{name, ""};
    if (kind == std::string_view("workflowPresets")) {
      for (const auto& step : at_key(*preset, "steps"))
        if (text_at(step, "type") == "configure") return CmakePreset{text_at(step, "name"), ""};
      return std::nullopt;
    }
    CmakePreset meant{said_by(kind, *preset, "configurePreset", 0),
                      said_by(kind, *preset, "configuration", 0)};
    return meant.configure.empty() ? std::nullopt : std::optional(std::move(meant));
  }

 private:
  void read(const std::string& path) {
    const std::string* text = source_.manifest(path);
    if (!text || !seen_.insert(path).second) return;
    files_.push_back(manifest_object(text, true));  // CMake takes comments, too
    const PresetJson includes = at_key(files_.back(), "include");
    for (const auto& included : includes)
      if (included.is_string())
        read((std::filesystem::path(path).parent_path() / included.get<std::string>())
                 .lexically_normal()
                 .string());
  }

  const PresetJson* find(const char* kind, const std::string& name) const {
    for (const auto& file : files_)
      if (const auto presets = file.find(kind); presets != file.end() && presets->is_array())
        for (const auto& preset : *presets)
          if (text_at(preset, "name") == name) return &preset;
    return nullptr;
  }

  // What it says itself, or the first that it inherits from and that says it.
  std::string said_by(const char* kind, const PresetJson& preset, const char* key, int depth) const {
    if (auto own = text_at(preset, key); !own.empty() || depth > kMostInherited) return own;
    const PresetJson inherits = at_key(preset, "inherits");
    for (const auto& name : inherits.is_array() ? inherits : PresetJson::array({inherits})) {
      const PresetJson* from = name.is_string() ? find(kind, name.get<std::string>()) : nullptr;
      if (!from) continue;
      if (auto said = said_by(kind, *from, key, depth + 1); !said.empty()) return said;
    }
    return "";
  }

  const Source& source_;
  std::set<std::string> seen_;
  std::vector<PresetJson> files_;
};

// "dev" of "--preset dev" or "--preset=dev" at `i`; what a shell has to say behind it is not of the name.
std::string named_at(const std::vector<std::string>& words, std::size_t i, const std::string& flag) {
  std::string name;
  if (words[i] == flag && i + 1 < words.size()) name = words[i + 1];
  if (words[i].starts_with(flag + "=")) name = words[i].substr(flag.size() + 1);
  std::erase_if(name, [](char c) { return std::string_view(";&|()'\"").find(c) != std::string_view::npos; });
  return name;
}

}  // namespace

std::optional<CmakePreset> preset_of_command(const Source& source, const std::string& subdir,
                                             const std::vector<std::string>& words) {
  const Presets presets(source, subdir);
  std::optional<CmakePreset> meant;
  const char* kind = "configurePresets";
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view program = program_of(words[i]);
    if (program == "ctest") kind = "testPresets";
    if (program == "cmake") kind = "configurePresets";
    if (words[i] == "--build") kind = "buildPresets";
    if (words[i].starts_with("--workflow")) kind = "workflowPresets";
    for (const char* flag : {"--preset", "--workflow"})
      if (const auto name = named_at(words, i, flag); !name.empty())
        if (auto found = presets.meant_by(kind, name)) meant = std::move(found);
  }
  return meant;
}

std::vector<std::string> preset_files() {
  return {"CMakePresets.json", "CMakeUserPresets.json", "*[Pp]resets*.json", "*/[Pp]resets/*.json",
          "*/cmake/*.json"};
}

}  // namespace images
