// Everything about an attempt that is chosen but is neither its index nor its seed. Attempts of one condition are
// alike and may share a rate; attempts of two never do.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace orchestrator {

enum class TestOrder {
  written,   // as the framework has it
  reversed,
  shuffled,  // all tests of the session, by the attempt's seed; the global random state is not touched
  listed,    // exactly these tests in this order (`Condition::tests`)
};
std::string_view name(TestOrder order);

struct Condition {
  std::string name = "written";  // short and unique within a run: "written", "shuffle", "repeat"
  TestOrder order = TestOrder::written;
  int repeat = 1;                   // how often each test runs, one directly after the other, in one process
  std::vector<std::string> tests;  // only these; empty: all

  bool plain() const { return order == TestOrder::written && repeat == 1 && tests.empty(); }
};

// The shares of attempts: {written 2, shuffle 1, repeat 1} deals 0 1 2 3 | 4 5 6 7 … as
// written, shuffle, written, repeat | …, so that at every moment the shares are as near as can be, and an attempt's
// condition is a function of its index alone.
struct Deal {
  std::vector<Condition> conditions;
  std::vector<int> pattern;  // indices into conditions, one period

  int condition_of(int index) const { return pattern[static_cast<std::size_t>(index) % pattern.size()]; }
};

}  // namespace orchestrator
