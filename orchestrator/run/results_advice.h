// What the report warns of about results test by test: that there are none and how to get them, or that some
// are missing. Pure.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/report/report.h"

namespace orchestrator {

// How the tests of a run were told apart.
struct ToldApart {
  bool by_files = false;  // by the files that plan.results names
  int files = 0;          // of those that came, in all attempts
  std::string no_test;    // the runner's own words for that it ran none, see words_for_no_test
};

// Sentences, for a report whose attempts and tests are known. Empty when all is well, or when nothing failed
// and nobody asked.
std::vector<std::string> results_advice(const Report& report, const ToldApart& told);

}  // namespace orchestrator
