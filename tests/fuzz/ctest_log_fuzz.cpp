// Whatever stands in a log of CTest's name: reading it ends, hands on what can be kept, and the same again
// for the same.
#include <cstdlib>
#include <string>
#include <string_view>

#include "orchestrator/analysis/result_cases.h"
#include "orchestrator/analysis/result_format.h"

namespace {

using namespace orchestrator;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string story_of(std::string_view bytes, TestResults& results) {
  ResultCases kept(results, 1000);
  std::string story;
  std::size_t texts = 0;
  story += read_results("build/Testing/Temporary/LastTest.log", bytes, [&](ResultCase one) {
    require(!one.id.empty() && one.seconds >= 0);
    require(is_evidence(one.outcome) || one.outcome == TestOutcome::skipped);
    texts += one.text.size() + one.log.size();
    story += std::string(name(one.outcome)) + (one.again ? " again " : " ") + one.id + "\n";
    kept.add(one);
  });
  require(texts <= 2 * bytes.size() + 2);
  require(kept.finish(0, 0, sandbox::Outcome::failed, true).runs.size() <= 1000);
  return story;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  TestResults first, second;
  require(story_of(bytes, first) == story_of(bytes, second));
  return 0;
}
