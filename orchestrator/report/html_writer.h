// The report as one HTML page that needs nothing beside itself: no network, no other file. Verdict, tests and
// failures stand on it without any script; grid, attempts and their outputs are made by the page's own script
// from JSON inside it. Everything from the repository is data or escaped text, and the page's content
// security policy lets run nothing but that script.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "orchestrator/report/report.h"

namespace orchestrator {

struct HtmlLimits {
  std::uint64_t max_bytes = 12'000'000;  // of the page; outputs are shortened, passing attempts' first
};

// Writes the page attempt by attempt: memory does not grow with the outputs. Throws std::system_error when
// the spool cannot be read or the page cannot be written.
void write_html_within(const Report& report, const Spool& spool, std::ostream& out, const HtmlLimits& limits);
void write_html(const Report& report, const Spool& spool, std::ostream& out);

}  // namespace orchestrator
