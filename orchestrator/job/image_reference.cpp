#include "orchestrator/job/image_reference.h"

#include <algorithm>
#include <regex>
#include <string_view>

namespace orchestrator {
namespace {

constexpr std::size_t kLongestName = 255;  // without tag and digest

// Made once: a server reads a name with each job, and to make one takes far longer than to use it.
const std::regex& registry_pattern() {
  static const std::regex pattern(
      "(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
      "|\\[[A-Fa-f0-9:]+\\])(?::[0-9]+)?");
  return pattern;
}

const std::regex& path_pattern() {
  static const std::regex pattern(
      "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*");
  return pattern;
}

const std::regex& tag_pattern() {
  static const std::regex pattern("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
  return pattern;
}

const std::regex& digest_pattern() {
  static const std::regex pattern("[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[A-Fa-f0-9]{32,}");
  return pattern;
}

bool matches(std::string_view text, const std::regex& pattern) {
  return std::regex_match(text.begin(), text.end(), pattern);
}

bool has_upper_case(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// Takes what follows the last `mark` off the text; false when there is none.
bool take_end(std::string_view& text, char mark, std::string_view& end) {
  const auto at = text.rfind(mark);
  if (at == std::string_view::npos) return false;
  end = text.substr(at + 1);
  text.remove_suffix(text.size() - at);
  return true;
}

// As engines tell a registry from the first folder of a path.
bool is_registry(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:") != std::string_view::npos;
}

std::string wrong_registry(std::string_view registry) {
  return matches(registry, registry_pattern()) ? "" : "names no registry before its first '/'";
}

std::string wrong_path(std::string_view path) {
  if (has_upper_case(path)) return "must be in lower case but for a tag";
  return matches(path, path_pattern())
             ? ""
             : "is no name of an image, as in python:3.12-slim or host:5000/team/app:1.0";
}

}  // namespace

std::string check_image_reference(const std::string& reference) {
  constexpr std::size_t kLongestEnd = 1 + 128 + 1 + 256;  // tag and digest
  if (reference.size() > kLongestName + kLongestEnd) return "is longer than a name of an image can be";
  std::string_view name = reference, digest, tag;
  if (take_end(name, '@', digest) && !matches(digest, digest_pattern()))
    return "has no digest behind its '@', as in sha256:…";
  const auto colon = name.rfind(':');
  const bool tagged = colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos;
  if (tagged && take_end(name, ':', tag) && !matches(tag, tag_pattern()))
    return "has no tag behind its ':', as in python:3.12-slim";
  if (name.size() > kLongestName) return "has a name of more than 255 characters";
  const std::string_view registry = name.substr(0, name.find('/'));
  if (registry.size() == name.size() || !is_registry(registry)) return wrong_path(name);
  if (auto wrong = wrong_registry(registry); !wrong.empty()) return wrong;
  return wrong_path(name.substr(registry.size() + 1));
}

std::string registry_of(std::string_view name) {
  const auto slash = name.find('/');
  const std::string_view first = name.substr(0, slash);
  return slash != std::string_view::npos && is_registry(first) ? std::string(first) : "docker.io";
}

}  // namespace orchestrator
