#include "images/checkout/lfs.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "images/checkout/globs.h"
#include "images/checkout/lfs_download.h"
#include "images/checkout/path_rules.h"
#include "images/checkout/ssh_url.h"

namespace images::checkout {
namespace {

constexpr std::string_view kVersionLine = "version https://git-lfs.github.com/spec/v1";
constexpr std::size_t kOidDigits = 64, kMostNamed = 10;
constexpr std::int64_t kLargestAttributes = 1 << 20;

bool is_oid(std::string_view text) {
  return text.size() == kOidDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  return line.substr(key.size());
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

// All pointers of one source of the tree, in its order.
std::vector<LfsWanted> pointers_of(GitTree& tree, std::size_t source, const std::string& prefix) {
  LfsAttributes attributes;
  const std::string below = prefix.empty() ? "" : prefix + "/";
  std::vector<std::pair<std::string, std::size_t>> files;
  for (std::size_t i = 0; i < tree.entries().size(); ++i) {
    const TreeEntry& entry = tree.entries()[i];
    if (tree.source_of(i) == source && entry.type != 'l' && base_name(entry.path) == ".gitattributes" &&
        tree.size_of(i) <= kLargestAttributes)
      files.emplace_back(folder_of(entry.path).substr(below.size()), i);
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return std::count(a.first.begin(), a.first.end(), '/') < std::count(b.first.begin(), b.first.end(), '/');
  });
  for (const auto& [folder, index] : files) attributes.add(folder, tree.read(index));
  std::vector<LfsWanted> wanted;
  for (std::size_t i = 0; i < tree.entries().size(); ++i) {
    const TreeEntry& entry = tree.entries()[i];
    if (tree.source_of(i) != source || entry.type == 'l' || tree.size_of(i) > kLongestPointer) continue;
    if (!attributes.is_lfs(std::string_view(entry.path).substr(below.size()))) continue;
    if (const auto pointer = parse_pointer(tree.read(i))) wanted.push_back({i, entry.path, *pointer});
  }
  return wanted;
}

std::vector<std::string> paths_of(const std::vector<LfsWanted>& wanted) {
  std::vector<std::string> paths;
  for (const LfsWanted& one : wanted) paths.push_back(one.path);
  return paths;
}

}  // namespace

std::optional<LfsPointer> parse_pointer(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(kLongestPointer) || !text.ends_with('\n')) return std::nullopt;
  LfsPointer pointer;
  bool has_size = false, first = true;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    if (std::exchange(first, false)) {
      if (line != kVersionLine) return std::nullopt;
    } else if (const auto oid = value_of(line, "oid sha256:")) {
      if (!is_oid(*oid) || !pointer.oid.empty()) return std::nullopt;
      pointer.oid = *oid;
    } else if (const auto size = value_of(line, "size ")) {
      const auto end = size->data() + size->size();
      const auto [stopped, error] = std::from_chars(size->data(), end, pointer.size);
      if (error != std::errc() || stopped != end || pointer.size < 0) return std::nullopt;
      has_size = true;
    } else if (!line.starts_with("ext-")) {
      return std::nullopt;
    }
  }
  if (pointer.oid.empty() || !has_size) return std::nullopt;
  return pointer;
}

void LfsAttributes::add(const std::string& folder, std::string_view attributes) {
  std::istringstream lines{std::string(attributes)};
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string pattern, word;
    if (!(words >> pattern) || pattern[0] == '#' || pattern[0] == '[') continue;
    while (words >> word) {
      if (word.starts_with("filter=")) rules_.push_back({folder, pattern, word == "filter=lfs"});
      if (word == "-filter" || word == "!filter") rules_.push_back({folder, pattern, false});
    }
  }
}

bool LfsAttributes::is_lfs(std::string_view path) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (!path.starts_with(rule->folder)) continue;
    const std::string_view below = path.substr(rule->folder.size());
    const bool by_name = rule->pattern.find('/') == std::string::npos;
    if (glob_matches(rule->pattern, by_name ? below.substr(below.rfind('/') + 1) : below)) return rule->lfs;
  }
  return false;
}

std::string name_pointers(const std::vector<std::string>& paths, const std::string& reason) {
  std::string names;
  for (std::size_t i = 0; i < std::min(paths.size(), kMostNamed); ++i)
    names += (i == 0 ? "" : ", ") + printable(paths[i]);
  if (paths.size() > kMostNamed) names += ", …";
  return std::to_string(paths.size()) +
         (paths.size() == 1 ? " file is a Git LFS pointer" : " files are Git LFS pointers") +
         " whose content is not here: " + names + ": " + reason;
}

void fetch_lfs(HttpsClient& client, GitTree& tree, std::size_t source, const std::string& url,
               const std::string& prefix, const std::string& folder, const Progress& progress) {
  const auto wanted = pointers_of(tree, source, prefix);
  if (wanted.empty()) return;
  try {
    if (is_ssh_form(url))
      throw io::HostError(
          "large files are fetched by https alone; name the repository by https://, with a token");
    download_lfs(client, url, wanted, folder, progress);
  } catch (const TransportError&) {
    throw;  // worth a second try
  } catch (const std::exception& error) {
    throw io::RequestError(name_pointers(paths_of(wanted), error.what()));
  }
  for (const LfsWanted& one : wanted)
    tree.replace(one.index, folder + "/" + one.pointer.oid, one.pointer.size);
}

void find_lfs(GitTree& tree, std::size_t source, const std::string& prefix, const std::string& objects) {
  std::vector<std::string> missing;
  for (const LfsWanted& one : pointers_of(tree, source, prefix)) {
    const std::string& oid = one.pointer.oid;
    const std::string file = objects + "/" + oid.substr(0, 2) + "/" + oid.substr(2, 2) + "/" + oid;
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0 && status.st_size == one.pointer.size)
      tree.replace(one.index, file, one.pointer.size);
    else
      missing.push_back(one.path);
  }
  if (!missing.empty())
    throw io::RequestError(name_pointers(missing, "run git lfs fetch in that repository"));
}

}  // namespace images::checkout
