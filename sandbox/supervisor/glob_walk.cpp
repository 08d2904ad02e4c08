#include "sandbox/supervisor/glob_walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace supervisor {
namespace {

constexpr unsigned kEntriesPerQuestion = 512;
constexpr std::string_view kAnyFolders = "**";
constexpr std::size_t kNone = std::string_view::npos;

// How much of the pattern stands for this one byte; 0 when it does not. An unclosed '[' is itself.
std::size_t matches_byte(std::string_view pattern, char byte) {
  if (pattern[0] == '?') return 1;
  const std::size_t first = pattern.size() > 1 && (pattern[1] == '!' || pattern[1] == '^') ? 2 : 1;
  const std::size_t close = pattern[0] == '[' ? pattern.find(']', first + 1) : kNone;
  if (close == kNone) return pattern[0] == byte;
  bool inside = false;
  for (std::size_t i = first; i < close; ++i) {
    const bool range = i + 2 < close && pattern[i + 1] == '-';
    inside |= range ? pattern[i] <= byte && byte <= pattern[i + 2] : pattern[i] == byte;
    if (range) i += 2;
  }
  return inside == (first == 1) ? close + 1 : 0;
}

bool has_wildcard(std::string_view part) { return part.find_first_of("*?[") != kNone; }

std::vector<std::string> split(std::string_view glob) {
  std::vector<std::string> parts;
  while (!glob.empty()) {
    const std::string_view part = glob.substr(0, glob.find('/'));
    glob.remove_prefix(std::min(part.size() + 1, glob.size()));
    const bool again = part == kAnyFolders && !parts.empty() && parts.back() == kAnyFolders;
    if (!part.empty() && part != "." && !again) parts.emplace_back(part);
  }
  if (!parts.empty() && parts.back() == kAnyFolders) parts.emplace_back("*");
  return parts;
}

bool is_passed_over(const std::string& path, const char* name) {
  for (const char* folder : {".git", "node_modules"})
    if (std::strcmp(name, folder) == 0) return true;
  return path == "/proc" || path == "/sys";
}

bool is_folder(const std::string& path, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// One name more, while it lives.
class Step {
 public:
  Step(std::string& path, const char* name) : path_(path), before_(path.size()) {
    if (!path.empty() && path.back() != '/') path += '/';
    path += name;
  }
  ~Step() { path_.resize(before_); }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

 private:
  std::string& path_;
  std::size_t before_;
};

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

}  // namespace

// Remembering only the last '*' is enough: an earlier one never has to take more.
bool matches_name(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = kNone, star_n = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_n = n;
      continue;
    }
    const std::size_t taken = p < pattern.size() ? matches_byte(pattern.substr(p), name[n]) : 0;
    if (taken > 0) {
      p += taken;
      ++n;
    } else if (star != kNone) {
      p = star + 1;
      n = ++star_n;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == kNone;
}

void GlobWalk::walk(std::string_view glob) {
  const Parts parts = split(glob);
  path_ = !glob.empty() && glob[0] == '/' ? "/" : "";
  if (!parts.empty()) go_on(parts, 0, 0);
}

void GlobWalk::go_on(const Parts& parts, std::size_t at, int depth) {
  if (incomplete_) return;
  if (parts[at] == kAnyFolders) go_on(parts, at + 1, depth);
  if (has_wildcard(parts[at]))
    look_into(parts, at, depth);
  else
    take_name(parts, at, depth);
}

void GlobWalk::take_name(const Parts& parts, std::size_t at, int depth) {
  const Step step(path_, parts[at].c_str());
  if (at + 1 < parts.size()) return go_on(parts, at + 1, depth);
  struct stat status {};
  if (::lstat(path_.c_str(), &status) == 0) found_(path_);
}

bool GlobWalk::may_look_further(int depth) {
  if (depth > kMaxDepth || ++folders_ > kMaxFolders || give_up_()) incomplete_ = true;
  return !incomplete_;
}

void GlobWalk::look_into(const Parts& parts, std::size_t at, int depth) {
  if (!may_look_further(depth)) return;
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path_.empty() ? "." : path_.c_str()));
  if (!folder) return;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (++entries_ % kEntriesPerQuestion == 0 && give_up_()) incomplete_ = true;
    if (incomplete_) return;
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      take_entry(parts, at, depth, *entry);
  }
}

void GlobWalk::take_entry(const Parts& parts, std::size_t at, int depth, const dirent& entry) {
  const bool any_folders = parts[at] == kAnyFolders;
  if (!any_folders && !matches_name(parts[at], entry.d_name)) return;
  const Step step(path_, entry.d_name);
  const bool folder = is_folder(path_, entry);
  if (any_folders) {
    if (folder && !is_passed_over(path_, entry.d_name)) go_on(parts, at, depth + 1);
  } else if (at + 1 == parts.size()) {
    if (!folder) found_(path_);
  } else if (folder) {
    go_on(parts, at + 1, depth + 1);
  }
}

}  // namespace supervisor
