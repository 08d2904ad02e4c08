// The labels of images that this program makes, by which it knows them again at any engine.
#pragma once

namespace sandbox {

inline constexpr const char* kKindLabel = "orchestrator.kind";  // "base"; of a layer: "tools", "sources", …
inline constexpr const char* kKeyLabel = "orchestrator.key";    // of a layer: its content key
inline constexpr const char* kKeeperLabel = "orchestrator.keeper";  // whose it is: the id of a state folder
inline constexpr const char* kParentLabel = "orchestrator.parent";  // id of the image that it was built on

}  // namespace sandbox
