#include "images/toolchains/manifest_json.h"

namespace images {

nlohmann::json manifest_object(const std::string* text, bool comments) {
  using Json = nlohmann::json;
  if (!text) return nullptr;
  bool too_deep = false;
  Json read = Json::parse(
      *text,
      [&too_deep](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > kDeepestManifest;
        return !too_deep;
      },
      false, comments);
  return too_deep || !read.is_object() ? Json() : read;
}

}  // namespace images
