// Statistics of a proportion: k failures among n attempts that are alike. Pure; any thread. Rates of
// different conditions are never put into one of these.
//
// Two kinds of interval, and which one is right depends on who decided n:
// - fixed: n was decided before the first attempt. Clopper and Pearson (Biometrika 26, 1934), exact.
// - anytime: somebody looked after each attempt and stopped when satisfied. A fixed interval then errs more
//   often than it says; an anytime one holds at all n at once.
//
// What each end says holds with the stated confidence at least: half of the error for each where there are
// two, all of it where there is one (k is 0 or n). So the interval errs at most 1½ times as often as stated,
// at rates that are missed by the one end of k = 0 and by the other end of two-sided ones; that is the price
// of the shorter and more useful "below x %" of a test that never failed.
#pragma once

#include <cstdint>

namespace orchestrator {

// A range that holds the true rate, both ends in [0, 1].
struct Interval {
  double low = 0, high = 1;
};

// Exact interval for a fixed n; `confidence` in (0, 1). Where k is 0 or n it can err on one side only, and
// all of the error is spent there (one-sided). n = 0: everything, [0, 1].
Interval clopper_pearson(int k, int n, double confidence = 0.95);

// The lower end alone, with all of the error spent there: with `confidence` the true rate is not below it. 0
// when k is 0.
double clopper_pearson_lower(int k, int n, double confidence = 0.95);

// The mean of the posterior under Jeffreys' prior Beta(½, ½): (k + ½) ÷ (n + 1). For ranking: unlike k ÷ n it
// puts 3 of 3 before 1 of 1.
double jeffreys_mean(int k, int n);

// How many attempts without a failure show, with `confidence`, that the rate is below `rate`:
// ⌈ln(1 − confidence) ÷ ln(1 − rate)⌉. `rate` in (0, 1).
int attempts_to_show_below(double rate, double confidence = 0.95);

// The same for an n that was not decided beforehand: the first at which `anytime_upper` is below `rate`.
int anytime_attempts_to_show_below(double rate, double confidence = 0.95);

// The evidence against "the rate is `rate` or more" after k failures in n attempts: an e-process. Below 1 is
// none.
//
// For θ < rate let L(θ) = θᵏ(1−θ)ⁿ⁻ᵏ ÷ rateᵏ(1−rate)ⁿ⁻ᵏ, the likelihood ratio of θ to `rate`. The e-process
// is L's mean over θ = rate · U^(1/a), U uniform, i.e. with density a θ^(a−1) ÷ rate^a on (0, rate): a beta
// mixture with a = ¼, chosen for its weight near zero, where tests that never fail are.
//
// Why it may be looked at after every attempt: let the true rate be p ≥ `rate`. One attempt multiplies L(θ)
// by θ÷rate with probability p, else by (1−θ)÷(1−rate). The mean of that factor is linear in p, is 1 at p =
// `rate` and falls with p (since θ÷rate < 1 < (1−θ)÷(1−rate)), hence at most 1: L(θ) is a non-negative
// supermartingale that begins at 1, and so is its mixture. By Ville's inequality the probability that it ever
// reaches 1÷α is at most α. See Robbins, Ann. Math. Stat. 41 (1970); Howard, Ramdas, McAuliffe and Sekhon,
// Ann. Stat. 49 (2021).
double evidence_below(double rate, int k, int n);

// The smallest rate that the attempts so far speak against at level 1 − confidence: with that probability the
// true rate is below it, at whatever n one looks. 1 when nothing can be said. (The evidence grows with
// `rate`, so that what is refuted is everything above one value.)
double anytime_upper(int k, int n, double confidence = 0.95);
// The same from below: by exchanging failures and passes.
double anytime_lower(int k, int n, double confidence = 0.95);
// Both ends, each at half of the error; one-sided, with all of it, where k is 0 or n.
Interval anytime_interval(int k, int n, double confidence = 0.95);

}  // namespace orchestrator
