// JUnit XML: one test case per test, never one per attempt, because readers count only the first of equal
// names. Valid against the schemas of Surefire (3.0) and of Jenkins' xUnit plugin (junit-10) at once: one
// <testsuite> as the root, the order of elements that Surefire asks for, no attribute that either lacks.
#pragma once

#include <iosfwd>

#include "orchestrator/report/report.h"

namespace orchestrator {

// What a test that both passed and did not is to a reader that knows nothing of flaky tests.
enum class JunitFlaky {
  pass,  // <flakyFailure>, <flakyError>: an addition to a pass, as Surefire has it
  fail,  // <failure>, <error>
};

struct JunitOptions {
  JunitFlaky flaky = JunitFlaky::pass;
  std::size_t max_bytes = 28u << 20;  // GitLab reads at most 30 MB
};

// Throws std::system_error when the spool cannot be read.
void write_junit(const Report& report, const Spool& spool, std::ostream& out,
                 const JunitOptions& options = {});

}  // namespace orchestrator
