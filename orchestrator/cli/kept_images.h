// What the modes do with the images that are kept at the engine: list them and remove them now. For a mode's
// entry, which waits.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/cli/image_list.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/run/image_removal.h"

namespace orchestrator {

// After Session::open_engine(). Throws io::HostError when the engine is lost.
std::vector<ListedImage> images_of(Session& session);
std::optional<std::int64_t> budget_of(Session& session);

// The same; throws io::HostError also when another process is at it, or the state folder cannot be used.
RemovalResult remove_now(Session& session, RemovalRequest request);

// "removed 5 images, 1.2 GiB; layers of 3.4 GiB stay".
std::string pruned_words(const RemovalResult& result, bool dry_run);
// Of one that would go: "sources  1.2 MiB  unused for 72 h  orchestrator/layer-sources:…".
std::string removal_line(const UsedImage& one, std::chrono::system_clock::time_point now);

}  // namespace orchestrator
