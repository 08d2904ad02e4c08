#include "images/pip_config.h"

#include <algorithm>
#include <array>

#include "sandbox/io/text.h"

namespace images {

namespace {

constexpr std::array kKept = {"index-url", "extra-index-url", "trusted-host", "timeout",       "retries",
                              "proxy",     "find-links",      "only-binary",  "prefer-binary", "pre",
                              "no-binary", "default-timeout"};

// pip spells a key with either sign.
std::string normal(std::string_view key) {
  std::string name = io::lower(key);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

}  // namespace

bool PipConfig::add(std::string_view text) {
  std::string section, key;
  bool kept = false;
  auto take = [&](std::string_view value, bool more) {
    // A place to find packages may be a folder of this host: only URLs go along.
    if (value.empty() || (key == "find-links" && value.find("://") == std::string_view::npos)) return;
    if (value.starts_with("file:")) return;
    auto& slot = sections_[section][key];
    if (more && !slot.empty())
      slot += "\n    " + std::string(value);
    else
      slot = value;
    kept = true;
  };
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const auto content = io::trimmed(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (line.front() == ' ' || line.front() == '\t') {
      if (!key.empty()) take(content, true);
      continue;
    }
    if (content.front() == '[') {
      section = content.substr(1, content.find(']') - 1);
      key.clear();
      continue;
    }
    const auto equals = content.find_first_of("=:");
    if (equals == std::string_view::npos) continue;
    key = normal(io::trimmed(content.substr(0, equals)));
    if (std::find(kKept.begin(), kKept.end(), key) == kKept.end())
      key.clear();
    else
      take(io::trimmed(content.substr(equals + 1)), false);
  }
  return kept;
}

std::string PipConfig::value(const std::string& key) const {
  for (const char* section : {"install", "global"}) {
    const auto found = sections_.find(section);
    if (found == sections_.end()) continue;
    const auto entry = found->second.find(key);
    if (entry != found->second.end()) return entry->second;
  }
  return {};
}

std::string PipConfig::text() const {
  std::string text;
  for (const auto& [section, keys] : sections_) {
    text += "[" + section + "]\n";
    for (const auto& [key, value] : keys) text += key + " = " + value + "\n";
  }
  return text;
}

}  // namespace images
