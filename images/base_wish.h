// Which base image a recipe is to stand on, and when a registry is asked for it. Values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace images {

enum class PullPolicy {
  missing,  // only when the engine has no usable one
  always,   // each time, so that a tag that has moved is followed
  never,
};

// Of "missing", "always" and "never"; anything else is `missing`.
inline PullPolicy pull_policy(std::string_view word) {
  return word == "always" ? PullPolicy::always : word == "never" ? PullPolicy::never : PullPolicy::missing;
}

// The base of a run that is made again: the same bytes, whatever its tag names by now.
struct PinnedBase {
  std::string reference;  // as it was called then: "python:3.12-slim"
  std::string by_digest;  // the same image: "python@sha256:…"
};

struct BaseWish {
  std::string reference;  // the person's --image; empty: by toolchain
  PullPolicy pull = PullPolicy::missing;
  std::optional<PinnedBase> pinned = std::nullopt;  // taken before all else when it can be had
};

}  // namespace images
