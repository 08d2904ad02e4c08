// What stands on the page without any script, from the top: what a tired person needs first comes first. Each
// writes whole sections; lists that a hostile suite could make long are bounded and say so.
#pragma once

#include "orchestrator/report/html/markup.h"
#include "orchestrator/report/report.h"

namespace orchestrator::html {

void write_verdict(const Report& report, Markup& page);
void write_tests(const Report& report, Markup& page);  // those that need a person, worst first
void write_links(const Report& report, Markup& page);  // factors, and tests that fail together
void write_groups(const Report& report, const Spool& spool, Markup& page);
void write_places(const Report& report, Markup& page);  // where the script puts grid and attempts
void write_not_counted(const Report& report, Markup& page);
void write_environment(const Report& report, Markup& page);

// A rate with its interval on a scale from 0 to 100 %, drawn. `words` say the same.
void draw_rate(double rate, const Interval& interval, std::string_view words, Markup& page);
// A button that copies the command that runs this attempt again.
void write_copy_attempt(int attempt, Markup& page);
// A command to be copied, with its button.
void write_command(std::string_view label, std::string_view command, Markup& page);
// Output in a box that scrolls and can be reached by keyboard.
void write_log(std::string_view label, std::string_view bytes, Markup& page);

// An attempt in which the test did not pass, in the condition that decided its verdict if there is one; -1.
int failing_attempt(const Report& report, const TestSummary& test);

}  // namespace orchestrator::html
