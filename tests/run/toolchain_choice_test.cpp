#include "orchestrator/run/toolchain_choice.h"

#include <gtest/gtest.h>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using Sentences = std::vector<std::string>;

images::Source python_with_go() {
  images::Source source;
  source.entries = {{"go.mod", 'f'}, {"requirements.txt", 'f'}};
  return source;
}

TEST(ToolchainChoice, IsDetectedUnlessOneIsAskedFor) {
  const auto detected = choose_toolchain(python_with_go(), "", "");
  EXPECT_EQ(detected.toolchain->name(), "python");
  EXPECT_EQ(detected.found, "requirements.txt");
  EXPECT_EQ(detected.warnings, Sentences{"go.mod seen: no toolchain for Go yet"});
  const auto asked = choose_toolchain(python_with_go(), "", "unknown");
  EXPECT_EQ(asked.toolchain->name(), "unknown");
  EXPECT_EQ(asked.warnings, Sentences{});
}

TEST(ToolchainChoice, OfANameWithoutAToolchainSaysSo) {
  for (const std::string name : {"go", "typescript-jest", "typescript-vitest", "javascript-mocha"}) {
    const auto asked = choose_toolchain(python_with_go(), "", name);
    EXPECT_EQ(asked.toolchain->name(), name);
    EXPECT_EQ(asked.warnings,
              Sentences{"framework '" + name +
                        "' has no toolchain yet: its seed variable is set, but nothing was installed "
                        "except by setup commands"});
  }
  EXPECT_THROW(choose_toolchain(python_with_go(), "", "cobol"), io::RequestError);
}

}  // namespace
}  // namespace orchestrator
