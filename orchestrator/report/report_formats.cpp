#include "orchestrator/report/report_formats.h"

#include "orchestrator/report/code_quality_writer.h"
#include "orchestrator/report/ctrf_writer.h"
#include "orchestrator/report/html_writer.h"
#include "orchestrator/report/junit_writer.h"
#include "orchestrator/report/markdown_writer.h"

namespace orchestrator {

const std::vector<ReportFormat>& report_formats() {
  static const std::vector<ReportFormat> formats = {
      {"--html", "Write the report as one page that needs nothing else", "text/html; charset=utf-8",
       write_html},
      {"--junit", "Write JUnit XML, a test case per test", "application/xml",
       [](const Report& report, const Spool& spool, std::ostream& out) { write_junit(report, spool, out); }},
      {"--ctrf", "Write JSON in the Common Test Report Format", "application/json",
       [](const Report& report, const Spool& spool, std::ostream& out) { write_ctrf(report, spool, out); }},
      {"--markdown", "Write Markdown for a comment of a pull request", "text/markdown; charset=utf-8",
       [](const Report& report, const Spool& spool, std::ostream& out) {
         write_markdown(report, spool, out);
       }},
      {"--code-quality", "Write GitLab's Code Quality report", "application/json",
       [](const Report& report, const Spool& spool, std::ostream& out) {
         write_code_quality(report, spool, out);
       }},
      {"--step-summary", "Append Markdown to GitHub's $GITHUB_STEP_SUMMARY", "text/markdown; charset=utf-8",
       [](const Report& report, const Spool& spool, std::ostream& out) {
         write_step_summary(report, spool, out);
       },
       write_step_summary},
  };
  return formats;
}

const ReportFormat& junit_with_flaky_failing() {
  static const ReportFormat format{"--junit", "", "application/xml",
                                   [](const Report& report, const Spool& spool, std::ostream& out) {
                                     write_junit(report, spool, out, {.flaky = JunitFlaky::fail});
                                   }};
  return format;
}

}  // namespace orchestrator
