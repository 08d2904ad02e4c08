#include "orchestrator/run/toolchain_choice.h"

#include <gtest/gtest.h>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using Sentences = std::vector<std::string>;

images::Source go_with_python() {
  images::Source source;
  source.entries = {{"go.mod", 'f'}, {"requirements.txt", 'f'}};
  return source;
}

TEST(ToolchainChoice, IsDetectedUnlessOneIsAskedFor) {
  const auto detected = choose_toolchain(go_with_python(), "", "");
  EXPECT_EQ(detected.toolchain->name(), "go");
  EXPECT_EQ(detected.found, "go.mod");
  EXPECT_EQ(detected.warnings,
            Sentences{"requirements.txt is here, too: for tests of python say --framework python"});
  const auto asked = choose_toolchain(go_with_python(), "", "unknown");
  EXPECT_EQ(asked.toolchain->name(), "unknown");
  EXPECT_EQ(asked.warnings, Sentences{});
  EXPECT_THROW(choose_toolchain(go_with_python(), "", "cobol"), io::RequestError);
}

TEST(ToolchainChoice, IsTheCommandsWhereSeveralAreRecognised) {
  const auto detected = choose_toolchain(go_with_python(), "", "", {"bin/pytest", "-q"});
  EXPECT_EQ(detected.toolchain->name(), "python");
  EXPECT_EQ(detected.found, "requirements.txt, since the command runs pytest");
  EXPECT_EQ(detected.warnings, Sentences{"go.mod is here, too: for tests of go say --framework go"});
  EXPECT_EQ(choose_toolchain(go_with_python(), "", "", {"go", "test"}).found, "go.mod");
  EXPECT_EQ(choose_toolchain(go_with_python(), "", "", {"make", "check"}).toolchain->name(), "go");
}

TEST(ToolchainChoice, IsTheRunnersBehindNpx) {
  images::Source source;
  source.entries = {{"package.json", 'f'}};
  source.manifests = {{"package.json", R"({"devDependencies": {"jest": "1", "vitest": "1"}})"}};
  EXPECT_EQ(choose_toolchain(source, "", "", {"npx", "vitest", "run"}).toolchain->name(),
            "typescript-vitest");
  EXPECT_EQ(choose_toolchain(source, "", "", {"npm", "test"}).toolchain->name(), "typescript-jest");
}

}  // namespace
}  // namespace orchestrator
