#include "images/image_tar.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "images/strict_tar.h"
#include "sandbox/io/error.h"
#include "sandbox/io/text.h"

namespace images {
namespace {

constexpr std::int64_t kLargestIndex = 1 << 20;
constexpr std::string_view kLayerTar = "/layer.tar";  // the only thing that engines make a link of

[[noreturn]] void refuse_image(const std::string& why) { throw io::RequestError(why); }

std::string shown_text(const std::string& text) {
  std::string shown;
  for (const char c : text.substr(0, 100)) shown += c > ' ' && c < 0x7f ? c : '?';
  return shown;
}

[[noreturn]] void refuse_name(const std::string& name = "") {
  refuse_image("would give the engine's images names, which none of ours does" +
               (name.empty() ? "" : ": " + shown_text(name)));
}

// Of a key that is there twice other readers may take the first.
nlohmann::json image_json(const std::string& text, const std::string& name) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  std::string twice;
  const auto look = [&](int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second)
      twice = parsed.get<std::string>();
    return true;
  };
  const nlohmann::json found = nlohmann::json::parse(text, look, false);
  if (found.is_discarded()) refuse_image(fmt::format("has a {} that is no JSON", name));
  if (!twice.empty()) refuse_image(fmt::format("has \"{}\" twice in its {}", shown_text(twice), name));
  return found;
}

// One of the files in which engines look for images and their names. Their readers (Go's encoding/json) take
// "repotags" for "RepoTags", so a key that is not spelled as engines write it is refused, whatever it says.
class ImageFile {
 public:
  ImageFile(const std::string& text, const std::string& name) : name_(name), json_(image_json(text, name)) {}

  // Of engines before containerd, and of Podman.
  void look_at_manifest() const {
    if (!json_.is_array() || json_.size() != 1) refuse_image("does not hold exactly one image");
    expect_keys(json_[0], {"Config", "RepoTags", "Layers", "Parent", "LayerSources"});
    const auto names = json_[0].value("RepoTags", nlohmann::json());
    if (!names.is_null() && (!names.is_array() || !names.empty()))
      refuse_name(names.is_array() && names[0].is_string() ? names[0].get<std::string>() : "");
    const auto sources = json_[0].value("LayerSources", nlohmann::json());
    if (!sources.is_null() && !sources.is_object()) refuse_form();
    for (const auto& source : sources) look_at_descriptor(source);
  }

  // Of engines with containerd. Docker 25 has no image here when that has no name; then it is in the
  // manifest.
  bool look_at_index() const {
    expect_keys(json_, {"schemaVersion", "mediaType", "manifests"});
    const auto list = json_.value("manifests", nlohmann::json());
    if (list.is_null() || (list.is_array() && list.empty())) return false;
    if (!list.is_array() || list.size() != 1) refuse_image("does not hold exactly one image");
    look_at_descriptor(list[0]);
    return true;
  }

  void look_at_layout() const { expect_keys(json_, {"imageLayoutVersion"}); }

  // Docker writes it only where there are names, Podman always.
  void look_at_repositories() const {
    if (!json_.is_object()) refuse_form();
    if (!json_.empty()) refuse_name(json_.begin().key());
  }

 private:
  void look_at_descriptor(const nlohmann::json& descriptor) const {
    expect_keys(descriptor, {"mediaType", "digest", "size", "urls", "platform", "annotations"});
    const auto platform = descriptor.value("platform", nlohmann::json());
    if (!platform.is_null())
      expect_keys(platform, {"architecture", "os", "os.version", "os.features", "variant"});
    const auto notes = descriptor.value("annotations", nlohmann::json());
    if (!notes.is_null() && !notes.is_object()) refuse_form();
    for (const auto& [key, value] : notes.items()) {
      const std::string lower = io::lower(key);
      if (lower == "io.containerd.image.name" || lower == "org.opencontainers.image.ref.name")
        refuse_name(value.is_string() ? value.get<std::string>() : "");
    }
  }

  void expect_keys(const nlohmann::json& object, std::initializer_list<std::string_view> known) const {
    if (!object.is_object()) refuse_form();
    for (const auto& [key, value] : object.items())
      if (std::find(known.begin(), known.end(), key) == known.end())
        refuse_image(fmt::format("has \"{}\" in its {}, which no engine writes", shown_text(key), name_));
  }

  [[noreturn]] void refuse_form() const {
    refuse_image(fmt::format("has a {} of another form than an engine's", name_));
  }

  const std::string& name_;
  const nlohmann::json json_;
};

class ImageTarLook {
 public:
  explicit ImageTarLook(const std::string& path) : tar_(path) {}

  void look(const std::stop_token& stop) {
    while (const auto entry = tar_.next(stop)) look_at(*entry);
    if (!has_image_) refuse_image("is no image that an engine has saved");
  }

 private:
  void look_at(const StrictTarEntry& entry) {
    if (entry.type == StrictTarEntry::Type::link) check_link(entry);
    const std::string name = io::lower(entry.name);
    if (name != "manifest.json" && name != "index.json" && name != "oci-layout" && name != "repositories")
      return;
    if (entry.name != name || entry.type != StrictTarEntry::Type::file || entry.size > kLargestIndex)
      refuse_image(fmt::format("has a {} that is none of an engine's", name));
    const ImageFile file(tar_.content(), name);
    if (name == "manifest.json") file.look_at_manifest();
    if (name == "oci-layout") file.look_at_layout();
    if (name == "repositories") file.look_at_repositories();
    if (name == "manifest.json" || (name == "index.json" && file.look_at_index())) has_image_ = true;
  }

  // "<id>/layer.tar" of a layer that is there under another name: Docker's "../<id>/layer.tar", Podman's
  // "../<digest>.tar".
  static void check_link(const StrictTarEntry& link) {
    const bool of_a_layer =
        link.name.find('/') == link.name.size() - kLayerTar.size() && link.name.ends_with(kLayerTar);
    if (!of_a_layer || !link.target.starts_with("../") ||
        !is_plain_tar_name(std::string_view(link.target).substr(3)))
      refuse_image("holds a link that no engine makes");
  }

  StrictTar tar_;
  bool has_image_ = false;
};

}  // namespace

void check_image_tar(const std::string& path, const std::string& what, const std::stop_token& stop) {
  try {
    ImageTarLook(path).look(stop);
  } catch (const io::RequestError& error) {
    throw io::RequestError(what + " " + error.what());
  }
}

}  // namespace images
