#include "orchestrator/run/toolchain_choice.h"

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/io/error.h"

namespace orchestrator {

ToolchainChoice choose_toolchain(const images::Source& source, const std::string& subdir,
                                 const std::string& framework) {
  if (framework.empty()) {
    auto detected = images::detect_toolchain(source, subdir);
    return {detected.toolchain, std::move(detected.found), std::move(detected.also)};
  }
  const images::Toolchain* named = images::find_toolchain(framework);
  if (!named) throw io::RequestError(fmt::format("framework: there is no toolchain for '{}' yet", framework));
  ToolchainChoice choice{named, "asked for", {}};
  const auto& able = images::toolchains();
  if (std::find(able.begin(), able.end(), named) == able.end())
    choice.warnings.push_back(fmt::format(
        "framework '{}' has no toolchain yet: its seed variable is set, but nothing was installed "
        "except by setup commands",
        framework));
  return choice;
}

}  // namespace orchestrator
