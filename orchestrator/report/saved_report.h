// Reads a report.json back: for replay and compare. Pure but for the file; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace orchestrator {

inline constexpr std::size_t kLargestSavedReport = 64u << 20;  // bytes; ours are at most 32 MiB

// The document, known to be a report with results, of a schema version that this program understands. What
// stands inside is checked by who reads it. Throws io::RequestError with a sentence that names the file.
nlohmann::json read_saved_report(const std::string& path);
// The same from its text; `where` names it.
nlohmann::json parse_saved_report(std::string_view text, const std::string& where);

}  // namespace orchestrator
