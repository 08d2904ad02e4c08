#include "images/toolchains/toolchain.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "images/toolchains/all_toolchains.h"
#include "images/toolchains/command_words.h"
#include "images/toolchains/languages.h"
#include "images/toolchains/manifest_json.h"

namespace images {

namespace {

// Manifests of languages that have no toolchain here yet: worth a word to the person, no more.
const std::vector<std::pair<std::string, std::string>> kForeign = {
    {"Gemfile", "Ruby"}, {"build.gradle", "Gradle"}, {"build.gradle.kts", "Gradle"}, {"bun.lockb", "Bun"},
    {"bun.lock", "Bun"}, {"deno.json", "Deno"},      {"composer.json", "PHP"}};

constexpr std::size_t kMostFoldersBelow = 50;  // that are looked at
constexpr std::size_t kMostNamed = 3;          // of them

struct Candidate {
  const Toolchain* toolchain;
  Detection detection;
};

struct Choice {
  std::vector<Candidate>::iterator at;
  std::string why;  // where the first is not taken
};

bool runs(const Candidate& candidate, const std::string& program) {
  const auto programs = candidate.toolchain->programs();
  return std::find(programs.begin(), programs.end(), program) != programs.end();
}

// A program of one candidate alone says more than one that several have: in "npx vitest" it is vitest that
// decides.
Choice chosen_by(std::vector<Candidate>& candidates, const std::vector<std::string>& test_words) {
  for (const bool alone : {true, false}) {
    for (const auto& word : test_words) {
      const std::string program{program_of(word)};
      const auto has_it = [&](const Candidate& each) { return runs(each, program); };
      const auto named = std::find_if(candidates.begin(), candidates.end(), has_it);
      if (named == candidates.end() ||
          (alone && std::count_if(candidates.begin(), candidates.end(), has_it) > 1))
        continue;
      return {named, named == candidates.begin() ? "" : ", since the command runs " + program};
    }
  }
  return {candidates.begin(), ""};
}

// "javascript-mocha" → "javascript"
std::string language_of(const std::string& name) { return name.substr(0, name.find('-')); }

std::vector<std::string> found_below(const Source& source, const std::string& subdir) {
  std::set<std::pair<std::size_t, std::string>> folders;  // those nearest first
  const std::string below = subdir.empty() ? "" : subdir + "/";
  for (const auto& [path, text] : source.manifests) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos || slash < below.size() || !path.starts_with(below)) continue;
    folders.emplace(std::count(path.begin(), path.end(), '/'), path.substr(0, slash));
  }
  std::vector<std::string> sentences;
  std::size_t looked_at = 0;
  for (const auto& [depth, folder] : folders) {
    if (++looked_at > kMostFoldersBelow || sentences.size() == kMostNamed) break;
    for (const Toolchain* toolchain : toolchains()) {
      const auto detection = toolchain->detect(source, folder);
      if (!detection || toolchain == &unknown_toolchain()) continue;
      sentences.push_back(
          fmt::format("{} has {}: --subdir {} tests there", folder, detection->found, folder));
      break;
    }
  }
  return sentences;
}

void add_new(std::vector<std::string>& to, std::vector<std::string> from) {
  for (std::string& each : from)
    if (std::find(to.begin(), to.end(), each) == to.end()) to.push_back(std::move(each));
}

}  // namespace

sandbox::LayerBuildStep program_step(std::string title, std::vector<std::string> argv, sandbox::EnvList env) {
  sandbox::LayerBuildStep made;
  made.title = std::move(title);
  made.execution.argv = std::move(argv);
  made.execution.env = std::move(env);
  return made;
}

sandbox::LayerBuildStep script_step(std::string title, std::string script,
                                    const std::vector<std::string>& arguments, sandbox::EnvList env) {
  std::vector<std::string> argv{"/bin/sh", "-ec", std::move(script), "sh"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return program_step(std::move(title), std::move(argv), std::move(env));
}

std::string in_subdir(const std::string& subdir, std::string_view name) {
  return subdir.empty() ? std::string(name) : subdir + "/" + std::string(name);
}

const std::vector<const Toolchain*>& toolchains() {
  static const std::vector<const Toolchain*> kAll = [] {
    std::vector<const Toolchain*> all = {&go_toolchain(), &rust_toolchain()};
    for (const Toolchain* each : node_toolchains()) all.push_back(each);
    for (const Toolchain* each : {&python_toolchain(), &cpp_toolchain(), &java_maven_toolchain(),
                                  &perl_toolchain(), &javascript_toolchain(), &unknown_toolchain()})
      all.push_back(each);
    return all;
  }();
  return kAll;
}

std::vector<std::string> toolchain_names() {
  std::vector<std::string> names;
  for (const Toolchain* toolchain : toolchains()) names.push_back(toolchain->name());
  return names;
}

ManifestGlobs manifest_globs() {
  ManifestGlobs globs;
  for (const Toolchain* toolchain : toolchains()) {
    add_new(globs.manifests, toolchain->manifests());
    add_new(globs.lock_files, toolchain->lock_files());
  }
  return globs;
}

std::vector<std::string> host_variables() {
  std::vector<std::string> names;
  for (const Toolchain* toolchain : toolchains()) add_new(names, toolchain->host_variables());
  return names;
}

const Toolchain* find_toolchain(const std::string& name) {
  for (const Toolchain* toolchain : toolchains())
    if (toolchain->name() == name) return toolchain;
  return nullptr;
}

DetectedToolchain detect_toolchain(const Source& source, const std::string& subdir,
                                   const std::vector<std::string>& test_words) {
  std::vector<Candidate> candidates;
  for (const Toolchain* toolchain : toolchains())
    if (auto detection = toolchain->detect(source, subdir))
      candidates.push_back({toolchain, std::move(*detection)});
  std::vector<std::string> words = test_words;
  for (const auto& each : candidates) {
    const auto behind = each.toolchain->words_behind(source, subdir, test_words);
    words.insert(words.end(), behind.begin(), behind.end());
  }
  const auto chosen = chosen_by(candidates, words);
  const Detection& taken = chosen.at->detection;
  DetectedToolchain detected{chosen.at->toolchain, taken.found + chosen.why, taken.warnings};
  for (auto each = candidates.begin(); each != candidates.end(); ++each)
    if (each != chosen.at && each->toolchain != &unknown_toolchain())
      detected.also.push_back(fmt::format("{} is here, too: for tests of {} say --framework {}",
                                          each->detection.found, language_of(each->toolchain->name()),
                                          each->toolchain->name()));
  for (const auto& [file, language] : kForeign)
    if (source.has(in_subdir(subdir, file)))
      detected.also.push_back(file + " seen: no toolchain for " + language + " yet");
  if (chosen.at->toolchain != &unknown_toolchain()) return detected;
  const std::string* package = source.manifest(in_subdir(subdir, "package.json"));
  if (package && manifest_object(package).is_null())
    detected.also.emplace_back("package.json is no object of JSON: nothing is installed by it");
  for (auto& sentence : found_below(source, subdir)) detected.also.push_back(std::move(sentence));
  return detected;
}

}  // namespace images
