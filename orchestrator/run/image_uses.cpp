#include "orchestrator/run/image_uses.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "sandbox/io/error.h"
#include "sandbox/io/uuid.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;
using Time = std::chrono::system_clock::time_point;
using Kind = io::FileLock::Kind;

constexpr const char* kUsed = "used";
constexpr const char* kBuilding = "building";

// A label may come from anywhere, and becomes the name of a file.
bool is_plain(const std::string& word) {
  return !word.empty() && word.size() <= 100 && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string file_name(const LayerName& layer) { return layer.kind + "-" + layer.key; }

std::string plain(std::string text) {
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.') c = '_';
  return text.empty() || text[0] == '.' ? "_" + text : text.substr(0, 200);
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Made by the first who asks; of several at once, the first to have it whole on disk.
std::string id_of(const std::string& state_folder) {
  const std::string file = state_folder + "/id";
  if (auto id = first_line(file); !id.empty()) return id;
  const std::string mine = fmt::format("{}.{}", file, io::random_uuid());
  {
    std::ofstream out(mine);
    out << io::random_uuid() << "\n";
    if (!out.flush()) throw io::system_failure("cannot write " + mine);
  }
  const int linked = ::link(mine.c_str(), file.c_str());
  const int error = errno;
  ::unlink(mine.c_str());
  if (linked != 0 && error != EEXIST) throw io::system_failure("cannot make " + file, error);
  return first_line(file);
}

std::optional<Time> changed(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return std::chrono::system_clock::from_time_t(found.st_mtim.tv_sec) +
         std::chrono::duration_cast<Time::duration>(std::chrono::nanoseconds(found.st_mtim.tv_nsec));
}

}  // namespace

std::string label_of(const sandbox::Image& image, const char* name) {
  const auto found = image.labels.find(name);
  return found == image.labels.end() ? "" : found->second;
}

std::optional<LayerName> layer_name(const sandbox::Image& image) {
  LayerName name{label_of(image, sandbox::kKindLabel), label_of(image, sandbox::kKeyLabel)};
  if (!is_plain(name.kind) || !is_plain(name.key)) return std::nullopt;
  return name;
}

ImageUses::ImageUses(const std::string& state_folder, const std::string& engine)
    : keeper_(id_of(state_folder)), folder_(state_folder + "/images/" + plain(engine)) {
  for (const char* part : {kUsed, kBuilding}) fs::create_directories(folder_ + "/" + part);
}

std::string ImageUses::used_file(const LayerName& layer) const {
  return fmt::format("{}/{}/{}", folder_, kUsed, file_name(layer));
}

std::optional<io::FileLock> ImageUses::use(const LayerName& layer) const {
  auto lock = io::FileLock::try_take(used_file(layer), Kind::shared);
  if (lock) lock->touch();
  return lock;
}

std::optional<io::FileLock> ImageUses::claim(const LayerName& layer) const {
  const auto before = changed(used_file(layer));
  auto lock = io::FileLock::try_take(used_file(layer), Kind::alone);
  // Whoever only asks must not look like a use.
  constexpr timespec kNever[2] = {{0, 0}, {0, 0}};
  if (lock && !before) ::futimens(lock->fd(), kNever);
  return lock;
}

bool ImageUses::in_use(const LayerName& layer) const {
  return changed(used_file(layer)).has_value() && !claim(layer).has_value();
}

std::optional<Time> ImageUses::last_use(const LayerName& layer) const {
  const auto time = changed(used_file(layer));
  return time && *time > Time{} ? time : std::nullopt;
}

// The file of a layer that was built here is empty.
void ImageUses::adopt(const LayerName& layer) const {
  std::ofstream file(used_file(layer), std::ios::app);
  file << "loaded\n";
  if (!file.flush()) throw io::system_failure("cannot write " + used_file(layer));
}

bool ImageUses::adopted(const LayerName& layer) const {
  struct stat found {};
  return ::stat(used_file(layer).c_str(), &found) == 0 && found.st_size > 0;
}

std::optional<io::FileLock> ImageUses::build(const LayerName& layer) const {
  return io::FileLock::try_take(fmt::format("{}/{}/{}", folder_, kBuilding, file_name(layer)), Kind::alone);
}

std::optional<io::FileLock> ImageUses::removal() const {
  return io::FileLock::try_take(folder_ + "/removal", Kind::alone);
}

void ImageUses::forget(const std::vector<LayerName>& present, Time unused_since) const {
  for (const auto& file : fs::directory_iterator(folder_ + "/" + kUsed)) {
    const std::string name = file.path().filename();
    const auto used = changed(file.path());
    if (!used || *used >= unused_since) continue;
    if (std::any_of(present.begin(), present.end(),
                    [&](const LayerName& each) { return file_name(each) == name; }))
      continue;
    if (const auto lock = io::FileLock::try_take(file.path(), Kind::alone)) lock->remove_file();
  }
}

}  // namespace orchestrator
