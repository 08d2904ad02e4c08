#include "images/bases/apt_sources.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "sandbox/io/text.h"

namespace images {

namespace {

constexpr std::array kSuites = {"bullseye", "bookworm",  "trixie", "forky",   "duke",
                                "sid",      "oldstable", "stable", "testing", "unstable"};

bool has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_debian_suite(const std::string& suite) {
  return std::find(kSuites.begin(), kSuites.end(), suite) != kSuites.end();
}

// Other archives of other people also have a suite "bookworm"; only Debian's own (and its mirrors) have
// "main".
std::string first_mirror(const std::vector<std::string>& uris, const std::vector<std::string>& suites,
                         const std::vector<std::string>& components) {
  if (!has(components, "main") || std::none_of(suites.begin(), suites.end(), is_debian_suite)) return {};
  for (const auto& uri : uris)
    if (uri.starts_with("http://") || uri.starts_with("https://")) return uri;
  return {};
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text(1 << 20, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

}  // namespace

std::string mirror_of_list(std::string_view text) {
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) {
    auto words = io::words(line.substr(0, line.find('#')));
    if (words.empty() || words[0] != "deb") continue;
    words.erase(words.begin());
    if (!words.empty() && words[0].starts_with("[")) {
      while (!words.empty() && !words[0].ends_with("]")) words.erase(words.begin());
      if (!words.empty()) words.erase(words.begin());
    }
    if (words.size() < 3) continue;
    const auto mirror = first_mirror({words[0]}, {words[1]}, {words.begin() + 2, words.end()});
    if (!mirror.empty()) return mirror;
  }
  return {};
}

std::string mirror_of_deb822(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::map<std::string, std::string> stanza;
  std::string field, mirror;
  auto end_of_stanza = [&] {
    const bool enabled = stanza["enabled"] != " no";
    if (mirror.empty() && enabled && has(io::words(stanza["types"]), "deb"))
      mirror = first_mirror(io::words(stanza["uris"]), io::words(stanza["suites"]),
                            io::words(stanza["components"]));
    stanza.clear();
  };
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("#")) continue;
    if (io::words(line).empty()) {
      end_of_stanza();
    } else if (line[0] == ' ' || line[0] == '\t') {
      stanza[field] += " " + line;
    } else if (const auto colon = line.find(':'); colon != std::string::npos) {
      field = io::lower(line.substr(0, colon));
      stanza[field] = line.substr(colon + 1);
    }
  }
  end_of_stanza();
  return mirror;
}

std::string host_mirror(const std::string& etc) {
  const std::filesystem::path apt = std::filesystem::path(etc) / "apt";
  std::vector<std::filesystem::path> files = {apt / "sources.list"};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(apt / "sources.list.d", error))
    files.push_back(entry.path());
  std::sort(files.begin() + 1, files.end());
  for (const auto& path : files) {
    std::string mirror;
    if (path.extension() == ".list") mirror = mirror_of_list(read_text(path));
    if (path.extension() == ".sources") mirror = mirror_of_deb822(read_text(path));
    if (!mirror.empty()) return mirror;
  }
  return {};
}

std::string sources_list(const std::string& mirror, const std::string& suite) {
  std::string address = mirror;
  const auto scheme = address.find("://");
  if (scheme != std::string::npos) {
    const auto end = address.find('/', scheme + 3);
    const auto sign = address.rfind('@', end);
    if (sign != std::string::npos && sign > scheme) address.erase(scheme + 3, sign - scheme - 2);
  }
  return "deb " + address + " " + suite + " main\n";
}

}  // namespace images
