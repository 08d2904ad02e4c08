#include "images/toolchains/python_requirements.h"

#include <algorithm>
#include <set>

#include "images/toolchains/languages.h"
#include "sandbox/io/text.h"

namespace images {

namespace {

// In this order they are given to pip, in one call: one resolution for all of them.
constexpr const char* kUsualNames[] = {
    "requirements.txt",         "requirements-dev.txt",  "requirements_dev.txt",   "dev-requirements.txt",
    "requirements-test.txt",    "requirements_test.txt", "requirements-tests.txt", "test-requirements.txt",
    "test_requirements.txt",    "requirements/base.txt", "requirements/test.txt",  "requirements/tests.txt",
    "requirements/testing.txt", "requirements/dev.txt",  "tests/requirements.txt", "test/requirements.txt",
};
constexpr std::size_t kMaxFiles = 64;  // a tree that includes more is not a project's list of requirements

std::string_view trimmed(std::string_view text) { return io::trimmed(text, " \t\r\f\v"); }

// The argument when `line` is the option, spelt "-r x", "-rx", "--requirement x" or "--requirement=x".
std::optional<std::string_view> option(std::string_view line, std::string_view brief, std::string_view full) {
  if (line.starts_with("--")) {
    if (!line.starts_with(full) || line.size() == full.size()) return std::nullopt;
    const char next = line[full.size()];
    if (next != '=' && next != ' ' && next != '\t') return std::nullopt;
    return trimmed(line.substr(full.size() + 1));
  }
  if (line.starts_with(brief)) return trimmed(line.substr(brief.size()));
  return std::nullopt;
}

bool is_url(std::string_view text) { return text.find("://") != std::string_view::npos; }

bool points_into_tree(std::string_view requirement) {
  if (const auto at = requirement.find(" @ "); at != std::string_view::npos)
    requirement = trimmed(requirement.substr(at + 3));
  if (requirement.starts_with("file:")) return true;
  if (is_url(requirement)) return false;
  requirement = requirement.substr(0, requirement.find_first_of(" ;["));
  if (requirement.starts_with(".") || requirement.starts_with("/") ||
      requirement.find('/') != std::string_view::npos)
    return true;
  return requirement.ends_with(".whl") || requirement.ends_with(".tar.gz") || requirement.ends_with(".zip");
}

// Walks what the roots include.
class Reader {
 public:
  Reader(const Source& source, RequirementFiles& files) : source_(source), files_(files) {}

  void read(const std::string& path) {
    if (!seen_.insert(path).second) return;
    const std::string* text = source_.manifest(path);
    if (!text || seen_.size() > kMaxFiles)
      return need(path + " is not among the files that are read in advance");
    files_.all.push_back(path);
    for (const auto& line : requirement_lines(*text)) read_line(path, line);
  }

 private:
  void read_line(const std::string& path, std::string_view line) {
    auto included = option(line, "-r", "--requirement");
    if (!included) included = option(line, "-c", "--constraint");
    if (included) return include(path, *included);
    const auto editable = option(line, "-e", "--editable");
    const auto links = option(line, "-f", "--find-links");
    const bool local = editable ? !is_url(*editable) || editable->starts_with("file:")
                       : links  ? !is_url(*links) || links->starts_with("file:")
                                : !line.starts_with("-") && points_into_tree(line);
    if (local)
      need(path + " has the line \"" + std::string(line.substr(0, 80)) + "\", which points into the tree");
  }

  void include(const std::string& from, std::string_view included) {
    if (is_url(included)) return;  // pip fetches it itself
    const auto slash = from.rfind('/');
    const auto joined = join_in_tree(slash == std::string::npos ? "" : from.substr(0, slash), included);
    if (!joined || !source_.has(*joined)) return;  // pip's own message about it is the best one
    read(*joined);
  }

  void need(std::string reason) {
    if (files_.needs_sources.empty()) files_.needs_sources = std::move(reason);
  }

  const Source& source_;
  RequirementFiles& files_;
  std::set<std::string> seen_;
};

}  // namespace

std::optional<std::string> join_in_tree(std::string_view folder, std::string_view path) {
  if (path.empty() || path.starts_with("/")) return std::nullopt;
  std::vector<std::string_view> parts;
  std::string joined(folder);
  joined += "/";
  joined += path;
  for (std::string_view rest = joined; !rest.empty();) {
    const auto slash = rest.find('/');
    const auto part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
      continue;
    }
    if (parts.empty()) return std::nullopt;
    parts.pop_back();
  }
  std::string result;
  for (const auto part : parts) {
    if (!result.empty()) result += '/';
    result += part;
  }
  return result;
}

std::vector<std::string> requirement_lines(std::string_view text) {
  std::vector<std::string> lines;
  std::string logical;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const bool continued = !line.empty() && line.back() == '\\' && !text.empty();
    if (continued) line.remove_suffix(1);
    logical += line;
    if (continued) continue;
    std::string_view whole = trimmed(logical);
    if (const auto comment = whole.find(" #"); comment != std::string_view::npos)
      whole = whole.substr(0, comment);
    if (whole.starts_with("#")) whole = {};
    if (!trimmed(whole).empty()) lines.emplace_back(trimmed(whole));
    logical.clear();
  }
  return lines;
}

RequirementFiles find_requirement_files(const Source& source, const std::string& subdir) {
  RequirementFiles files;
  Reader reader(source, files);
  for (const char* name : kUsualNames) {
    const std::string path = in_subdir(subdir, name);
    if (!source.has(path)) continue;
    files.roots.emplace_back(name);
    reader.read(path);
  }
  return files;
}

}  // namespace images
