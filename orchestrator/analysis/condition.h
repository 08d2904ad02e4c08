// Everything about an attempt that is chosen but is neither its index nor its seed. Attempts of one condition
// are alike and may share a rate; attempts of two never do. Values; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace orchestrator {

enum class TestOrder {
  written,  // as the framework has it
  reversed,
  shuffled,  // all tests of the session, by the attempt's seed; the global random state is not touched
  listed,    // exactly these tests in this order (`Condition::tests`)
};
std::string_view name(TestOrder order);

struct Condition {
  std::string name = "written";  // short and unique within a run: "written", "shuffle", "repeat"
  TestOrder order = TestOrder::written;
  int repeat = 1;                  // how often each test runs, one directly after the other, in one process
  std::vector<std::string> tests;  // only these; empty: all
  std::vector<std::string> files;  // only tests of these files of the tree; empty: of all

  bool plain() const { return order == TestOrder::written && repeat == 1 && tests.empty() && files.empty(); }
  // Do both run the same tests in the same kind of order, so that they differ in repeats at most?
  bool same_order(const Condition& other) const {
    return order == other.order && tests == other.tests && files == other.files;
  }
};

// Which attempt runs under which condition: a function of its index alone. As it stands, all are plain.
struct Deal {
  std::vector<Condition> conditions{Condition{}};
  std::vector<int> pattern{0};  // indices into conditions, one period; never empty
  // From index `first_changed` on the attempts are those of the changed files alone, by a pattern of their
  // own. Empty: there are none.
  std::vector<int> changed_pattern{};
  int first_changed = 0;

  bool of_changed(int index) const { return !changed_pattern.empty() && index >= first_changed; }
  int condition_of(int index) const {
    const auto& period = of_changed(index) ? changed_pattern : pattern;
    const int place = of_changed(index) ? index - first_changed : index;
    return period[static_cast<std::size_t>(place) % period.size()];
  }
};

// A pattern in which condition i has shares[i] places, spread as evenly as can be: {2, 1, 1} gives 0 1 0 2.
// Never empty: without any share it is {0}.
std::vector<int> interleaved(const std::vector<int>& shares);

}  // namespace orchestrator
