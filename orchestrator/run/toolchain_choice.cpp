#include "orchestrator/run/toolchain_choice.h"

#include <fmt/format.h>

#include "sandbox/io/error.h"

namespace orchestrator {

ToolchainChoice choose_toolchain(const images::Source& source, const std::string& subdir,
                                 const std::string& framework, const std::vector<std::string>& test_words) {
  if (framework.empty()) {
    auto detected = images::detect_toolchain(source, subdir, test_words);
    return {detected.toolchain, std::move(detected.found), std::move(detected.also)};
  }
  const images::Toolchain* named = images::find_toolchain(framework);
  if (!named) throw io::RequestError(fmt::format("framework: there is no toolchain for '{}' yet", framework));
  return {named, "asked for", {}};
}

}  // namespace orchestrator
