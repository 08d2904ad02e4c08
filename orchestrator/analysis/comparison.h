// Do two groups of attempts differ, and which of many such answers may be believed. Pure; any thread.
#pragma once

#include <span>
#include <vector>

namespace orchestrator {

// Failures and passes of two groups.
struct TwoByTwo {
  int failed_a = 0, passed_a = 0;
  int failed_b = 0, passed_b = 0;
};

// Fisher's exact test, two-sided: how probable a table at least as improbable as this one is, when both
// groups fail alike and the sums of rows and columns are as they are (Fisher, 1935; the two-sided rule of
// Freeman and Halton, Biometrika 38, 1951). 1 when a group is empty.
double fisher_exact(const TwoByTwo& table);
// The same, one-sided: how probable it is that group a has at least so many of the failures. 1 where it fails
// no more often than b.
double fisher_exact_more(const TwoByTwo& table);

// Rate of a minus rate of b, in [−1, 1]; 0 when a group is empty.
double risk_difference(const TwoByTwo& table);

// Of many p-values the adjusted ones, in the same order: those at most q may be called findings, and of the
// findings a share of q is expected to be none (Benjamini and Hochberg, J. R. Stat. Soc. B 57, 1995).
std::vector<double> benjamini_hochberg(const std::vector<double>& p_values);
// Of p-values of which each stands for `times` equal ones, out of `questions`; what is not listed had 1.
std::vector<double> benjamini_hochberg(const std::vector<double>& p_values, const std::vector<double>& times,
                                       double questions);

// Mann and Whitney's test (Ann. Math. Stat. 18, 1947), one-sided: how probable it is that values of two
// groups drawn alike speak at least as clearly for `larger` being larger than `smaller`. By the normal
// approximation, corrected for ties and continuity, but never less than the most extreme of all orders has. 1
// when a group is empty.
double mann_whitney(std::span<const float> larger, std::span<const float> smaller);

}  // namespace orchestrator
