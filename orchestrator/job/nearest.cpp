#include <algorithm>

#include "orchestrator/job/job.h"
#include "orchestrator/job/plain_text.h"

namespace orchestrator {
namespace {

constexpr std::size_t kLongestWord = 64;  // a longer word is no slip of the finger, and the cost is quadratic

// Damerau–Levenshtein in its restricted form: no letter takes part in two edits.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + changed});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  if (word.empty() || word.size() > kLongestWord) return "";
  const std::string wanted = lower(word);
  std::string best;
  // Below its own length, so that something of the word remains.
  std::size_t limit = std::min(std::max<std::size_t>(2, wanted.size() / 3) + 1, wanted.size());
  for (const auto& candidate : known) {
    const std::size_t distance = edit_distance(wanted, lower(candidate));
    if (distance >= limit) continue;
    limit = distance;
    best = candidate;
  }
  return best;
}

}  // namespace orchestrator
