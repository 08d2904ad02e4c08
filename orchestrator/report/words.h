// Quantities and lines as people read them: summary, progress and warnings. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "orchestrator/analysis/condition.h"

namespace orchestrator {

std::string size_text(std::uint64_t bytes);                       // "2 GiB", "1.5 MiB", "800 bytes"
std::string duration_text(std::chrono::milliseconds time);        // "40 ms", "1.2 s", "5:00"
std::string clock_text(std::chrono::milliseconds time);           // "0:41", "1:02:03"
std::string percent_text(double share);                           // "30.0", without the sign
std::string short_hash(std::string_view hash);                    // "5f3a2c1"
std::string counted(std::uint64_t count, std::string_view noun);  // "1 attempt", "2 attempts"

// "as written", "by shuffle", "of changed files alone, shuffle".
std::string condition_words(const Condition& condition);
// By its name alone, where no more was saved.
std::string condition_words(std::string_view name);

// Bytes from anywhere as one harmless line.
std::string one_line(std::string_view bytes);

// Lines of at most `width` columns, each with a newline, all but the first indented. A word that is longer
// stays whole. `used` columns of the first line are taken already.
std::string wrap(std::string_view text, int width, int indent, int used = 0);

}  // namespace orchestrator
