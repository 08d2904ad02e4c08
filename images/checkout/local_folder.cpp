#include "images/checkout/local_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "images/checkout/file_content.h"
#include "images/checkout/git_tree.h"
#include "images/checkout/path_rules.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

constexpr std::size_t kMostShown = 5;

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

// How far the folder lies below the repository's working folder: "" or "sub/folder/".
std::string below_workdir(const std::string& folder, git_repository* repository) {
  const char* workdir = ::git_repository_workdir(repository);
  const std::string top = workdir ? workdir : "";
  const std::string full = folder.ends_with('/') ? folder : folder + "/";
  return !top.empty() && full.starts_with(top) ? full.substr(top.size()) : "";
}

Index index_of(git_repository* repository) {
  git_index* index = nullptr;
  return Index(::git_repository_index(&index, repository) == 0 ? index : nullptr);
}

}  // namespace

bool LocalFolder::Rules::is_tracked(const std::string& walked) const {
  return index && ::git_index_get_bypath(index.get(), path(walked).c_str(), 0) != nullptr;
}

bool LocalFolder::Rules::has_tracked_below(const std::string& walked) const {
  std::size_t at = 0;
  return index && ::git_index_find_prefix(&at, index.get(), (path(walked) + "/").c_str()) == 0;
}

bool LocalFolder::Rules::is_ignored(const std::string& walked, bool folder) const {
  if (!repository) return false;
  int ignored = 0;
  const std::string asked = folder ? path(walked) + "/" : path(walked);
  return ::git_ignore_path_is_ignored(&ignored, repository, asked.c_str()) == 0 && ignored != 0;
}

LocalFolder::LocalFolder(const std::string& folder, Repository repository,
                         const std::vector<std::string>& include, std::int64_t max_bytes)
    : folder_(folder),
      root_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      include_(include),
      max_bytes_(max_bytes) {
  if (!root_)
    throw io::RequestError("cannot open the folder " + printable(folder) + ": " + std::strerror(errno));
  rules_.repository = repository.get();
  rules_.below = below_workdir(folder, repository.get());
  rules_.index = index_of(repository.get());
  rules_.owner = std::move(repository);
  walk(root_.get(), ".", "", rules_, 0);
  std::sort(entries_.begin(), entries_.end(),
            [](const TreeEntry& a, const TreeEntry& b) { return a.path < b.path; });
  warn_of_skipped();
}

void LocalFolder::walk(int parent, const char* name, const std::string& folder, const Rules& rules,
                       std::size_t depth) {
  if (depth > kDeepestFolder)
    throw io::RequestError("the folders are nested too deeply: " + printable(folder));
  io::Fd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return;  // it changed under us
  if (!fd)
    throw io::RequestError("cannot open the folder '" + printable(folder) + "': " + std::strerror(errno) +
                           "; make it readable, or have it ignored");
  std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
  if (!dir) throw io::system_failure("cannot read the folder '" + printable(folder) + "'");
  fd.release();
  while (const dirent* found = ::readdir(dir.get())) {
    const std::string_view child = found->d_name;
    if (child == "." || child == "..") continue;
    if (child == ".git") continue;
    check_name(child, folder);
    visit(::dirfd(dir.get()), found->d_name,
          folder.empty() ? std::string(child) : folder + "/" + found->d_name, rules, depth);
  }
}

void LocalFolder::visit(int parent, const char* name, const std::string& path, const Rules& rules,
                        std::size_t depth) {
  struct stat status {};
  if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;  // gone already
  if (S_ISDIR(status.st_mode)) {
    const bool wanted =
        rules.has_tracked_below(path) || rules.is_tracked(path) || !rules.is_ignored(path, true);
    if (wanted || include_.may_match_below(path)) enter(parent, name, path, rules, depth);
    return;
  }
  if (!rules.is_tracked(path) && rules.is_ignored(path, false) && !include_.matches(path)) return;
  if (S_ISREG(status.st_mode)) {
    add(path, status.st_mode & S_IXUSR ? 'x' : 'f', status.st_size);
  } else if (S_ISLNK(status.st_mode)) {
    add(path, 'l', status.st_size);
  } else if (++special_count_ <= kMostShown) {
    special_.push_back(printable(path));
  }
}

// A folder with a .git of its own is a submodule, or a clone inside: its own index and ignore rules count
// there.
void LocalFolder::enter(int parent, const char* name, const std::string& path, const Rules& rules,
                        std::size_t depth) {
  struct stat status {};
  const bool has_git =
      ::fstatat(parent, (std::string(name) + "/.git").c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!has_git) {
    if (rules.is_tracked(path))
      warnings_.push_back("the submodule '" + printable(path) +
                          "' is not populated; run git submodule update --init");
    return walk(parent, name, path, rules, depth + 1);
  }
  Rules inner;
  git_repository* opened = nullptr;
  const bool readable = ::git_repository_open(&opened, (folder_ + "/" + path).c_str()) == 0;
  inner.owner.reset(opened);
  if (!readable || !::git_repository_workdir(opened)) return walk(parent, name, path, rules, depth + 1);
  inner.repository = opened;
  inner.skip = path.size() + 1;
  inner.index = index_of(opened);
  walk(parent, name, path, inner, depth + 1);
}

void LocalFolder::add(const std::string& path, char type, std::int64_t size) {
  total_ += size;
  if (total_ > max_bytes_) refuse_size(max_bytes_);
  if (entries_.size() >= kMostEntries) throw io::RequestError("the folder holds more than a million files");
  entries_.push_back({path, type});
}

void LocalFolder::warn_of_skipped() {
  if (special_count_ == 0) return;
  std::string names;
  for (const std::string& one : special_) names += (names.empty() ? "" : ", ") + one;
  if (special_count_ > special_.size()) names += ", …";
  warnings_.push_back(std::to_string(special_count_) +
                      " pipe(s), socket(s) or device(s) were left out: " + names);
}

std::unique_ptr<Content> LocalFolder::open(std::size_t index) {
  const TreeEntry& entry = entries_[index];
  if (entry.type != 'l') return open_below(root_.get(), entry.path);
  std::string target(4096, '\0');
  const ssize_t length = ::readlinkat(root_.get(), entry.path.c_str(), target.data(), target.size());
  if (length < 0) return nullptr;
  target.resize(static_cast<std::size_t>(length));
  return std::make_unique<MemoryContent>(std::move(target));
}

bool LocalFolder::is_lfs(std::size_t index) const {
  const char* value = nullptr;
  const std::string path = rules_.path(entries_[index].path);
  return ::git_attr_get(&value, rules_.repository, 0, path.c_str(), "filter") == 0 &&
         ::git_attr_value(value) == GIT_ATTR_VALUE_STRING && std::strcmp(value, "lfs") == 0;
}

}  // namespace images::checkout
