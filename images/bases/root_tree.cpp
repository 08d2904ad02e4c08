#include "images/bases/root_tree.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "images/bases/apt_sources.h"
#include "sandbox/io/error.h"
#include "sandbox/io/fd.h"

namespace images {

namespace {

namespace fs = std::filesystem;

// A symlink in the tree must not lead a write of ours out of it.
void write_text(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::remove(path, error);
  const io::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw io::system_failure("while writing " + path.string());
}

void empty_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(folder, error))) return;
  for (const auto& entry : fs::directory_iterator(folder)) fs::remove_all(entry.path());
}

void truncate_files_below(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(folder, error))) return;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && !entry.is_symlink()) fs::resize_file(entry.path(), 0);
}

// mountinfo writes blanks and the like as octal.
std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

int remove_entry(const char* path, const struct stat*, int, struct FTW*) {
  return ::remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

}  // namespace

void clean_root_tree(const std::string& root, const std::string& mirror, const std::string& suite) {
  const fs::path tree(root);
  for (const char* file : {"etc/resolv.conf", "etc/machine-id"}) write_text(tree / file, "");
  write_text(tree / "etc/hostname", "localhost\n");
  write_text(tree / "etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
  if (!mirror.empty() && fs::is_directory(tree / "etc/apt"))
    write_text(tree / "etc/apt/sources.list", sources_list(mirror, suite));
  for (const char* file : {"etc/apt/apt.conf", "var/lib/dbus/machine-id", "var/cache/ldconfig/aux-cache"}) {
    std::error_code error;
    fs::remove(tree / file, error);
  }
  for (const char* folder : {"var/cache/apt/archives", "var/lib/apt/lists", "usr/local/share/ca-certificates",
                             "tmp", "var/tmp", "debootstrap", "root/.cache"})
    empty_folder(tree / folder);
  std::error_code error;
  fs::remove(tree / "debootstrap", error);
  fs::create_directories(tree / "var/cache/apt/archives/partial", error);
  fs::create_directories(tree / "var/lib/apt/lists/partial", error);
  if (fs::is_directory(tree / "etc/apt/apt.conf.d"))
    for (const auto& entry : fs::directory_iterator(tree / "etc/apt/apt.conf.d"))
      if (entry.path().filename().string().find("proxy") != std::string::npos) fs::remove(entry.path());
  truncate_files_below(tree / "var/log");
}

void unmount_below(const std::string& root) {
  const std::string below = fs::canonical(root).string() + "/";
  std::vector<std::string> points;
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string skipped, point;
    for (int i = 0; i < 4; ++i) fields >> skipped;
    fields >> point;
    point = unescaped(point);
    if (point.starts_with(below)) points.push_back(point);
  }
  std::sort(points.rbegin(), points.rend());  // the inner ones first
  for (const auto& point : points)
    if (::umount2(point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
      throw io::system_failure("while unmounting " + point);
}

void remove_root_tree(const std::string& root) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(root, error))) return;
  unmount_below(root);
  if (::nftw(root.c_str(), remove_entry, 64, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
    throw io::system_failure("while removing " + root);
}

}  // namespace images
