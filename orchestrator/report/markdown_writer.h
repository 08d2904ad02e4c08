// The report as GitHub's Markdown: the comment of a pull request and the summary of a step. What matters most
// stands first; what does not fit is left out piece by piece, and that is said.
#pragma once

#include <iosfwd>
#include <string>

#include "orchestrator/report/report.h"

namespace orchestrator {

struct MarkdownOptions {
  std::size_t max_bytes = 65'000;  // a comment has at most 65,536 characters
  std::size_t tests = 50;          // rows of the table
  std::size_t groups = 10;         // of failures
  bool marker = true;              // first line: by which the comment is found again
};

// Throws std::system_error when the spool cannot be read.
void write_markdown(const Report& report, const Spool& spool, std::ostream& out,
                    const MarkdownOptions& options = {});

// "<!-- orchestrator:5f3a2c1d9e8b7a6f -->": the same for every run of the same command in the same folder and
// image, another for any other, so that several jobs of one pull request have a comment each.
std::string comment_marker(const Report& report);

// GitHub drops a summary of more than 1 MiB as a whole.
inline constexpr std::size_t kMaxStepSummary = 1'000'000;

// `already`: bytes that the summary's file holds. Writes nothing when nothing useful fits beside them.
void write_step_summary(const Report& report, const Spool& spool, std::ostream& out, std::size_t already = 0);

}  // namespace orchestrator
