#include <gtest/gtest.h>

#include <algorithm>

#include "images/toolchains/rust_command.h"
#include "images/toolchains/rust_skeleton.h"
#include "images/toolchains/toolchain.h"
#include "tests/unit/images/sources.h"

namespace {

using images::InstallPlan;
using images_test::source_of;
using Words = std::vector<std::string>;

const images::Toolchain& rust() { return *images::find_toolchain("rust"); }

InstallPlan rust_plan(const std::map<std::string, std::string>& files,
                      const images::InstallOptions& options = {}) {
  return rust().plan(source_of(files), options);
}

// A step's words behind the shell's script: stand-ins, "--", what compiles.
Words words_of(const sandbox::LayerBuildStep& step) {
  return {step.execution.argv.begin() + 4, step.execution.argv.end()};
}

const char* const kPackage = "[package]\nname = \"a\"\n";

TEST(RustPlan, InstallsByManifestsAloneWithStandIns) {
  const auto plan = rust_plan({{"Cargo.toml", kPackage},
                               {"Cargo.lock", ""},
                               {"rust-toolchain.toml", ""},
                               {".cargo/config.toml", "[net]\n"},
                               {"config.toml", ""},
                               {"src/lib.rs", ""},
                               {"src/other.rs", ""}},
                              {.test_words = {"cargo", "test", "--release", "--test", "x"}});
  EXPECT_EQ(plan.dependency_files,
            (Words{".cargo/config.toml", "Cargo.lock", "Cargo.toml", "rust-toolchain.toml"}));
  ASSERT_EQ(plan.dependency_steps.size(), 1u);
  EXPECT_EQ(words_of(plan.dependency_steps[0]),
            (Words{"/work/src/lib.rs", "--", "cargo", "test", "--no-run", "--release"}));
  EXPECT_EQ(plan.dependency_steps[0].execution.env, (sandbox::EnvList{{"CARGO_NET_OFFLINE", "false"}}));
  EXPECT_EQ(words_of(plan.source_steps.at(0)),
            (Words{"/work/src/lib.rs", "--", "cargo", "test", "--no-run", "--release", "--test", "x"}));
  EXPECT_TRUE(plan.notes.empty());
}

TEST(RustPlan, SaysThatVersionsAreNotLocked) {
  EXPECT_EQ(rust_plan({{"Cargo.toml", kPackage}, {"src/main.rs", ""}}).notes,
            Words{"no Cargo.lock: each new image may bring other versions of the dependencies, the "
                  "newest that are for its Rust"});
}

TEST(RustPlan, TakesCratesThatTheTreeBringsAlong) {
  const auto plan =
      rust_plan({{"Cargo.toml", kPackage},
                 {".cargo/config.toml",
                  "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n"},
                 {"src/lib.rs", ""},
                 {"vendor/x/Cargo.toml", "[package]"}});
  EXPECT_TRUE(plan.dependency_steps.empty() && plan.dependency_files.empty());
  EXPECT_EQ(words_of(plan.source_steps.at(0)), (Words{"--", "cargo", "test", "--no-run"}));
  EXPECT_EQ(plan.notes, Words{"crates are those that the tree brings along"});
}

TEST(RustPlan, OfNoInstallStillTellsTestsApart) {
  const auto plan = rust_plan({{"Cargo.toml", kPackage}}, {.install_dependencies = false});
  EXPECT_EQ(plan.tool_steps.size(), 1u);
  EXPECT_TRUE(plan.dependency_steps.empty() && plan.source_steps.empty());
  EXPECT_TRUE(plan.env.empty()) << "what the base has fetched stays where it is";
}

TEST(RustSkeleton, HasWhatAManifestCannotDoWithout) {
  const auto source =
      source_of({{"Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"},
                 {"src/lib.rs", "of no package"},
                 {"crates/a/Cargo.toml",
                  "[package]\nname = \"a\"\nbuild = 'make/build.rs'\n[lib]\npath = \"../shared.rs\"\n"
                  "[[test]]\nname = \"api\"\n[[bench]]\nname = \"speed\"\n[[bin]]\nname = \"tool\"\n"},
                 {"crates/a/make/build.rs", ""},
                 {"crates/shared.rs", ""},
                 {"crates/a/tests/api/main.rs", ""},
                 {"crates/a/tests/other.rs", ""},
                 {"crates/a/benches/speed.rs", ""},
                 {"crates/a/src/bin/tool.rs", ""},
                 {"crates/b/Cargo.toml", kPackage},
                 {"crates/b/src/bin/one.rs", ""},
                 {"crates/b/src/bin/two.rs", ""},
                 {"crates/c/Cargo.toml", kPackage},
                 {"crates/c/build.rs", ""},
                 {"crates/c/src/main.rs", ""}});
  EXPECT_EQ(images::rust_targets(source),
            (Words{"crates/a/benches/speed.rs", "crates/a/make/build.rs", "crates/a/src/bin/tool.rs",
                   "crates/a/tests/api/main.rs", "crates/b/src/bin/one.rs", "crates/c/build.rs",
                   "crates/c/src/main.rs", "crates/shared.rs"}));
}

TEST(RustSkeleton, OfAHostileManifestIsSmall) {
  const auto source =
      source_of({{"Cargo.toml", "[package]\n\"\n'../../etc/x.rs'\n\"/etc/y.rs\" \"unclosed.rs"},
                 {"/etc/y.rs", ""},
                 {"unclosed.rs", ""}});
  EXPECT_EQ(images::rust_targets(source), Words{});
}

TEST(RustCommand, IsCompiledAsItTests) {
  const auto compiled = [](const Words& words) {
    Words command = images::rust_compile_command(words);
    return Words(command.begin() + 1, command.end());
  };
  EXPECT_EQ(compiled({"cargo", "test"}), (Words{"test", "--no-run"}));
  EXPECT_EQ(compiled({"cargo", "t", "-p", "a", "-pb", "--features=x,y", "some_name", "-q", "--",
                      "--nocapture", "--release"}),
            (Words{"test", "--no-run", "-p", "a", "-pb", "--features=x,y"}));
  EXPECT_EQ(compiled({"cargo", "+nightly", "test", "--lib", "--bin", "x", "--doc"}),
            (Words{"+nightly", "test", "--no-run", "--lib", "--bin", "x"}));
  EXPECT_EQ(
      compiled({"cargo", "nextest", "run", "--profile", "ci", "--cargo-profile", "fast", "-E", "test(x)"}),
      (Words{"test", "--no-run", "--profile", "fast"}));
  EXPECT_EQ(compiled({"cargo", "build", "&&", "cargo", "test", "--workspace", "|", "tee", "--all-targets"}),
            (Words{"test", "--no-run", "--workspace"}));
  EXPECT_EQ(compiled({"cargo", "test", "--features"}), (Words{"test", "--no-run"}));
  EXPECT_EQ(compiled({"cargo", "test", "--features", "$X"}), (Words{"test", "--no-run"}));
  EXPECT_EQ(compiled({"make", "check"}), (Words{"test", "--no-run"}));
}

TEST(RustProbe, IsLoadedByEveryProgram) {
  const auto use =
      rust().use_probe({.order = "shuffled", .seed = 7, .tests = {"src/lib.rs::a"}, .ignore = {"x"}},
                       {{"LD_PRELOAD", "/own.so"}});
  EXPECT_EQ(use.env,
            (sandbox::EnvList{
                {"ORCHESTRATOR_PROBE",
                 "order=shuffled seed=7 tests=/run/orchestrator/tests ignore=/run/orchestrator/ignore"},
                {"LD_PRELOAD", "/own.so:/.orchestrator/rust/preload.so"}}));
  const auto tools = rust_plan({{"Cargo.toml", kPackage}}).tool_steps;
  const Words& argv = tools.at(1).execution.argv;
  for (const char* file : {"preload.c", "watch.rs", "lines.rs", "listing.rs", "output.rs", "places.rs",
                           "records.rs", "selection.rs"})
    EXPECT_NE(std::find(argv.begin(), argv.end(), file), argv.end()) << file;
}

TEST(RustToolchain, IsAskedForWhatItsVersionCan) {
  const auto abilities = rust().abilities({"rustc==1.85.1", "libtest==told apart"});
  EXPECT_TRUE(abilities.shuffle && abilities.choose);
  EXPECT_FALSE(abilities.reverse || abilities.repeat);
  EXPECT_FALSE(rust().abilities({"rustc==1.63.0", "libtest==told apart"}).choose);
  EXPECT_FALSE(rust().abilities({"rustc==1.85.1"}).any());
}

TEST(RustToolchain, SeedsWhatReadsASeed) {
  const sandbox::EnvList plain{{"TEST_SEED", "3"}, {"MADSIM_TEST_SEED", "3"}};
  EXPECT_EQ(rust().seed_env_for(3, {"proptest==1.6.0"}, {}), plain);
  sandbox::EnvList with_proptest = plain;
  with_proptest.emplace_back("PROPTEST_RNG_SEED", "3");
  EXPECT_EQ(rust().seed_env_for(3, {"proptest==1.12.0"}, {}), with_proptest);
}

TEST(RustToolchain, LeavesAPythonProjectToPytest) {
  const auto source = source_of({{"Cargo.toml", kPackage}, {"pyproject.toml", "[build-system]"}});
  EXPECT_EQ(images::detect_toolchain(source, "").toolchain->name(), "rust");
  EXPECT_EQ(images::detect_toolchain(source, "", {"pytest", "tests"}).toolchain->name(), "python");
  EXPECT_EQ(images::detect_toolchain(source, "", {"cargo", "test"}).toolchain->name(), "rust");
}

}  // namespace
