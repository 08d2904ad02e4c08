#include "orchestrator/analysis/condition.h"

#include <algorithm>
#include <numeric>

namespace orchestrator {

std::string_view name(TestOrder order) {
  switch (order) {
    case TestOrder::written:
      return "written";
    case TestOrder::reversed:
      return "reversed";
    case TestOrder::shuffled:
      return "shuffled";
    case TestOrder::listed:
      return "listed";
  }
  return "written";
}

std::vector<int> interleaved(const std::vector<int>& shares) {
  std::vector<int> largest_first(shares.size());
  std::iota(largest_first.begin(), largest_first.end(), 0);
  const auto share = [&](int condition) { return std::max(0, shares[static_cast<std::size_t>(condition)]); };
  std::stable_sort(largest_first.begin(), largest_first.end(),
                   [&](int x, int y) { return share(x) > share(y); });

  const int places = std::accumulate(shares.begin(), shares.end(), 0,
                                     [](int sum, int each) { return sum + std::max(0, each); });
  if (places == 0) return {0};
  std::vector<int> pattern(static_cast<std::size_t>(places), -1);
  for (const int condition : largest_first)
    for (int i = 0; i < share(condition); ++i) {
      // The first free place from the ideal one on; there always is one, perhaps past the end.
      auto place = static_cast<std::size_t>(static_cast<long long>(i) * places / share(condition));
      while (pattern[place] != -1) place = (place + 1) % pattern.size();
      pattern[place] = condition;
    }
  return pattern;
}

}  // namespace orchestrator
