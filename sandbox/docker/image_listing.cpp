#include "sandbox/docker/image_listing.h"

#include <algorithm>
#include <map>
#include <set>

#include "sandbox/docker/docker_images.h"
#include "sandbox/io/json_text.h"

namespace sandbox::docker {
namespace {

constexpr const char* kNoName = "<none>:<none>";
constexpr int kLongestChain = 200;  // more layers than any engine allows

struct Listed {
  Image image;
  std::string parent;  // as the engine says
  bool step = false;   // of a layer: only what stands on it gives it a meaning
};
using All = std::map<std::string, Listed>;

std::string label(const Image& image, const char* name) {
  const auto found = image.labels.find(name);
  return found == image.labels.end() ? "" : found->second;
}

std::int64_t number(const Json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_number() ? found->get<std::int64_t>() : 0;
}

Listed listed(const Json& entry) {
  Listed one;
  Image& image = one.image;
  image.id = io::text_at(entry, "Id");
  image.size_bytes = number(entry, "Size");
  image.created = std::chrono::system_clock::from_time_t(number(entry, "Created"));
  if (entry.contains("RepoTags") && entry["RepoTags"].is_array())
    for (const auto& tag : entry["RepoTags"])
      if (tag.is_string() && tag != kNoName) image.references.push_back(tag.get<std::string>());
  if (entry.contains("Labels") && entry["Labels"].is_object())
    for (const auto& [name, value] : entry["Labels"].items())
      if (value.is_string()) image.labels[name] = value.get<std::string>();
  one.parent = io::text_at(entry, "ParentId");
  if (one.parent.empty()) one.parent = label(image, kParentLabel);  // engines whose store keeps no parents
  return one;
}

bool is_name_of(const std::string& reference, const std::string& layer) {
  return reference == layer || reference == "localhost/" + layer || reference == "docker.io/" + layer;
}

bool has_name_of_its_layer(const Image& image) {
  const std::string layer = layer_reference(label(image, kKindLabel), label(image, kKeyLabel));
  return std::any_of(image.references.begin(), image.references.end(),
                     [&](const std::string& each) { return is_name_of(each, layer); });
}

bool has_name_of_a_base(const Image& image) {
  return std::any_of(image.references.begin(), image.references.end(), [](const std::string& each) {
    return each.starts_with("orchestrator/") || each.starts_with("localhost/orchestrator/") ||
           each.starts_with("docker.io/orchestrator/");
  });
}

// Nameless, and with no key but its parent's: labels are inherited.
bool is_step(const Listed& one, const All& all) {
  if (!one.image.references.empty() || one.parent.empty()) return false;
  const std::string key = label(one.image, kKeyLabel);
  const auto parent = all.find(one.parent);
  return key.empty() || (parent != all.end() && label(parent->second.image, kKeyLabel) == key);
}

// By a Dockerfile each of our labels is a step: some have the key of what they lead to, but not yet its kind.
void mark_steps_to(const Listed& named, All& all) {
  const std::string key = label(named.image, kKeyLabel);
  std::string parent = named.parent;
  for (int i = 0; i < kLongestChain; ++i) {
    const auto found = all.find(parent);
    if (found == all.end() || !found->second.image.references.empty() ||
        label(found->second.image, kKeyLabel) != key)
      return;
    found->second.step = true;
    parent = found->second.parent;
  }
}

bool is_ours(const Listed& one) {
  const std::string kind = label(one.image, kKindLabel);
  if (kind.empty() || one.step) return false;
  const bool layer = !label(one.image, kKeyLabel).empty();
  if (one.image.references.empty()) return layer || one.parent.empty();
  return layer ? has_name_of_its_layer(one.image) : one.parent.empty() && has_name_of_a_base(one.image);
}

std::string parent_of(const Listed& one, const All& all) {
  std::string parent = one.parent;
  for (int i = 0; i < kLongestChain; ++i) {
    const auto found = all.find(parent);
    if (found == all.end() || !found->second.step) break;
    parent = found->second.parent;
  }
  return parent;
}

}  // namespace

std::vector<Image> images_of_ours(const Json& entries) {
  All all;
  for (const auto& entry : entries)
    if (entry.is_object()) all[io::text_at(entry, "Id")] = listed(entry);
  std::set<std::string> parents;
  for (auto& [id, one] : all) {
    one.step = is_step(one, all);
    parents.insert(one.parent);
  }
  for (const auto& [id, one] : all)
    if (has_name_of_its_layer(one.image)) mark_steps_to(one, all);
  for (const auto& [id, one] : all) {
    const bool spoken_for = one.step && parents.contains(id);
    if (is_ours(one) || spoken_for) continue;
    if (const auto parent = all.find(parent_of(one, all)); parent != all.end())
      parent->second.image.has_children_of_others = true;
  }
  std::vector<Image> ours;
  for (const auto& [id, one] : all) {
    if (!is_ours(one)) continue;
    Image image = one.image;
    image.parent = parent_of(one, all);
    const auto parent = all.find(image.parent);
    const std::int64_t below = parent == all.end() ? 0 : parent->second.image.size_bytes;
    image.own_bytes = std::max<std::int64_t>(0, image.size_bytes - below);
    image.has_names_of_others =
        image.references.size() > 1 || (!image.references.empty() && !has_name_of_its_layer(image));
    ours.push_back(std::move(image));
  }
  return ours;
}

}  // namespace sandbox::docker
