#include "images/image_tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "sandbox/io/aside.h"
#include "sandbox/io/error.h"

namespace images {
namespace {

constexpr std::size_t kImageTarBlock = 1 << 20;
constexpr std::int64_t kLargestIndex = 1 << 20;
constexpr std::size_t kMostEntries = 100'000;
constexpr std::string_view kLayerTar = "layer.tar";  // the only thing that engines make a link of

struct FreeImageTar {
  void operator()(archive* handle) const { ::archive_free(handle); }
};

// Engines before containerd read manifest.json, those with it index.json; the first has names in a third
// file, too.
class ImageTarLook {
 public:
  ImageTarLook(const std::string& path, const std::string& what)
      : what_(what), archive_(::archive_read_new()) {
    expect(::archive_read_support_format_tar(archive_.get()));
    expect(::archive_read_open_filename(archive_.get(), path.c_str(), kImageTarBlock));
  }

  void look(const std::stop_token& stop) {
    archive_entry* entry = nullptr;
    for (int code = next(&entry); code != ARCHIVE_EOF; code = next(&entry)) {
      if (stop.stop_requested()) throw io::GivenUp();
      look_at(entry);
    }
    if (!has_manifest_) refuse("is no image that an engine has saved");
  }

 private:
  int next(archive_entry** entry) {
    const int code = ::archive_read_next_header(archive_.get(), entry);
    if (code != ARCHIVE_EOF) expect(code);
    return code;
  }

  void look_at(archive_entry* entry) {
    const char* said = ::archive_entry_pathname(entry);
    std::string path = said ? said : "";
    while (path.starts_with("./")) path.erase(0, 2);
    if (path.empty() || path == ".") return;
    check_path(path, entry);
    const bool manifest = path == "manifest.json", index = path == "index.json";
    if (path == "repositories") refuse_names("");
    if (!manifest && !index) return;
    const nlohmann::json found = nlohmann::json::parse(text_of(entry), nullptr, false);
    if (manifest) look_at_manifest(found);
    if (index) look_at_index(found);
    has_manifest_ = true;
  }

  // Nothing may stand in the place of another entry, by whatever way.
  void check_path(const std::string& path, archive_entry* entry) {
    const auto type = ::archive_entry_filetype(entry);
    const bool link = type == AE_IFLNK && path.ends_with("/" + std::string(kLayerTar));
    const bool odd = path[0] == '/' || path.find("..") != std::string::npos ||
                     path.find("//") != std::string::npos || path.find("/./") != std::string::npos ||
                     path.find(std::string(kLayerTar) + "/") != std::string::npos;
    if (odd || ::archive_entry_hardlink(entry) || (!link && type != AE_IFREG && type != AE_IFDIR))
      refuse("holds an entry that no engine writes");
    if (type != AE_IFDIR && !seen_.insert(path).second) refuse("holds one entry twice");
    if (seen_.size() > kMostEntries) refuse("holds too many entries");
  }

  std::string text_of(archive_entry* entry) {
    const auto size = ::archive_entry_size(entry);
    if (::archive_entry_filetype(entry) != AE_IFREG || size > kLargestIndex)
      refuse("is no image that an engine has saved");
    std::string text(static_cast<std::size_t>(size), '\0');
    if (::archive_read_data(archive_.get(), text.data(), text.size()) != size) refuse("ends early");
    return text;
  }

  void look_at_manifest(const nlohmann::json& list) {
    if (!list.is_array() || list.size() != 1 || !list[0].is_object())
      refuse("does not hold exactly one image");
    const auto names = list[0].find("RepoTags");
    if (names == list[0].end() || names->is_null()) return;
    if (!names->is_array() || !names->empty())
      refuse_names(names->is_array() && (*names)[0].is_string() ? (*names)[0].get<std::string>() : "");
  }

  void look_at_index(const nlohmann::json& index) {
    const auto list = index.is_object() ? index.find("manifests") : index.end();
    if (!index.is_object() || list == index.end() || !list->is_array() || list->size() != 1 ||
        !(*list)[0].is_object())
      refuse("does not hold exactly one image");
    const auto notes = (*list)[0].find("annotations");
    if (notes == (*list)[0].end() || !notes->is_object()) return;
    for (const char* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"})
      if (notes->contains(key))
        refuse_names((*notes)[key].is_string() ? (*notes)[key].get<std::string>() : "");
  }

  void expect(int code) const {
    if (code >= ARCHIVE_OK) return;
    const char* why = ::archive_error_string(archive_.get());
    refuse(fmt::format("cannot be read: {}", why ? why : "no reason is known"));
  }
  [[noreturn]] void refuse_names(const std::string& name) const {
    std::string shown;
    for (const char c : name.substr(0, 100)) shown += c > ' ' && c < 0x7f ? c : '?';
    refuse("would give the engine's images names, which none of ours does" +
           (shown.empty() ? "" : ": " + shown));
  }
  [[noreturn]] void refuse(const std::string& why) const { throw io::RequestError(what_ + " " + why); }

  const std::string& what_;
  std::unique_ptr<archive, FreeImageTar> archive_;
  std::set<std::string> seen_;
  bool has_manifest_ = false;
};

}  // namespace

void check_image_tar(const std::string& path, const std::string& what, const std::stop_token& stop) {
  ImageTarLook(path, what).look(stop);
}

}  // namespace images
