#include <algorithm>

#include "orchestrator/analysis/result_format.h"

namespace orchestrator {

const std::vector<const ResultFormat*>& result_formats() {
  static const std::vector<const ResultFormat*> all = {&ctest_log(), &junit_xml()};
  return all;
}

std::string read_results(std::string_view path, std::string_view bytes,
                         const std::function<void(ResultCase)>& each) {
  if (bytes.empty()) return "is empty";
  const std::string_view head = bytes.substr(0, kResultHead);
  const auto& formats = result_formats();
  const auto format = std::find_if(formats.begin(), formats.end(),
                                   [&](const ResultFormat* known) { return known->recognises(path, head); });
  return format == formats.end() ? "holds no results in a format that is known"
                                 : (*format)->read(bytes, each);
}

}  // namespace orchestrator
