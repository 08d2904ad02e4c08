#include "orchestrator/run/layer_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "images/image_tar.h"
#include "images/packed_file.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"
#include "sandbox/io/uuid.h"
#include "sandbox/io/whole_file.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kSideFormat = 1;
constexpr std::size_t kLargestSideFile = 16 * 1024;
constexpr std::chrono::hours kForgottenAfter{24};  // a part that nobody finished
constexpr const char* kUnfinished = ".part";

[[noreturn]] void distrust(const std::string& what) { throw std::runtime_error(what); }

json read_side(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kLargestSideFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  const json side = json::parse(text, nullptr, false);
  if (!side.is_object() || side.value("format", json()) != kSideFormat)
    distrust("its side file is none of this program's");
  return side;
}

// Only files of that form are ours to count, and to remove.
bool is_layer_file(const fs::path& path) {
  const std::string stem = path.stem();
  const auto dash = stem.find('-');
  if (path.extension() != ".tar" || dash == std::string::npos || dash + 1 == stem.size()) return false;
  return stem.find_first_not_of("0123456789abcdef", dash + 1) == std::string::npos &&
         stem.substr(0, dash).find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
}

}  // namespace

std::string LayerFiles::tar_of(const LayerName& name) const {
  return fmt::format("{}/{}-{}.tar", cache_.folder, name.kind, name.key);
}

std::string LayerFiles::side_of(const LayerName& name) const {
  return fmt::format("{}/{}-{}.json", cache_.folder, name.kind, name.key);
}

std::optional<KeptLayer> LayerFiles::find(const LayerName& name, const std::stop_token& stop) const {
  const std::string tar = tar_of(name);
  std::error_code error;
  if (!fs::exists(side_of(name), error) || !fs::exists(tar, error)) return std::nullopt;
  if (!fs::is_regular_file(fs::symlink_status(tar, error))) distrust("it is no file");
  const json side = read_side(side_of(name));
  KeptLayer layer{{io::text_at(side, "kind"), io::text_at(side, "key")},
                  io::text_at(side, "image"),
                  io::text_at(side, "parent")};
  if (layer.name != name) distrust("its side file is of another layer");
  const auto sum = images::sum_of_file(tar, stop);
  if (side.value("bytes", json()) != sum.bytes || io::text_at(side, "sha256") != sum.sha256)
    distrust("it is damaged: its size or SHA-256 is not that of its side file");
  images::check_image_tar(tar, "it", stop);
  ::utimensat(AT_FDCWD, tar.c_str(), nullptr, 0);  // a folder that can only be read keeps its order
  return layer;
}

std::string LayerFiles::new_part(const LayerName& name) const {
  fs::create_directories(cache_.folder);
  return fmt::format("{}/{}-{}.{}{}", cache_.folder, name.kind, name.key, io::random_uuid(), kUnfinished);
}

// Without its side file a tar is not there: so that goes first and comes last.
void LayerFiles::keep(const KeptLayer& layer, const std::string& part, const std::stop_token& stop) const {
  const std::string side = side_of(layer.name), side_part = part + ".json" + kUnfinished;
  try {
    const auto sum = images::sum_of_file(part, stop);
    const json text = {{"format", kSideFormat}, {"kind", layer.name.kind}, {"key", layer.name.key},
                       {"image", layer.image},  {"parent", layer.parent},  {"bytes", sum.bytes},
                       {"sha256", sum.sha256}};
    io::write_whole_file(side_part, [&](std::ostream& out) { out << text.dump(2) << "\n"; });
    fs::permissions(part, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                              fs::perms::others_read);
    fs::remove(side);
    fs::rename(part, tar_of(layer.name));
    fs::rename(side_part, side);
  } catch (...) {
    std::error_code ignored;
    fs::remove(part, ignored);
    fs::remove(side_part, ignored);
    throw;
  }
  make_room(tar_of(layer.name));
}

void LayerFiles::make_room(const std::string& newest) const {
  struct Kept {
    fs::path tar;
    fs::file_time_type used;
    std::int64_t bytes;
  };
  std::vector<Kept> kept;
  std::int64_t all = 0;
  std::error_code gone;  // by another host, meanwhile
  const auto now = fs::file_time_type::clock::now();
  for (const auto& entry : fs::directory_iterator(cache_.folder)) {
    const auto used = fs::last_write_time(entry.path(), gone);
    if (entry.path().extension() == kUnfinished && !gone && now - used > kForgottenAfter)
      fs::remove(entry.path(), gone);
    if (!is_layer_file(entry.path())) continue;
    const auto size = fs::file_size(entry.path(), gone);
    if (gone) continue;
    kept.push_back({entry.path(), used, static_cast<std::int64_t>(size)});
    all += kept.back().bytes;
  }
  if (!cache_.most_bytes) return;
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
  for (const auto& oldest : kept) {
    if (all <= *cache_.most_bytes) return;
    if (oldest.tar == newest) continue;
    fs::remove(fs::path(oldest.tar).replace_extension(".json"), gone);
    fs::remove(oldest.tar, gone);
    all -= oldest.bytes;
  }
}

}  // namespace orchestrator
