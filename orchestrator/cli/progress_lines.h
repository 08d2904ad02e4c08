// The words of progress, for every way of showing it. Events carry text of repositories and containers: what
// comes out of here is safe for a terminal. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "orchestrator/run/event.h"

namespace orchestrator {

// A field of an event, or nothing of it when it is missing or of another type.
std::string text_of(const Event& event, const char* key);
std::int64_t number_of(const Event& event, const char* key);

// What is worth a line that stays: a stage that ended, a warning, a stop.
std::optional<std::string> lasting_line(const Event& event);

// What is being done from this event on: "checking out", "dependencies: pip install -r requirements.txt".
std::optional<std::string> stage_begun(const Event& event);

struct AttemptCounts {
  static constexpr std::int64_t kNotKnown = -1;  // how many run
  std::int64_t done = 0, runs = 0, running = 0, not_passed = 0;

  void update(const Event& event);
};

}  // namespace orchestrator
